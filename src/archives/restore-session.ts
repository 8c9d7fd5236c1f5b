/** Brings an archived session back: an import of its export, under its own id, that goes on where it was stopped. */
import { createReadStream } from 'node:fs';
import { createGunzip } from 'node:zlib';
import { EMPTY_DIGEST, nextDigest } from '../claude-code/digest.ts';
import { GreenroomError } from '../model/errors.ts';
import { crashpoint } from '../platform/crashpoint.ts';
import { through } from '../platform/through.ts';
import type { Ground } from './ground.ts';
import { fetched } from './objects.ts';
import { type KnownArchive, sessionOf } from './records.ts';

const CHUNK_LINES = 1_000;
const CHUNK_BYTES = 4 * 1024 * 1024;
/** Of one line: an entry is no larger. */
const MAX_LINE_BYTES = 256 * 1024 * 1024;

/** `there`: the session is there, and stays as it is. */
export const restoreSession = async (
  ground: Ground,
  archive: KnownArchive,
  signal: AbortSignal,
): Promise<'there' | 'restored'> => {
  const { sessions } = ground;
  const { key, record } = archive;
  const session = sessionOf(archive);
  const by = record.work?.by ?? record.by;
  const { transcript } = record;
  if (transcript === undefined)
    throw new GreenroomError('archive_not_found', 'the archive has no transcript');
  const head = await sessions.head(session);
  const isHalf = head?.transfer !== undefined && head.transfer.isDone !== true;
  if (head !== undefined && !isHalf && head.archiveId !== undefined) return 'there';
  const expected = await fetched(ground, ground.target(record.place), transcript, signal);
  await ground.thread('hash', expected, signal);
  // It may have come back whole, and not know yet from where.
  if (head !== undefined && !isHalf && head.transfer?.digest !== (await digestOf(expected.file)))
    return 'there';
  if (head === undefined) await sessions.release(session, by);
  let fromLine = 0;
  let first: Buffer | undefined;
  for await (const lines of chunksOf(expected.file)) {
    signal.throwIfAborted();
    first ??= lines[0] ?? Buffer.alloc(0);
    await sessions.take(session, fromLine, lines, first);
    fromLine += lines.length;
    crashpoint('archive.lines');
  }
  await sessions.note(session, { now: 'restored', archiveId: key.name, by });
  return 'restored';
};

const digestOf = async (file: string): Promise<string> => {
  let digest = EMPTY_DIGEST;
  for await (const lines of chunksOf(file))
    for (const line of lines) digest = nextDigest(digest, line);
  return digest;
};

async function* chunksOf(file: string): AsyncGenerator<readonly Buffer[]> {
  let chunk: Buffer[] = [];
  let bytes = 0;
  for await (const line of linesOf(through(createReadStream(file), createGunzip()))) {
    if (chunk.length > 0 && (chunk.length >= CHUNK_LINES || bytes + line.length > CHUNK_BYTES)) {
      yield chunk;
      chunk = [];
      bytes = 0;
    }
    chunk.push(line);
    bytes += line.length;
  }
  if (chunk.length > 0) yield chunk;
}

/** Without their newlines, as bytes: text that is no UTF-8 must stay what it is. */
async function* linesOf(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let open: Buffer[] = [];
  let size = 0;
  for await (const part of source) {
    let from = 0;
    for (let at = part.indexOf(10); at !== -1; at = part.indexOf(10, from)) {
      yield Buffer.concat([...open, part.subarray(from, at)]);
      open = [];
      size = 0;
      from = at + 1;
    }
    if (from === part.length) continue;
    size += part.length - from;
    if (size > MAX_LINE_BYTES)
      throw new GreenroomError('serialization_failed', 'a line of the transcript is too long');
    open.push(part.subarray(from));
  }
  if (open.length > 0) yield Buffer.concat(open);
}
