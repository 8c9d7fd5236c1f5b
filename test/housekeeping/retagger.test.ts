/** Changing tags on many sessions: in batches, one job at a time, told of, and stopped. */
import { expect, onTestFinished, test } from 'vitest';
import { type RetaggedNotice, retagger } from '../../src/housekeeping/retagger.ts';
import { codeOf, GreenroomError } from '../../src/model/errors.ts';
import { startTree, supervisor } from '../../src/otp/supervisor.ts';
import { System } from '../../src/otp/system.ts';
import { virtualClock } from '../../src/otp/virtual-clock.ts';
import { MemoryCatalog } from '../../src/search/catalog/catalog.ts';
import { catalogName } from '../../src/session/ports/catalog.ts';
import { type RetagJob, retaggerName } from '../../src/session/ports/retagger.ts';
import { type Retag, retagged } from '../../src/tags/retag.ts';
import { holder } from '../search/fake-journal.ts';
import { rowOf, tenant } from '../search/summary-row.ts';

const RENAME: Retag = { rename: [{ from: 'old', to: 'new' }] };

const world = async (sessions: number) => {
  const clock = virtualClock();
  const system = new System({ clock, onReport: () => {} });
  const catalog = new MemoryCatalog();
  const notices: RetaggedNotice[] = [];
  const asked: string[] = [];
  const faults = new Map<string, unknown>();
  let underWay = 0;
  let most = 0;
  for (let n = 0; n < sessions; n++)
    catalog.put(rowOf(`s${n}`, { tags: ['old'], createdAtMs: n, updatedAtMs: 1_000 - n }));
  const change = async ({ sessionId }: { sessionId: string }, retag: Retag): Promise<boolean> => {
    asked.push(sessionId);
    underWay += 1;
    most = Math.max(most, underWay);
    await new Promise<void>((resolve) => clock.setTimeout(resolve, 1));
    underWay -= 1;
    const fault = faults.get(sessionId);
    if (fault !== undefined) throw fault;
    const row = catalog.find(tenant, sessionId);
    if (row === undefined) throw new GreenroomError('session_deleted', 'gone');
    const tags = retagged(row.tags, retag);
    catalog.put({ ...row, tags });
    return tags !== row.tags;
  };
  const announce = (_: unknown, notice: RetaggedNotice) => void notices.push(notice);
  const root = await startTree(
    system,
    supervisor({
      id: 'root',
      strategy: 'one_for_one',
      children: [holder(catalogName, catalog), retagger({ change, announce })],
    }),
  );
  onTestFinished(() => system.exit(root, 'shutdown'));
  const jobs = system.fetch(retaggerName);
  const order = { filter: {}, criteria: { q: 'tag:*' }, by: 'ann' };
  const start = (retag = RENAME) => jobs.start(tenant, { ...order, retag });
  const end = async (job: RetagJob, timeoutMs = 60_000): Promise<RetagJob | undefined> => {
    const ended = jobs.ended(tenant, job.jobId, timeoutMs);
    await clock.advance(timeoutMs);
    return ended;
  };
  const count = async (tag: string) => (await catalog.count(tenant, { tags: [tag] })).sessions;
  return {
    ...{ clock, system, catalog, notices, asked, faults, jobs, start, end, count },
    most: () => most,
  };
};

test('every session that has the tag is asked once, a hundred side by side, and the end is told', async () => {
  const { start, end, count, asked, most, notices } = await world(250);
  const job = await start();
  expect(job).toMatchObject({ changed: 0, failed: 0 });
  expect(await end(job)).toMatchObject({ state: 'done', matched: 250, changed: 250, failed: 0 });
  expect([await count('old'), await count('new')]).toEqual([0, 250]);
  expect(new Set(asked).size).toBe(asked.length);
  expect([asked.length, most()]).toEqual([250, 100]);
  expect(notices).toMatchObject([
    { type: 'sessions.retagged', by: 'ann', change: RENAME, changed: 250 },
  ]);
});

test('a session that is gone when its turn comes is no failure; one that cannot be changed is, and says why', async () => {
  const { start, end, faults } = await world(3);
  faults.set('s0', new GreenroomError('session_deleted', 'gone'));
  faults.set('s1', new GreenroomError('invalid_settings', 'a session takes at most 100 tags'));
  expect(await end(await start())).toMatchObject({
    ...{ state: 'done', matched: 3, changed: 1, failed: 1 },
    error: { code: 'invalid_settings', message: 'a session takes at most 100 tags' },
  });
});

