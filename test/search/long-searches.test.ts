/**
 * Searches over more rows than are walked at once: they give way to the loop, and what they tell was so when they
 * began, whatever changes meanwhile.
 */
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { CatalogRow } from '../../src/model/catalog-row.ts';
import type { Facets, Filter } from '../../src/model/criteria.ts';
import { newHead } from '../../src/model/head.ts';
import { tagKey } from '../../src/model/tag-key.ts';
import { MemoryCatalog } from '../../src/search/catalog/catalog.ts';
import { encodeCursor } from '../../src/search/cursor.ts';
import { SLICE_ROWS } from '../../src/search/lane.ts';
import { Dice } from '../../src/testing/dice.ts';
import { isFull } from '../chaos/size.ts';
import { gate } from '../support/until.ts';
import { LargeCatalog, RARE } from './large-catalog.ts';
import { naiveFacets, naiveRest, naiveSearch, naiveSums, placeOf } from './naive-catalog.ts';
import { criteriaOf, rowOf, shown, tenant } from './summary-row.ts';

const SEED = 20_261_129;
/** Five slices. */
const SESSIONS = Math.ceil(4.2 * SLICE_ROWS);
/** Of each question. */
const PLAYS = isFull() ? 20 : 1;

type Rows = readonly CatalogRow[];
interface Asked {
  readonly answer: Promise<unknown>;
  /** What a plain filter over these rows gives. */
  readonly from: (rows: Rows) => unknown;
}
type Question = (large: LargeCatalog) => Asked;

/** The first page, or what comes behind so many that match. */
const page =
  (input: Parameters<typeof criteriaOf>[0], behind = 0): Question =>
  ({ catalog, now }) => {
    const criteria = criteriaOf(input);
    const last = behind === 0 ? undefined : naiveSearch(now, criteria)[behind - 1];
    const place = last && placeOf(last, criteria);
    const cursor = place && encodeCursor(criteria, { value: place[0], sessionId: place[1] });
    return {
      answer: catalog.search(tenant, { ...criteria, cursor }).then(({ rows }) => rows),
      from: (rows) =>
        (place === undefined ? naiveSearch(rows, criteria) : naiveRest(rows, criteria, place))
          .slice(0, criteria.limit)
          .map(shown),
    };
  };

const count =
  (filter: Filter): Question =>
  ({ catalog }) => ({
    answer: catalog.count(tenant, filter),
    from: (rows) => naiveSums(naiveSearch(rows, criteriaOf(filter))),
  });

const facets =
  (by: Facets['by'], filter: Filter = {}): Question =>
  ({ catalog }) => {
    const keyOf = (value: string) => (by === 'tag' || by === 'tool' ? tagKey(value) : value);
    const all = catalog.facets(tenant, { by, limit: 1_000, ...filter });
    return {
      answer: all.then(
        (page) => new Map(page.facets.map(({ value, ...sums }) => [keyOf(value), sums])),
      ),
      from: (rows) => naiveFacets(naiveSearch(rows, criteriaOf(filter)), by),
    };
  };

/** One session in 500, so that a page is full after more than a slice. */
const FEW = { minTokens: 998, limit: 50 } as const;
const MOST = { maxTokens: 950 } as const;

