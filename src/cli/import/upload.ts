/** Sends what the store does not have yet of one transcript, chunk by chunk. */
import { EMPTY_DIGEST, nextDigest } from '../../claude-code/digest.ts';
import { isPlausibleMoment } from '../../model/bounds.ts';
import { codeOf, ERRORS, type GreenroomError } from '../../model/errors.ts';
import type { SessionView } from '../../session/verbs/reply-schemas.ts';
import type { DaemonClient } from '../shell.ts';
import { type Chunk, ChunkPacker } from './chunks.ts';
import { whereOf } from './file-kind.ts';
import { readLines } from './lines.ts';
import type { Transcript } from './scan.ts';
import type { Seat } from './seat.ts';

/** The broker's usual limit, where the client does not tell. */
const USUAL_PAYLOAD_BYTES = 1024 * 1024;
/** A chunk that is sent again adds nothing: what is stored is skipped. */
const MAX_TRIES = 8;
const FIRST_DELAY_MS = 250;
const LONGEST_DELAY_MS = 5_000;

export interface Upload {
  readonly daemon: DaemonClient;
  readonly sleep: (ms: number) => Promise<void>;
  readonly onRead: (bytes: number) => void;
}

/** Gives the session as it is then; undefined: there was nothing to send. */
export const upload = async (
  file: Transcript,
  seat: Extract<Seat, { kind: 'free' }>,
  { daemon, sleep, onRead }: Upload,
): Promise<SessionView | undefined> => {
  let session: SessionView | undefined;
  const packer = new ChunkPacker(seat.stored, daemon.maxPayloadBytes ?? USUAL_PAYLOAD_BYTES);
  const endsAtMs = file.facts.lastAtMs;
  const send = async (chunk: Chunk | undefined): Promise<void> => {
    if (chunk === undefined) return;
    const { subpath } = file.identity;
    const request = {
      ...{ subpath, externalKey: seat.externalKey, fromLine: chunk.fromLine },
      ...{ lines: [...chunk.lines], base64: chunk.base64 },
      ...(isPlausibleMoment(file.atMs) ? { fileAtMs: file.atMs } : {}),
      ...(endsAtMs === null ? {} : { endsAtMs }),
      ...(seat.followsLines === undefined ? {} : { followsLines: seat.followsLines }),
    };
    const reply = await again(() => daemon.session(seat.sessionId, 'import', request), sleep);
    session = reply.session;
  };
  let at = 0;
  let digest = EMPTY_DIGEST;
  for await (const batch of readLines(whereOf(file), file.size)) {
    for (const line of batch.lines.slice(0, file.lines - at)) {
      digest = nextDigest(digest, line);
      if (at >= seat.stored) await send(packer.add(line));
      at += 1;
    }
    onRead(batch.readBytes);
  }
  await send(packer.flush());
  if (digest !== file.digest)
    throw new Error('the file changed in its middle while it was read: import it again');
  return session;
};

/** Tries again what may succeed later; anything else is thrown as it comes. */
const again = async <T>(
  work: () => Promise<T>,
  sleep: (ms: number) => Promise<void>,
): Promise<T> => {
  for (let tries = 1; ; tries += 1)
    try {
      return await work();
    } catch (error) {
      if (!ERRORS[codeOf(error)].retryable || tries === MAX_TRIES) throw error;
      const delayMs = Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** (tries - 1));
      await sleep((error as Partial<GreenroomError>).retryAfterMs ?? delayMs);
    }
};
