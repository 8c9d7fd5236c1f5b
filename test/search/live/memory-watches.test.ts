/** All watches of a daemon, over a catalog that is played: what they ask of it, what they refuse, who is answered when. */
import { describe, expect, it } from 'vitest';
import type { CatalogRow } from '../../../src/model/catalog-row.ts';
import type { Tenant } from '../../../src/model/ids.ts';
import { virtualClock } from '../../../src/otp/virtual-clock.ts';
import {
  FORGOTTEN_AFTER_MS,
  MAX_DUE_OF_ALL,
  MAX_PRESENT,
  MAX_WATCHES,
  MAX_WATCHES_OF_TENANT,
  MemoryWatches,
  TICK_MS,
  type WatchesOptions,
} from '../../../src/search/live/memory-watches.ts';
import { rowOf, tenant } from '../summary-row.ts';

const rowsUpTo = (count: number) => Array.from({ length: count }, (_, n) => rowOf(`s${n}`));

/** A catalog that gives these rows a page at a time, and says that there are `sessions`. */
const stage = (rows: readonly CatalogRow[] = [], sessions = rows.length) => {
  const clock = virtualClock();
  const asked: object[] = [];
  const [faults, crashes]: [unknown[], unknown[]] = [[], []];
  const catalog = {
    count: async () => ({ sessions }),
    search: async (_: Tenant, criteria: { readonly limit: number; readonly cursor?: string }) => {
      asked.push(criteria);
      const from = Number(criteria.cursor ?? 0);
      const end = from + criteria.limit;
      return {
        rows: rows.slice(from, end),
        ...(end < rows.length ? { nextCursor: String(end) } : {}),
      };
    },
  } as unknown as WatchesOptions['catalog'];
  let ids = 0;
  const watches = new MemoryWatches({
    ...{ catalog, clock, newId: () => `w${++ids}` },
    onFault: (error) => faults.push(error),
    onCrash: (error) => crashes.push(error),
  });
  const enters = (sessionId: string, of = tenant): void => {
    const row = rowOf(sessionId);
    watches.willBe({ ...row.key, tenant: of }, row, () => undefined);
  };
  const open = async (of = tenant, withPresent = false): Promise<string> =>
    (await watches.open(of, {}, withPresent)).watchId;
  const next = (watchId: string, waitMs = 0, of = tenant) =>
    watches.next(of, watchId, { after: 0, limit: 1_000, waitMs });
  return { clock, watches, asked, faults, crashes, enters, open, next };
};

describe('what is present', () => {
  it('is read page by page, in the order of its making', async () => {
    const { watches, asked } = stage(rowsUpTo(1_001));
    expect(await watches.open(tenant, { tags: ['x'] }, true)).toEqual({
      ...{ watchId: 'w1', present: 1_001 },
    });
    const criteria = { tags: ['x'], sortBy: 'createdAt', order: 'asc', limit: 1_000 };
    expect(asked).toEqual([criteria, { ...criteria, cursor: '1000' }]);
  });

  it('is refused where it is too much, as counted beforehand or as it has become', async () => {
    const why = (sessions: number) =>
      `${sessions} sessions meet these criteria, and a watch tells at most ${MAX_PRESENT}: narrow them, or ask with present: false for what changes only`;
    const counted = stage([], MAX_PRESENT + 1);
    await expect(counted.open(tenant, true)).rejects.toMatchObject({
      ...{ code: 'too_large', message: why(MAX_PRESENT + 1), details: { limit: MAX_PRESENT } },
    });
    expect(counted.asked).toEqual([]);
    const grown = stage(rowsUpTo(MAX_PRESENT + 1), MAX_PRESENT);
    await expect(grown.open(tenant, true)).rejects.toMatchObject({ message: why(MAX_PRESENT + 1) });
    const most = stage(rowsUpTo(MAX_PRESENT));
    expect(await most.watches.open(tenant, {}, true)).toMatchObject({ present: MAX_PRESENT });
  });
});

describe('a watch too many is refused', () => {
  const tooMuch = (message: string) => ({ code: 'mailbox_full', message, retryAfterMs: 1_000 });
  const openMany = (open: (of: Tenant) => Promise<string>, of: string, count: number) =>
    Promise.all(Array.from({ length: count }, () => open(of as Tenant)));

  it('of its tenant', async () => {
    const { open } = stage();
    await openMany(open, 'a', MAX_WATCHES_OF_TENANT);
    await expect(open('a' as Tenant)).rejects.toMatchObject(
      tooMuch('this tenant has 1000 watches already'),
    );
    await open('b' as Tenant);
  });

  it('of all', async () => {
    const { open, watches } = stage();
    for (const of of ['a', 'b', 'c', 'd', 'e']) await openMany(open, of, MAX_WATCHES / 5);
    await expect(open('f' as Tenant)).rejects.toMatchObject(
      tooMuch('there are 5000 watches already'),
    );
    watches.close('a' as Tenant, 'w1');
    await open('f' as Tenant);
  });

  it('while readers have too much to fetch; and what is beyond that ends the last of them', async () => {
    const rows = rowsUpTo(MAX_PRESENT);
    const { open, enters, clock, watches, next } = stage(rows);
    const most = MAX_DUE_OF_ALL / MAX_PRESENT;
    const ids: string[] = [];
    for (let n = 0; n < most; n += 1) ids.push(await open(tenant, true));
    expect(watches.stats).toMatchObject({ watches: most, waiting: MAX_DUE_OF_ALL });
    await expect(open(tenant)).rejects.toMatchObject(
      tooMuch('the readers of other watches have too much to fetch'),
    );
    await clock.advance(TICK_MS);
    expect(watches.stats.waiting).toBe(MAX_DUE_OF_ALL);
    enters('one more');
    await clock.advance(TICK_MS);
    expect(watches.stats.waiting).toBeLessThan(MAX_DUE_OF_ALL);
    expect(await next(ids[0] ?? '')).toMatchObject({ kind: 'changes', n: 1 });
    expect(await next(ids.at(-1) ?? '')).toEqual({ kind: 'resync', why: 'behind' });
  });

  it('once all are closed', async () => {
    const { open, watches, clock, asked } = stage();
    await open();
    watches.closeAll();
    expect([watches.stats.watches, clock.timers]).toEqual([0, 0]);
    await expect(open()).rejects.toMatchObject({
      ...{ code: 'unavailable', message: 'watches are restarting', retryAfterMs: 1_000 },
    });
    await expect(open(tenant, true)).rejects.toMatchObject({ code: 'unavailable' });
    expect(asked).toEqual([]);
  });
});

