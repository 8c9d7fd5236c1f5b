/**
 * JSON read from its end, without parsing it: where the values of a list or an object begin and end. It owns nothing and
 * changes nothing; the bytes may be shared, and many more than are looked at.
 *
 * 1. A quote is the end of a string, or its beginning, when an even number of backslashes stands before it.
 * 2. At most so many steps are taken, a step being a quote or a byte outside of strings; behind them, and in what is no
 *    JSON, nothing more is found.
 */

/** Of a value: its first byte, and the byte behind its last one. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

export interface Member {
  /** As it is written, escapes included. */
  readonly key: string;
  readonly value: Span;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const LIST_OPENING = 0x5b;
const LIST_CLOSING = 0x5d;
const OBJECT_OPENING = 0x7b;
const OBJECT_CLOSING = 0x7d;

/** Lists and objects so deep within what is asked for are remembered: a message has its blocks, and these their fields. */
const REMEMBERED_DEPTH = 3;
/** Bytes. */
const NEAR = 128;

const isSpace = (byte: number | undefined): boolean =>
  byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;

const isOpening = (byte: number | undefined): boolean =>
  byte === LIST_OPENING || byte === OBJECT_OPENING;

const isClosing = (byte: number | undefined): boolean =>
  byte === LIST_CLOSING || byte === OBJECT_CLOSING;

export class JsonBackwards {
  readonly #json: Buffer;
  #stepsLeft: number;
  /** Where values begin whose last bytes are at the keys: each byte is read once, though values are asked for outside in. */
  readonly #starts = new Map<number, number>();

  constructor(json: Uint8Array, maxSteps: number) {
    this.#json = Buffer.from(json.buffer, json.byteOffset, json.byteLength);
    this.#stepsLeft = maxSteps;
  }

  /** The values before `end` that commas stand between, the last first: of a list without its brackets, or with them. */
  *valuesBefore(end: number): Generator<Span> {
    for (let at = end; ; ) {
      const value = this.#valueBefore(at);
      if (value === undefined) return;
      yield value;
      at = this.#solidBefore(value.start);
      if (this.#json[at] !== COMMA) return;
    }
  }

  /** The elements of a list, the last first; none of any other value. */
  elements({ end }: Span): Generator<Span> | readonly [] {
    return this.#json[end - 1] === LIST_CLOSING ? this.valuesBefore(end - 1) : [];
  }

  /** The members of an object, the last first; none of any other value. */
  *members({ end }: Span): Generator<Member> {
    if (this.#json[end - 1] !== OBJECT_CLOSING) return;
    for (let at = end - 1; ; ) {
      const value = this.#valueBefore(at);
      if (value === undefined) return;
      const colon = this.#solidBefore(value.start);
      const key = this.#json[colon] === COLON ? this.#valueBefore(colon) : undefined;
      if (key === undefined) return;
      yield { key: this.text({ start: key.start + 1, end: key.end - 1 }), value };
      at = this.#solidBefore(key.start);
      if (this.#json[at] !== COMMA) return;
    }
  }

  /** A value as it is written; of one that is long only the beginning. */
  text({ start, end }: Span): string {
    return this.#json.toString('latin1', start, Math.min(end, start + 64));
  }

  #valueBefore(end: number): Span | undefined {
    const last = this.#solidBefore(end);
    const byte = this.#json[last];
    if (byte === undefined || isOpening(byte) || byte === COMMA || byte === COLON) return undefined;
    const start = this.#startOf(last, byte);
    return start === undefined ? undefined : { start, end: last + 1 };
  }

  #startOf(last: number, byte: number): number | undefined {
    if (byte === QUOTE) return this.#stringStart(last);
    if (isClosing(byte)) return this.#starts.get(last) ?? this.#nestedStart(last);
    return this.#wordStart(last);
  }

  /** Of the word or number whose last byte is at `last`. */
  #wordStart(last: number): number | undefined {
    for (let at = last; at >= 0; at -= 1) {
      if (this.#isSpent()) return undefined;
      const byte = this.#json[at];
      if (isSpace(byte) || byte === COMMA || byte === COLON || isOpening(byte)) return at + 1;
    }
    return 0;
  }

  /** Of the list or object whose closing bracket is at `last`; what is found on the way is remembered. */
  #nestedStart(last: number): number | undefined {
    const closed: number[] = [];
    for (let at: number | undefined = last; at >= 0; at -= 1) {
      if (this.#isSpent()) return undefined;
      const byte = this.#json[at];
      if (byte === QUOTE) {
        at = this.#stringStart(at);
        if (at === undefined) return undefined;
      } else if (isClosing(byte)) {
        closed.push(at);
      } else if (isOpening(byte)) {
        const end = closed.pop() ?? last;
        if (closed.length <= REMEMBERED_DEPTH) this.#starts.set(end, at);
        if (closed.length === 0) return at;
      }
    }
    return undefined;
  }

  /** Where the string begins whose closing quote is at `end`; a long one is remembered. */
  #stringStart(end: number): number | undefined {
    const known = this.#starts.get(end);
    if (known !== undefined) return known;
    for (let at = end; at > 0; ) {
      at = this.#quoteBefore(at);
      if (at === -1 || this.#isSpent()) return undefined;
      if (this.#backslashesBefore(at) % 2 !== 0) continue;
      if (end - at > NEAR) this.#starts.set(end, at);
      return at;
    }
    return undefined;
  }

  /** Near ones are found faster byte by byte than by a call. */
  #quoteBefore(end: number): number {
    const far = Math.max(0, end - NEAR);
    for (let at = end - 1; at >= far; at -= 1) if (this.#json[at] === QUOTE) return at;
    return far === 0 ? -1 : this.#json.lastIndexOf(QUOTE, far - 1);
  }

  #backslashesBefore(at: number): number {
    let count = 0;
    while (this.#json[at - 1 - count] === BACKSLASH) count += 1;
    return count;
  }

  /** The last byte before `end` that is no white space; -1: there is none. */
  #solidBefore(end: number): number {
    let at = end - 1;
    while (isSpace(this.#json[at]) && !this.#isSpent()) at -= 1;
    return at;
  }

  #isSpent(): boolean {
    this.#stepsLeft -= 1;
    return this.#stepsLeft < 0;
  }
}
