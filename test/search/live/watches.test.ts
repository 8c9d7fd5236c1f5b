/** Live queries over a catalog that changes: what readers make of what they are told is what a search would find. */

import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import type { CatalogRow } from '../../../src/model/catalog-row.ts';
import type { Condition } from '../../../src/model/criteria.ts';
import { newHead } from '../../../src/model/head.ts';
import type { Tenant } from '../../../src/model/ids.ts';
import { virtualClock } from '../../../src/otp/virtual-clock.ts';
import { MemoryCatalog } from '../../../src/search/catalog/catalog.ts';
import { MAX_DUE } from '../../../src/search/live/live-watch.ts';
import {
  FORGOTTEN_AFTER_MS,
  MAX_PRESENT,
  MAX_WATCHES,
  MAX_WATCHES_OF_TENANT,
  MemoryWatches,
  TICK_MS,
} from '../../../src/search/live/memory-watches.ts';
import { MAX_CHANGED } from '../../../src/search/live/tenant-watches.ts';
import { isFull } from '../../chaos/size.ts';
import { keyOf, NOW } from '../../storage/sessions.ts';
import { rounds } from '../../support/rounds.ts';
import { naiveSearch } from '../naive-catalog.ts';
import {
  criteriaOf,
  filters,
  nestedFilters,
  rowOf,
  sessionIds,
  shown,
  summaryRows,
  tenant,
} from '../summary-row.ts';
import { Follower } from './follower.ts';

class World {
  readonly clock = virtualClock();
  readonly catalog = new MemoryCatalog();
  readonly rows = new Map<string, CatalogRow>();
  readonly faults: unknown[] = [];
  readonly watches: MemoryWatches;

  constructor() {
    let ids = 0;
    const { catalog, clock } = this;
    this.watches = new MemoryWatches({
      catalog,
      clock,
      newId: () => `w${++ids}`,
      onFault: (error) => this.faults.push(error),
      onCrash: (error) => this.faults.push(error),
    });
    catalog.tellChanges(this.watches);
  }

  put(row: CatalogRow): void {
    this.catalog.put(row);
    this.rows.set(row.key.sessionId, row);
  }

  delete(sessionId: string): void {
    this.catalog.delete(rowOf(sessionId).key);
    this.rows.delete(sessionId);
  }

  /** The watches are asked about all that has changed. */
  tick(): Promise<void> {
    return this.clock.advance(TICK_MS);
  }

  /** Time goes on while what is asked for is made. */
  async during<T>(made: Promise<T>): Promise<T> {
    let isOver = false;
    const over = () => {
      isOver = true;
    };
    made.then(over, over);
    await this.clock.until(() => isOver, 100 * TICK_MS);
    return made;
  }

  found(condition: Condition): [string, CatalogRow][] {
    return naiveSearch(this.rows.values(), criteriaOf(condition))
      .map((row): [string, CatalogRow] => [row.key.sessionId, shown(row)])
      .toSorted(([a], [b]) => (a < b ? -1 : 1));
  }

  async follow(condition: Condition, withPresent = true): Promise<Follower> {
    const follower = new Follower(this.watches, condition);
    await this.during(follower.open(withPresent));
    return follower;
  }
}

const changes = fc.oneof(
  { weight: 4, arbitrary: summaryRows.map((put) => ({ put })) },
  { weight: 1, arbitrary: sessionIds.map((id) => ({ delete: id })) },
);
type Change = { put: CatalogRow } | { delete: string };

const apply = (world: World, change: Change): void => {
  if ('put' in change) world.put(change.put);
  else world.delete(change.delete);
};

const CHANGES = isFull() ? 2_000 : 200;

test('after each change a watch tells what differs between a search before and a search after it', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.oneof(filters, nestedFilters), { minLength: 1, maxLength: 6 }),
      fc.array(changes, { minLength: CHANGES / 10, maxLength: CHANGES / 10 }),
      async (conditions, all) => {
        const world = new World();
        const followers = await Promise.all(conditions.map((each) => world.follow(each)));
        for (const change of all) {
          const before = conditions.map((each) => new Map(world.found(each)));
          apply(world, change);
          await world.tick();
          const sessionId = 'put' in change ? change.put.key.sessionId : change.delete;
          for (const [at, follower] of followers.entries()) {
            follower.told.length = 0;
            await follower.fetch();
            const was = before[at]?.has(sessionId) === true;
            const is = new Map(world.found(follower.condition)).has(sessionId);
            const type = is ? (was ? 'changed' : 'entered') : was ? 'left' : undefined;
            expect(follower.told).toEqual(type === undefined ? [] : [`${type} ${sessionId}`]);
          }
        }
        expect(world.faults).toEqual([]);
      },
    ),
    { numRuns: 10 },
  );
});

