import { expect, test } from 'vitest';
import { codeOf } from '../../src/model/errors.ts';
import type { Tenant } from '../../src/model/ids.ts';
import { iso } from '../../src/model/moment.ts';
import { DAY_MS, HOUR_MS, Stage } from './stage.ts';

const rejection = async (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => undefined,
    (error: unknown) => error,
  );

test('25 hours after old transcripts were imported nothing is gone', async () => {
  const stage = new Stage();
  stage.add('imported', 400, { importedAtMs: stage.clock.now() });
  await stage.start();
  await stage.clock.advance(25 * HOUR_MS);
  expect(await stage.left()).toEqual(['imported']);
  await stage.clock.advance(30 * DAY_MS);
  expect(await stage.left()).toEqual([]);
});

test('the first sweep comes one interval after the start, never at it', async () => {
  const stage = new Stage();
  stage.add('old', 31);
  await stage.start();
  await stage.clock.advance(24 * HOUR_MS - 1);
  expect(await stage.left()).toEqual(['old']);
  await stage.clock.advance(1_000);
  expect(await stage.left()).toEqual([]);
});

test('an interval or an age of 0 means no schedule, and requests still work', async () => {
  for (const config of [{ intervalHours: 0 }, { maxAgeDays: 0 }]) {
    const stage = new Stage();
    stage.add('old', 31);
    await stage.start(config);
    await stage.clock.advance(72 * HOUR_MS);
    expect(await stage.left()).toEqual(['old']);
    expect(await stage.sweep()).toMatchObject({ count: 1 });
  }
});

test('a sweep on demand takes what is older than the age it names, and says what and how much', async () => {
  const stage = new Stage();
  stage.add('old', 8, { title: 'Old' });
  stage.add('young', 6);
  stage.journal.toPurge.push(5_000); // of sessions that were deleted earlier
  stage.before = () => void stage.journal.toPurge.push(1_000, 234);
  await stage.start();
  const report = await stage.sweep({ maxAgeDays: 7 });
  const updatedAt = new Date(stage.clock.now() - 1_000 - 8 * DAY_MS).toISOString();
  expect(report).toEqual({
    count: 1,
    bytes: 1_234,
    sessions: [{ sessionId: 'old', updatedAt, title: 'Old' }],
    dryRun: false,
  });
  expect(await stage.left()).toEqual(['young']);
});

test('an age of 0 takes everything up to now, also what was done in this very millisecond', async () => {
  const stage = new Stage();
  stage.add('past', 1e-6);
  stage.add('now', 0);
  stage.add('later', -1e-6);
  await stage.start();
  await stage.sweep({ maxAgeDays: 0 });
  expect(await stage.left()).toEqual(['later']);
});

test('a dry run names the same sessions and changes nothing', async () => {
  const stage = new Stage();
  for (let n = 0; n < 250; n++) stage.add(`s${n}`, 40);
  stage.journal.size = () => 300;
  await stage.start();
  const dry = await stage.sweep({ dryRun: true });
  expect(dry).toMatchObject({ count: 250, bytes: 75_000, dryRun: true });
  expect(await stage.left()).toHaveLength(250);
  expect([stage.asked, stage.notices]).toEqual([[], []]);
  expect((await stage.sweep()).sessions).toEqual(dry.sessions);
});

test('a hold tag in any spelling and an unfinished turn keep a session', async () => {
  const stage = new Stage();
  stage.add('held', 40, { tags: ['Hold'] });
  stage.add('open', 40, { openTurns: 1 });
  stage.add('waiting', 40, { status: 'waiting' });
  stage.add('done', 40, { status: 'completed' });
  await stage.start();
  await stage.sweep();
  expect(await stage.left()).toEqual(['held', 'open', 'waiting']);
});

test('criteria narrow a sweep', async () => {
  const stage = new Stage();
  stage.add('a', 40, { tags: ['scratch'] });
  stage.add('b', 40, { tags: ['scratch', 'keep'] });
  stage.add('c', 40);
  await stage.start();
  await stage.sweep({ filter: { tags: ['scratch'], noTags: ['keep'] } });
  expect(await stage.left()).toEqual(['b', 'c']);
});

test('a session that changed since it was looked at stays, and is not counted as deleted', async () => {
  const stage = new Stage();
  stage.add('busy', 40);
  stage.add('quiet', 40);
  stage.before = ({ sessionId }) => {
    if (sessionId === 'busy') stage.add('busy', 0, { version: 2 });
  };
  await stage.start();
  expect(await stage.sweep()).toMatchObject({ count: 1 });
  expect(await stage.left()).toEqual(['busy']);
  expect(stage.notices).toMatchObject([{ changed: 1, failed: 0 }]);
});

test('between two batches of 100 everybody else has a turn', async () => {
  const stage = new Stage();
  for (let n = 0; n < 350; n++) stage.add(`s${n}`, 40);
  await stage.start();
  const seen = new Set<number>();
  const look = () => {
    seen.add(stage.asked.length);
    if (stage.asked.length < 350) stage.clock.setTimeout(look, 0);
  };
  look();
  await stage.sweep();
  expect([...seen]).toEqual([0, 100, 200, 300, 350]);
});

