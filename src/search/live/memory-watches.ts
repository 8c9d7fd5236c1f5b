/**
 * All watches of a daemon. It owns them, and the one timer that works for them: a commit leaves what a session was and is,
 * and a tick later the watches are asked about it, so many of them in one tick and no more.
 *
 * 1. A commit pays for a note, whatever watches there are.
 * 2. Nobody is asked about another tenant's sessions.
 * 3. What goes wrong here ends watches and never the commit that told of a change.
 */
import type { CatalogRow } from '../../model/catalog-row.ts';
import { type Filter, MAX_PAGE } from '../../model/criteria.ts';
import { GreenroomError } from '../../model/errors.ts';
import type { SessionKey, Tenant } from '../../model/ids.ts';
import type { Clock, Timer } from '../../otp/clock.ts';
import type { Catalog, RowWatcher } from '../../session/ports/catalog.ts';
import type {
  NextChanges,
  WatchBatch,
  Watches,
  WatchOpened,
  WatchStats,
} from '../../session/ports/watches.ts';
import { LiveWatch } from './live-watch.ts';
import { TenantWatches } from './tenant-watches.ts';

/** Watches of a tenant, and of all. */
export const MAX_WATCHES_OF_TENANT = 1_000;
export const MAX_WATCHES = 5_000;
/** Sessions that a watch tells as present. */
export const MAX_PRESENT = 5_000;
/** Changes that wait for readers, of all watches. */
export const MAX_DUE_OF_ALL = 100_000;
/** A watch that its reader has asked nothing of for so long is forgotten. */
export const FORGOTTEN_AFTER_MS = 60_000;
/** How long changes are gathered before the watches are asked about them. */
export const TICK_MS = 100;
/** Questions to watches in one tick: about two milliseconds' worth. */
const ASKED_PER_TICK = 25_000;
/** Of one tenant before the next has its turn. */
const ASKED_PER_TURN = 5_000;
/** Readers who wait and are answered in one tick. */
const ANSWERED_PER_TICK = 60;
/** So many commits in a tick make it a busy one: then an answer, which costs about half a commit, waits for commits to pay for it. */
const BUSY_COMMITS = 50;
const ANSWERED_IN_BUSY_TICK = 5;
const COMMITS_PER_ANSWER = 25;
const RETRY_MS = 1_000;

export interface WatchesOptions {
  readonly catalog: Pick<Catalog, 'search' | 'count'>;
  readonly clock: Clock;
  readonly newId: () => string;
  /** Told of what should not happen; the watches of that tenant have ended then. */
  readonly onFault: (error: unknown) => void;
  /** Told of what leaves all of them in doubt. */
  readonly onCrash: (error: unknown) => void;
}

export class MemoryWatches implements Watches, RowWatcher {
  readonly #options: WatchesOptions;
  readonly #tenants = new Map<Tenant, TenantWatches>();
  #count = 0;
  #timer: Timer | undefined;
  /** In this tick. */
  #commits = 0;
  #changes = 0;
  #asked = 0;
  #isClosed = false;

  constructor(options: WatchesOptions) {
    this.#options = options;
  }

