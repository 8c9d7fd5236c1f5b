/**
 * The lane of long walks: however many there are, one slice is walked at a time, and the loop has its turn between two.
 * It owns the order of slices; they are walked by turns.
 */
import type { SessionTable } from './table/session-table.ts';
import type { Walk } from './table/walk.ts';

/** Rows that are visited before the loop has its turn, of which few things are asked: some milliseconds' worth. */
export const SLICE_ROWS = 8_192;
/** So many are asked of them all the same. */
const FEW_TESTS = 4;

/** The same where more is asked of each. */
export const sliceRowsFor = (tests: number, most = SLICE_ROWS): number =>
  Math.ceil(most / Math.max(1, tests / FEW_TESTS));

export class Lane {
  readonly #pause: () => Promise<void>;
  #last: Promise<unknown> = Promise.resolve();

  /** @param pause resolves when the loop has had its turn. */
  constructor(pause: () => Promise<void>) {
    this.#pause = pause;
  }

  /** Walks to the end. The first slice is walked at once. */
  async run(table: SessionTable, walk: Walk, sliceRows = SLICE_ROWS): Promise<void> {
    table.begin(walk);
    try {
      for (let isOver = walk.step(sliceRows); !isOver; )
        isOver = await this.#next(() => walk.step(sliceRows));
    } finally {
      table.end(walk);
    }
  }

  #next<T>(slice: () => T): Promise<T> {
    const done = this.#last.then(this.#pause).then(slice);
    this.#last = done.catch(() => {}); // whoever walks is told; the others go on
    return done;
  }
}