const QUESTIONS: Readonly<Record<string, Question>> = {
  'the newest': page(FEW),
  'the oldest': page({ ...FEW, order: 'asc' }),
  'the newest, behind a page': page(FEW, 5),
  'the oldest, behind a page': page({ ...FEW, order: 'asc' }, 5),
  'the latest made': page({ ...FEW, sortBy: 'createdAt' }),
  'the dearest, behind a page': page({ ...FEW, sortBy: 'cost' }, 3),
  'all that match': page({ ...FEW, limit: 200 }),
  'the newest of one tag': page({ ...FEW, allTags: ['COMMON'] }),
  'those without a rare tag': page({ ...FEW, noTags: [RARE.tag] }),
  'those without a rare owner': page({ ...FEW, noneOf: [{ owner: RARE.owner }] }),
  'one status or one tool': page({
    ...{ ...FEW, limit: 18 },
    anyOf: [{ status: 'parked' }, { tool: 'bash' }],
  }),
  'a count of some status or some tool': count({
    ...MOST,
    anyOf: [{ status: 'parked', noTags: ['common'] }, { tool: 'bash' }],
  }),
  'a count of what is only tested': count({ ...MOST, hasErrors: false }),
  'a count of a status and a tag': count({ status: 'idle', tags: ['common'] }),
  'a count without a rare tag': count({ noTags: [RARE.tag] }),
  'a count without a rare tool': count({ noneOf: [{ tool: RARE.tool }] }),
  'sums by tag': facets('tag', MOST),
  'sums by tool': facets('tool', MOST),
  'sums by status': facets('status', { noTags: ['odd'] }),
  'sums by owner': facets('owner', MOST),
  'sums by day': facets('day'),
  'sums by month, of some': facets('month', { status: 'idle' }),
};

/** A walk that is given up because another way is shorter, which begins later. */
const GIVEN_UP = { ...FEW, limit: 500, sortBy: 'cost', status: 'idle', tags: ['common'] } as const;

/** Of a page; of sums they are all. */
const idsIn = (expected: unknown): readonly string[] =>
  Array.isArray(expected) ? expected.map((row: CatalogRow) => row.key.sessionId) : [];

describe('a long search', () => {
  let large: LargeCatalog;
  beforeAll(() => {
    large = new LargeCatalog(SESSIONS, new Dice(SEED));
  });
  beforeEach(() => large.reset(new Dice(SEED)));

  it.each(Object.entries(QUESTIONS))('tells what was so when it began: %s', async (_, question) => {
    for (let play = 0; play < PLAYS; play++) {
      large.reset(new Dice(SEED + play));
      large.scatterRare();
      const { answer, from } = question(large);
      const expected = from(large.now);
      const pauses = await large.during(answer, () => large.stir(idsIn(expected)));
      expect(pauses).toBeGreaterThan(0);
      expect(await answer, `play ${play}`).toEqual(expected);
    }
  });

  it.each([0, 3])(
    'that begins anew on a shorter way tells what was so then (behind %i)',
    async (behind) => {
      for (let play = 0; play < PLAYS; play++) {
        large.reset(new Dice(SEED + play));
        const moments = [large.now];
        const { answer, from } = page(GIVEN_UP, behind)(large);
        await large.during(answer, () => {
          large.stir(idsIn(from(large.now)));
          moments.push(large.now);
        });
        expect(moments.length).toBeGreaterThan(2);
        expect(moments.map(from)).toContainEqual(await answer);
      }
    },
  );

  it('does not disturb another that began at another moment', async () => {
    const all = Object.values(QUESTIONS);
    for (let play = 0; play < PLAYS; play++) {
      const dice = new Dice(SEED + play);
      large.reset(dice.fork());
      large.scatterRare();
      const asked: { readonly answer: Promise<unknown>; readonly expected: unknown }[] = [];
      const ask = () => {
        if (asked.length === 4) return;
        const { answer, from } = dice.pick(all)(large);
        asked.push({ answer, expected: from(large.now) });
      };
      ask();
      ask();
      for (const { answer, expected } of asked)
        await large.during(answer, () => {
          large.stir(idsIn(expected));
          ask();
        });
      expect(asked).toHaveLength(4);
      for (const { answer, expected } of asked) expect(await answer).toEqual(expected);
    }
  });

  it('does not fill its page with rows from further on that change before their turn', async () => {
    const limit = 40;
    const { answer, from } = page({ ...FEW, limit })(large);
    const expected = from(large.now);
    const others = naiveSearch(large.now, criteriaOf(FEW)).slice(limit);
    const pauses = await large.during(answer, () => {
      for (const row of others) large.put({ ...row, title: 'changed' });
    });
    expect(pauses).toBeGreaterThan(0);
    expect(others.length).toBeGreaterThan(20);
    expect(await answer).toEqual(expected);
  });

  it('sees nothing of what commits told meanwhile, and others see it at once', async () => {
    const { answer, from } = page(FEW)(large);
    const expected = from(large.now);
    const told = rowOf(idsIn(expected).at(-1) ?? '').key;
    await large.during(answer, () => {
      large.catalog.note({ ...newHead(told, 1_000), version: 99, title: 'told' });
      expect(large.catalog.find(tenant, told.sessionId)?.title).toBe('told');
    });
    expect(await answer).toEqual(expected);
    large.put(rowOf(told.sessionId)); // so that the next reset knows of it
  });

  it('leaves the table as it should be', async () => {
    const asked = count({ hasErrors: false })(large).answer;
    await large.during(asked, () => large.stir([]));
    const rows = large.now;
    expect(await large.catalog.count(tenant, {})).toEqual(naiveSums(rows));
    for (const by of ['tag', 'tool', 'owner'] as const) {
      const { answer, from } = facets(by)(large);
      expect(await answer).toEqual(from(rows));
    }
  });

  it('is one of many rows: others do not give way', async () => {
    for (const question of [
      page({ limit: 50 }),
      page({ tags: ['odd'], sortBy: 'cost' }),
      count({ tags: ['odd'], hasErrors: true }),
      facets('day', { tags: ['odd'] }),
    ]) {
      const { answer, from } = question(large);
      const pauses = await large.during(answer, () => {});
      expect(pauses).toBe(0);
      expect(await answer).toEqual(from(large.now));
    }
  });
});

