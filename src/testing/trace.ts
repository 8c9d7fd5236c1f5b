/**
 * What happened in a simulation, in order, as one number: two runs with the same hash took the same course. It keeps the
 * last lines as text, for the report of a failure.
 */

const KEPT_LINES = 400;
/** FNV-1a's. */
const OFFSET = 0x811c9dc5;
const PRIME = 0x01000193;

export class Trace {
  #hash = OFFSET;
  #size = 0;
  readonly #lines: string[] = [];

  /** Facts so far. */
  get size(): number {
    return this.#size;
  }

  /** Of everything so far, in hexadecimal digits. */
  get hash(): string {
    return (this.#hash >>> 0).toString(16).padStart(8, '0');
  }

  /** The last lines of text. */
  get tail(): readonly string[] {
    return this.#lines.slice(-KEPT_LINES);
  }

  /** Two numbers, cheaply: for what happens all the time. */
  count(a: number, b: number): void {
    this.#size++;
    this.#hash = Math.imul(this.#hash ^ a, PRIME);
    this.#hash = Math.imul(this.#hash ^ b, PRIME);
  }

  note(line: string): void {
    this.#size++;
    for (let i = 0; i < line.length; i++) {
      this.#hash = Math.imul(this.#hash ^ line.charCodeAt(i), PRIME);
    }
    this.#lines.push(line);
    if (this.#lines.length >= 2 * KEPT_LINES) this.#lines.splice(0, KEPT_LINES);
  }
}