type Step =
  | Change
  | { readonly open: Condition; readonly between: readonly Change[] }
  | { readonly fetch: number; readonly limit: number; readonly isLost: boolean }
  | 'tick';

const steps: fc.Arbitrary<Step> = fc.oneof(
  { weight: 12, arbitrary: changes },
  {
    weight: 1,
    arbitrary: fc.record({ open: filters, between: fc.array(changes, { maxLength: 6 }) }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      fetch: fc.nat({ max: 3 }),
      limit: fc.integer({ min: 1, max: 4 }),
      isLost: fc.boolean(),
    }),
  },
  { weight: 3, arbitrary: fc.constant('tick' as const) },
);

test('whenever watches begin, however slow readers are, whatever replies are lost: in the end they know what a search finds', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(steps, { minLength: 20, maxLength: 80, size: 'max' }),
      async (all) => {
        const world = new World();
        const followers: Follower[] = [];
        for (const step of all)
          if (step === 'tick') await world.tick();
          else if ('open' in step) {
            const follower = new Follower(world.watches, step.open);
            const opened = follower.open();
            for (const change of step.between) {
              apply(world, change);
              await null;
            }
            await world.during(opened);
            followers.push(follower);
          } else if ('fetch' in step) {
            const follower = followers[step.fetch % Math.max(1, followers.length)];
            await follower?.fetch({ limit: step.limit, isLost: step.isLost });
          } else apply(world, step);
        await world.tick();
        for (const follower of followers) {
          await follower.catchUp();
          expect(follower.seen()).toEqual(world.found(follower.condition));
          expect(follower.resyncs).toBe(0);
        }
        expect(world.faults).toEqual([]);
      },
    ),
    { numRuns: isFull() ? 2_000 : rounds(80) },
  );
});

test('sessions that change while pages of what is present are read are told as they are then', async () => {
  const world = new World();
  const tagged = (n: number, tags: readonly string[]) => rowOf(`s${n}`, { createdAtMs: n, tags });
  for (let n = 0; n < 3_500; n += 1) world.put(tagged(n, n % 5 === 0 ? [] : ['x']));
  const follower = new Follower(world.watches, { tags: ['x'] });
  let isOpen = false;
  const opened = follower.open().then(() => {
    isOpen = true;
  });
  for (let n = 0; !isOpen && n < 3_500; n += 7) {
    const at = (n * 11) % 3_500;
    if (n % 3 === 0) world.delete(`s${at}`);
    else world.put(tagged(at, at % 5 === 0 ? ['x'] : []));
    if (n % 14 === 0) await null;
    if (n % 70 === 0) await world.tick();
  }
  await world.during(opened);
  await world.tick();
  await follower.catchUp();
  expect(follower.seen()).toEqual(world.found({ tags: ['x'] }));
});