describe('readers who wait', () => {
  /** So many, after so many sessions have entered: how many are answered in the tick. */
  const answered = async (readers: number, commits: number): Promise<number> => {
    const { open, next, enters, clock } = stage();
    let count = 0;
    for (let n = 0; n < readers; n += 1)
      void next(await open(), 60_000).then(() => {
        count += 1;
      });
    for (let n = 0; n < commits; n += 1) enters(`s${n}`);
    await clock.advance(TICK_MS);
    return count;
  };

  it('are answered, so many in a tick, or all', async () => {
    expect(await answered(70, 1)).toBe(60);
    expect(await answered(60, 1)).toBe(60);
    expect(await answered(5, 49)).toBe(5);
    expect(await answered(70, 49)).toBe(60);
  });

  it('are answered later while many commits go on, which pay for them', async () => {
    expect(await answered(70, 50)).toBe(5 + 2);
    expect(await answered(70, 99)).toBe(5 + 3);
    expect(await answered(70, 2_500)).toBe(60);
  });

  it('are answered by turns: those who were come last', async () => {
    const { open, next, enters, clock } = stage();
    const answers: string[] = [];
    const ids: string[] = [];
    for (let n = 0; n < 8; n += 1) ids.push(await open());
    const ask = (id: string, after: number): void =>
      void next(id, 60_000).then(() => answers.push(`${id} ${after}`));
    for (const id of ids) ask(id, 0);
    for (let n = 0; n < 50; n += 1) enters(`s${n}`);
    await clock.advance(TICK_MS);
    expect(answers).toEqual(ids.slice(0, 7).map((id) => `${id} 0`));
    await clock.advance(TICK_MS); // no commits: the one that is left has its turn
    expect(answers.at(-1)).toBe('w8 0');
  });

  it('of each tenant have the first turn of it', async () => {
    const { open, next, enters, clock } = stage();
    const answers: string[] = [];
    for (const of of ['a', 'b'] as Tenant[])
      for (let n = 0; n < (of === 'a' ? 10 : 1); n += 1)
        void next(await open(of), 60_000, of).then(() => answers.push(of));
    for (let n = 0; n < 50; n += 1) enters(`s${n}`, 'a' as Tenant);
    enters('s', 'b' as Tenant);
    await clock.advance(TICK_MS);
    expect(answers.filter((of) => of === 'b')).toHaveLength(1);
    expect(answers).toHaveLength(7);
  });
});

describe('a watch', () => {
  it('is forgotten when its reader has asked nothing for so long, and not before', async () => {
    const { open, watches, clock } = stage();
    await open();
    await clock.advance(FORGOTTEN_AFTER_MS);
    expect(watches.stats.watches).toBe(1);
    await clock.advance(TICK_MS);
    expect([watches.stats.watches, clock.timers]).toEqual([0, 0]);
  });

  it('is known by its tenant alone, until it is closed', async () => {
    const { open, watches, next } = stage();
    const id = await open();
    watches.close('other' as Tenant, id);
    watches.close(tenant, 'another');
    expect(await next(id)).toMatchObject({ kind: 'changes' });
    const waiting = next(id, 9_000);
    watches.close(tenant, id);
    expect(await waiting).toEqual({ kind: 'resync', why: 'unknown' });
    expect(watches.stats.watches).toBe(0);
  });
});

it('sessions that nobody watches are not noted, and those that are watched are counted', async () => {
  const { open, enters, watches, clock } = stage();
  enters('a');
  for (let n = 0; n < 3; n += 1) await open();
  enters('b');
  enters('b');
  enters('c', 'other' as Tenant);
  await clock.advance(TICK_MS);
  expect(watches.stats).toEqual({ watches: 3, waiting: 3, changes: 1, asked: 3 });
});

it('what fails in a note ends the watches of that tenant, and is told', async () => {
  const { open, watches, next, faults, crashes } = stage();
  const [id, other] = [await open(), await open('other' as Tenant)];
  const error = new Error('no row');
  const fail = (): never => {
    throw error;
  };
  watches.willBe(rowOf('a').key, rowOf('a'), fail);
  expect([faults, crashes]).toEqual([[error], []]);
  expect(await next(id)).toEqual({ kind: 'resync', why: 'behind' });
  expect(await next(other, 0, 'other' as Tenant)).toMatchObject({ kind: 'changes' });
});

it('what fails in a tick leaves all in doubt, and is told', async () => {
  const { open, clock, crashes } = stage();
  await open();
  const error = new Error('no time');
  clock.monotonic = () => {
    throw error;
  };
  await clock.advance(TICK_MS);
  expect(crashes).toEqual([error]);
});
