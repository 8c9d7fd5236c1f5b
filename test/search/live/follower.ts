/** A reader of a watch, as strict as can be: what it is told must follow from what it was told before. */
import { expect } from 'vitest';
import type { CatalogRow } from '../../../src/model/catalog-row.ts';
import type { Condition } from '../../../src/model/criteria.ts';
import type { MemoryWatches } from '../../../src/search/live/memory-watches.ts';
import type { WatchBatch } from '../../../src/session/ports/watches.ts';
import { shown, tenant } from '../summary-row.ts';

export class Follower {
  readonly condition: Condition;
  readonly members = new Map<string, CatalogRow>();
  readonly told: string[] = [];
  readonly #watches: MemoryWatches;
  #watchId = '';
  #after = 0;
  resyncs = 0;

  constructor(watches: MemoryWatches, condition: Condition) {
    this.#watches = watches;
    this.condition = condition;
  }

  get watchId(): string {
    return this.#watchId;
  }

  async open(withPresent = true): Promise<number> {
    this.members.clear();
    this.#after = 0;
    const { watchId, present } = await this.#watches.open(tenant, this.condition, withPresent);
    this.#watchId = watchId;
    return present;
  }

  /** Fetches what there is. @param isLost whether the reply does not arrive. */
  async fetch({ limit = 1_000, isLost = false } = {}): Promise<WatchBatch> {
    const wanted = { after: this.#after, limit, waitMs: 0 };
    const batch = await this.#watches.next(tenant, this.#watchId, wanted);
    if (!isLost) await this.take(batch);
    return batch;
  }

  async take(batch: WatchBatch): Promise<void> {
    if (batch.kind === 'resync') {
      this.resyncs += 1;
      await this.open();
      return;
    }
    this.#after = batch.n;
    for (const { type, sessionId, row } of batch.changes) {
      this.told.push(`${type} ${sessionId}`);
      expect(this.members.has(sessionId)).toBe(type === 'changed' || type === 'left');
      if (type === 'left') this.members.delete(sessionId);
      else if (row !== undefined) this.members.set(sessionId, shown(row));
    }
  }

  /** Fetches until nothing is left. */
  async catchUp(): Promise<void> {
    for (;;) {
      const batch = await this.fetch();
      if (batch.kind === 'changes' && batch.changes.length === 0) return;
    }
  }

  /** What it takes for the sessions that meet the condition. */
  seen(): [string, CatalogRow][] {
    return [...this.members].toSorted(([a], [b]) => (a < b ? -1 : 1));
  }
}
