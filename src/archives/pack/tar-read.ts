/**
 * A tar, read as it comes: entry after entry, each with its bytes. Memory is one chunk and one long name, whatever the
 * archive says of itself.
 */
import { GreenroomError } from '../../model/errors.ts';
import {
  BLOCK,
  type Override,
  padding,
  readOverride,
  readTarHeader,
  type TarHeader,
} from './tar-header.ts';

/** Names and what else stands before an entry. */
const MAX_LONG_BYTES = 64 * 1024;

export interface TarPart extends TarHeader {
  /** What cannot be read as what it is; undefined: it can. */
  readonly fault: string | undefined;
  /** All of them, or the next part does not come. */
  readonly bytes: AsyncGenerator<Buffer, void>;
}

/** Throws `serialization_failed` for what is no tar, or ends too early. */
export async function* readTar(source: AsyncIterable<Uint8Array>): AsyncGenerator<TarPart, void> {
  const bytes = new Chunks(source);
  let override: Override = {};
  for (;;) {
    const block = await bytes.take(BLOCK);
    const header = block && headerIn(block);
    if (header === undefined) break;
    if (header.kind === 'long') {
      if (header.size > MAX_LONG_BYTES)
        throw broken(`something before an entry is longer than ${MAX_LONG_BYTES} bytes`);
      const body = await bytes.mustTake(header.size + padding(header.size));
      override = { ...override, ...said(header.flag, body.subarray(0, header.size)) };
      continue;
    }
    const { isSparse = false, ...rest } = override;
    override = {};
    const entry = { ...header, ...rest };
    const size = entry.kind === 'file' ? entry.size : header.size;
    const body = bytes.body(size);
    yield {
      ...entry,
      fault: isSparse || entry.flag === 'S' ? 'it is stored as sparse' : undefined,
      bytes: body,
    };
    for await (const _ of body); // what the reader has left
    if (padding(size) > 0) await bytes.mustTake(padding(size));
  }
  await bytes.drain();
}

const headerIn = (block: Buffer): TarHeader | undefined => {
  try {
    return readTarHeader(block);
  } catch (error) {
    throw broken((error as Error).message);
  }
};

const said = (flag: string, body: Buffer): Override => {
  try {
    return readOverride(flag, body);
  } catch (error) {
    throw broken((error as Error).message);
  }
};

const broken = (message: string): GreenroomError =>
  new GreenroomError('serialization_failed', `the archive cannot be read: ${message}`);

const NOTHING = Buffer.alloc(0);

class Chunks {
  readonly #source: AsyncIterator<Uint8Array>;
  #rest: Buffer = NOTHING;

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#source = source[Symbol.asyncIterator]();
  }

  /** So many bytes; undefined: there is nothing more at all. */
  async take(size: number): Promise<Buffer | undefined> {
    while (this.#rest.length < size) {
      const more = await this.#next();
      if (more === undefined) {
        if (this.#rest.length === 0) return undefined;
        throw broken('it ends too early');
      }
      this.#rest = this.#rest.length === 0 ? more : Buffer.concat([this.#rest, more]);
    }
    const taken = this.#rest.subarray(0, size);
    this.#rest = this.#rest.subarray(size);
    return taken;
  }

  async mustTake(size: number): Promise<Buffer> {
    const taken = await this.take(size);
    if (taken === undefined && size > 0) throw broken('it ends too early');
    return taken ?? NOTHING;
  }

  async *body(size: number): AsyncGenerator<Buffer, void> {
    for (let left = size; left > 0; ) {
      if (this.#rest.length === 0) this.#rest = (await this.#next()) ?? NOTHING;
      if (this.#rest.length === 0) throw broken('it ends too early');
      const part = this.#rest.subarray(0, left);
      this.#rest = this.#rest.subarray(part.length);
      left -= part.length;
      yield part;
    }
  }

  /** So that whoever counts, or hashes, what comes in sees all of it. */
  async drain(): Promise<void> {
    while ((await this.#next()) !== undefined);
  }

  async #next(): Promise<Buffer | undefined> {
    for (;;) {
      const { done, value } = await this.#source.next();
      if (done === true) return undefined;
      if (value.length > 0) return Buffer.from(value.buffer, value.byteOffset, value.length);
    }
  }
}
