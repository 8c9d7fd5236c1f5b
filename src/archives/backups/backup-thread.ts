/**
 * The program of the thread that packs and unpacks backups: hashing and packing a store would hold up whoever else has the
 * loop. It is asked one thing after the other, and knows files of this machine only.
 */
import { type MessagePort, parentPort } from 'node:worker_threads';
import { codeOf } from '../../model/errors.ts';
import { corrupt, type Ref, readList } from './layout.ts';
import { type ClosedPack, type PackedFile, Packer } from './packer.ts';
import { type Span, spansOf, Unpacker, unpackedText } from './unpacker.ts';

/** A list as it stands in its pack. */
export interface PackedList {
  readonly ref: Ref;
  readonly bytes: Uint8Array;
}

export interface Orders {
  beginPacking: {
    readonly file: string;
    readonly bytes: number;
    readonly folder: string;
    readonly stale: readonly string[];
  };
  /** A list that cannot be read is none: all of the region is put anew. */
  packRegion: { readonly region: number; readonly before: PackedList | undefined };
  endPacking: undefined;
  /** `file` absent: to look only. */
  beginUnpacking: { readonly bytes: number; readonly file: string | undefined };
  /** Throws `corrupt_record` for a list that has changed. */
  planRegion: { readonly list: PackedList };
  unpackRegion: { readonly region: number; readonly spans: readonly Span[] };
  endUnpacking: undefined;
}

export interface Results {
  beginPacking: undefined;
  packRegion: readonly ClosedPack[];
  endPacking: { readonly packs: readonly ClosedPack[]; readonly file: PackedFile };
  beginUnpacking: undefined;
  planRegion: { readonly spans: ReturnType<typeof spansOf> };
  unpackRegion: readonly string[];
  endUnpacking: undefined;
}
export type Kind = keyof Orders;

export type Told =
  | { readonly kind: 'done'; readonly result: unknown }
  | { readonly kind: 'failed'; readonly code: string; readonly message: string };

const listOf = ({ ref, bytes }: PackedList): readonly (Ref | null)[] | undefined => {
  const text = unpackedText(Buffer.from(bytes), ref);
  return text === undefined ? undefined : readList(text);
};

const before = (list: PackedList | undefined) => {
  const chunks = list && listOf(list);
  return list && chunks && { list: list.ref, chunks };
};

const must = <T>(value: T | undefined): T => {
  if (value === undefined) throw new TypeError('nothing has been begun');
  return value;
};

type Work = { readonly [K in Kind]: (order: Orders[K]) => Results[K] };

const workshop = (): Work => {
  let packer: Packer | undefined;
  let unpacker: Unpacker | undefined;
  let planned: readonly (Ref | null)[] = [];
  return {
    beginPacking: ({ stale, ...order }) => {
      packer = new Packer({ ...order, stale: new Set(stale) });
      return undefined;
    },
    packRegion: ({ region, before: list }) => must(packer).region(region, before(list)),
    endPacking: () => must(packer).end(),
    beginUnpacking: ({ bytes, file }) => {
      unpacker = new Unpacker(bytes, file);
      return undefined;
    },
    planRegion: ({ list }) => {
      const chunks = listOf(list);
      const { pack, at } = list.ref;
      if (chunks === undefined) throw corrupt(`${pack}: a list at ${at} is not as it was put`);
      planned = chunks;
      return { spans: spansOf(chunks) };
    },
    unpackRegion: ({ region, spans }) => must(unpacker).region(region, planned, spans),
    endUnpacking: () => {
      must(unpacker).end();
      return undefined;
    },
  };
};

const serve = (port: MessagePort): void => {
  const work = workshop();
  const tell = (told: Told): void => port.postMessage(told);
  port.on('message', ({ kind, order }: { kind: Kind; order: never }) => {
    try {
      tell({ kind: 'done', result: work[kind](order) });
    } catch (error) {
      tell({ kind: 'failed', code: codeIn(error), message: (error as Error).message });
    }
  });
};

/** What the system says of a file is no bug of ours. */
const codeIn = (error: unknown): string => {
  const { code, syscall } = error as NodeJS.ErrnoException;
  if (syscall === undefined) return codeOf(error);
  return code === 'ENOSPC' || code === 'EDQUOT' ? 'disk_low' : 'unavailable';
};

if (parentPort !== null) serve(parentPort);