it('the more is asked of each row, the fewer are looked at in one go', async () => {
  let pauses = 0;
  const pause = async () => {
    pauses += 1;
  };
  const catalog = new MemoryCatalog(undefined, { pause });
  const rows = Array.from({ length: 1_000 }, (_, n) => rowOf(`s${n}`, { tokens: n }));
  for (const row of rows) catalog.put(row);
  const noneOf = Array.from({ length: 150 }, (_, n) => ({ idPrefix: `x${n}` }));
  const much = { anyOf: [{ noneOf }, { minTokens: 5_000 }] };
  const all = criteriaOf({ limit: 1_000 });
  const dearest = criteriaOf({ limit: 5, sortBy: 'cost' });
  const pausesOf = async (answer: Promise<unknown>) => {
    pauses = 0;
    await answer;
    return pauses;
  };
  expect(await pausesOf(catalog.count(tenant, { minTokens: 1 }))).toBe(0);
  for (const answer of [
    () => catalog.count(tenant, much),
    () => catalog.search(tenant, { ...all, ...much }),
    () => catalog.search(tenant, { ...dearest, ...much, maxTokens: 5 }),
    () => catalog.facets(tenant, { by: 'day', limit: 1, ...much }),
  ])
    expect(await pausesOf(answer())).toBeGreaterThan(2);
  expect((await catalog.count(tenant, much)).sessions).toBe(1_000);
});

it('a search goes on although all sessions of its tenant go, and others come', async () => {
  const held = gate();
  const catalog = new MemoryCatalog(undefined, { pause: () => held.opened });
  const rows = Array.from({ length: SLICE_ROWS + 100 }, (_, n) => rowOf(`s${n}`, { tokens: n }));
  for (const row of rows) catalog.put(row);
  const counted = catalog.count(tenant, { hasErrors: false });
  for (const { key } of rows) catalog.delete(key);
  expect(catalog.tenants()).toEqual([]);
  catalog.put(rowOf('new', { tokens: 7 }));
  held.open();
  expect(await counted).toEqual(naiveSums(rows));
  expect(await catalog.count(tenant, { hasErrors: false })).toMatchObject({ tokens: 7 });
});
