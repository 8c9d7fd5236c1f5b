/** A small world for the cleaner: sessions that are catalog rows, a clock that stands still, a tree of three. */

import { type CleanerArgs, cleaner } from '../../src/housekeeping/cleaner.ts';
import type { SweptNotice } from '../../src/housekeeping/notice.ts';
import type { CatalogRow } from '../../src/model/catalog-row.ts';
import { GreenroomError } from '../../src/model/errors.ts';
import type { SessionKey } from '../../src/model/ids.ts';
import type { ActorRef } from '../../src/otp/ref.ts';
import { type SupervisorRef, startTree, supervisor } from '../../src/otp/supervisor.ts';
import { System } from '../../src/otp/system.ts';
import { virtualClock } from '../../src/otp/virtual-clock.ts';
import { MemoryCatalog } from '../../src/search/catalog/catalog.ts';
import { catalogName } from '../../src/session/ports/catalog.ts';
import { type Journal, type JournalUpkeep, journalName } from '../../src/session/ports/journal.ts';
import { sweeperName } from '../../src/session/ports/sweeper.ts';
import { FakeJournal, holder } from '../search/fake-journal.ts';
import { rowOf, tenant } from '../search/summary-row.ts';

export const HOUR_MS = 3_600_000;
export const DAY_MS = 24 * HOUR_MS;

export class Stage {
  readonly clock = virtualClock();
  readonly system = new System({ clock: this.clock, onReport: () => {} });
  readonly catalog = new MemoryCatalog();
  readonly journal = new FakeJournal();
  readonly notices: SweptNotice[] = [];
  /** Writes the export of a session before its deletion. */
  copy: (path: string) => Promise<void> = async () => undefined;
  /** Every deletion that was asked for, in order. */
  readonly asked: { sessionId: string; by: string }[] = [];
  /** What stands between a request and the deletion. */
  before: (key: SessionKey) => void | Promise<void> = () => undefined;

  #root: SupervisorRef | undefined;

  /** A session last updated so many days ago. */
  add(sessionId: string, daysAgo: number, fields: Partial<CatalogRow> = {}): void {
    const updatedAtMs = this.clock.now() - daysAgo * DAY_MS;
    this.catalog.put(rowOf(sessionId, { createdAtMs: updatedAtMs, updatedAtMs, ...fields }));
  }

  async start(config: Partial<CleanerArgs> = {}): Promise<void> {
    const args: CleanerArgs = {
      intervalHours: 24,
      maxAgeDays: 30,
      rules: [],
      archiveDays: 0,
      archive: () => Promise.resolve(),
      stored: () => Promise.resolve(undefined),
      remove: (key, by, ifVersion) => this.#remove(key, by, ifVersion),
      keepCopy: ({ sessionId }, folder) => this.copy(`${folder}/${sessionId}`),
      announce: (notice) => void this.notices.push(notice),
      ...config,
    };
    const children = [
      holder(journalName, this.journal as unknown as Journal & JournalUpkeep),
      holder(catalogName, this.catalog),
      cleaner(args),
    ];
    const root = supervisor({ id: 'root', strategy: 'one_for_one', children });
    this.#root = await startTree(this.system, root);
  }

  killCleaner(): void {
    this.system.exit(this.#cleaner, 'kill');
  }

  inspectCleaner() {
    return this.system.inspect(this.#cleaner);
  }

  get #cleaner(): ActorRef {
    const children = this.#root === undefined ? [] : this.system.tree(this.#root).children;
    const ref = children.find(({ id }) => id === 'cleaner')?.ref;
    if (ref === undefined) throw new Error('the stage has not started');
    return ref;
  }

  /** Asks for a sweep and moves the clock until it has answered. */
  async sweep(order: { maxAgeDays?: number; dryRun?: boolean; filter?: object } = {}) {
    const report = this.ask(order);
    await this.clock.advance(1_000);
    return report;
  }

  ask(
    { maxAgeDays, dryRun = false, filter = {} }: Parameters<Stage['sweep']>[0] = {},
    whose = tenant,
  ) {
    return this.system
      .fetch(sweeperName)
      .sweep(whose, { filter, maxAgeDays, dryRun, by: 'request' });
  }

  async left(): Promise<string[]> {
    const { rows } = await this.catalog.search(tenant, {
      sortBy: 'updatedAt',
      order: 'asc',
      limit: 1_000,
    });
    return rows.map((row) => row.key.sessionId).sort((a, b) => (a < b ? -1 : 1));
  }

  async #remove(key: SessionKey, by: string, ifVersion: number): Promise<void> {
    this.asked.push({ sessionId: key.sessionId, by });
    await this.before(key);
    const row = this.catalog.find(key.tenant, key.sessionId);
    if (row?.version !== ifVersion)
      throw new GreenroomError('invalid_state', 'the session changed since it was looked at');
    this.catalog.delete(key);
  }
}
