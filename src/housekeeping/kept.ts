/**
 * Which of a rule's sessions stay all the same: the newest of all, the newest of each directory, and the newest that take
 * so many bytes together. One that any of these keeps stays.
 */
import type { CatalogRow } from '../model/catalog-row.ts';
import { directoryKey } from '../model/same-directory.ts';

export interface Keep {
  readonly newest?: number | undefined;
  readonly perDirectory?: number | undefined;
  readonly bytes?: number | undefined;
}

/** What a session takes; asked only where it decides. */
export type Measure = (row: CatalogRow) => Promise<number>;

/** Told of each session that meets the rule once, the newest first. It remembers a number for each directory. */
export class Kept {
  readonly #keep: Keep;
  readonly #measure: Measure;
  readonly #seen = new Map<string, number>();
  #all = 0;
  /** Bytes that are left; below 0 once one did not fit: no older one stays by its size then, however small. */
  #bytesLeft: number;

  constructor(keep: Keep, measure: Measure) {
    this.#keep = keep;
    this.#measure = measure;
    this.#bytesLeft = keep.bytes ?? -1;
  }

  /** Those of these that do not stay. Sessions without a directory are those of one directory. */
  async without(rows: readonly CatalogRow[]): Promise<readonly CatalogRow[]> {
    const gone: CatalogRow[] = [];
    for (const row of rows) {
      const isKept = this.#isAmongNewest(row);
      if (!(await this.#fits(row)) && !isKept) gone.push(row);
    }
    return gone;
  }

  #isAmongNewest({ workingDirectory = '' }: CatalogRow): boolean {
    const { newest = 0, perDirectory = 0 } = this.#keep;
    const directory = directoryKey(workingDirectory);
    const before = this.#seen.get(directory) ?? 0;
    if (perDirectory > 0) this.#seen.set(directory, before + 1);
    this.#all += 1;
    return this.#all <= newest || before < perDirectory;
  }

  /** Also one that stays for another reason takes its room. */
  async #fits(row: CatalogRow): Promise<boolean> {
    if (this.#bytesLeft < 0) return false;
    this.#bytesLeft -= await this.#measure(row);
    return this.#bytesLeft >= 0;
  }
}
