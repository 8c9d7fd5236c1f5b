/**
 * The catalog in memory: a table per tenant, nothing of its own on disk. Whoever feeds it decides
 * what it shows; a change is visible to the next search.
 *
 * What commits tell of waits until somebody looks, or until too much waits: a turn commits twice within milliseconds,
 * a session has turn after turn, and only what it is after the last of them has to find its place.
 *
 * What it costs is measured by `npm run bench -- search`. A page costs the walk along the shortest list of what is
 * asked for; a count of all, or of one value of one field, costs nothing; other counts read that list.
 */

import { type CatalogRow, catalogRowOf } from '../../model/catalog-row.ts';
import type { Criteria, Facets, Filter } from '../../model/criteria.ts';
import type { Head } from '../../model/head.ts';
import type { SessionId, SessionKey, Tenant } from '../../model/ids.ts';
import type {
  Catalog,
  CatalogStats,
  FacetsPage,
  RowWatcher,
  SearchPage,
  Sums,
} from '../../session/ports/catalog.ts';
import type { TextAnswers } from '../../session/ports/text-index.ts';
import { countBy } from '../count-by.ts';
import { decodeCursor } from '../cursor.ts';
import { Lane } from '../lane.ts';
import { count, search } from '../search.ts';
import type { Loading, Saving } from '../table/saved.ts';
import { SessionTable } from '../table/session-table.ts';
import { noSums } from '../table/sums.ts';
import { TextNumbers } from '../table/text-numbers.ts';

/** Sessions that may wait to be taken in: bounds how long the next look takes. */
export const MAX_NOTED = 250;
/** So many are taken in when one more would wait: those that wait longest, which are the least likely to change again. */
const NOTED_SLICE = 50;

export class MemoryCatalog implements Catalog {
  readonly #tables = new Map<Tenant, SessionTable>();
  readonly #noted = new Map<Tenant, Map<SessionId, CatalogRow>>();
  readonly #onFault: (error: unknown) => void;
  readonly #lane: Lane;
  #notedCount = 0;

  #isLoading: boolean;
  #watcher: RowWatcher | undefined;

  /**
   * @param onFault told when something noted cannot be taken in: the catalog is wrong from then on.
   * @param isLoading whether a whole store is put before anything is searched: then `settle` ends that.
   * @param pause resolves when the loop has had its turn, in the middle of a long search; default: at once.
   */
  constructor(
    onFault: (error: unknown) => void = () => {},
    {
      isLoading = false,
      pause = () => Promise.resolve(),
    }: { readonly isLoading?: boolean; readonly pause?: () => Promise<void> } = {},
  ) {
    this.#onFault = onFault;
    this.#isLoading = isLoading;
    this.#lane = new Lane(pause);
  }

  /** Adds the session or replaces what is known of it. */
  put(row: CatalogRow): void {
    this.#tellWatcher(row.key, row);
    this.#forgetNoted(row.key);
    this.#tableOf(row.key.tenant).put(row);
  }

