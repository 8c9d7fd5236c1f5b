/**
 * Keeps the index in step with the journal: first it compares what both have, then it takes in what changes.
 *
 * 1. It hears of commits and notes keys; it reads behind the commit, a slice at a time, and rests between two.
 * 2. One slice is on its way at a time, so a question waits for one slice at most.
 * 3. What was deleted is overwritten when nothing waits, and not for more than a part of the time.
 */
import type { CatalogRow } from '../model/catalog-row.ts';
import type { SessionId, SessionKey, Tenant } from '../model/ids.ts';
import { type Clock, pause, type Timer } from '../otp/clock.ts';
import type { Catalog } from '../session/ports/catalog.ts';
import type { Journal, SessionChange } from '../session/ports/journal.ts';
import { resting } from '../session/ports/pages.ts';
import type { TextLag } from '../session/ports/text-index.ts';
import type { IndexProcess } from './index-process.ts';
import { lastAtMs, readSlice } from './reading.ts';
import { WaitingSessions } from './waiting-sessions.ts';

/** Bytes of one slice: some milliseconds of the index's process. */
const SLICE_BYTES = 128 * 1024;
const SLICE_SESSIONS = 32;
/** So long further commits of a session may come before it is read. */
const GATHER_MS = 50;
/** Behind a pass it rests so many times as long as that took, and at most so long: what comes meanwhile of one session is read at once. */
const REST_OF_PASS = 3;
const MOST_REST_MS = 500;
/** Sessions that are compared at a time. */
const COMPARED = 500;
/** An erasure of everything may take a tenth of the time. */
const REST_OF_ERASURE = 9;
/** How long it waits for room on the disk. */
const LOW_MS = 5_000;

export interface IndexerParts {
  readonly index: IndexProcess;
  readonly journal: Pick<Journal, 'open' | 'info'>;
  readonly catalog: Catalog;
  readonly clock: Clock;
}

export class Indexer {
  readonly #parts: IndexerParts;
  readonly #waiting = new WaitingSessions();
  readonly #rest: () => Promise<void>;
  #isClosed = false;
  #wake: (() => void) | undefined;
  #timer: Timer | undefined;
  #endRest: (() => void) | undefined;
  /** Since when it compares, in monotonic milliseconds. */
  #comparesSinceMs: number | undefined;
  #compared = 0;
  #nextErasureMs = 0;

  constructor(parts: IndexerParts) {
    this.#parts = parts;
    this.#rest = resting(parts.clock);
    this.#comparesSinceMs = parts.clock.monotonic();
  }