describe('a watch', () => {
  it('tells what is present, then what enters, changes and leaves', async () => {
    const world = new World();
    world.put(rowOf('a', { tags: ['x'] }));
    world.put(rowOf('b'));
    const follower = await world.follow({ tags: ['x'] });
    await follower.fetch();
    world.put(rowOf('b', { tags: ['x'] }));
    world.put(rowOf('a', { tags: ['x'], title: 'new' }));
    world.put(rowOf('c', { tags: ['x'] }));
    await world.tick();
    await follower.fetch();
    world.put(rowOf('a'));
    world.delete('b');
    await world.tick();
    const last = await follower.fetch();
    expect(follower.told).toEqual([
      ...['present a', 'entered b', 'changed a', 'entered c', 'left a', 'left b'],
    ]);
    expect(last).toMatchObject({
      changes: [{ row: { tags: [] } }, { row: undefined }],
    });
  });

  it('hears of commits that the catalog has only noted, and of what was taken in before them', async () => {
    const world = new World();
    const head = (title: string) => ({ ...newHead(keyOf('s1'), NOW), title });
    const follower = await world.follow({});
    world.catalog.note(head('first'));
    world.catalog.note(head('second'));
    await world.tick();
    await follower.fetch();
    world.catalog.find(keyOf('s1').tenant, 's1');
    world.catalog.note(head('third'));
    await world.tick();
    const batch = await follower.fetch();
    expect(follower.told).toEqual(['entered s1', 'changed s1']);
    expect(batch).toMatchObject({ changes: [{ row: { title: 'third' } }] });
  });

  it('knows which tools a session has used that it leaves for another reason', async () => {
    const world = new World();
    world.put(rowOf('a', { toolsUsed: ['Bash'] }));
    const follower = await world.follow({ tool: 'bash', status: 'idle' });
    await follower.fetch();
    world.put(rowOf('a', { toolsUsed: ['Bash'], status: 'running' }));
    await world.tick();
    await follower.fetch();
    expect(follower.told).toEqual(['present a', 'left a']);
  });

  it('that does not ask for what is present tells what changes from now on', async () => {
    const world = new World();
    world.put(rowOf('a', { tags: ['x'] }));
    const follower = new Follower(world.watches, { tags: ['x'] });
    expect(await world.during(follower.open(false))).toBe(0);
    follower.members.set('a', rowOf('a'));
    world.put(rowOf('a', { tags: ['x'], title: 'new' }));
    world.put(rowOf('b', { tags: ['x'] }));
    await world.tick();
    await follower.fetch();
    expect(follower.told).toEqual(['changed a', 'entered b']);
  });

  it('answers a reader that waits with the next change, and without one when the time is over', async () => {
    const world = new World();
    const follower = await world.follow({ tags: ['x'] });
    const wait = (waitMs: number) =>
      world.watches.next(tenant, follower.watchId, { after: 0, limit: 10, waitMs });
    const first = wait(10_000);
    world.put(rowOf('a', { tags: ['x'] }));
    expect(await world.during(first)).toMatchObject({ n: 1, changes: [{ type: 'entered' }] });
    const again = world.watches.next(tenant, follower.watchId, {
      ...{ after: 1, limit: 10, waitMs: 5_000 },
    });
    await world.clock.advance(5_000 + TICK_MS);
    expect(await again).toEqual({ kind: 'changes', n: 1, changes: [], presentLeft: 0 });
  });

  it('has one request waiting: a later one takes its place', async () => {
    const world = new World();
    const { watchId } = await world.follow({});
    const wanted = { after: 0, limit: 10, waitMs: 10_000 };
    const [first, second] = [
      world.watches.next(tenant, watchId, wanted),
      world.watches.next(tenant, watchId, wanted),
    ];
    expect(await first).toMatchObject({ changes: [] });
    world.put(rowOf('a'));
    expect(await world.during(second)).toMatchObject({ n: 1, changes: [{ sessionId: 'a' }] });
  });

  it('does not give to a request that comes late what its reader would never see', async () => {
    const world = new World();
    world.put(rowOf('a'));
    const { watchId } = await world.follow({});
    const ask = (after: number) =>
      world.watches.next(tenant, watchId, { after, limit: 10, waitMs: 0 });
    await ask(0);
    await ask(1);
    world.put(rowOf('b'));
    await world.tick();
    expect(await ask(0)).toEqual({ kind: 'resync', why: 'unknown' });
    expect(await ask(1)).toMatchObject({ n: 2, changes: [{ type: 'entered', sessionId: 'b' }] });
  });

  it('that is closed, or of another tenant, is unknown', async () => {
    const world = new World();
    const { watchId } = await world.follow({});
    const other = 'other' as Tenant;
    const wanted = { after: 0, limit: 10, waitMs: 0 };
    const unknown = { kind: 'resync', why: 'unknown' };
    expect(await world.watches.next(other, watchId, wanted)).toEqual(unknown);
    world.watches.close(other, watchId);
    expect(await world.watches.next(tenant, watchId, wanted)).toMatchObject({ kind: 'changes' });
    world.watches.close(tenant, watchId);
    expect(await world.watches.next(tenant, watchId, wanted)).toEqual(unknown);
    expect(world.watches.stats).toMatchObject({ watches: 0, waiting: 0 });
  });

  it('hears nothing of the sessions of another tenant', async () => {
    const world = new World();
    const follower = await world.follow({});
    const key = { tenant: 'other' as Tenant, sessionId: rowOf('a').key.sessionId };
    world.catalog.put({ ...rowOf('a'), key });
    await world.tick();
    expect(await follower.fetch()).toMatchObject({ changes: [] });
    expect(world.watches.stats.changes).toBe(0);
  });

  it('ends for whoever waits when all are closed, also while it begins', async () => {
    const world = new World();
    const { watchId } = await world.follow({});
    const waiting = world.watches.next(tenant, watchId, { after: 0, limit: 1, waitMs: 9_000 });
    world.put(rowOf('a'));
    const opening = world.watches.open(tenant, {}, true);
    await world.clock.settle();
    world.watches.closeAll();
    expect(await waiting).toMatchObject({ kind: 'resync' });
    await expect(opening).rejects.toMatchObject({ code: 'unavailable' });
    await expect(world.watches.open(tenant, {}, true)).rejects.toMatchObject({
      code: 'unavailable',
    });
    expect(world.clock.timers).toBe(0);
  });
});

