/**
 * Where a command's results go: JSON for programs (one object, or one per line), short aligned text
 * for people. Colours only on a terminal, and not where NO_COLOR asks for none.
 */

import { jsonText } from '../platform/printable.ts';
import { type Colour, painted } from './clean-screen.ts';
import type { Screen, Shell } from './shell.ts';

export class Output {
  readonly isJson: boolean;
  readonly #stdout: Screen;
  readonly #stderr: Screen;
  readonly #mark: string;
  readonly #isPlain: boolean;

  constructor(
    { stdout, stderr, mark, env: { NO_COLOR } }: Pick<Shell, 'stdout' | 'stderr' | 'mark' | 'env'>,
    isJson: boolean,
  ) {
    this.isJson = isJson;
    this.#stdout = stdout;
    this.#stderr = stderr;
    this.#mark = mark;
    this.#isPlain = Boolean(NO_COLOR);
  }

  /** Width for tables; endless where nobody looks. */
  get width(): number {
    return this.#stdout.columns ?? Number.POSITIVE_INFINITY;
  }

  /** One result. `text` is what people read instead of the JSON. */
  one(value: unknown, text: () => string): void {
    this.#stdout.write(this.isJson ? `${jsonText(value)}\n` : text());
  }

  /** Several results. */
  many(values: readonly unknown[], text: () => string): void {
    if (!this.isJson) return this.#stdout.write(text());
    for (const value of values) this.#stdout.write(`${jsonText(value)}\n`);
  }

  /** Resolves when there is room for more. */
  async drained(): Promise<void> {
    await this.#stdout.drained?.();
  }

  /** Text as it comes, for streams. */
  text(text: string): void {
    this.#stdout.write(text);
  }

  /** A remark beside the result: to stderr, and only for people. */
  note(text: string): void {
    if (!this.isJson) this.#stderr.write(`${text}\n`);
  }

  /** Whether colours are seen. */
  get isPainted(): boolean {
    return !this.#isPlain && this.#stdout.isTerminal;
  }

  paint(colour: Colour, text: string): string {
    return this.isPainted ? painted(colour, text, this.#mark) : text;
  }
}