test('when too many fail it is not the sessions: the change gives up', async () => {
  const { start, end, faults, asked } = await world(1_300);
  for (let n = 0; n < 1_300; n++) faults.set(`s${n}`, new GreenroomError('unavailable', 'full'));
  expect(await end(await start())).toMatchObject({
    state: 'failed',
    error: { code: 'unavailable' },
  });
  expect(asked.length).toBe(1_100);
});

test('one is worked on at a time, in the order in which they were asked for', async () => {
  const { start, end, jobs, asked } = await world(150);
  const first = await start();
  const second = await start({ add: ['seen'] });
  expect((await jobs.list(tenant)).map(({ state }) => state)).toEqual(['waiting', 'running']);
  expect(await end(second)).toMatchObject({ state: 'done', changed: 150 });
  expect((await jobs.list(tenant)).map(({ jobId }) => jobId)).toEqual([second.jobId, first.jobId]);
  expect(asked.slice(0, 150).toSorted()).toEqual(asked.slice(150).toSorted());
});

test('what is told of one says what it changes, of which sessions, and who asked for it when', async () => {
  const { start, jobs, clock } = await world(1);
  const askedAt = new Date(clock.now()).toISOString();
  await start();
  await clock.advance(60_000);
  expect(await jobs.list(tenant)).toMatchObject([
    { state: 'done', change: RENAME, criteria: { q: 'tag:*' }, by: 'ann', askedAt },
  ]);
});

test('one that is stopped leaves what it has changed and what it has not, and the next begins', async () => {
  const { start, end, jobs, clock, count, asked } = await world(500);
  const first = await start();
  const second = await start({ add: ['seen'] });
  while (asked.length < 200) await clock.advance(1);
  expect(await jobs.stop(tenant, first.jobId)).toMatchObject({ state: 'stopped' });
  expect(await end(second)).toMatchObject({ state: 'done', changed: 500 });
  expect([await count('new'), await count('old'), await count('seen')]).toEqual([200, 300, 500]);
  expect(await end(first)).toMatchObject({ state: 'stopped', changed: 200 });
});

test('the end of one that is stopped is told with all that it has changed, what was under way included', async () => {
  const { start, jobs, clock, count, asked, notices } = await world(300);
  const { jobId } = await start();
  const ended = jobs.ended(tenant, jobId, 60_000);
  while (asked.length < 200) await clock.advance(1);
  await jobs.stop(tenant, jobId);
  await clock.advance(10);
  const changed = await count('new');
  expect(changed).toBe(200);
  expect(await ended).toMatchObject({ state: 'stopped', changed });
  expect(notices).toMatchObject([{ state: 'stopped', changed }]);
});

test('who does not want to wait any longer is told how far it is', async () => {
  const { start, end } = await world(1_000);
  const job = await end(await start(), 3);
  expect(job).toMatchObject({ state: 'running', matched: 1_000 });
  expect(job?.changed).toBeLessThan(1_000);
});

test('more than sixteen that wait are refused, and those that were taken are done', async () => {
  const { start, end } = await world(1);
  const taken = await Promise.all(Array.from({ length: 17 }, (_, n) => start({ add: [`t${n}`] })));
  expect(codeOf(await start().catch((error: unknown) => error))).toBe('unavailable');
  const last = taken.at(-1);
  if (last !== undefined) expect(await end(last)).toMatchObject({ state: 'done', changed: 1 });
});

test('a tenant that asks for many keeps no other from its turn', async () => {
  const { start, end, jobs, notices } = await world(1);
  const [first] = await Promise.all(
    Array.from({ length: 17 }, (_, n) => start({ add: [`t${n}`] })),
  );
  if (first === undefined) throw new Error('it was refused');
  const other = 'other' as typeof tenant;
  const order = { filter: {}, criteria: {}, retag: { add: ['theirs'] }, by: 'bob' };
  const { jobId } = await jobs.start(other, order);
  await end(first);
  expect(notices.map((notice) => notice.jobId).slice(0, 2)).toEqual([first.jobId, jobId]);
  expect(notices).toHaveLength(18);
});

test('a job of another tenant is not known', async () => {
  const { start, jobs } = await world(1);
  const { jobId } = await start();
  const other = 'other' as typeof tenant;
  expect(await jobs.stop(other, jobId)).toBeUndefined();
  expect(await jobs.list(other)).toEqual([]);
  expect(await jobs.ended(other, jobId, 10)).toBeUndefined();
});

test('when the catalog cannot be asked, the change fails with the reason', async () => {
  const { start, end, catalog } = await world(1);
  catalog.count = () => Promise.reject(new GreenroomError('internal', 'broken'));
  expect(await end(await start())).toMatchObject({
    state: 'failed',
    error: { code: 'internal', message: 'broken' },
  });
});
