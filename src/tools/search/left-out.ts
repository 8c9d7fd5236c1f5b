/** What a search may not look into: what rules keep from being read, and nobody was asked about. A rule that is about where the search begins was heard when the call was decided. */
import { join, resolve } from 'node:path';
import type { ToolJob } from '../tool/tool.ts';

export class LeftOut {
  /** Files and folders that were passed over. */
  count = 0;
  readonly #rules: readonly RegExp[];
  readonly #root: string;
  readonly #named: string;

  /**
   * @param root where the search begins, without links.
   * @param named the same as the call names it: a rule may be about either.
   */
  constructor({ hidden = [] }: ToolJob, root: string, named: string) {
    this.#root = root;
    this.#named = resolve(named);
    this.#rules = hidden.filter((rule) => !rule.test(root) && !rule.test(this.#named));
  }

  /** @param path below the root. */
  has(path: string): boolean {
    if (this.#rules.length === 0) return false;
    const named = join(this.#named, path.slice(this.#root.length));
    const isHidden = this.#rules.some((rule) => rule.test(path) || rule.test(named));
    if (isHidden) this.count += 1;
    return isHidden;
  }

  get notes(): readonly string[] {
    if (this.count === 0) return [];
    return [
      `${this.count} files or folders were left out: permission rules keep them from being read.`,
    ];
  }
}
