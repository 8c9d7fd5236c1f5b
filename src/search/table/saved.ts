/**
 * How the catalog's structures stand in a snapshot: numbers, texts and arrays behind each other, each at a multiple of
 * eight bytes. So arrays are used where they stand in the bytes that were read, and nothing is made per session.
 *
 * Bytes are in the machine's own order, little-endian on all that Node runs on with few exceptions: the file's first
 * number tells a foreign one.
 */

const ALIGN = 8;
/** Small items are gathered until there are so many bytes. */
const GATHER_BYTES = 1024 * 1024;

type NumberArray = Uint8Array | Uint32Array | Float64Array;

const padded = (bytes: number): number => Math.ceil(bytes / ALIGN) * ALIGN;

export class Saving {
  readonly #write: (bytes: Uint8Array) => void;
  readonly #gathered = Buffer.alloc(GATHER_BYTES);
  #size = 0;

  /** @param write is given the bytes in order; they change behind its back when it has returned. */
  constructor(write: (bytes: Uint8Array) => void) {
    this.#write = write;
  }

  number(value: number): void {
    this.#reserve(ALIGN);
    this.#gathered.writeDoubleLE(value, this.#size);
    this.#size += ALIGN;
  }

  text(value: string): void {
    this.array(Buffer.from(value, 'utf8'));
  }

  array(values: NumberArray): void {
    const { buffer, byteOffset, byteLength } = values;
    this.number(byteLength);
    const bytes = new Uint8Array(buffer, byteOffset, byteLength);
    const room = padded(byteLength);
    if (room > GATHER_BYTES / 2) {
      this.end();
      this.#write(bytes);
      this.#pad(room - byteLength);
      return;
    }
    this.#reserve(room);
    this.#gathered.set(bytes, this.#size);
    this.#size += byteLength;
    this.#pad(room - byteLength);
  }

  /** Hands over what is gathered. */
  end(): void {
    if (this.#size > 0) this.#write(this.#gathered.subarray(0, this.#size));
    this.#size = 0;
  }

  #pad(bytes: number): void {
    this.#reserve(bytes);
    this.#gathered.fill(0, this.#size, this.#size + bytes);
    this.#size += bytes;
  }

  #reserve(bytes: number): void {
    if (this.#size + bytes > GATHER_BYTES) this.end();
  }
}

/** Reads what a `Saving` wrote, in the same order. Throws where the bytes are not those of such a one. */
export class Loading {
  readonly #bytes: Buffer;
  #at: number;

  /** @param at a multiple of eight, from the start of the bytes' own memory. */
  constructor(bytes: Buffer, at = 0) {
    this.#bytes = bytes;
    this.#at = at;
  }

  number(): number {
    const value = this.#bytes.readDoubleLE(this.#at);
    this.#at += ALIGN;
    return value;
  }

  text(): string {
    return this.bytes().toString('utf8');
  }

  /** What follows must be this text: else the snapshot has another form. */
  expect(wanted: string): void {
    const found = this.text();
    if (found !== wanted) throw new Error(`it has ${JSON.stringify(found)} for ${wanted}`);
  }

  /** Where they stand, as all arrays here. */
  bytes(): Buffer {
    const length = this.number();
    const start = this.#at;
    if (!(length >= 0 && start + length <= this.#bytes.length)) throw new Error('it is cut short');
    this.#at += padded(length);
    return this.#bytes.subarray(start, start + length);
  }

  uint32(): Uint32Array {
    const { buffer, byteOffset, byteLength } = this.bytes();
    return new Uint32Array(buffer, byteOffset, byteLength / Uint32Array.BYTES_PER_ELEMENT);
  }

  float64(): Float64Array {
    const { buffer, byteOffset, byteLength } = this.bytes();
    return new Float64Array(buffer, byteOffset, byteLength / Float64Array.BYTES_PER_ELEMENT);
  }
}
