/** What a search may cost, by counting the rows that it looks at: the narrowest criterion decides, not the history. */
import { describe, expect, it } from 'vitest';
import type { CatalogRow } from '../../src/model/catalog-row.ts';
import { Lane } from '../../src/search/lane.ts';
import { count, search } from '../../src/search/search.ts';
import { SessionTable } from '../../src/search/table/session-table.ts';
import { criteriaOf, rowOf, tenant } from './summary-row.ts';

const SESSIONS = 1_000;
/** A walk that is given up, then the road itself. */
const FEW = 40;

const tableOf = (fieldsOf: (n: number) => Partial<CatalogRow>): SessionTable => {
  const table = new SessionTable(tenant);
  for (let n = 0; n < SESSIONS; n++)
    table.put(rowOf(`s${n}`, { createdAtMs: n, updatedAtMs: n + 1, ...fieldsOf(n) }));
  return table;
};

/** How often a method of an object is called during some work. */
const callsOf = async <Name extends string>(
  target: { [Key in Name]: (...args: never[]) => unknown },
  name: Name,
  work: () => Promise<unknown>,
): Promise<number> => {
  const method = target[name].bind(target) as (...args: never[]) => unknown;
  let calls = 0;
  target[name] = (...args) => {
    calls += 1;
    return method(...args);
  };
  await work();
  return calls;
};

const lane = new Lane(() => Promise.resolve());

const idsIn = async (table: SessionTable, wanted: object): Promise<string[]> => {
  const { rows } = await search(table, criteriaOf(wanted), lane);
  return rows.map((row) => row.key.sessionId);
};

describe('a search in an order that no list has', () => {
  const rare = (n: number) => (n < 5 ? ['rare', 'x'] : n < 10 ? ['rarer', 'x'] : ['common', 'x']);
  const table = () => tableOf((n) => ({ tags: rare(n), costNanoUsd: n, owner: n % 2 ? 'a' : 'b' }));
  const byCost = { sortBy: 'cost', order: 'desc', limit: 50 };

  it('looks at those of a rare tag alone', async () => {
    const some = table();
    const looks = await callsOf(some.tags, 'has', async () =>
      expect(await idsIn(some, { ...byCost, tags: ['rare'] })).toHaveLength(5),
    );
    expect(looks).toBeLessThan(FEW);
  });

  it('looks at those of any of two rare tags alone', async () => {
    const some = table();
    const looks = await callsOf(some.tags, 'firstOf', async () =>
      expect(await idsIn(some, { ...byCost, tags: ['rare', 'rarer'] })).toHaveLength(10),
    );
    expect(looks).toBeLessThan(FEW);
  });

  it('goes by the rarest of several criteria, whichever comes first', async () => {
    const some = table();
    const looks = await callsOf(some.facets.owner, 'valueAt', async () =>
      expect(await idsIn(some, { ...byCost, owner: 'a', allTags: ['x', 'rare'] })).toEqual([
        's3',
        's1',
      ]),
    );
    expect(looks).toBeLessThan(FEW);
    const rareOwner = tableOf((n) => ({ owner: n < 5 ? 'a' : 'b', tags: ['x'] }));
    const again = await callsOf(rareOwner.tags, 'has', async () =>
      expect(await idsIn(rareOwner, { ...byCost, owner: 'a', tags: ['x'] })).toHaveLength(5),
    );
    expect(again).toBeLessThan(FEW);
  });

  it('looks at those within a narrow range alone', async () => {
    const some = table();
    const range = { createdAfter: 100, createdBefore: 104 };
    const looks = await callsOf(some.facets.owner, 'valueAt', async () =>
      expect(await idsIn(some, { ...byCost, ...range, owner: 'a' })).toEqual(['s103', 's101']),
    );
    expect(looks).toBeLessThan(FEW);
  });

  it('looks at those of several values alone', async () => {
    const some = tableOf((n) => ({ status: n < 3 ? 'failed' : n < 5 ? 'parked' : 'idle' }));
    const looks = await callsOf(some.facets.status, 'valueAt', async () =>
      expect(await idsIn(some, { ...byCost, status: ['failed', 'parked'] })).toHaveLength(5),
    );
    expect(looks).toBeLessThan(FEW);
  });

  it('looks at those below a directory alone', async () => {
    const some = tableOf((n) => ({ workingDirectory: n < 5 ? `/w/${n}` : '/other', tags: ['x'] }));
    const looks = await callsOf(some.tags, 'has', async () =>
      expect(await idsIn(some, { ...byCost, underDirectory: '/w', tags: ['x'] })).toHaveLength(5),
    );
    expect(looks).toBeLessThan(FEW);
  });

  it('looks at those whose ids begin so alone', async () => {
    const some = table();
    const looks = await callsOf(some.tags, 'has', async () =>
      expect(await idsIn(some, { ...byCost, idPrefix: 's123', tags: ['x'] })).toHaveLength(1),
    );
    expect(looks).toBeLessThan(FEW);
  });
});