test('every sweep that did something is announced, with who wanted it', async () => {
  const stage = new Stage();
  stage.add('old', 28.9);
  await stage.start();
  await stage.clock.advance(24 * HOUR_MS);
  expect(stage.notices).toEqual([]);
  await stage.clock.advance(24 * HOUR_MS + 1_000);
  await stage.sweep();
  expect(stage.notices).toMatchObject([
    { type: 'sessions.swept', by: 'cleaner', maxAgeDays: 30, report: { count: 1 } },
    { by: 'request', report: { count: 0 } },
  ]);
  for (const notice of stage.notices) {
    expect(iso(Date.parse(notice.at))).toBe(notice.at); // RFC 3339, as every time on the wire
    expect(notice).not.toHaveProperty('atMs');
  }
  expect(stage.asked).toEqual([{ sessionId: 'old', by: 'cleaner' }]);
});

test('it throws once and runs again next time', async () => {
  const stage = new Stage();
  stage.add('old', 40);
  const { catalog } = stage;
  await stage.start();
  const search = catalog.search.bind(catalog);
  catalog.search = () => {
    catalog.search = search;
    throw new Error('once');
  };
  await stage.clock.advance(24 * HOUR_MS + 1_000);
  expect(await stage.left()).toEqual(['old']);
  await stage.clock.advance(24 * HOUR_MS);
  expect(await stage.left()).toEqual([]);
});

test('whoever waits for a sweep that crashes is told', async () => {
  const stage = new Stage();
  await stage.start();
  stage.catalog.search = () => {
    throw new Error('broken');
  };
  const error = rejection(stage.ask());
  await stage.clock.advance(1_000);
  expect(codeOf(await error)).toBe('unavailable');
});

test('killed in the middle, the next sweep goes on with what is left', async () => {
  const stage = new Stage();
  for (let n = 0; n < 250; n++) stage.add(`s${n}`, 40);
  await stage.start();
  const lost = rejection(stage.ask());
  stage.before = () => {
    if (stage.asked.length === 150) stage.killCleaner();
  };
  await stage.clock.advance(1_000);
  expect(codeOf(await lost)).toBe('unavailable');
  expect((await stage.left()).length).toBeGreaterThan(0);
  await stage.clock.advance(24 * HOUR_MS + 1_000);
  expect(await stage.left()).toEqual([]);
});

test('one session that cannot be deleted stops nobody else', async () => {
  const stage = new Stage();
  for (let n = 0; n < 5; n++) stage.add(`s${n}`, 40);
  stage.before = ({ sessionId }) => {
    if (sessionId === 's2') throw new Error('stuck');
  };
  await stage.start();
  expect(await stage.sweep()).toMatchObject({ count: 4 });
  expect(stage.notices).toMatchObject([{ failed: 1 }]);
});

test('where hardly any session can be deleted, the sweep gives up', async () => {
  const stage = new Stage();
  for (let n = 0; n < 500; n++) stage.add(`s${n}`, 40);
  stage.before = () => {
    throw new Error('no disk');
  };
  await stage.start();
  const error = rejection(stage.ask());
  await stage.clock.advance(1_000);
  expect(codeOf(await error)).toBe('unavailable');
  expect(stage.asked.length).toBeLessThan(500);
});

test('sweeps run one after another, and too many of one tenant that wait are refused', async () => {
  const stage = new Stage();
  stage.add('old', 40);
  await stage.start();
  const reports = Array.from({ length: 18 }, () => stage.ask().catch(codeOf));
  const others = stage.ask({}, 'other' as Tenant);
  await stage.clock.advance(1_000);
  expect(await others).toMatchObject({ count: 0 });
  const answers = await Promise.all(reports);
  expect(answers[0]).toMatchObject({ count: 1 });
  expect(answers.slice(1, 17)).toEqual(
    Array(16).fill({ count: 0, bytes: 0, sessions: [], dryRun: false }),
  );
  expect(answers[17]).toBe('unavailable');
});

test('a sweep of the schedule that is still at it when the next is due stays the only one', async () => {
  const stage = new Stage();
  stage.add('slow', 40);
  stage.before = () => new Promise(() => {});
  await stage.start({ intervalHours: 1 });
  await stage.clock.advance(5 * HOUR_MS);
  expect(stage.asked).toHaveLength(1);
  expect(stage.inspectCleaner()).toMatchObject({ state: { waiting: 0 } });
});

test('the space of what others deleted is given back within a minute or so', async () => {
  const stage = new Stage();
  await stage.start();
  stage.journal.toPurge.push(1, 2, 3);
  await stage.clock.advance(61_000);
  expect(stage.journal.toPurge).toEqual([]);
});

test('a report names at most 1,000 sessions and counts them all', async () => {
  const stage = new Stage();
  for (let n = 0; n < 1_050; n++) stage.add(`s${n}`, 40);
  await stage.start();
  const { count, sessions } = await stage.sweep({ dryRun: true });
  expect([count, sessions.length]).toEqual([1_050, 1_000]);
});
