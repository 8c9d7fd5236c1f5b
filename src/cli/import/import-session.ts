/** The files of one session, stored one after another; what they spent, and what of that was spent elsewhere. */
import type { ResponseRecord } from '../../claude-code/response-record.ts';
import { codeOf } from '../../model/errors.ts';
import type { DaemonClient } from '../shell.ts';
import type { Scanned, Transcript } from './scan.ts';
import { findSeat, type Seat } from './seat.ts';
import { mergeInto, type Spent, spentOf } from './totals.ts';
import { upload } from './upload.ts';

export interface FileResult extends Partial<Spent> {
  readonly path: string;
  readonly status: 'new' | 'grown' | 'unchanged' | 'refused' | 'failed';
  readonly sessionId?: string;
  readonly subpath?: string;
  /** The session was made by this import. */
  readonly isNewSession?: boolean;
  /** What was stored of the session before was deleted for it. */
  readonly hasReplaced?: true;
  readonly lines: number;
  readonly added: number;
  readonly malformed: number;
  readonly recovered: number;
  /** Times and numbers that cannot be: they are in the lines, and nowhere else. */
  readonly implausible?: number;
  /** Lines that are too long: what was long in them is not stored. */
  readonly leftOut?: readonly { readonly line: number; readonly bytes: number }[];
  /** The last line is half written: the next import takes it. */
  readonly hasUnfinishedLine?: true;
  /** The session went on here too: the model does not see what was added. */
  readonly isBesides?: true;
  /** Why it was refused or failed. */
  readonly reason?: string;
}

export interface ImportSettings {
  readonly daemon: DaemonClient;
  readonly sleep: (ms: number) => Promise<void>;
  /** A session whose file was changed, or that was deleted here, is deleted and stored anew. */
  readonly replace?: boolean;
  /** Bytes read so far, of the two readings together. */
  readonly onProgress: (doneBytes: number) => void;
  readonly onFile: (result: FileResult) => void;
}

type OnRead = (path: string, bytes: number) => void;

/** A file, and what became of it; `told` adds what it spent. */
export interface Stored {
  readonly file: Scanned;
  readonly result: FileResult;
}

export const importSession = async (
  files: readonly Scanned[],
  settings: ImportSettings,
  onRead: OnRead,
): Promise<readonly Stored[]> => {
  const replaced = new Set<string>();
  if (settings.replace === true) await replaceChanged(files, settings, replaced);
  const stored: Stored[] = [];
  for (const file of files)
    stored.push({ file, result: await importOne(file, settings, replaced, onRead) });
  return stored;
};

/** One changed file has its whole session stored anew: what is left of it would not fit together. */
const replaceChanged = async (
  files: readonly Scanned[],
  { daemon }: ImportSettings,
  replaced: Set<string>,
): Promise<void> => {
  for (const file of files) {
    const seat = await findSeat(daemon, file).catch(() => undefined); // said when it is stored
    if (seat?.kind !== 'diverged' || replaced.has(seat.sessionId)) continue;
    await daemon.session(seat.sessionId, 'delete', { release: true });
    replaced.add(seat.sessionId);
  }
};

const importOne = async (
  file: Scanned,
  settings: ImportSettings,
  replaced: Set<string>,
  onRead: OnRead,
): Promise<FileResult> => {
  try {
    return await storeOne(file, settings, replaced, onRead);
  } catch (error) {
    const isDeleted = codeOf(error) === 'session_deleted';
    const reason = isDeleted ? DELETED : (error as Error).message;
    return { ...described(file), status: isDeleted ? 'refused' : 'failed', added: 0, reason };
  } finally {
    onRead(file.path, 2 * file.size);
  }
};

const DELETED =
  'Its session was deleted here, or is being deleted: its id is kept for 30 days, and as long as forks share its lines. import --replace stores it anew.';

