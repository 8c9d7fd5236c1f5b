/** A folder as a zip. Its table of contents is in memory until the end, as the form wants it: some 300 bytes for each thing. */
import { Readable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { ZipFile } from 'yazl';
import type { ListLine, Tally } from './manifest.ts';
import { fileBytes, lineOf } from './tar-write.ts';
import type { Found, FoundFile } from './walk.ts';

const LINK = 0o120000;
const FILE = 0o100000;
const FOLDER = 0o040000;

/**
 * The form also has the time as a clock on the wall shows it, and the library asks for that of this machine: equal folders
 * would make other bytes in another time zone. Its years begin with 1980.
 */
class TimeInUtc extends Date {
  override getFullYear = () => Math.max(this.getUTCFullYear(), 1980);
  override getMonth = () => this.getUTCMonth();
  override getDate = () => this.getUTCDate();
  override getHours = () => this.getUTCHours();
  override getMinutes = () => this.getUTCMinutes();
  override getSeconds = () => this.getUTCSeconds();
}

/** The same bytes for the same things. Errors of the reading end the stream. */
export const zipOf = (
  things: Iterable<Found>,
  tally: Tally,
  listed: (line: ListLine) => void,
): Readable => {
  const zip = new ZipFile();
  const out = zip.outputStream as Readable;
  const fail = (error: unknown): void => void out.destroy(error as Error);
  zip.on('error', fail);
  addAll(zip, things, tally, listed).then(() => zip.end(), fail);
  return out;
};

const addAll = async (
  zip: ZipFile,
  things: Iterable<Found>,
  tally: Tally,
  listed: (line: ListLine) => void,
): Promise<void> => {
  for (const found of things) {
    const { path, mode } = found;
    const mtime = new TimeInUtc(Math.max(found.mtimeMs, 0));
    if (found.kind === 'file') {
      listed(await addFile(zip, found, { mode: FILE | mode, mtime }, tally));
      continue;
    }
    if (found.kind === 'folder') zip.addEmptyDirectory(path, { mode: FOLDER | mode, mtime });
    else zip.addBuffer(Buffer.from(found.target), path, { mode: LINK | 0o777, mtime });
    listed(lineOf(found, tally));
  }
};

/** Its bytes are read when it is its turn; the next file is looked for when they are all gone. */
const addFile = async (
  zip: ZipFile,
  file: FoundFile,
  options: { readonly mode: number; readonly mtime: Date },
  tally: Tally,
): Promise<ListLine> => {
  let line: ListLine | undefined;
  const bytes = function* (): Generator<Buffer, void> {
    line = yield* fileBytes(file, tally);
  };
  const stream = Readable.from(bytes(), { objectMode: false });
  const read = finished(stream, { writable: false });
  zip.addReadStreamLazy(file.path, { ...options, size: file.size }, (give) => give(null, stream));
  await read;
  if (line === undefined) throw new TypeError(`${file.path} was not read to its end`);
  return line;
};
