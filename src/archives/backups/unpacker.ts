/** Makes chunks of what packs have: each compared with its hash, and written where it belongs, in the thread of backups. */
import { closeSync, fsyncSync, ftruncateSync, openSync, writeSync } from 'node:fs';
import { inflateRawSync } from 'node:zlib';
import { CHUNK_BYTES, hashOf, MOST_LIST_BYTES, REGION_BYTES, type Ref } from './layout.ts';

/** Bytes of a pack, from `from` on. */
export interface Span {
  readonly pack: string;
  readonly from: number;
  readonly bytes: Uint8Array;
}

/** What lies between two wanted chunks is read along, up to so much: one request less. */
const GAP_BYTES = 128 * 1024;

/** Which parts of packs have these chunks, in as few reads as makes sense. */
export const spansOf = (
  chunks: readonly (Ref | null)[],
): readonly { readonly pack: string; readonly from: number; readonly to: number }[] => {
  const wanted = chunks
    .filter((chunk) => chunk !== null)
    .toSorted((one, other) => one.pack.localeCompare(other.pack) || one.at - other.at);
  const spans: { readonly pack: string; readonly from: number; to: number }[] = [];
  for (const { pack, at, length } of wanted) {
    const last = spans.at(-1);
    if (last?.pack === pack && at <= last.to + GAP_BYTES) last.to = Math.max(last.to, at + length);
    else spans.push({ pack, from: at, to: at + length });
  }
  return spans;
};

export class Unpacker {
  readonly #file: number | undefined;
  readonly #bytes: number;

  /** @param file absent: chunks are looked at, and go nowhere. */
  constructor(bytes: number, file: string | undefined) {
    this.#bytes = bytes;
    this.#file = file === undefined ? undefined : openSync(file, 'wx', 0o600);
    if (this.#file !== undefined) ftruncateSync(this.#file, bytes); // chunks of zeros are there by that
  }

  /** @returns what is wrong with the region. */
  region(
    region: number,
    chunks: readonly (Ref | null)[],
    spans: readonly Span[],
  ): readonly string[] {
    const from = region * REGION_BYTES;
    const expected = Math.ceil(Math.min(REGION_BYTES, this.#bytes - from) / CHUNK_BYTES);
    if (chunks.length !== expected)
      return [`region ${region} has ${chunks.length} chunks and not ${expected}`];
    const faults: string[] = [];
    for (const [number, chunk] of chunks.entries()) {
      if (chunk === null) continue;
      const at = from + number * CHUNK_BYTES;
      const bytes = unpacked(chunk, spans, Math.min(CHUNK_BYTES, this.#bytes - at));
      if (bytes === undefined)
        faults.push(`${chunk.pack}: a chunk at ${chunk.at} is not as it was put`);
      else if (this.#file !== undefined) writeAll(this.#file, bytes, at);
    }
    return faults;
  }

  end(): void {
    if (this.#file === undefined) return;
    fsyncSync(this.#file);
    closeSync(this.#file);
  }
}

/** Undefined: it is not there, or another one. @param length of it, unpacked. */
const unpacked = (
  { pack, at, length: packedLength, sha256 }: Ref,
  spans: readonly Span[],
  length: number,
): Buffer | undefined => {
  const span = spans.find(
    ({ pack: name, from, bytes }) =>
      name === pack && from <= at && at + packedLength <= from + bytes.length,
  );
  if (span === undefined) return undefined;
  const part = Buffer.from(span.bytes.buffer, span.bytes.byteOffset + at - span.from, packedLength);
  try {
    const bytes =
      packedLength === length ? part : inflateRawSync(part, { maxOutputLength: length });
    return bytes.length === length && hashOf(bytes) === sha256 ? bytes : undefined;
  } catch {
    return undefined;
  }
};

/** A list, out of the bytes that stand in its pack; undefined: it is not as it was put. */
export const unpackedText = (bytes: Buffer, { sha256 }: Ref): string | undefined => {
  if (hashOf(bytes) === sha256) return bytes.toString();
  try {
    const text = inflateRawSync(bytes, { maxOutputLength: MOST_LIST_BYTES });
    return hashOf(text) === sha256 ? text.toString() : undefined;
  } catch {
    return undefined;
  }
};

const writeAll = (file: number, bytes: Buffer, from: number): void => {
  for (let at = 0; at < bytes.length; )
    at += writeSync(file, bytes, at, bytes.length - at, from + at);
};
