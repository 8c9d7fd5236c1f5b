/**
 * An answer's Markdown as it streams: headings and bold text stand out, code is dim, and their marks are gone. What may still
 * become a mark waits for the next piece; everything else is shown at once. Without colours the text stays as it is.
 */
import type { Colour } from '../clean-screen.ts';

/** How a text is painted; undefined: not at all. */
export type Paint = (colour: Colour, text: string) => string;

type Inline = 'plain' | 'bold' | 'code';

/** The beginning of a line that may be a heading or a fence, as long as its end is not there. */
const OPEN_LINE = /^ {0,3}(?:#{1,6}|`{1,3}|~{1,3})?$/;
/** A longer row of stars or backticks is no mark of ours, and need not be waited for. */
const MAX_RUN = 100;
const FENCE = /^ {0,3}(`{3,}|~{3,})[^\n]*$/;
const HEADING = /^ {0,3}#{1,6} /;

export class MarkdownStyle {
  readonly #paint: Paint;
  /** What waits for the next piece. */
  #held = '';
  #isLineStart = true;
  #line: 'text' | 'heading' = 'text';
  #inline: Inline = 'plain';
  /** What ends the block of code that is open. */
  #fence: string | undefined;

  constructor(paint: Paint) {
    this.#paint = paint;
  }

  /** The next piece, as far as it can be shown. */
  add(piece: string): string {
    this.#held += piece;
    let shown = '';
    while (this.#held !== '') {
      const step = this.#isLineStart ? this.#beginLine() : this.#goOn();
      if (step === undefined) break;
      shown += step;
    }
    return shown;
  }

  /** The message has ended: what waited is shown, and the next one begins afresh. */
  end(): string {
    const rest = this.#isLineStart && isFence(this.#held) ? '' : this.#styled(this.#held);
    this.#held = '';
    this.#fence = undefined;
    this.#startLine();
    return rest;
  }

  #startLine(): void {
    this.#isLineStart = true;
    this.#line = 'text';
    this.#inline = 'plain';
  }

  /** Undefined: it is not known yet what line this is. */
  #beginLine(): string | undefined {
    const end = this.#held.indexOf('\n');
    const line = end === -1 ? this.#held : this.#held.slice(0, end);
    if (end === -1 && (OPEN_LINE.test(line) || isFence(line))) return undefined;
    if (this.#takesFence(line)) {
      this.#held = this.#held.slice(end + 1);
      return '';
    }
    this.#isLineStart = false;
    const [mark] = this.#fence === undefined ? (HEADING.exec(line) ?? []) : [];
    if (mark === undefined) return '';
    this.#line = 'heading';
    this.#held = this.#held.slice(mark.length);
    return '';
  }

  /** Whether the line begins or ends a block of code. */
  #takesFence(line: string): boolean {
    const [, mark] = FENCE.exec(line) ?? [];
    if (mark === undefined) return false;
    if (this.#fence === undefined) this.#fence = mark;
    else if (mark.startsWith(this.#fence) && line.trim() === mark) this.#fence = undefined;
    else return false;
    return true;
  }

  /** Up to the next mark or the line's end. Undefined: the next piece decides. */
  #goOn(): string | undefined {
    const at = this.#held.search(this.#fence === undefined ? /[\n`*]/ : /\n/);
    if (at === -1) return this.#take(this.#held.length);
    if (at > 0) return this.#take(at);
    if (this.#held[0] === '\n') {
      this.#held = this.#held.slice(1);
      this.#startLine();
      return '\n';
    }
    return this.#mark();
  }

  #mark(): string | undefined {
    const [run = ''] = /^(?:`+|\*+)/.exec(this.#held) ?? [];
    if (run.length === this.#held.length && run.length < MAX_RUN) return undefined;
    const toggled = toggles(run, this.#inline);
    if (toggled === undefined) return this.#take(run.length);
    this.#inline = toggled;
    this.#held = this.#held.slice(run.length);
    return '';
  }

  #take(count: number): string {
    const text = this.#styled(this.#held.slice(0, count));
    this.#held = this.#held.slice(count);
    return text;
  }

  #styled(text: string): string {
    if (text === '') return '';
    if (this.#fence !== undefined || this.#inline === 'code') return this.#paint('dim', text);
    if (this.#line === 'heading' || this.#inline === 'bold') return this.#paint('bold', text);
    return text;
  }
}

const isFence = (line: string): boolean => FENCE.test(line);

/** Undefined: it is no mark here, such as a star in code. */
const toggles = (run: string, inline: Inline): Inline | undefined => {
  if (run === '`' && inline !== 'bold') return inline === 'code' ? 'plain' : 'code';
  if (run === '**' && inline !== 'code') return inline === 'bold' ? 'plain' : 'bold';
  return undefined;
};
