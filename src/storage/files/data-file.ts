/**
 * A look at LMDB's data file before LMDB trusts it: a zeroed or cut-off file would crash the process,
 * an empty one would open as a new store, a damaged page would do either later. Reads the two meta pages
 * and walks the trees that the newer one names.
 */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { systemClock } from '../../otp/system-clock.ts';
import { faultOfTrees } from './page-tree.ts';

/** LMDB's data file in the store's directory. */
export const DATA_FILE = 'data.mdb';

/** `unfinished`: sound as far as it was looked at. `doubtful`: too short for its last page, which happens without harm; only reading all of it tells. */
export type DataFileState =
  | { readonly kind: 'absent' }
  | { readonly kind: 'sound' }
  | { readonly kind: 'unfinished'; readonly pages: number }
  | { readonly kind: 'doubtful'; readonly why: string }
  | { readonly kind: 'broken'; readonly why: string };

const MAGIC = 0xbeefc0de;
const DATA_VERSION = 2;
const MIN_PAGE_BYTES = 512;
const MAX_PAGE_BYTES = 65_536;
/** More pages than any store of ours has: 16 TiB. */
const MAX_PAGES = 2 ** 32;
/** Flag of a meta page, in the page's header. */
const META = 0x08;

/** Offsets in a meta page, of the LMDB that the `lmdb` package brings. */
const AT = {
  pageNumber: 0,
  flags: 18,
  magic: 24,
  version: 28,
  pageBytes: 48,
  freeTree: 48,
  mainTree: 96,
  lastPage: 144,
  transaction: 152,
} as const;
const META_BYTES = 168;

interface MetaPage {
  readonly bytes: Buffer;
  readonly pageBytes: number;
  readonly lastPage: number;
  readonly transaction: bigint;
}

interface MetaPages {
  readonly first: MetaPage;
  readonly second: MetaPage;
}

/** Looks at the meta pages before giving up on one without a commit in it: hardly ever are two needed. */
const MAX_LOOKS = 1_000;

const broken = (why: string): DataFileState => ({ kind: 'broken', why });

/** @param maxMs how long pages are walked; 0: none are, only what the meta pages say is looked at. */
export const inspectDataFile = (path: string, maxMs = Infinity): DataFileState => {
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { kind: 'absent' };
    throw error;
  }
  try {
    return inspect(file, maxMs);
  } finally {
    closeSync(file);
  }
};

const inspect = (file: number, maxMs: number): DataFileState => {
  if (fstatSync(file).size === 0) return broken('is empty');
  const pair = readMetaPages(file);
  if (typeof pair === 'string') return broken(pair);
  const { size } = fstatSync(file); // after them: a writer may have made it larger for what they name
  const { first, second } = pair;
  // They are written in turn: which of them is the newer one must not hang on a single bit.
  const newest = second.transaction > first.transaction ? second : first;
  const distance = second.transaction - first.transaction;
  const isInTurn = first.transaction % 2n === 0n && (distance === 1n || distance === -1n);
  const isNew = first.transaction <= 1n && second.transaction <= 1n;
  if (!isInTurn && !isNew) return broken('has meta pages that do not follow each other');
  const { pageBytes, lastPage } = newest;
  if (lastPage > MAX_PAGES) return broken('is said to be larger than it can be');
  const wanted = (lastPage + 1) * pageBytes;
  const watch = new Watch(maxMs);
  try {
    const read = (page: number) => watch.during(() => readAt(file, page * pageBytes, pageBytes));
    const fault = faultOfTrees(read, {
      ...{ meta: newest.bytes, freeAt: AT.freeTree, mainAt: AT.mainTree, lastPage, pageBytes },
      transaction: newest.transaction,
    });
    if (fault !== null) return broken(`is damaged: ${fault}`);
  } catch (error) {
    if (!(error instanceof OutOfTime)) throw error;
    if (size >= wanted) return { kind: 'unfinished', pages: watch.pages };
  }
  if (size >= wanted) return { kind: 'sound' };
  return { kind: 'doubtful', why: `has ${size} bytes where up to ${wanted} are in use` };
};

class OutOfTime extends Error {}

/** Pages between two looks at the clock. */
const PAGES_A_LOOK = 256;

class Watch {
  readonly #endMs: number;
  pages = 0;

  constructor(maxMs: number) {
    this.#endMs = systemClock.monotonic() + maxMs;
  }

  /** Throws `OutOfTime`. */
  during<T>(read: () => T): T {
    const isLook = this.pages % PAGES_A_LOOK === 0;
    if (isLook && systemClock.monotonic() >= this.#endMs) throw new OutOfTime();
    this.pages += 1;
    return read();
  }
}

/**
 * Both of one moment, and each of them whole: a writer renews one of them with each commit, and commits
 * between the reads, or in the middle of one, would look like damage.
 */
const readMetaPages = (file: number): MetaPages | string => {
  for (let left = MAX_LOOKS; ; left -= 1) {
    const { first, second } = readPair(file);
    const again = readPair(file);
    const isOneMoment = isSame(first, again.first) && isSame(second, again.second);
    if (!isOneMoment && left > 0) continue;
    if (first === null) return 'does not begin with a meta page';
    if (second === null) return 'lacks its second meta page';
    return { first, second };
  }
};

const readPair = (file: number): { first: MetaPage | null; second: MetaPage | null } => {
  const first = readMetaPage(file, 0);
  return { first, second: first === null ? null : readMetaPage(file, first.pageBytes) };
};

const isSame = (one: MetaPage | null, other: MetaPage | null): boolean =>
  one === null || other === null ? one === other : one.bytes.equals(other.bytes);

const readAt = (file: number, position: number, length: number): Buffer | null => {
  const bytes = Buffer.alloc(length);
  return readSync(file, bytes, 0, length, position) === length ? bytes : null;
};

const readMetaPage = (file: number, position: number): MetaPage | null => {
  const bytes = readAt(file, position, META_BYTES);
  if (bytes === null || (bytes.readUInt16LE(AT.flags) & META) === 0) return null;
  if (bytes.readUInt32LE(AT.magic) !== MAGIC) return null;
  if ((bytes.readUInt32LE(AT.version) & 0xffff) !== DATA_VERSION) return null;
  const pageBytes = bytes.readUInt32LE(AT.pageBytes);
  const isPowerOfTwo = (pageBytes & (pageBytes - 1)) === 0;
  if (pageBytes < MIN_PAGE_BYTES || pageBytes > MAX_PAGE_BYTES || !isPowerOfTwo) return null;
  return {
    bytes,
    pageBytes,
    lastPage: Number(bytes.readBigUInt64LE(AT.lastPage)),
    transaction: bytes.readBigUInt64LE(AT.transaction),
  };
};
