/** One line on a terminal that says how far a long work is; nothing where nobody looks. */
import { bytes } from '../format.ts';
import type { Screen } from '../shell.ts';

/** Drawing more often would cost more than it shows. */
const DRAW_EVERY_MS = 100;
const BAR_WIDTH = 30;
const CLEAR_LINE = '\r\u001b[K';

export class ProgressBar {
  readonly #screen: Screen;
  readonly #totalBytes: number;
  readonly #nowMs: () => number;
  #drawnAtMs = 0;

  constructor(screen: Screen, totalBytes: number, nowMs: () => number) {
    this.#screen = screen;
    this.#totalBytes = totalBytes;
    this.#nowMs = nowMs;
  }

  update(doneBytes: number): void {
    if (!this.#screen.isTerminal || this.#nowMs() - this.#drawnAtMs < DRAW_EVERY_MS) return;
    this.#drawnAtMs = this.#nowMs();
    const part = this.#totalBytes === 0 ? 1 : Math.min(1, doneBytes / this.#totalBytes);
    const full = Math.round(part * BAR_WIDTH);
    const bar = `${'█'.repeat(full)}${'░'.repeat(BAR_WIDTH - full)}`;
    const percent = `${Math.floor(part * 100)} %`.padStart(5);
    this.#screen.exactly(`${CLEAR_LINE}${bar} ${percent} of ${bytes(this.#totalBytes)}`);
  }

  /** Takes the line away. */
  clear(): void {
    if (this.#screen.isTerminal && this.#drawnAtMs > 0) this.#screen.exactly(CLEAR_LINE);
  }
}