  /** Everything that was put so far is found from now on. */
  settle(): void {
    this.#takeIn();
    this.#isLoading = false;
    for (const table of this.#tables.values()) table.settle();
  }

  /** What a session is from now on; the next look sees it. */
  note(head: Head): void {
    const { tenant, sessionId } = head.key;
    const row = catalogRowOf(head);
    this.#tellWatcher(head.key, row);
    let noted = this.#noted.get(tenant);
    if (noted === undefined) {
      noted = new Map();
      this.#noted.set(tenant, noted);
    }
    const before = noted.size;
    noted.set(sessionId, row);
    this.#notedCount += noted.size - before;
    if (this.#notedCount > MAX_NOTED) this.#takeInOf(tenant, noted, NOTED_SLICE);
  }

  /** Forgets the session; a tenant without sessions is forgotten too. */
  delete(key: SessionKey): void {
    this.#tellWatcher(key, undefined);
    this.#forgetNoted(key);
    const { tenant, sessionId } = key;
    const table = this.#tables.get(tenant);
    table?.delete(sessionId);
    if (table?.size === 0) this.#tables.delete(tenant);
  }

  async search(tenant: Tenant, criteria: Criteria, texts?: TextAnswers): Promise<SearchPage> {
    this.#takeIn();
    const table = this.#tables.get(tenant);
    if (table !== undefined) return search(table, criteria, this.#lane, texts);
    decodeCursor(criteria); // a wrong cursor is refused whatever there is to find
    return { rows: [] };
  }

  async count(tenant: Tenant, filter: Filter, texts?: TextAnswers): Promise<Sums> {
    this.#takeIn();
    const table = this.#tables.get(tenant);
    return table === undefined ? noSums() : count(table, filter, this.#lane, texts);
  }

  async facets(tenant: Tenant, request: Facets, texts?: TextAnswers): Promise<FacetsPage> {
    this.#takeIn();
    const table = this.#tables.get(tenant);
    if (table === undefined) return { facets: [], values: 0 };
    return countBy(table, request, this.#lane, texts);
  }

  numberText({ tenant, sessionId }: SessionKey, number: number): void {
    this.#takeIn();
    const table = this.#tables.get(tenant);
    if (table === undefined) return;
    const slot = table.slotOf(sessionId);
    if (slot !== undefined) table.texts.set(slot, number);
  }

  textNumberOf({ tenant, sessionId }: SessionKey): number {
    const table = this.#tables.get(tenant);
    return table?.texts.numberOf(table.slotOf(sessionId) ?? 0) ?? 0; // where there is no slot there is no number
  }

  forgetTextNumbers(): void {
    for (const table of this.#tables.values()) table.texts = new TextNumbers();
  }

  withOpenTurns(): readonly CatalogRow[] {
    this.#takeIn();
    return [...this.#tables.values()].flatMap((table) =>
      [...table.open].map((slot) => table.rowAt(slot)),
    );
  }

  find(tenant: Tenant, sessionId: string): CatalogRow | undefined {
    this.#takeIn();
    return this.#taken(tenant, sessionId, false);
  }

  tenants(): readonly Tenant[] {
    this.#takeIn();
    return [...this.#tables.keys()];
  }

  tellChanges(watcher: RowWatcher): () => void {
    this.#watcher = watcher;
    return () => {
      if (this.#watcher === watcher) this.#watcher = undefined;
    };
  }

  stats(): CatalogStats {
    this.#takeIn();
    const tables = [...this.#tables.values()];
    return {
      sessions: tables.reduce((sum, table) => sum + table.size, 0),
      bytes: tables.reduce((sum, table) => sum + table.bytes, 0),
    };
  }

  /** Everything that it knows, after it has settled. */
  save(to: Saving): void {
    this.#takeIn();
    to.number(this.#tables.size);
    for (const [tenant, table] of this.#tables) {
      to.text(tenant);
      table.save(to);
    }
  }

  /** What another one saved, into one that knows nothing yet and is not loading. Throws when it has another form: then this one is of no use. */
  load(from: Loading): void {
    for (let left = from.number(); left > 0; left -= 1)
      this.#tableOf(from.text() as Tenant).load(from);
  }

  #takeIn(): void {
    if (this.#notedCount === 0) return;
    for (const [tenant, noted] of this.#noted) this.#takeInOf(tenant, noted, noted.size);
    this.#noted.clear();
  }

  #takeInOf(tenant: Tenant, noted: Map<SessionId, CatalogRow>, most: number): void {
    let left = most;
    try {
      const table = this.#tableOf(tenant);
      for (const [sessionId, row] of noted) {
        if (left === 0) return;
        left -= 1;
        noted.delete(sessionId);
        this.#notedCount -= 1;
        table.put(row);
      }
    } catch (error) {
      this.#onFault(error);
      throw error;
    }
  }

  #tellWatcher(key: SessionKey, after: CatalogRow | undefined): void {
    this.#watcher?.willBe(key, after, () => this.#current(key));
  }

  /** As `find`, with what a search does not show. */
  whole(key: SessionKey): CatalogRow | undefined {
    return this.#current(key);
  }

  /** Whether it was taken in or still waits; with what a search does not show. */
  #current({ tenant, sessionId }: SessionKey): CatalogRow | undefined {
    const noted = this.#noted.get(tenant)?.get(sessionId);
    return noted ?? this.#taken(tenant, sessionId, true);
  }

  /** What it was when it was taken in. */
  #taken(tenant: Tenant, sessionId: string, isWhole: boolean): CatalogRow | undefined {
    const table = this.#tables.get(tenant);
    if (table === undefined) return undefined;
    const slot = table.slotOf(sessionId);
    return slot === undefined ? undefined : table.rowAt(slot, isWhole);
  }

  #forgetNoted({ tenant, sessionId }: SessionKey): void {
    if (this.#noted.get(tenant)?.delete(sessionId) === true) this.#notedCount -= 1;
  }

  #tableOf(tenant: Tenant): SessionTable {
    const table =
      this.#tables.get(tenant) ?? new SessionTable(tenant, { isLoading: this.#isLoading });
    this.#tables.set(tenant, table);
    return table;
  }
}
