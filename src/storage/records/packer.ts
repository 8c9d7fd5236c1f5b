/**
 * Writes msgpack straight into a growing buffer: no intermediate values, no copies. It takes what JSON
 * can say, and bytes, and refuses everything else loudly, because it would come back changed (a
 * function, a class, an own `__proto__`). The same value always gives the same bytes; any msgpack
 * reader reads them.
 */
import { GreenroomError } from '../../model/errors.ts';

const MAX_DEPTH = 100;
/** Strings below this are written character by character: a call to native code would cost more. */
const SHORT_STRING = 24;
/** Most bytes of a number or of the header of anything. */
const HEADER_BYTES = 9;
const BYTES_PER_CHARACTER = 3;

const NIL = 0xc0;
const FALSE = 0xc2;
const TRUE = 0xc3;
const BIN32 = 0xc6;
const FLOAT64 = 0xcb;
const UINT8 = 0xcc;
const UINT16 = 0xcd;
const UINT32 = 0xce;
const INT32 = 0xd2;
const STR8 = 0xd9;
const STR16 = 0xda;
const STR32 = 0xdb;
const ARRAY16 = 0xdc;
const ARRAY32 = 0xdd;
const MAP32 = 0xdf;
const FIXMAP = 0x80;
const FIXARRAY = 0x90;
const FIXSTR = 0xa0;

const refuse = (why: string): never => {
  throw new GreenroomError('invalid_request', `cannot be stored: ${why}`);
};

export class Packer {
  /** What is written so far stands before `at`; the buffer is another one when it has grown. */
  bytes: Buffer;
  at = 0;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  /** Makes room for so many bytes behind `at`. */
  reserve(count: number): void {
    const needed = this.at + count;
    if (needed <= this.bytes.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(needed, this.bytes.length * 2));
    this.bytes.copy(grown, 0, 0, this.at);
    this.bytes = grown;
  }

  /** Bytes as they are, without a header. */
  raw(bytes: Uint8Array): void {
    this.reserve(bytes.length);
    this.bytes.set(bytes, this.at);
    this.at += bytes.length;
  }

  uint32LE(value: number): void {
    this.reserve(4);
    this.at = this.bytes.writeUInt32LE(value, this.at);
  }

  /** Anything that can be stored; throws `invalid_request` for the rest. */
  value(value: unknown, depth = 0): void {
    switch (typeof value) {
      case 'string':
        return this.string(value);
      case 'number':
        return this.number(value);
      case 'boolean':
        return this.#byte(value ? TRUE : FALSE);
      case 'undefined':
        return this.#byte(NIL);
      case 'object':
        return this.#object(value, depth);
      default:
        refuse(`a ${typeof value}`);
    }
  }

  string(text: string): void {
    const { length } = text;
    this.reserve(HEADER_BYTES + length * BYTES_PER_CHARACTER);
    if (length < SHORT_STRING && this.#ascii(text)) return;
    const size = Buffer.byteLength(text);
    if (size < 32) this.bytes[this.at++] = FIXSTR | size;
    else if (size < 0x100) this.#header(STR8, size, 1);
    else if (size < 0x1_0000) this.#header(STR16, size, 2);
    else this.#header(STR32, size, 4);
    this.at += this.bytes.write(text, this.at);
  }

  number(value: number): void {
    this.reserve(HEADER_BYTES);
    if (value >>> 0 === value) return this.#uint(value);
    if (value < 0 && (value | 0) === value) {
      if (value >= -32) this.bytes[this.at++] = value & 0xff;
      else this.#header(INT32, value >>> 0, 4);
      return;
    }
    this.bytes[this.at++] = FLOAT64;
    this.at = this.bytes.writeDoubleBE(value, this.at);
  }

  /** The header of a list of `length` values that follow. */
  list(length: number): void {
    this.reserve(HEADER_BYTES);
    if (length < 16) this.bytes[this.at++] = FIXARRAY | length;
    else this.#header(ARRAY32, length, 4);
  }

  /** The header of a list whose length is not known yet; give what it returns to `endList`. */
  beginList(): number {
    this.reserve(HEADER_BYTES);
    this.#header(ARRAY16, 0, 2);
    return this.at;
  }

  endList(begun: number, length: number): void {
    if (length < 0x1_0000) this.bytes.writeUInt16BE(length, begun - 2);
    else this.#endLongList(begun, length);
  }

  /** The header that was begun is too short: what was written behind it moves. */
  #endLongList(begun: number, length: number): void {
    this.reserve(2);
    this.bytes.copy(this.bytes, begun + 2, begun, this.at);
    this.bytes[begun - 3] = ARRAY32;
    this.bytes.writeUInt32BE(length, begun - 2);
    this.at += 2;
  }

  #object(value: object | null, depth: number): void {
    if (value === null) return this.#byte(NIL);
    if (depth > MAX_DEPTH) refuse(`deeper than ${MAX_DEPTH} levels`);
    if (value instanceof Uint8Array) return this.#binary(value);
    if (!Array.isArray(value)) return this.#map(value, depth);
    this.list(value.length);
    for (const item of value) this.value(item, depth + 1);
  }

  #map(value: object, depth: number): void {
    const prototype = Object.getPrototypeOf(value) as unknown;
    if (prototype !== Object.prototype && prototype !== null) refuse('an object of a class');
    const items = value as Readonly<Record<string, unknown>>;
    const fields = Object.keys(value);
    let count = 0;
    for (const field of fields) if (items[field] !== undefined) count += 1;
    this.reserve(HEADER_BYTES);
    if (count < 16) this.bytes[this.at++] = FIXMAP | count;
    else this.#header(MAP32, count, 4);
    for (const field of fields) {
      const item = items[field];
      if (item === undefined) continue;
      if (field === '__proto__') refuse('a field named __proto__');
      this.string(field);
      this.value(item, depth + 1);
    }
  }

  #binary(bytes: Uint8Array): void {
    this.reserve(HEADER_BYTES);
    this.#header(BIN32, bytes.length, 4);
    this.raw(bytes);
  }

  /** False, with nothing written, if a character is not ASCII. */
  #ascii(text: string): boolean {
    const { bytes, at } = this;
    for (let index = 0; index < text.length; index += 1) {
      const code = text.charCodeAt(index);
      if (code > 0x7f) return false;
      bytes[at + 1 + index] = code;
    }
    bytes[at] = FIXSTR | text.length;
    this.at = at + 1 + text.length;
    return true;
  }

  #uint(value: number): void {
    if (value < 0x80) this.bytes[this.at++] = value;
    else if (value < 0x100) this.#header(UINT8, value, 1);
    else if (value < 0x1_0000) this.#header(UINT16, value, 2);
    else this.#header(UINT32, value, 4);
  }

  #header(type: number, value: number, size: 1 | 2 | 4): void {
    const { bytes, at } = this;
    bytes[at] = type;
    if (size === 1) bytes[at + 1] = value;
    else if (size === 2) bytes.writeUInt16BE(value, at + 1);
    else bytes.writeUInt32BE(value, at + 1);
    this.at = at + 1 + size;
  }

  #byte(byte: number): void {
    this.reserve(1);
    this.bytes[this.at++] = byte;
  }
}