describe('a search by the newest update', () => {
  it('ends with its page where most match', async () => {
    const table = tableOf((n) => ({ tags: [n % 2 === 0 ? 'even' : 'odd', 'x'] }));
    const looks = await callsOf(table.tags, 'has', async () =>
      expect(await idsIn(table, { tags: ['even'], allTags: ['x'], limit: 10 })).toHaveLength(10),
    );
    expect(looks).toBeLessThan(FEW);
  });

  it('walks the shortest of the lists', async () => {
    const table = tableOf((n) => ({ tags: n < 5 ? ['rare', 'x'] : ['x'], owner: 'a' }));
    const looks = await callsOf(table.facets.owner, 'valueAt', async () =>
      expect(await idsIn(table, { owner: 'a', allTags: ['x', 'rare'], limit: 10 })).toHaveLength(5),
    );
    expect(looks).toBeLessThan(FEW);
  });

  it('passes by what was updated before all of a range was made', async () => {
    const table = tableOf((n) => ({ updatedAtMs: n }));
    const looks = await callsOf(table.sorted.createdAt.values, 'at', async () =>
      expect(await idsIn(table, { createdAfter: SESSIONS - 5, limit: 100 })).toHaveLength(5),
    );
    expect(looks).toBeLessThan(3 * FEW);
  });
});

describe('a search whose rows are told by their marks', () => {
  const dear = (n: number) => ({ costNanoUsd: n % 10 === 0 ? 5e9 : 0 });
  const wanted = { minCost: 4, limit: 3 };

  it.each([
    ['desc', ['s990', 's980', 's970']],
    ['asc', ['s0', 's10', 's20']],
  ])('passes by the others, and gathers nothing: %s', async (order, ids) => {
    const table = tableOf(dear);
    const tests = await callsOf(table.sorted.cost.values, 'at', async () => {
      const compared = await callsOf(table.sorted.updatedAt, 'compare', async () =>
        expect(await idsIn(table, { ...wanted, order })).toEqual(ids),
      );
      expect(compared).toBe(0);
    });
    expect(tests).toBeLessThan(FEW);
  });

  it('gathers them where they lie far from the beginning', async () => {
    const table = tableOf((n) => ({ costNanoUsd: n < 5 ? 5e9 : 0 }));
    const tests = await callsOf(table.sorted.cost.values, 'at', async () =>
      expect(await idsIn(table, wanted)).toEqual(['s4', 's3', 's2']),
    );
    expect(tests).toBeLessThan(FEW);
  });

  it('goes on behind a cursor, in either order', async () => {
    const table = tableOf(dear);
    for (const order of ['asc', 'desc'] as const) {
      const first = await search(table, criteriaOf({ ...wanted, order }), lane);
      const cursor = first.nextCursor;
      const second = await idsIn(table, { ...wanted, order, cursor });
      expect(second).toEqual(order === 'asc' ? ['s30', 's40', 's50'] : ['s960', 's950', 's940']);
    }
  });
});

it('the rows of a page are read together before they are shown', async () => {
  const table = tableOf(() => ({}));
  const fetched = await callsOf(table, 'fetch', () => idsIn(table, { limit: 10 }));
  expect(fetched).toBe(1);
});

/** All pages behind each other. */
const pagesOf = async (table: SessionTable, wanted: object): Promise<string[][]> => {
  const pages: string[][] = [];
  for (let cursor: string | undefined, isFirst = true; isFirst || cursor !== undefined; ) {
    const { rows, nextCursor } = await search(table, criteriaOf({ ...wanted, cursor }), lane);
    pages.push(rows.map(({ key }) => key.sessionId));
    cursor = nextCursor;
    isFirst = false;
  }
  return pages;
};