const storeOne = async (
  file: Scanned,
  { daemon, sleep, replace }: ImportSettings,
  replaced: Set<string>,
  onRead: OnRead,
): Promise<FileResult> => {
  const seat = await findSeat(daemon, file);
  if (seat.kind !== 'free') return { ...described(file), ...refusal(seat), added: 0 };
  const onBytes = (bytes: number) => onRead(file.path, file.size + bytes);
  const send = () => upload(file, seat, { daemon, sleep, onRead: onBytes });
  const sendAnew = async (error: unknown) => {
    if (replace !== true || codeOf(error) !== 'session_deleted') throw error;
    await daemon.session(seat.sessionId, 'delete', { release: true });
    return send();
  };
  const session = seat.stored < file.lines ? await send().catch(sendAnew) : undefined;
  const { sessionId, isNew: isNewSession, stored } = seat;
  const added = Math.max(0, file.lines - stored);
  const status = added === 0 ? 'unchanged' : stored === 0 ? 'new' : 'grown';
  const hasReplaced = replaced.has(sessionId) ? { hasReplaced: true as const } : {};
  const isMain = file.identity.subpath === '';
  const isBesides =
    isMain && session?.branches?.isOpen === false ? ({ isBesides: true } as const) : {};
  const found = { status, sessionId, isNewSession, added } as const;
  return { ...described(file), ...found, ...hasReplaced, ...isBesides };
};

const refusal = (seat: Exclude<Seat, { kind: 'free' }>) => ({
  status: 'refused' as const,
  reason:
    seat.kind === 'diverged'
      ? `It begins like session ${seat.sessionId} that is stored here, and goes on differently: it was changed, not continued. import --replace deletes what is stored, with all that was added to it here, and takes the file.`
      : `The Agent SDK keeps this session here already, as ${seat.sessionId}: its importSessionToStore brings what may be missing.`,
});

const described = ({
  path,
  identity,
  lines,
  facts,
  leftOut,
  hasUnfinishedLine,
}: Transcript): Omit<FileResult, 'status' | 'added'> => ({
  ...{ path, subpath: identity.subpath, lines },
  ...{ malformed: facts.malformed, recovered: facts.recovered },
  ...(facts.implausible === 0 ? {} : { implausible: facts.implausible }),
  ...(leftOut.length === 0 ? {} : { leftOut }),
  ...(hasUnfinishedLine ? { hasUnfinishedLine } : {}),
});

/** Each file with what it spent, and all of them together; the files of one id may be of two sessions. */
export const told = async (stored: readonly Stored[], daemon: DaemonClient) => {
  const all = new Map<string, ResponseRecord>();
  const results: FileResult[] = [];
  const inheritedIn = new Map<string, ReadonlySet<string>>();
  for (const { file, result } of stored) {
    const { sessionId } = result;
    if (sessionId === undefined) {
      results.push(result);
      continue;
    }
    const inherited = inheritedIn.get(sessionId) ?? (await inheritedKeys(daemon, sessionId));
    inheritedIn.set(sessionId, inherited);
    const responses = withOrigin(file.responses, inherited);
    mergeInto(all, responses);
    results.push({ ...result, ...spentOf(responses) });
  }
  return { results, spent: spentOf(all) };
};

const withOrigin = (
  responses: ReadonlyMap<string, ResponseRecord>,
  inherited: ReadonlySet<string>,
): ReadonlyMap<string, ResponseRecord> =>
  new Map(
    [...responses].map(([key, record]) => [
      key,
      inherited.has(key) ? { ...record, isInherited: true } : record,
    ]),
  );

const inheritedKeys = async (
  daemon: DaemonClient,
  sessionId: string,
): Promise<ReadonlySet<string>> => {
  const keys = new Set<string>();
  let from: { readonly cursor?: string } = {};
  for (;;) {
    const state = await daemon.session(sessionId, 'import-state', { inherited: true, ...from });
    for (const key of state.inherited ?? []) keys.add(key);
    if (state.nextCursor === undefined) return keys;
    from = { cursor: state.nextCursor };
  }
};
