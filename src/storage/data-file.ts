/**
 * A look at LMDB's data file before LMDB trusts it: a zeroed or cut-off file would crash the process,
 * an empty one would open as a new store. Reads the two meta pages and the roots that they name.
 */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

/** `doubtful`: too short for its last page, which happens without harm; only reading all of it tells. */
export type DataFileState =
  | { readonly kind: 'absent' }
  | { readonly kind: 'sound' }
  | { readonly kind: 'doubtful'; readonly why: string }
  | { readonly kind: 'broken'; readonly why: string };

const MAGIC = 0xbeefc0de;
const DATA_VERSION = 2;
const MIN_PAGE_BYTES = 512;
const MAX_PAGE_BYTES = 65_536;
/** Flags of pages, in the page's header. */
const BRANCH = 0x01;
const LEAF = 0x02;
const META = 0x08;
const NO_PAGE = 0xffff_ffff_ffff_ffffn;

/** Offsets in a meta page, of the LMDB that the `lmdb` package brings. */
const AT = {
  pageNumber: 0,
  flags: 18,
  magic: 24,
  version: 28,
  pageBytes: 48,
  freeRoot: 88,
  mainRoot: 136,
  lastPage: 144,
  transaction: 152,
} as const;
const META_BYTES = 168;

interface MetaPage {
  readonly pageBytes: number;
  readonly roots: readonly bigint[];
  readonly lastPage: bigint;
  readonly transaction: bigint;
}

const broken = (why: string): DataFileState => ({ kind: 'broken', why });

export const inspectDataFile = (path: string): DataFileState => {
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { kind: 'absent' };
    throw error;
  }
  try {
    return inspect(file);
  } finally {
    closeSync(file);
  }
};

const inspect = (file: number): DataFileState => {
  const { size } = fstatSync(file);
  if (size === 0) return broken('is empty');
  const first = readMetaPage(file, 0);
  if (first === null) return broken('does not begin with a meta page');
  const second = readMetaPage(file, first.pageBytes);
  if (second === null) return broken('lacks its second meta page');
  const newest = second.transaction > first.transaction ? second : first;
  for (const root of newest.roots)
    if (root !== NO_PAGE && !isTreePage(file, root, newest.pageBytes))
      return broken(`has no tree at page ${root}`);
  const wanted = (Number(newest.lastPage) + 1) * newest.pageBytes;
  if (size >= wanted) return { kind: 'sound' };
  return { kind: 'doubtful', why: `has ${size} bytes where up to ${wanted} are in use` };
};

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
    pageBytes,
    roots: [bytes.readBigUInt64LE(AT.freeRoot), bytes.readBigUInt64LE(AT.mainRoot)],
    lastPage: bytes.readBigUInt64LE(AT.lastPage),
    transaction: bytes.readBigUInt64LE(AT.transaction),
  };
};

const isTreePage = (file: number, page: bigint, pageBytes: number): boolean => {
  const bytes = readAt(file, Number(page) * pageBytes, AT.flags + 2);
  if (bytes === null || bytes.readBigUInt64LE(AT.pageNumber) !== page) return false;
  return (bytes.readUInt16LE(AT.flags) & (BRANCH | LEAF)) !== 0;
};
