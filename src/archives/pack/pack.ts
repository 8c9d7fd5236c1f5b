/**
 * Packs a folder into a file, and its list into another one beside it, in one passage over the folder.
 *
 * 1. Equal trees (names, bytes, modes, times) make equal bytes.
 * 2. Memory is a few chunks, however much there is (a zip: and its table of contents).
 * 3. Both files are on disk when the promise resolves. When it rejects, what is there of them is the caller's to remove.
 */
import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { createGzip } from 'node:zlib';
import { through } from '../../platform/through.ts';
import type { Compression, Left } from '../../session/ports/archives.ts';
import { excluding } from './exclude.ts';
import { type Counts, type ListLine, Tally } from './manifest.ts';
import { faultOfLink, faultOfPath } from './paths.ts';
import { tarOf } from './tar-write.ts';
import { type Found, walk } from './walk.ts';
import { zipOf } from './zip-write.ts';

export interface PackOrder {
  /** The folder, absolute. */
  readonly root: string;
  /** Where the archive goes; what is there is replaced. */
  readonly into: string;
  readonly listInto: string;
  readonly compression: Compression;
  readonly exclude: readonly string[];
}

/** A file that was written: its size, and the hash of its bytes. */
export interface Written {
  readonly size: number;
  readonly sha256: string;
}

export interface Packed {
  readonly archive: Written;
  readonly list: Written;
  readonly counts: Counts;
  readonly left: readonly Left[];
  readonly leftCount: number;
}

/** @param progress told now and then of what was read so far. */
export const packFolder = async (
  { root, into, listInto, compression, exclude }: PackOrder,
  progress: (counts: Counts) => void = () => undefined,
): Promise<Packed> => {
  const list = new ListFile(listInto);
  const tally = new Tally((left) => list.add({ kind: 'left', ...left }));
  const things = judged(walk(root, excluding(exclude), tally), compression, tally);
  const listed = (line: ListLine): void => list.add(line);
  const [archive, ofList] = await together(
    writeFileOf(
      into,
      () => inStep(archiveBytes(compression, things, tally, listed), list),
      () => progress(tally.counts),
    ).then((written) => {
      list.end();
      return written;
    }),
    list,
  );
  const { counts, left, leftCount } = tally;
  return { archive, list: ofList, counts, left, leftCount };
};

/**
 * What would not be brought back is told of: it is in the archive, for `tar` and `unzip`, and still whoever has nothing but the
 * archive lacks it. A zip has no such names, so there it is left out.
 */
function* judged(
  things: Iterable<Found>,
  compression: Compression,
  tally: Tally,
): Generator<Found> {
  for (const found of things) {
    const { path } = found;
    const fault = faultOfPath(path);
    if (fault !== undefined && compression === 'zip') {
      tally.leave(path, fault);
      continue;
    }
    const why = fault ?? (found.kind === 'link' ? faultOfLink(path, found.target) : undefined);
    if (why !== undefined) tally.leave(path, `it is packed, and will not be brought back: ${why}`);
    yield found;
  }
}

/** Of small files the list is as long as what is packed: it must not wait in memory. */
async function* inStep(
  bytes: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  list: ListFile,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of bytes) {
    yield chunk;
    await list.room();
  }
}

/** The list ends with the archive, also when that fails. */
const together = async (
  archive: Promise<Written>,
  list: ListFile,
): Promise<readonly [Written, Written]> => {
  const settled = archive.catch((error: unknown) => {
    list.fail(error as Error);
    throw error;
  });
  const [one, other] = await Promise.allSettled([settled, list.written]);
  if (one.status === 'rejected') throw one.reason;
  if (other.status === 'rejected') throw other.reason;
  return [one.value, other.value];
};

const archiveBytes = (
  compression: Compression,
  things: ReturnType<typeof walk>,
  tally: Tally,
  listed: (line: ListLine) => void,
): AsyncIterable<Uint8Array> | Iterable<Uint8Array> => {
  if (compression === 'zip') return zipOf(things, tally, listed);
  const tar = tarOf(things, tally, listed);
  return compression === 'tar' ? tar : through(tar, createGzip({ level: LEVEL, chunkSize: CHUNK }));
};

/** As `gzip` has it unless told otherwise. */
const LEVEL = 6;
const CHUNK = 256 * 1024;

/** Lines of JSON, gathered into a gzip. */
class ListFile {
  readonly written: Promise<Written>;
  readonly #gzip = createGzip({ level: LEVEL });
  #gathered: string[] = [];

  constructor(path: string) {
    this.written = writeFileOf(path, () => this.#gzip);
    this.written.catch(() => undefined); // whoever awaits it hears it
  }

  add(line: ListLine): void {
    this.#gathered.push(`${JSON.stringify(line)}\n`);
    if (this.#gathered.length >= GATHER) this.#flush();
  }

  #flush(): void {
    this.#gzip.write(this.#gathered.join(''));
    this.#gathered = [];
  }

  /** Resolves when it takes more, or when it has failed. */
  async room(): Promise<void> {
    if (!this.#gzip.writableNeedDrain) return;
    const drained = new Promise<void>((resolve) => void this.#gzip.once('drain', resolve));
    await Promise.race([drained, this.written.catch(() => undefined)]);
  }

  end(): void {
    this.#flush();
    this.#gzip.end();
  }

  fail(error: Error): void {
    this.#gzip.destroy(error);
  }
}

const GATHER = 200;
const PROGRESS_BYTES = 8 * 1024 * 1024;
const PRIVATE_FILE = 0o600;

/** Resolves when it is on disk. */
export const writeFileOf = async (
  path: string,
  source: () => AsyncIterable<Uint8Array | string> | Iterable<Uint8Array | string>,
  progress: () => void = () => undefined,
): Promise<Written> => {
  const file = await open(path, 'w', PRIVATE_FILE);
  try {
    const digest = createHash('sha256');
    let size = 0;
    let toldAt = 0;
    for await (const chunk of source()) {
      const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
      digest.update(bytes);
      size += bytes.length;
      await writeWhole(file, bytes);
      if (size - toldAt < PROGRESS_BYTES) continue;
      toldAt = size;
      progress();
    }
    await file.sync();
    return { size, sha256: digest.digest('hex') };
  } finally {
    await file.close();
  }
};

const writeWhole = async (
  file: Awaited<ReturnType<typeof open>>,
  bytes: Uint8Array,
): Promise<void> => {
  for (let at = 0; at < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes, at);
    at += bytesWritten;
  }
};
