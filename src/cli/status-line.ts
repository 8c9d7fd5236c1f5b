/** One line on a terminal that says what goes on now, and goes away; elsewhere a note wherever its first word changes. */
import type { Invocation } from './invocation.ts';

const CLEAR_LINE = '\r\u001b[K';

export class StatusLine {
  readonly #run: Invocation;
  #shown = '';

  constructor(run: Invocation) {
    this.#run = run;
  }

  show(text: string): void {
    const { out, shell } = this.#run;
    const isNew = firstWord(text) !== firstWord(this.#shown);
    this.#shown = text;
    if (out.isJson) return;
    if (shell.stderr.isTerminal)
      shell.stderr.exactly(`${CLEAR_LINE}${oneLine(text, shell.stderr.columns)}`);
    else if (isNew) out.note(text);
  }

  clear(): void {
    const { out, shell } = this.#run;
    if (this.#shown !== '' && !out.isJson && shell.stderr.isTerminal)
      shell.stderr.exactly(CLEAR_LINE);
  }
}

const firstWord = (text: string): string => text.split(/[ :]/, 1)[0] ?? '';

/** What is sent as it is must not move the cursor. */
const oneLine = (text: string, columns = 80): string =>
  text.replace(/[^\x20-\x7e\u00a0-\u024f…]/g, ' ').slice(0, Math.max(10, columns - 1));
