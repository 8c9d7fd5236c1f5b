/** Which of a rule's sessions stay all the same: the newest of all, and the newest of each directory. */
import type { CatalogRow } from '../model/catalog-row.ts';

export interface Keep {
  readonly newest?: number | undefined;
  readonly perDirectory?: number | undefined;
}

/** Told of each session that meets the rule once, the newest first. It remembers a number for each directory. */
export class Kept {
  readonly #keep: Keep;
  readonly #seen = new Map<string, number>();
  #all = 0;

  constructor(keep: Keep) {
    this.#keep = keep;
  }

  /** Whether this one stays. Sessions without a directory are those of one directory. */
  isKept({ workingDirectory = '' }: CatalogRow): boolean {
    const { newest = 0, perDirectory = 0 } = this.#keep;
    const before = this.#seen.get(workingDirectory) ?? 0;
    if (perDirectory > 0) this.#seen.set(workingDirectory, before + 1);
    this.#all += 1;
    return this.#all <= newest || before < perDirectory;
  }
}
