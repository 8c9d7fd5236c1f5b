/** A journal that is read while another process may be writing it, without what stands in its commit log alone. */
import { systemClock } from '../../otp/system-clock.ts';
import type { Fence } from '../../session/ports/journal.ts';
import { readMeta } from '../records/meta.ts';
import type { StoreIdentity } from '../records/store.ts';
import { LmdbTables } from '../tables/lmdb-tables.ts';
import { JournalReads } from './journal-reads.ts';

export class JournalBeside extends JournalReads {
  readonly identity: StoreIdentity;
  readonly #tables: LmdbTables;

  /** Throws when there is no store in `dir`. */
  constructor(dir: string) {
    const tables = new LmdbTables(dir, { readOnly: true });
    super(tables, systemClock);
    this.#tables = tables;
    const identity = readMeta(tables);
    if (identity === undefined) throw new Error(`there is no store in ${dir}`);
    this.identity = identity;
  }

  owner(): Fence {
    return { owner: this.identity.owner, epoch: this.identity.epoch };
  }

  close(): Promise<void> {
    return this.#tables.close();
  }

  protected override mustBeOpen(): void {}

  /** Its owner tells of them. */
  protected override onCorrupt(): void {}
}
