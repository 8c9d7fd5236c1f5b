/**
 * A catalog of more sessions than are walked at once, whose long searches stand still in each pause until something
 * has changed; beside it a model: a map of its rows.
 */
import type { CatalogRow } from '../../src/model/catalog-row.ts';
import { MemoryCatalog } from '../../src/search/catalog/catalog.ts';
import type { Dice } from '../../src/testing/dice.ts';
import { MOMENTS } from './moments.ts';
import { rowOf } from './summary-row.ts';

/** What a handful of sessions have, until a search is on its way: then nobody has. */
export const RARE = { tag: 'rare', tool: 'RareTool', owner: 'rare' } as const;
const HANDFUL = 8;

export class LargeCatalog {
  readonly catalog: MemoryCatalog;
  readonly #rows = new Map<string, CatalogRow>();
  readonly #first: ReadonlyMap<string, CatalogRow>;
  readonly #newestAtFirst: number;
  readonly #touched = new Set<string>();
  readonly #pauses: (() => void)[] = [];
  #rare: readonly string[] = [];
  #newest = MOMENTS.at(-1) ?? 0;
  #made = 0;
  #dice: Dice;
  #fresh = 0;

  constructor(sessions: number, dice: Dice) {
    const onFault = (error: unknown): never => {
      throw error;
    };
    const pause = () => new Promise<void>((resolve) => this.#pauses.push(resolve));
    this.catalog = new MemoryCatalog(onFault, { isLoading: true, pause });
    this.#dice = dice;
    for (let n = 0; n < sessions; n++) this.#come();
    this.catalog.settle();
    this.#first = new Map(this.#rows);
    this.#newestAtFirst = this.#newest;
    this.#touched.clear();
  }

  /** All rows, as they are now. */
  get now(): readonly CatalogRow[] {
    return [...this.#rows.values()];
  }

  /** All sessions as they were at first, in whatever places they are now; from here on with these dice. */
  reset(dice: Dice): void {
    for (const id of this.#touched) {
      const row = this.#first.get(id);
      if (row === undefined) this.delete(id);
      else this.put(row);
    }
    this.#touched.clear();
    this.#rare = [];
    this.#dice = dice;
    this.#made = this.#first.size;
    this.#newest = this.#newestAtFirst;
  }

  put(row: CatalogRow): void {
    this.#touched.add(row.key.sessionId);
    this.catalog.put(row);
    this.#rows.set(row.key.sessionId, row);
  }

  delete(sessionId: string): void {
    this.#touched.add(sessionId);
    this.catalog.delete(rowOf(sessionId).key);
    this.#rows.delete(sessionId);
  }

  /** A handful of sessions, anywhere, get what is rare. */
  scatterRare(): void {
    const ids = [...this.#rows.keys()];
    this.#rare = Array.from({ length: HANDFUL }, () => this.#dice.pick(ids));
    for (const id of this.#rare)
      this.#change(id, { tags: [RARE.tag], toolsUsed: [RARE.tool], owner: RARE.owner });
  }

  /**
   * Sessions change, go and come, among them some of those that a search has found or will find. What is rare goes,
   * and what comes anew takes its numbers.
   */
  stir(found: readonly string[]): void {
    const dice = this.#dice;
    const ids = [...this.#rows.keys()];
    const anyOf = (many: number) => Array.from({ length: many }, () => dice.pick(ids));
    for (const id of this.#rare) this.#change(id);
    const fresh = `fresh-${this.#fresh++}`;
    for (const id of anyOf(20))
      this.#change(id, { tags: [fresh], toolsUsed: [fresh], owner: fresh });
    for (const id of found) if (dice.once(3)) this.#change(id);
    for (const id of found) if (dice.once(4)) this.delete(id);
    for (const id of anyOf(20)) this.delete(id);
    for (const id of anyOf(20)) this.#change(id);
    for (let n = 0; n < 30; n++) this.#come();
    for (const id of anyOf(5)) this.delete(id);
  }

  /** Lets long searches go on until this one has ended, with something done in each pause. @returns how many there were. */
  async during(asked: Promise<unknown>, inPause: () => void): Promise<number> {
    let isOver = false;
    const over = () => {
      isOver = true;
    };
    asked.then(over, over);
    for (let pauses = 0; ; pauses++) {
      await allThatIsReady();
      if (isOver) return pauses;
      const goOn = this.#pauses.shift();
      if (goOn === undefined) throw new Error('it neither gives way nor ends');
      inPause();
      goOn();
    }
  }

  #come(): void {
    const id = `s${this.#made++}`;
    this.put(this.#anew(rowOf(id)));
  }

  #change(sessionId: string, fields: Partial<CatalogRow> = {}): void {
    const row = this.#rows.get(sessionId);
    if (row !== undefined) this.put({ ...this.#anew(row), ...fields });
  }

  /** After something happened to it: mostly it is the newest then. */
  #anew({ key, version }: CatalogRow): CatalogRow {
    const dice = this.#dice;
    const n = dice.int(0, 999);
    return rowOf(key.sessionId, {
      version: version + 1,
      createdAtMs: dice.pick(MOMENTS),
      updatedAtMs: dice.once(4) ? dice.pick(MOMENTS) : ++this.#newest,
      status: n % 3 === 0 ? 'parked' : 'idle',
      title: `title ${n}`,
      tags: n < 900 ? ['common', `t${n % 7}`] : n < 930 ? ['Common', 'odd'] : [],
      toolsUsed: n % 2 === 0 ? ['Bash', `mcp__${n % 5}`] : undefined,
      errorCount: n % 11 === 0 ? 2 : 0,
      tokens: dice.int(0, 999),
      numTurns: n % 40,
      costNanoUsd: (n % 97) * 1_000,
    });
  }
}

const allThatIsReady = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
