/**
 * The catalog: answers searches from memory. Owned here as an interface, implemented in `src/search`;
 * fed by commits in the tick in which their replies leave, rebuilt at start from catalog rows.
 */

import type { CatalogRow } from '../../model/catalog-row.ts';
import type { Criteria, Facets, Filter } from '../../model/criteria.ts';
import type { Tenant } from '../../model/ids.ts';
import { nameOf } from '../../otp/name.ts';

export interface SearchPage {
  readonly rows: readonly CatalogRow[];
  readonly nextCursor?: string;
}

export interface FacetsPage {
  readonly facets: readonly { readonly value: string; readonly sessions: number }[];
  /** How many values there are, shown or not. */
  readonly values: number;
}

export interface CatalogStats {
  readonly sessions: number;
  /** Estimated bytes held, in total. */
  readonly bytes: number;
}

export interface Catalog {
  /** Throws `invalid_criteria` for a cursor that is not one of ours. */
  search(tenant: Tenant, criteria: Criteria): SearchPage;
  facets(tenant: Tenant, request: Facets): FacetsPage;
  count(tenant: Tenant, filter: Filter): { readonly count: number; readonly costNanoUsd: number };
  /** Every session of every tenant that has open turns and does not wait for a moment, or offers responses: what recovery wakes. */
  withOpenTurns(): readonly CatalogRow[];
  find(tenant: Tenant, sessionId: string): CatalogRow | undefined;
  tenants(): readonly Tenant[];
  stats(): CatalogStats;
}

export const catalogName = nameOf<Catalog>('catalog');
