/**
 * The watches of one tenant, and the sessions of it that have changed and that they were not asked about yet. It owns both.
 *
 * 1. However often a session changes before the watches are asked, they are asked once: about what it was before the first
 *    change and what it is after the last.
 * 2. Changes are in heaps, which are worked off in their order. A watch begins between two heaps: it hears of all that
 *    changes afterwards, and of nothing that was before.
 */
import type { CatalogRow } from '../../model/catalog-row.ts';
import type { SessionId } from '../../model/ids.ts';
import type { ResyncReason } from '../../session/ports/watches.ts';
import type { LiveWatch } from './live-watch.ts';
import { WatchIndex } from './watch-index.ts';

/** Sessions that have changed and wait: beyond that every watch of the tenant begins anew. */
export const MAX_CHANGED = 5_000;

interface Change {
  readonly before: CatalogRow | undefined;
  after: CatalogRow | undefined;
}

interface Heap {
  readonly changes: Map<SessionId, Change>;
  /** Those of them that are yet to be worked off: nothing is noted any more once that has begun. */
  readonly rest: Iterable<readonly [SessionId, Change]>;
  /** Called when all of it is worked off. */
  readonly done: (() => void)[];
}

const newHeap = (): Heap => {
  const changes = new Map<SessionId, Change>();
  return { changes, rest: changes.entries(), done: [] };
};

/** What working off has cost. */
export interface Work {
  changes: number;
  asked: number;
  /** In changes, and questions to plain watches. */
  cost: number;
}

export class TenantWatches {
  readonly watches = new Map<string, LiveWatch>();
  /** Those that look at what is present. */
  readonly #looking = new Set<LiveWatch>();
  readonly #index = new WatchIndex<LiveWatch>();
  /** At least one; changes are noted in the last. */
  #heaps: Heap[] = [newHeap()];
  #changed = 0;

  /** Sessions that wait. */
  get changed(): number {
    return this.#changed;
  }

  add(watch: LiveWatch): void {
    this.watches.set(watch.watchId, watch);
    this.#looking.add(watch);
  }

  /** From now on it hears of the changes that matter to it. */
  begin(watch: LiveWatch): void {
    if (this.#looking.delete(watch) && !watch.isOver) this.#index.add(watch, watch.condition);
  }

  delete(watch: LiveWatch): void {
    this.watches.delete(watch.watchId);
    this.#looking.delete(watch);
    this.#index.delete(watch);
  }

  /** A session is about to be another one. False: too many wait, and all watches have ended as `behind`. */
  willBe(
    sessionId: SessionId,
    after: CatalogRow | undefined,
    current: () => CatalogRow | undefined,
  ): boolean {
    const { changes } = this.#heaps.at(-1) ?? newHeap();
    const known = changes.get(sessionId);
    if (known !== undefined) {
      known.after = after;
      return true;
    }
    const before = current();
    if (before === undefined && after === undefined) return true;
    if (this.#changed >= MAX_CHANGED) return this.fallBehind();
    changes.set(sessionId, { before, after });
    this.#changed += 1;
    return true;
  }

  /** Calls back, in the same tick, once the watches know of all that was noted so far: maybe at once. */
  afterAllNoted(then: () => void): void {
    const last = this.#heaps.at(-1);
    if (last === undefined || this.#changed === 0) return then();
    if (last.changes.size === 0) {
      this.#heaps.at(-2)?.done.push(then);
      return;
    }
    last.done.push(then);
    this.#heaps.push(newHeap());
  }

  /** Asks the watches about changes until that has cost `most`, or nothing waits. */
  workOff(most: number): Work {
    const work = { changes: 0, asked: 0, cost: 0 };
    for (let [heap] = this.#heaps; heap !== undefined && this.#changed > 0; [heap] = this.#heaps) {
      if (this.#heaps.length === 1) this.#heaps.push(newHeap());
      // A map's iterator goes on where it was left.
      for (const [sessionId, change] of heap.rest) {
        this.#changed -= 1;
        work.changes += 1;
        work.cost += 1;
        this.#ask(sessionId, change, work);
        if (work.cost >= most && this.#changed > 0) return work;
      }
      this.#heaps.shift();
      for (const then of heap.done) then();
    }
    return work;
  }

  /** What changed is lost: every watch has to begin anew. Returns false. */
  fallBehind(why: ResyncReason = 'behind'): false {
    for (const watch of this.watches.values()) watch.end(why);
    const heaps = this.#heaps;
    this.#heaps = [newHeap()];
    this.#changed = 0;
    for (const heap of heaps) for (const then of heap.done) then();
    return false;
  }

  #ask(sessionId: SessionId, { before, after }: Change, work: Work): void {
    for (const watch of this.#looking) watch.note(sessionId, after);
    const concerned = this.#index.concerned(before, after);
    for (const watch of concerned) {
      watch.heard(sessionId, before, after);
      work.cost += watch.cost;
    }
    work.asked += concerned.length + this.#looking.size;
    work.cost += this.#looking.size;
  }
}