  get stats(): WatchStats {
    let waiting = 0;
    for (const { watches } of this.#tenants.values())
      for (const watch of watches.values()) waiting += watch.size;
    return { watches: this.#count, waiting, changes: this.#changes, asked: this.#asked };
  }

  willBe(
    { tenant, sessionId }: SessionKey,
    after: CatalogRow | undefined,
    current: () => CatalogRow | undefined,
  ): void {
    const watched = this.#tenants.get(tenant);
    if (watched === undefined) return;
    this.#commits += 1;
    this.#guarded(tenant, () => watched.willBe(sessionId, after, current));
  }

  async open(tenant: Tenant, filter: Filter, withPresent: boolean): Promise<WatchOpened> {
    const watched = this.#roomFor(tenant);
    const { clock, newId } = this.#options;
    const watch = new LiveWatch(newId(), filter, clock.monotonic());
    watched.add(watch);
    this.#count += 1;
    this.#arm();
    try {
      const present = withPresent ? await this.#present(tenant, filter) : undefined;
      await this.#begin(watched, watch, present);
      if (this.#isClosed) throw restarting();
      if (watch.isOver) throw tooMuch('more sessions change than a watch can follow; try again');
      return { watchId: watch.watchId, present: watch.present };
    } catch (error) {
      this.#forget(tenant, watch);
      throw error;
    }
  }

  next(tenant: Tenant, watchId: string, wanted: NextChanges): Promise<WatchBatch> {
    const watch = this.#tenants.get(tenant)?.watches.get(watchId);
    if (watch === undefined) return Promise.resolve({ kind: 'resync', why: 'unknown' });
    const batch = watch.next(wanted, this.#options.clock.monotonic());
    if (watch.isOver) this.#forget(tenant, watch);
    return batch;
  }

  close(tenant: Tenant, watchId: string): void {
    const watch = this.#tenants.get(tenant)?.watches.get(watchId);
    if (watch !== undefined) this.#forget(tenant, watch);
  }

  /** Ends all of them; whoever waits hears it. */
  closeAll(): void {
    this.#isClosed = true;
    this.#timer?.cancel();
    for (const [tenant, watched] of this.#tenants) {
      watched.fallBehind('unknown');
      for (const watch of [...watched.watches.values()]) this.#forget(tenant, watch);
    }
  }

  #roomFor(tenant: Tenant): TenantWatches {
    const watched = this.#tenants.get(tenant) ?? new TenantWatches();
    if (this.#isClosed) throw restarting();
    if (watched.watches.size >= MAX_WATCHES_OF_TENANT)
      throw tooMuch(`this tenant has ${MAX_WATCHES_OF_TENANT} watches already`);
    if (this.#count >= MAX_WATCHES) throw tooMuch(`there are ${MAX_WATCHES} watches already`);
    if (this.stats.waiting >= MAX_DUE_OF_ALL)
      throw tooMuch('the readers of other watches have too much to fetch');
    this.#tenants.set(tenant, watched);
    return watched;
  }

  /** In the order of their making, which changes least while pages are read. */
  async #present(tenant: Tenant, filter: Filter): Promise<readonly CatalogRow[]> {
    const { catalog } = this.#options;
    const { sessions } = await catalog.count(tenant, filter);
    if (sessions > MAX_PRESENT) throw tooMany(sessions);
    const criteria = { ...filter, sortBy: 'createdAt', order: 'asc', limit: MAX_PAGE } as const;
    const rows: CatalogRow[] = [];
    let cursor: string | undefined;
    do {
      const page = await catalog.search(tenant, { ...criteria, cursor });
      rows.push(...page.rows);
      cursor = page.nextCursor;
      if (rows.length > MAX_PRESENT) throw tooMany(rows.length);
    } while (cursor !== undefined);
    return rows;
  }

  #begin(
    watched: TenantWatches,
    watch: LiveWatch,
    present: readonly CatalogRow[] | undefined,
  ): Promise<void> {
    return new Promise((resolve) => {
      watched.afterAllNoted(() => {
        if (present === undefined) watch.beginUntold();
        else watch.begin(present);
        watched.begin(watch);
        resolve();
      });
    });
  }

  #forget(tenant: Tenant, watch: LiveWatch): void {
    const watched = this.#tenants.get(tenant);
    watch.end('unknown');
    if (watched?.watches.get(watch.watchId) !== watch) return;
    watched.delete(watch);
    this.#count -= 1;
    if (watched.watches.size === 0) this.#tenants.delete(tenant);
  }

  #arm(): void {
    this.#timer ??= this.#options.clock.setTimeout(() => {
      this.#timer = undefined;
      try {
        this.#tick();
      } catch (error) {
        this.#options.onCrash(error);
      }
    }, TICK_MS);
  }

  #tick(): void {
    let left = ASKED_PER_TICK;
    const line = [...this.#tenants].filter(([, watched]) => watched.changed > 0);
    for (let [one] = line; one !== undefined && left > 0; [one] = line) {
      const [tenant, watched] = one;
      line.shift();
      left -= this.#workOff(tenant, watched, Math.min(left, ASKED_PER_TURN));
      if (watched.changed > 0) line.push(one);
      // The tenant whose turn it is not comes first in the next tick.
      this.#tenants.delete(tenant);
      if (watched.watches.size > 0) this.#tenants.set(tenant, watched);
    }
    const nowMs = this.#options.clock.monotonic();
    this.#lookAfter(nowMs);
    this.#answer(nowMs);
    if (this.#count > 0) this.#arm();
  }

  #workOff(tenant: Tenant, watched: TenantWatches, most: number): number {
    let cost = 1;
    this.#guarded(tenant, () => {
      const work = watched.workOff(most);
      this.#changes += work.changes;
      this.#asked += work.asked;
      cost = Math.max(1, work.cost);
    });
    return cost;
  }

  /** Looks after all: whose reader is gone, whose request waits too long, what waits for readers in all. */
  #lookAfter(nowMs: number): void {
    let waiting = 0;
    for (const [tenant, { watches }] of [...this.#tenants])
      for (const watch of [...watches.values()]) {
        watch.wakeIfLate(nowMs);
        waiting += watch.size;
        if (waiting > MAX_DUE_OF_ALL) watch.end('behind');
        if (watch.isWaitedFor) watch.seenMs = nowMs;
        else if (nowMs - watch.seenMs > FORGOTTEN_AFTER_MS) this.#forget(tenant, watch);
      }
  }

  /** Answers readers, one of each tenant by turns; those who were answered last come last in the next tick. */
  #answer(nowMs: number): void {
    const ready = [...this.#tenants.values()].map(({ watches }) => ({
      watches,
      line: [...watches.values()].filter((watch) => watch.isReady),
    }));
    let left = answersFor(this.#commits);
    this.#commits = 0;
    for (let n = 0; left > 0 && ready.some(({ line }) => n < line.length); n += 1)
      for (const { watches, line } of ready) {
        const watch = line[n];
        if (watch === undefined || left === 0) continue;
        left -= 1;
        watch.wake(nowMs);
        watches.delete(watch.watchId);
        watches.set(watch.watchId, watch);
      }
  }

  #guarded(tenant: Tenant, work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#tenants.get(tenant)?.fallBehind();
      this.#options.onFault(error);
    }
  }
}

const answersFor = (commits: number): number =>
  commits < BUSY_COMMITS
    ? ANSWERED_PER_TICK
    : Math.min(ANSWERED_PER_TICK, ANSWERED_IN_BUSY_TICK + Math.floor(commits / COMMITS_PER_ANSWER));

const restarting = (): GreenroomError =>
  new GreenroomError('unavailable', 'watches are restarting', { retryAfterMs: RETRY_MS });

const tooMuch = (message: string): GreenroomError =>
  new GreenroomError('mailbox_full', message, { retryAfterMs: RETRY_MS });

const tooMany = (sessions: number): GreenroomError =>
  new GreenroomError(
    'too_large',
    `${sessions} sessions meet these criteria, and a watch tells at most ${MAX_PRESENT}: narrow them, or ask with present: false for what changes only`,
    { details: { limit: MAX_PRESENT } },
  );
