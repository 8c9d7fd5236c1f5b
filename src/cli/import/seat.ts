/**
 * Where a transcript belongs in the store, and how much of it is there already.
 *
 * A session keeps Claude Code's id if that fits and is free. One session may have two files, in two
 * folders: where the one that is stored has no message, the other goes on behind it. A file that only
 * shares the id with another (fixtures do) goes to `x-` and a hash of the id and its first line, so that
 * importing it again finds it there.
 */
import { createHash } from 'node:crypto';
import { EMPTY_DIGEST, nextDigest } from '../../claude-code/digest.ts';
import { ID_PATTERN } from '../../model/ids.ts';
import { foreignIdIn } from '../../session/mirror/mirror-key.ts';
import type { SessionReplies } from '../../session/verbs/registry.ts';
import type { DaemonClient } from '../shell.ts';
import { whereOf } from './file-kind.ts';
import { readLines } from './lines.ts';
import type { Transcript } from './scan.ts';

export type Seat =
  | {
      readonly kind: 'free';
      readonly sessionId: string;
      readonly externalKey: string;
      /** The session is made by this import. */
      readonly isNew: boolean;
      /** Lines that are stored: the file's first ones, or all of them and more. */
      readonly stored: number;
      /** The session has so many lines of other files, and the file goes on behind them. */
      readonly followsLines?: number;
    }
  | { readonly kind: 'diverged'; readonly sessionId: string }
  /** The Agent SDK keeps the same session here itself. */
  | { readonly kind: 'mirrored'; readonly sessionId: string };

export const findSeat = async (daemon: DaemonClient, file: Transcript): Promise<Seat> => {
  const { sessionId } = file.identity;
  const externalKey = externalKeyOf(file);
  if (sessionId !== undefined && ID_PATTERN.test(sessionId)) {
    const seat = await seatAt(daemon, file, sessionId, externalKey);
    if (seat !== 'taken') return seat;
  }
  const substitute = substituteId(file);
  const seat = await seatAt(daemon, file, substitute, externalKey);
  return seat === 'taken' ? { kind: 'diverged', sessionId: substitute } : seat;
};

const externalKeyOf = ({ identity, firstDigest }: Transcript): string =>
  `claude-code/${(identity.sessionId ?? firstDigest).slice(0, 1_000)}`;

const substituteId = ({ identity, firstDigest }: Transcript): string =>
  `x-${createHash('sha256')
    .update(`${identity.sessionId ?? ''}\n${firstDigest}`)
    .digest('hex')
    .slice(0, 32)}`;

const seatAt = async (
  daemon: DaemonClient,
  file: Transcript,
  sessionId: string,
  externalKey: string,
): Promise<Seat | 'taken'> => {
  const { subpath } = file.identity;
  const state = await daemon.session(sessionId, 'import-state', { subpath });
  const mirrored = foreignIdIn(state.externalKey);
  if (mirrored !== undefined && mirrored === file.identity.sessionId)
    return { kind: 'mirrored', sessionId };
  if (state.exists && state.externalKey !== externalKey) return 'taken';
  const free = { kind: 'free', sessionId, externalKey, isNew: !state.exists } as const;
  const { fragments = [], emptyThrough } = state;
  const follows =
    fragments.length === 0
      ? {}
      : { followsLines: fragments.reduce((sum, { lines }) => sum + lines, 0) };
  if (await isBeginning(daemon, file, sessionId, state))
    return { ...free, ...follows, stored: state.lines };
  if (fragments.some((each) => each.lines === file.lines && each.digest === file.digest))
    return { ...free, stored: file.lines };
  if (emptyThrough !== undefined && subpath === '' && file.facts.messageCount > 0)
    return { ...free, stored: 0, followsLines: emptyThrough };
  const first = await daemon.session(sessionId, 'import-state', { subpath, lines: 1 });
  return first.digest === file.firstDigest ? { kind: 'diverged', sessionId } : 'taken';
};

/** What is stored begins like the file, as far as both go. */
const isBeginning = async (
  daemon: DaemonClient,
  file: Transcript,
  sessionId: string,
  stored: SessionReplies['import-state'],
): Promise<boolean> => {
  const { lines, identity } = file;
  if (stored.lines === lines) return stored.digest === file.digest;
  if (stored.lines < lines) return stored.digest === (await digestOfFirst(file, stored.lines));
  const request = { subpath: identity.subpath, lines };
  return (await daemon.session(sessionId, 'import-state', request)).digest === file.digest;
};

const digestOfFirst = async (file: Transcript, lines: number): Promise<string> => {
  let digest = EMPTY_DIGEST;
  let left = lines;
  if (left === 0) return digest;
  for await (const batch of readLines(whereOf(file), file.size))
    for (const line of batch.lines) {
      digest = nextDigest(digest, line);
      left -= 1;
      if (left === 0) return digest;
    }
  return digest;
};
