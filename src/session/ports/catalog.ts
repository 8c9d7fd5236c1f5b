/**
 * The catalog: answers searches from memory. Owned here as an interface, implemented in `src/search`;
 * fed by commits in the tick in which their replies leave, rebuilt at start from catalog rows.
 */

import type { CatalogRow } from '../../model/catalog-row.ts';
import type { Criteria, Facets, Filter } from '../../model/criteria.ts';
import type { SessionKey, Tenant } from '../../model/ids.ts';
import { nameOf } from '../../otp/name.ts';
import type { TextAnswers } from './text-index.ts';

export interface SearchPage {
  readonly rows: readonly CatalogRow[];
  readonly nextCursor?: string;
}

/** Over some sessions. */
export interface Sums {
  readonly sessions: number;
  /** The known part. */
  readonly costNanoUsd: number;
  /** Sessions of which another part is not known. */
  readonly partial: number;
  /** Of all answers, the cache included. */
  readonly tokens: number;
  readonly turns: number;
}

export interface FacetsPage {
  readonly facets: readonly (Sums & { readonly value: string })[];
  /** How many values there are, shown or not. */
  readonly values: number;
}

export interface CatalogStats {
  readonly sessions: number;
  /** Estimated bytes held, in total. */
  readonly bytes: number;
}

/** Hears what becomes of sessions, in the tick in which it does. */
export interface RowWatcher {
  /**
   * A session is about to be another one.
   * @param after undefined: it is deleted.
   * @param current what it is still; undefined: it is new.
   */
  willBe(
    key: SessionKey,
    after: CatalogRow | undefined,
    current: () => CatalogRow | undefined,
  ): void;
}

export interface Catalog {
  // What these three tell was so at one moment between question and answer. Long ones give way to the loop.

  /**
   * Rejects `invalid_criteria` for a cursor that is not one of ours.
   * @param texts what the text index says of each `text` among the criteria.
   */
  search(tenant: Tenant, criteria: Criteria, texts?: TextAnswers): Promise<SearchPage>;
  /** By a field the most common values come first, by a period the latest. */
  facets(tenant: Tenant, request: Facets, texts?: TextAnswers): Promise<FacetsPage>;
  count(tenant: Tenant, filter: Filter, texts?: TextAnswers): Promise<Sums>;
  /** Under which number the text index has a session; 0: under none. One that is not here is passed over. */
  numberText(key: SessionKey, number: number): void;
  /** The number of a session; 0: it has none. */
  textNumberOf(key: SessionKey): number;
  /** The text index begins anew: no number means anything any more. */
  forgetTextNumbers(): void;
  /** Every session of every tenant that has open turns and does not wait for a moment, or offers responses: what recovery wakes. */
  withOpenTurns(): readonly CatalogRow[];
  find(tenant: Tenant, sessionId: string): CatalogRow | undefined;
  tenants(): readonly Tenant[];
  /** Has one watcher told of every change from now on, in the place of the one before. Returns how to end that. */
  tellChanges(watcher: RowWatcher): () => void;
  stats(): CatalogStats;
}

export const catalogName = nameOf<Catalog>('catalog');
