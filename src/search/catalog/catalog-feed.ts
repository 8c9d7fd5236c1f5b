/**
 * How the catalog learns: from commits, and at the start from a scan of the catalog rows that runs
 * while commits go on.
 *
 * Invariant: a commit wins over the scan, whichever comes first: what the scan says of a session that
 * changed or was deleted meanwhile is old.
 */

import type { CatalogRow } from '../../model/catalog-row.ts';
import { keyString, type SessionKey } from '../../model/ids.ts';
import type { SessionChange } from '../../session/ports/journal.ts';
import type { MemoryCatalog } from './catalog.ts';

export class CatalogFeed {
  readonly #catalog: MemoryCatalog;
  /** Sessions that commits have told of; kept during the scan only. */
  #committed: Set<string> | undefined = new Set();

  constructor(catalog: MemoryCatalog) {
    this.#catalog = catalog;
  }

  commits(changes: readonly SessionChange[]): void {
    for (const change of changes) {
      this.#committed?.add(keyString(change.key));
      if (change.kind === 'write') this.#catalog.note(change.head);
      else this.#catalog.delete(change.key);
    }
  }

  scanned(row: CatalogRow): void {
    if (this.#committed?.has(keyString(row.key)) !== true) this.#catalog.put(row);
  }

  /** It is not in the journal any more. */
  gone(key: SessionKey): void {
    if (this.#committed?.has(keyString(key)) !== true) this.#catalog.delete(key);
  }

  scanEnded(): void {
    this.#committed = undefined;
    this.#catalog.settle();
  }
}