describe('rows that are gathered', () => {
  /** The rare ones stand at the end of either order, some with the same cost. */
  const middle = [500, 501, 502, 503, 504];
  const rare = (n: number) => ({
    tags: middle.includes(n) ? ['rare'] : [],
    costNanoUsd: n === 501 ? 500 : n,
  });

  it.each([
    ['asc', [['s500', 's501'], ['s502', 's503'], ['s504']]],
    ['desc', [['s504', 's503'], ['s502', 's501'], ['s500']]],
  ])('are shown page by page, each once: %s', async (order, pages) => {
    const table = tableOf(rare);
    const wanted = { tags: ['rare'], sortBy: 'cost', limit: 2, order };
    expect(await pagesOf(table, wanted)).toEqual(pages);
  });

  it.each(['asc', 'desc'])('are so too where much is asked of each: %s', async (order) => {
    const noneOf = Array.from({ length: 100 }, (_, n) => ({ idPrefix: `x${n}` }));
    const isTagged = (n: number) => n >= 300 && n < 700;
    const table = tableOf((n) => ({
      tags: isTagged(n) ? ['x'] : [],
      ...(n > 350 && n < 360 ? { tokens: 1 } : {}),
      costNanoUsd: Math.floor(n / 2),
    }));
    const wanted = { noneOf, tags: ['x'], minTokens: 1, sortBy: 'cost', limit: 4, order };
    const ids = Array.from({ length: 9 }, (_, n) => `s${351 + n}`);
    const all = order === 'asc' ? ids : ids.toReversed();
    expect(await pagesOf(table, wanted)).toEqual([all.slice(0, 4), all.slice(4, 8), all.slice(8)]);
  });
});

describe('a search of which much is asked of each row', () => {
  /** So much that a third of them is looked at in one go. */
  const noneOf = Array.from({ length: 100 }, (_, n) => ({ idPrefix: `x${n}` }));
  const table = tableOf((n) => ({ tokens: n === 655 || n === 660 ? 5_000 : 0 }));
  const wanted = { noneOf, minTokens: 1 };

  it.each([
    ['desc', { limit: 1 }, ['s660'], 1],
    ['asc', { limit: 1 }, ['s655'], 2],
    ['desc', { limit: 2 }, ['s660', 's655'], 3],
    ['desc', { limit: 9, sortBy: 'cost' }, ['s660', 's655'], 3],
  ])('gives way in between, and ends with its page: %s %j', async (order, more, ids, pauses) => {
    let count = 0;
    const counting = new Lane(async () => {
      count += 1;
    });
    const criteria = criteriaOf({ ...wanted, order, ...more });
    const { rows } = await search(table, criteria, counting);
    expect(rows.map(({ key }) => key.sessionId)).toEqual(ids);
    expect(count).toBe(pauses);
  });

  it('goes on behind a cursor, and says where its page ended', async () => {
    const first = await search(table, criteriaOf({ ...wanted, limit: 1 }), lane);
    expect(first.nextCursor).toBeDefined();
    const next = criteriaOf({ ...wanted, limit: 1, cursor: first.nextCursor });
    const second = await search(table, next, lane);
    expect(second.rows.map(({ key }) => key.sessionId)).toEqual(['s655']);
    expect(second.nextCursor).toBeUndefined();
  });
});

describe('a count', () => {
  it.each([
    ['of everything', {}],
    ['of one value', { owner: 'a' }],
    ['of one tag', { tags: ['x'] }],
  ])('%s looks at no row', async (_, wanted) => {
    const table = tableOf(() => ({ owner: 'a', tags: ['x'] }));
    const looks = await callsOf(table.sorted.cost, 'at', async () =>
      expect((await count(table, criteriaOf(wanted), lane)).sessions).toBe(SESSIONS),
    );
    expect(looks).toBe(0);
  });

  it('of two criteria looks at those of the rarer one', async () => {
    const table = tableOf((n) => ({ owner: n < 5 ? 'a' : 'b', tags: ['x'] }));
    const looks = await callsOf(table.tags, 'has', async () =>
      expect((await count(table, criteriaOf({ owner: 'a', tags: ['x'] }), lane)).sessions).toBe(5),
    );
    expect(looks).toBeLessThan(FEW);
  });
});
