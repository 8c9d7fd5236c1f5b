/**
 * The one way out: everything that the command line prints passes here, and leaves without a control
 * character of the data's (`printable.ts`).
 *
 * Our own colours are let through by a mark that no data can know: see `Shell.mark`.
 */
import { printable } from '../platform/printable.ts';
import type { Screen } from './shell.ts';

export type Colour = 'dim' | 'bold' | 'red' | 'green' | 'yellow';

const CODES: Readonly<Record<Colour, number>> = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33 };

export const painted = (colour: Colour, text: string, mark: string): string =>
  `${mark}${CODES[colour]}${mark}${text}${mark}0${mark}`;

export class CleanScreen implements Screen {
  readonly #raw: Screen;
  readonly #mark: string;

  constructor(raw: Screen, mark: string) {
    this.#raw = raw;
    this.#mark = mark;
  }

  write(text: string): void {
    const parts = text.split(this.#mark);
    this.#raw.write(parts.map((part, at) => (at % 2 === 0 ? printable(part) : sgr(part))).join(''));
  }

  exactly(text: string): void {
    this.#raw.exactly(text);
  }

  async drained(): Promise<void> {
    await this.#raw.drained?.();
  }

  get isTerminal(): boolean {
    return this.#raw.isTerminal;
  }

  get columns(): number | undefined {
    return this.#raw.columns;
  }
}

/** What stands between two marks is the number of a colour. */
const sgr = (code: string): string => `\u001b[${code}m`;