describe('bounds', () => {
  it('a change costs the watches that may want it, and no others', async () => {
    const world = new World();
    const opened = Array.from({ length: 500 }, (_, n) =>
      world.watches.open(tenant, { tags: [`tag ${n}`] }, true),
    );
    await world.during(Promise.all(opened));
    const dear = Array.from({ length: 100 }, (_, n) =>
      world.watches.open(tenant, { allOf: [{ minCostUsd: n + 1, noTags: ['done'] }] }, true),
    );
    await world.during(Promise.all(dear));
    for (let n = 0; n < 10; n += 1) world.put(rowOf(`s${n}`, { tags: [`tag ${n}`, 'other'] }));
    await world.tick();
    expect(world.watches.stats).toMatchObject({ watches: 600, changes: 10, asked: 10 });
    world.put(rowOf('s0', { costNanoUsd: 2_500_000_000 }));
    await world.tick();
    expect(world.watches.stats).toMatchObject({ changes: 11, asked: 13 });
  });

  it('a session that changes often is asked about once in a tick, and a tick does only so much', async () => {
    const world = new World();
    await world.follow({});
    for (let n = 0; n < 500; n += 1) world.put(rowOf('s', { numTurns: n }));
    await world.tick();
    expect(world.watches.stats).toMatchObject({ changes: 1, asked: 1 });
    const opened = Array.from({ length: 100 }, (_, n) =>
      world.watches.open(tenant, { noTags: [`tag ${n}`], hasErrors: true }, true),
    );
    await world.during(Promise.all(opened));
    const { asked } = world.watches.stats;
    for (let n = 0; n < 2_000; n += 1) world.put(rowOf(`s${n}`));
    await world.tick();
    const inOneTick = world.watches.stats.asked - asked;
    expect(inOneTick).toBeLessThan(30_000);
    await world.clock.advance(10 * TICK_MS);
    expect(world.watches.stats.asked - asked).toBe(2_000 * 101);
  });

  it('more changes than may wait end the watches of that tenant, which begin anew with all there is', async () => {
    const world = new World();
    const follower = await world.follow({ tags: ['x'] });
    const other = 'other' as Tenant;
    const { watchId } = await world.during(world.watches.open(other, {}, true));
    for (let n = 0; n <= MAX_CHANGED; n += 1) world.put(rowOf(`s${n}`));
    world.put(rowOf('a', { tags: ['x'] }));
    const resync = await world.watches.next(tenant, follower.watchId, {
      ...{ after: 0, limit: 1, waitMs: 0 },
    });
    expect(resync).toEqual({ kind: 'resync', why: 'behind' });
    await world.during(follower.open());
    await follower.catchUp();
    expect(follower.told).toEqual(['present a']);
    expect(
      await world.watches.next(other, watchId, { after: 0, limit: 1, waitMs: 0 }),
    ).toMatchObject({ kind: 'changes' });
  });

  it('a reader that is too slow is told so, and what it had to fetch is kept no longer', async () => {
    const world = new World();
    const follower = await world.follow({});
    for (let n = 0; n <= MAX_DUE; n += 1) {
      world.put(rowOf(`s${n}`));
      if (n % 4_000 === 3_999) await world.clock.advance(5 * TICK_MS);
    }
    await world.clock.advance(5 * TICK_MS);
    expect(world.watches.stats.waiting).toBe(0);
    expect(
      await world.watches.next(tenant, follower.watchId, { after: 0, limit: 1, waitMs: 0 }),
    ).toEqual({ kind: 'resync', why: 'behind' });
    expect(world.watches.stats.watches).toBe(0);
  });

  it('a query that too many sessions meet is refused, unless only changes are asked for', async () => {
    const world = new World();
    for (let n = 0; n <= MAX_PRESENT; n += 1) world.put(rowOf(`s${n}`));
    await expect(world.watches.open(tenant, {}, true)).rejects.toMatchObject({
      code: 'too_large',
      details: { limit: MAX_PRESENT },
    });
    expect(world.watches.stats.watches).toBe(0);
    await world.during(world.watches.open(tenant, {}, false));
    world.delete('s0');
    const follower = await world.follow({});
    await follower.catchUp();
    expect(follower.members.size).toBe(MAX_PRESENT);
  });

  it('a tenant has so many watches and no more; another one has its own', async () => {
    const world = new World();
    const some = Array.from({ length: MAX_WATCHES_OF_TENANT }, () =>
      world.watches.open(tenant, {}, false),
    );
    await world.during(Promise.all(some));
    await expect(world.watches.open(tenant, {}, false)).rejects.toMatchObject({
      code: 'mailbox_full',
    });
    await world.during(world.watches.open('other' as Tenant, {}, false));
  });

  it('all tenants together have so many watches and no more', async () => {
    const world = new World();
    const owners = Array.from({ length: MAX_WATCHES / MAX_WATCHES_OF_TENANT }, (_, n) => `t${n}`);
    const some = owners.flatMap((owner) =>
      Array.from({ length: MAX_WATCHES_OF_TENANT }, () =>
        world.watches.open(owner as Tenant, {}, false),
      ),
    );
    await world.during(Promise.all(some));
    await expect(world.watches.open('one more' as Tenant, {}, false)).rejects.toMatchObject({
      code: 'mailbox_full',
      message: expect.stringContaining(String(MAX_WATCHES)),
    });
  });

  it('so many readers are answered in a tick and no more, and all in their turn', async () => {
    const world = new World();
    const other = 'other' as Tenant;
    const opened = await world.during(
      Promise.all(
        Array.from({ length: 300 }, async (_, n) => {
          const owner = n === 299 ? other : tenant;
          const { watchId } = await world.watches.open(owner, {}, false);
          return { owner, watchId };
        }),
      ),
    );
    const answered: number[] = [];
    for (const [n, { owner, watchId }] of opened.entries())
      void world.watches
        .next(owner, watchId, { after: 0, limit: 1, waitMs: 10_000 })
        .then(() => answered.push(n));
    world.put(rowOf('a'));
    world.catalog.put({ ...rowOf('a'), key: { ...rowOf('a').key, tenant: other } });
    await world.tick();
    expect(answered.length).toBeLessThan(100);
    expect(answered).toContain(299);
    await world.clock.advance(4 * TICK_MS);
    expect(new Set(answered).size).toBe(300);
  });

  it('a watch that nobody reads is forgotten, and one that somebody waits at is not', async () => {
    const world = new World();
    const [left, read] = [await world.follow({}), await world.follow({})];
    for (let n = 0; n < 8; n += 1) {
      const waiting = read.fetch();
      await world.clock.advance(FORGOTTEN_AFTER_MS / 6);
      await waiting;
    }
    expect(world.watches.stats.watches).toBe(1);
    expect(
      await world.watches.next(tenant, left.watchId, { after: 0, limit: 1, waitMs: 0 }),
    ).toEqual({ kind: 'resync', why: 'unknown' });
  });

  it('a row that cannot be read ends the watches of its tenant and not the commit that told of it', async () => {
    const world = new World();
    const follower = await world.follow({ tags: ['x'] });
    world.watches.willBe(rowOf('a').key, { ...rowOf('a'), tags: null as never }, () => undefined);
    await world.tick();
    expect(world.faults).toHaveLength(1);
    const batch = await world.watches.next(tenant, follower.watchId, {
      ...{ after: 0, limit: 1, waitMs: 0 },
    });
    expect(batch).toEqual({ kind: 'resync', why: 'behind' });
  });
});
