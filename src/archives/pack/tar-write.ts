/** A folder as a tar, or a zip: its bytes one after the other, and the list of what is in there. */
import { createHash } from 'node:crypto';
import { fstatSync, readSync } from 'node:fs';
import type { ListLine, Tally } from './manifest.ts';
import { padding, TAR_END, tarHeader } from './tar-header.ts';
import type { Found, FoundFile } from './walk.ts';

/** What is read at once. */
const READ_BYTES = 256 * 1024;
/** Small things are handed on together. */
const GATHER_BYTES = 256 * 1024;

const SHRANK = 'it became shorter while it was read: zeros stand for the rest';
const CHANGED = 'it was written to while it was read';

/**
 * A file's bytes, so many as it had when it was opened: an archive is not broken by one that is written to meanwhile, and
 * its line says so. @returns its line.
 */
export function* fileBytes(file: FoundFile, tally: Tally): Generator<Buffer, ListLine> {
  const digest = createHash('sha256');
  const { fd, size, path, mode, mtimeMs } = file;
  let note: string | undefined;
  for (let at = 0; at < size; ) {
    const wanted = Math.min(READ_BYTES, size - at);
    const buffer = Buffer.allocUnsafe(wanted);
    const read = note === SHRANK ? 0 : readSync(fd, buffer, 0, wanted, at);
    if (read === 0) note = SHRANK;
    const part = read === 0 ? buffer.fill(0) : buffer.subarray(0, read);
    digest.update(part);
    at += part.length;
    yield part;
  }
  const now = fstatSync(fd);
  if (note === undefined && (now.size !== size || Math.trunc(now.mtimeMs) !== Math.trunc(mtimeMs)))
    note = CHANGED;
  tally.files += 1;
  tally.bytes += size;
  const line = { kind: 'file', path, mode, mtimeMs, size, sha256: digest.digest('hex') } as const;
  return note === undefined ? line : { ...line, note };
}

/** The line of something that is no file. */
export const lineOf = (found: Exclude<Found, FoundFile>, tally: Tally): ListLine => {
  if (found.kind === 'folder') tally.folders += 1;
  else tally.links += 1;
  return { ...found };
};

/** @param listed told of each line, in the order of the archive. */
export function* tarOf(
  things: Iterable<Found>,
  tally: Tally,
  listed: (line: ListLine) => void,
): Generator<Buffer, void> {
  let gathered: Buffer[] = [];
  let bytes = 0;
  const take = (part: Buffer): Buffer | undefined => {
    gathered.push(part);
    bytes += part.length;
    if (bytes < GATHER_BYTES) return undefined;
    const all = gathered.length === 1 ? part : Buffer.concat(gathered);
    gathered = [];
    bytes = 0;
    return all;
  };
  for (const part of partsOf(things, tally, listed)) {
    const full = take(part);
    if (full !== undefined) yield full;
  }
  yield Buffer.concat([...gathered, TAR_END]);
}

function* partsOf(
  things: Iterable<Found>,
  tally: Tally,
  listed: (line: ListLine) => void,
): Generator<Buffer, void> {
  for (const found of things) {
    if (found.kind !== 'file') {
      yield tarHeader({ size: 0, ...found });
      listed(lineOf(found, tally));
      continue;
    }
    const { kind, path, size, mode, mtimeMs } = found;
    yield tarHeader({ kind, path, size, mode, mtimeMs });
    listed(yield* fileBytes(found, tally));
    if (padding(size) > 0) yield Buffer.alloc(padding(size));
  }
}
