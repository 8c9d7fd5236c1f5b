/** Whether two catalogs answer alike: every row, in every order, and the sums by every field. */
import { expect } from 'vitest';
import type { CatalogRow } from '../../src/model/catalog-row.ts';
import type { Tenant } from '../../src/model/ids.ts';
import { FACETS } from '../../src/model/words.ts';
import type { Catalog } from '../../src/session/ports/catalog.ts';
import { criteriaOf } from './summary-row.ts';

const SORTS = ['updatedAt', 'createdAt', 'cost', 'turns'] as const;
const PAGE = 100;

export const allRows = async (
  catalog: Catalog,
  tenant: Tenant,
  wanted: object = {},
): Promise<readonly CatalogRow[]> => {
  const rows: CatalogRow[] = [];
  for (let cursor: string | undefined; ; ) {
    const page = await catalog.search(tenant, criteriaOf({ limit: PAGE, ...wanted, cursor }));
    rows.push(...page.rows);
    cursor = page.nextCursor;
    if (cursor === undefined) return rows;
  }
};

const byValue = (facets: readonly { readonly value: string }[]) =>
  facets.toSorted((a, b) => (a.value < b.value ? -1 : 1));

export const expectSame = async (one: Catalog, other: Catalog): Promise<void> => {
  expect([...one.tenants()].toSorted()).toEqual([...other.tenants()].toSorted());
  for (const tenant of other.tenants()) {
    for (const sortBy of SORTS)
      expect(await allRows(one, tenant, { sortBy })).toEqual(
        await allRows(other, tenant, { sortBy }),
      );
    for (const by of FACETS) {
      const asked = { by, limit: PAGE } as never;
      const [ours, theirs] = await Promise.all([
        one.facets(tenant, asked),
        other.facets(tenant, asked),
      ]);
      expect(byValue(ours.facets)).toEqual(byValue(theirs.facets));
    }
    expect(await one.count(tenant, {})).toEqual(await other.count(tenant, {}));
  }
  const open = (catalog: Catalog) => catalog.withOpenTurns().map(({ key }) => key.sessionId);
  expect(open(one).toSorted()).toEqual(open(other).toSorted());
};
