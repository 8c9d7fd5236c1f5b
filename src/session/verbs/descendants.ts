/** The sub-agents of a session, theirs, and so on: found by the catalog, so as they are now, after any restart. */
import type { CatalogRow } from '../../model/catalog-row.ts';
import { MAX_PAGE } from '../../model/criteria.ts';
import { GreenroomError } from '../../model/errors.ts';
import type { Tenant } from '../../model/ids.ts';
import type { Catalog } from '../ports/catalog.ts';

/** Sessions of one tree that are looked at. */
export const MAX_DESCENDANTS = 100_000;

export interface Descendant {
  readonly row: CatalogRow;
  /** 1: of the session itself. */
  readonly depth: number;
}

/** Sub-agents of a session itself, oldest first. `sinceMs`: made then or later. */
export async function* childrenOf(
  catalog: Catalog,
  tenant: Tenant,
  sessionId: string,
  sinceMs?: number,
): AsyncGenerator<CatalogRow> {
  let cursor: string | undefined;
  do {
    const page = await catalog.search(tenant, {
      ...{ childOf: sessionId, createdAfter: sinceMs, cursor },
      ...{ sortBy: 'createdAt', order: 'asc', limit: MAX_PAGE },
    });
    yield* page.rows;
    cursor = page.nextCursor;
  } while (cursor !== undefined);
}

/** Each before its own, brothers in the order of their making. Throws `too_large`. */
export const descendantsOf = async (
  catalog: Catalog,
  tenant: Tenant,
  sessionId: string,
): Promise<readonly Descendant[]> => {
  const found: Descendant[] = [];
  // What imports say may go in a circle.
  const seen = new Set([sessionId]);
  const visit = async (id: string, depth: number): Promise<void> => {
    for await (const row of childrenOf(catalog, tenant, id)) {
      if (seen.has(row.key.sessionId)) continue;
      if (found.length === MAX_DESCENDANTS)
        throw new GreenroomError('too_large', `it has more than ${MAX_DESCENDANTS} sub-agents`);
      seen.add(row.key.sessionId);
      found.push({ row, depth });
      await visit(row.key.sessionId, depth + 1);
    }
  };
  await visit(sessionId, 1);
  return found;
};

export interface FamilyCost {
  /** The known part. */
  readonly costNanoUsd: number;
  readonly isPartial: boolean;
}

export const costOf = (rows: Iterable<CatalogRow>): FamilyCost => {
  let costNanoUsd = 0;
  let isPartial = false;
  for (const row of rows) {
    costNanoUsd += row.costNanoUsd;
    isPartial ||= row.costIsPartial;
  }
  return { costNanoUsd, isPartial };
};
