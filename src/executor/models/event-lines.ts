/** Server-sent events out of the pieces in which a body comes, as the HTML standard has them (9.2.6). */
import { StringDecoder } from 'node:string_decoder';

export interface ServerEvent {
  readonly name: string;
  readonly data: string;
}

/** Longest event, in characters: beyond what any answer needs, and below what a text of V8 may have. */
const MAX_EVENT_CHARS = 128 * 1024 * 1024;
const BYTE_ORDER_MARK = '\ufeff';

/** It owns what has come of an event that is not whole. Events without a name are left out: the API has none. */
export class EventLines {
  readonly #decoder = new StringDecoder('utf8');
  /** Of a line whose end has not come. */
  #rest = '';
  /** Asked of the text itself, a long line would be copied with each piece. */
  #isHalfEnded = false;
  #name = '';
  #data: string | undefined;

  /** Throws `RangeError` for an event that is too long. */
  take(bytes: Buffer): readonly ServerEvent[] {
    return this.#read(this.#decoder.write(bytes));
  }

  /** Nothing comes any more: what is there of a line is one. */
  end(): readonly ServerEvent[] {
    const rest = this.#decoder.end();
    return this.#read(this.#rest === '' && rest === '' ? '' : `${rest}\n`);
  }

  #read(piece: string): readonly ServerEvent[] {
    const hasEnd = this.#isHalfEnded || piece.includes('\n') || piece.includes('\r');
    const size = this.#rest.length + piece.length + (this.#data?.length ?? 0);
    if (size > MAX_EVENT_CHARS)
      throw new RangeError(`an event of more than ${MAX_EVENT_CHARS} characters`);
    const text = this.#rest + piece;
    if (!hasEnd) {
      this.#rest = text;
      return [];
    }
    const events: ServerEvent[] = [];
    const lines = linesOf(text);
    this.#rest = lines.pop() ?? '';
    this.#isHalfEnded = this.#rest.endsWith('\r');
    for (const line of lines) this.#take(line, events);
    return events;
  }

  #take(given: string, events: ServerEvent[]): void {
    const line = given.startsWith(BYTE_ORDER_MARK) ? given.slice(1) : given;
    if (line === '') {
      if (this.#name !== '' && this.#data !== undefined)
        events.push({ name: this.#name, data: this.#data });
      this.#name = '';
      this.#data = undefined;
      return;
    }
    const colon = line.indexOf(':');
    const field = colon === -1 ? line : line.slice(0, colon);
    const value = colon === -1 ? '' : line.slice(line[colon + 1] === ' ' ? colon + 2 : colon + 1);
    if (field === 'event') this.#name = value;
    if (field === 'data') this.#data = this.#data === undefined ? value : `${this.#data}\n${value}`;
  }
}

/** A line ends with CR, LF or both; a CR at the very end may be half of both, and its line stays open. */
const linesOf = (text: string): string[] => {
  if (!text.includes('\r')) return text.split('\n');
  const isHalf = text.endsWith('\r');
  const lines = (isHalf ? text.slice(0, -1) : text).split(/\r\n|\n|\r/);
  if (isHalf) lines.push(`${lines.pop() ?? ''}\r`);
  return lines;
};
