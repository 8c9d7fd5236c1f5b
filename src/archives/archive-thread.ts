/**
 * The program of the thread that packs, unpacks and looks through archives, and copies directories: one order after the other. It reads and
 * writes files of this machine, and nothing else; what it is sent is an `Order`, what it sends are `Told`s.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { parentPort } from 'node:worker_threads';
import { codeOf, GreenroomError } from '../model/errors.ts';
import type { Compression } from '../session/ports/archives.ts';
import { type Checked, checkArchive } from './pack/check.ts';
import { type CopiedTree, type CopyOrder, copyFolder } from './pack/copy-folder.ts';
import { type Extracted, limitsOf, takePlace, unpackTo } from './pack/extract.ts';
import type { Counts } from './pack/manifest.ts';
import { type Packed, type PackOrder, packFolder } from './pack/pack.ts';
import { partsOf } from './pack/parts.ts';

/** A file of this machine, and what it must be. */
export interface Expected {
  readonly file: string;
  readonly size: number;
  readonly sha256: string;
}

export interface UnpackOrder extends Expected {
  readonly compression: Compression;
  readonly place: string;
  readonly draft: string;
  /** As was counted when they were packed. */
  readonly counts: Counts;
}

export interface CheckOrder extends Expected {
  readonly compression: Compression;
  readonly list: Expected;
}

export interface Results {
  pack: Packed;
  unpack: Extracted;
  check: Checked;
  hash: undefined;
  place: undefined;
  copy: CopiedTree;
}
export interface Orders {
  pack: PackOrder;
  unpack: UnpackOrder;
  check: CheckOrder;
  /** Fails unless the file is what it must be. */
  hash: Expected;
  place: { readonly draft: string; readonly place: string };
  copy: CopyOrder;
}
export type Kind = keyof Orders;

export type Told =
  | { readonly kind: 'progress'; readonly counts: Counts }
  | { readonly kind: 'done'; readonly result: unknown }
  | { readonly kind: 'failed'; readonly code: string; readonly message: string };

const mustBe = async ({ file, size, sha256 }: Expected): Promise<undefined> => {
  const digest = createHash('sha256');
  let bytes = 0;
  for await (const chunk of createReadStream(file, { highWaterMark: 1024 * 1024 })) {
    digest.update(chunk as Buffer);
    bytes += (chunk as Buffer).length;
  }
  if (bytes !== size || digest.digest('hex') !== sha256)
    throw new GreenroomError(
      'corrupt_record',
      'the bytes of the archive are not those that were put',
    );
  return undefined;
};

const sourceOf = (compression: Compression, file: string) =>
  compression === 'zip'
    ? { file }
    : { bytes: createReadStream(file, { highWaterMark: 256 * 1024 }) as AsyncIterable<Uint8Array> };

const progress = (counts: Counts): void => tell({ kind: 'progress', counts });

const WORK: { readonly [K in Kind]: (order: Orders[K]) => Promise<Results[K]> } = {
  pack: (order) => packFolder(order, progress),
  unpack: async (order) => {
    await mustBe(order);
    const { compression, file, place, draft, counts } = order;
    const parts = partsOf(compression, sourceOf(compression, file));
    return unpackTo({ parts, place, draft, limits: limitsOf(counts), progress });
  },
  hash: mustBe,
  place: async (order) => {
    await takePlace(order);
    return undefined;
  },
  copy: copyFolder,
  check: async (order) => {
    await mustBe(order);
    await mustBe(order.list);
    const { compression, file, list } = order;
    return checkArchive(partsOf(compression, sourceOf(compression, file)), list.file);
  },
};

const tell = (told: Told): void => parentPort?.postMessage(told);

parentPort?.on('message', ({ kind, order }: { kind: Kind; order: never }) => {
  WORK[kind](order).then(
    (result) => tell({ kind: 'done', result }),
    (error: unknown) => tell({ kind: 'failed', code: codeIn(error), message: messageOf(error) }),
  );
});

/** What the system says of a file is no bug of ours. */
const codeIn = (error: unknown): string => {
  const { code, syscall } = error as NodeJS.ErrnoException;
  if (syscall === undefined) return codeOf(error);
  return code === 'ENOSPC' || code === 'EDQUOT' ? 'disk_low' : 'unavailable';
};

const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);