  /** To be told of commits in the tick in which they are durable. */
  committed(changes: readonly SessionChange[]): void {
    const nowMs = this.#parts.clock.monotonic();
    for (const change of changes)
      this.#waiting.add(
        change.key,
        nowMs,
        change.kind === 'delete' ? { wasDeleted: true } : { head: change.head },
      );
    this.#wake?.();
  }

  lag(): TextLag {
    const { catalog, clock } = this.#parts;
    const sinceMs = this.#comparesSinceMs ?? this.#waiting.sinceMs;
    const textLagMs = sinceMs === undefined ? 0 : Math.ceil(clock.monotonic() - sinceMs);
    const { size } = this.#waiting;
    if (this.#comparesSinceMs === undefined) return { textLagMs, textWaiting: size };
    const { sessions } = catalog.stats();
    // A session that waits may be one that has not been compared.
    const unseen = Math.max(0, sessions - this.#compared);
    return { textLagMs, textWaiting: Math.min(size + unseen, Math.max(size, sessions)) };
  }

  close(): void {
    this.#isClosed = true;
    this.#wake?.();
    this.#endRest?.();
  }

  /** Resolves when it is closed. Rejects with what it cannot go on from. */
  async run(): Promise<void> {
    await this.#compareAll();
    while (!this.#isClosed) {
      if (this.#waiting.takeOverflow()) await this.#compareAll();
      const passMs = await this.#pass();
      if (this.#isClosed) return;
      await this.#parts.index.call('flush', []);
      const isBusy = this.#waiting.size > 0;
      await this.#woken(await this.#erase());
      await this.#gather(
        isBusy ? Math.min(GATHER_MS + REST_OF_PASS * passMs, MOST_REST_MS) : GATHER_MS,
      );
    }
  }

  /** Takes in what waits now. @returns how long that took, in milliseconds. */
  async #pass(): Promise<number> {
    const { clock } = this.#parts;
    const beganMs = clock.monotonic();
    const isOfPass = (): boolean => (this.#waiting.sinceMs ?? Number.POSITIVE_INFINITY) <= beganMs;
    while (isOfPass() && !this.#isClosed) {
      await this.#takeSome();
      await this.#rest();
    }
    return clock.monotonic() - beganMs;
  }

  /** @param withinMs undefined: there is nothing to do by itself. */
  async #woken(withinMs: number | undefined): Promise<void> {
    if (this.#waiting.size > 0 || this.#isClosed) return;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      if (withinMs !== undefined) this.#timer = this.#parts.clock.setTimeout(resolve, withinMs);
    });
    this.#timer?.cancel();
    this.#wake = undefined;
  }

  async #gather(forMs: number): Promise<void> {
    if (this.#isClosed) return;
    await new Promise<void>((resolve) => {
      this.#endRest = resolve;
      this.#timer = this.#parts.clock.setTimeout(resolve, forMs);
    });
    this.#timer?.cancel();
    this.#endRest = undefined;
  }

  async #takeAll(): Promise<void> {
    while (this.#waiting.size > 0 && !this.#isClosed) {
      await this.#takeSome();
      await this.#rest();
    }
  }

  async #takeSome(): Promise<void> {
    const { index, journal, catalog } = this.#parts;
    await this.#room();
    const sessions = this.#waiting.take(SLICE_SESSIONS);
    const places = sessions.map(({ key }) => key);
    const progress = await index.call('progress', [places]);
    const { texts, bytes, unfinished } = await readSlice(journal, sessions, progress, SLICE_BYTES);
    const numbers = await index.call('apply', [texts, bytes]);
    const before = new Map(
      places.map((key, at) => [`${key.tenant}/${key.sessionId}`, progress[at]]),
    );
    for (const [at, { tenant, sessionId, is }] of texts.entries()) {
      const number = numbers[at] ?? 0;
      if (is === 'text' && before.get(`${tenant}/${sessionId}`)?.number !== number)
        catalog.numberText(keyOf({ tenant, sessionId }), number);
    }
    this.#waiting.done(unfinished);
  }

  async #room(): Promise<void> {
    while (!this.#isClosed && this.#parts.journal.info().readOnlyBecause === 'disk_low')
      await pause(this.#parts.clock, LOW_MS);
  }

  /** What the catalog has and the index has not as it is, and the other way round. */
  async #compareAll(): Promise<void> {
    const { catalog, clock } = this.#parts;
    this.#comparesSinceMs = clock.monotonic();
    this.#compared = 0;
    for (const tenant of catalog.tenants()) await this.#compareTenant(tenant);
    this.#comparesSinceMs = undefined;
    await this.#findGone();
  }

  async #compareTenant(tenant: Tenant): Promise<void> {
    const { index, catalog, clock } = this.#parts;
    let cursor: string | undefined;
    do {
      const { rows, nextCursor } = await catalog.search(tenant, {
        ...{ sortBy: 'createdAt', order: 'asc', limit: COMPARED },
        ...(cursor === undefined ? {} : { cursor }),
      });
      cursor = nextCursor;
      const sessions = rows.map(sameOf);
      const { numbers, behind } = await index.call('known', [{ tenant, sessions }]);
      for (const [at, { key }] of rows.entries())
        if ((numbers[at] ?? 0) > 0) catalog.numberText(key, numbers[at] ?? 0);
      const nowMs = clock.monotonic();
      for (const at of behind) {
        const row = rows[at];
        if (row === undefined) continue;
        // It may have been deleted and imported anew, which went by unheard.
        const wasDeleted = row.importedAtMs !== undefined && (numbers[at] ?? 0) > 0;
        this.#waiting.add(row.key, nowMs, { wasDeleted });
      }
      this.#compared += rows.length;
      await this.#takeAll();
    } while (cursor !== undefined && !this.#isClosed);
  }

  async #findGone(): Promise<void> {
    const { index, catalog, clock } = this.#parts;
    for (let after = 0; !this.#isClosed; ) {
      const listed = await index.call('listed', [after, COMPARED]);
      for (const place of listed) {
        const key = keyOf(place);
        if (catalog.find(key.tenant, key.sessionId) === undefined)
          this.#waiting.add(key, clock.monotonic());
      }
      const last = listed.at(-1);
      if (last === undefined) return;
      after = last.number;
      await this.#takeAll();
    }
  }

  /** Resolves with when to look again, in milliseconds; undefined: when something was deleted. */
  async #erase(): Promise<number | undefined> {
    const { index, clock } = this.#parts;
    const startMs = clock.monotonic();
    if (startMs < this.#nextErasureMs) return this.#nextErasureMs - startMs;
    let isDone = false;
    do {
      isDone = await index.call('erase', []);
      await this.#rest();
    } while (!isDone && this.#waiting.size === 0 && !this.#isClosed);
    if (!isDone) return 0;
    const spentMs = clock.monotonic() - startMs;
    this.#nextErasureMs = clock.monotonic() + REST_OF_ERASURE * spentMs;
    return undefined;
  }
}

const sameOf = (row: CatalogRow) => ({
  sessionId: row.key.sessionId,
  version: row.version,
  updatedAtMs: lastAtMs(row),
});

const keyOf = ({ tenant, sessionId }: { tenant: string; sessionId: string }): SessionKey => ({
  tenant: tenant as Tenant,
  sessionId: sessionId as SessionId,
});
