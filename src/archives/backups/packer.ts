/**
 * Makes packs of what is new in a store's file, a region at a time, in the thread of backups. It owns the packs that are
 * open, in a folder; closed ones are files there under their names, for the main thread to put and to delete.
 */
import { createHash, type Hash } from 'node:crypto';
import { closeSync, fsyncSync, openSync, readSync, renameSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { deflateRawSync } from 'node:zlib';
import {
  CHUNK_BYTES,
  hashOf,
  LEAST_PACK_BYTES,
  listText,
  MOST_PACK_BYTES,
  MOST_WAITING,
  packName,
  REGION_BYTES,
  type Ref,
} from './layout.ts';

export interface ClosedPack {
  readonly name: string;
  readonly path: string;
  readonly size: number;
  readonly sha256: string;
}

/** What the pack will be called is known when it is closed. */
type Draft = { -readonly [K in keyof Ref]: Ref[K] };

export interface PackedFile {
  /** The lists, by region; those that are missing are as they were. */
  readonly regions: readonly (readonly [region: number, list: Ref])[];
  /** Of each pack that the file needs, how many bytes. */
  readonly needed: readonly (readonly [pack: string, bytes: number])[];
}

export interface PackerOptions {
  readonly file: string;
  readonly bytes: number;
  readonly folder: string;
  /** Packs that are not there any more as they were, or of which too little is needed: what they have is put anew. */
  readonly stale: ReadonlySet<string>;
}

export class Packer {
  readonly #options: PackerOptions;
  readonly #file: number;
  readonly #closed: ClosedPack[] = [];
  readonly #chunks: PackWriter;
  readonly #lists: PackWriter;
  #waiting: { readonly region: number; readonly chunks: readonly (Ref | null)[] }[] = [];
  readonly #regions: [number, Ref][] = [];
  readonly #needed = new Map<string, number>();

  constructor(options: PackerOptions) {
    this.#options = options;
    this.#file = openSync(options.file, 'r');
    const noted = (pack: ClosedPack): void => void this.#closed.push(pack);
    this.#chunks = new PackWriter(join(options.folder, 'chunks'), noted);
    this.#lists = new PackWriter(join(options.folder, 'lists'), noted);
  }

  /**
   * @param before the same region in the backup before, and where its list is.
   * @returns packs that are closed by now.
   */
  region(
    region: number,
    before: { readonly list: Ref; readonly chunks: readonly (Ref | null)[] } | undefined,
  ): readonly ClosedPack[] {
    const { stale } = this.#options;
    const pieces = this.#read(region);
    const chunks = pieces.map((bytes, at): Ref | null => {
      if (isZero(bytes)) return null;
      const sha256 = hashOf(bytes);
      const known = before?.chunks[at];
      if (known?.sha256 === sha256 && !stale.has(known.pack)) return known;
      return this.#chunks.add(bytes, sha256);
    });
    const isSame =
      before?.chunks.length === chunks.length &&
      chunks.every((chunk, at) => chunk === before.chunks[at]) &&
      !stale.has(before.list.pack);
    if (isSame) {
      this.#need(before.list);
      for (const chunk of chunks) this.#need(chunk);
    } else this.#waiting.push({ region, chunks });
    const isFull = this.#chunks.size >= LEAST_PACK_BYTES || this.#waiting.length >= MOST_WAITING;
    if (isFull) this.#settle();
    return this.#closed.splice(0);
  }

  end(): { readonly packs: readonly ClosedPack[]; readonly file: PackedFile } {
    this.#settle();
    this.#lists.close();
    for (const [, list] of this.#regions) this.#need(list);
    closeSync(this.#file);
    const file = { regions: this.#regions, needed: [...this.#needed] };
    return { packs: this.#closed.splice(0), file };
  }

  /** Closes the open pack: then all that wait can say where their chunks are. */
  #settle(): void {
    this.#chunks.close();
    for (const { region, chunks } of this.#waiting) {
      const text = Buffer.from(listText(chunks));
      this.#regions.push([region, this.#lists.add(text, hashOf(text))]);
      for (const chunk of chunks) this.#need(chunk);
    }
    this.#waiting = [];
  }

  #need(ref: Ref | null): void {
    if (ref !== null) this.#needed.set(ref.pack, (this.#needed.get(ref.pack) ?? 0) + ref.length);
  }

  #read(region: number): readonly Buffer[] {
    const from = region * REGION_BYTES;
    const wanted = Math.min(REGION_BYTES, this.#options.bytes - from);
    const bytes = Buffer.allocUnsafe(wanted);
    for (let at = 0; at < wanted; ) {
      const read = readSync(this.#file, bytes, at, wanted - at, from + at);
      if (read === 0) throw new TypeError('the copy of the store is shorter than it was');
      at += read;
    }
    const pieces: Buffer[] = [];
    for (let at = 0; at < wanted; at += CHUNK_BYTES)
      pieces.push(bytes.subarray(at, Math.min(wanted, at + CHUNK_BYTES)));
    return pieces;
  }
}

const ZEROS = Buffer.alloc(CHUNK_BYTES);
const isZero = (bytes: Buffer): boolean => bytes.equals(ZEROS.subarray(0, bytes.length));

/** What does not get smaller is kept as it is: then it has the length of what it is unpacked. */
const packed = (bytes: Buffer): Buffer => {
  const small = deflateRawSync(bytes);
  return small.length < bytes.length ? small : bytes;
};

/** Appends to the open pack; one that would be too large is closed before. */
class PackWriter {
  readonly #path: string;
  readonly #onClosed: (pack: ClosedPack) => void;
  #open:
    | { readonly fd: number; readonly digest: Hash; readonly refs: Draft[]; size: number }
    | undefined;

  constructor(path: string, onClosed: (pack: ClosedPack) => void) {
    this.#path = path;
    this.#onClosed = onClosed;
  }

  get size(): number {
    return this.#open?.size ?? 0;
  }

  /** Its `pack` is named when that is closed. */
  add(bytes: Buffer, sha256: string): Ref {
    const small = packed(bytes);
    if (this.size + small.length > MOST_PACK_BYTES) this.close();
    this.#open ??= {
      ...{ fd: openSync(this.#path, 'w', 0o600), digest: createHash('sha256') },
      ...{ refs: [], size: 0 },
    };
    const ref: Draft = { pack: '', at: this.#open.size, length: small.length, sha256 };
    for (let at = 0; at < small.length; ) at += writeSync(this.#open.fd, small, at);
    this.#open.digest.update(small);
    this.#open.size += small.length;
    this.#open.refs.push(ref);
    return ref;
  }

  close(): void {
    if (this.#open === undefined) return;
    const { fd, digest, refs, size } = this.#open;
    this.#open = undefined;
    fsyncSync(fd); // a folder takes the file as it is
    closeSync(fd);
    const sha256 = digest.digest('hex');
    const name = packName(sha256);
    const path = `${this.#path}-${name}`;
    renameSync(this.#path, path);
    for (const ref of refs) ref.pack = name;
    this.#onClosed({ name, path, size, sha256 });
  }
}
