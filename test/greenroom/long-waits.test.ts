/** A model that says "not before": the turn waits in the store, its session may sleep, and goes on when its time has come. */

import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { verifyInChild } from '../../src/storage/verify/verify.ts';
import { isFull } from '../chaos/size.ts';
import { type TestGreenroom, testGreenroom, unstartedGreenroom } from '../support/greenroom.ts';
import { GreenroomProcess } from '../support/greenroom-process.ts';
import { skippingClock } from '../support/skipping-clock.ts';
import { until } from '../support/until.ts';

/** Where it dies again: every point on the way in full size. */
const POINTS = isFull()
  ? ['commit.before', 'commit.after', 'step.started', 'step.outcome', 'turn.finished']
  : ['commit.after', 'step.started'];
const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const slow = (seconds: number, text = 'at last') =>
  `[[rehearse: status=429 retry-after=${seconds} times=1 text="${text}"]]`;

const status = async (test: TestGreenroom, name: string) => (await test.sessions.get(name)).status;
const turnsOf = async (test: TestGreenroom, name: string) => {
  const { turns } = await test.sessions.turns(name);
  return turns.map(({ turnId, status: at }) => `${turnId} ${at}`);
};
const isWaiting = (test: TestGreenroom, name: string) =>
  until(async () => (await status(test, name)) === 'waiting');
const isIdle = (test: TestGreenroom, name: string) =>
  until(async () => (await status(test, name)) === 'idle');

/** The most that chance adds to what the API asks for. */
const SPREAD_MS = 30 * SECOND_MS;

describe('a turn whose next model call is more than half a minute away', () => {
  it('lets its session sleep, and is woken when the time has come', async () => {
    const clock = skippingClock();
    const test = await testGreenroom({ clock, passivateMinutes: 1 });
    const reading = test.begin('s', slow(600), { turnId: 't' });
    const { delayMs } = (await reading.saw('retry')) as unknown as { readonly delayMs: number };
    expect(delayMs).toBeGreaterThanOrEqual(600 * SECOND_MS);
    expect(delayMs).toBeLessThanOrEqual(600 * SECOND_MS + SPREAD_MS);
    await isWaiting(test, 's');
    const dues = await test.journal.due('retry', { limit: 9 });
    expect(dues).toHaveLength(1);
    const { turns } = await test.sessions.turns('s');
    expect(turns[0]).toMatchObject({
      retryAt: new Date(dues[0]?.atMs ?? 0).toISOString(),
      error: { code: 'rate_limit_error' },
    });
    clock.skip(2 * MINUTE_MS);
    await until(() => test.live('s') === undefined);
    clock.skip(7 * MINUTE_MS);
    expect(await status(test, 's')).toBe('waiting');
    clock.skip(MINUTE_MS + SPREAD_MS);
    expect(await reading.finished()).toMatchObject({ status: 'completed', text: 'at last' });
    const { events } = reading;
    const attempts = [...new Set(events.map((event) => ('attempt' in event ? event.attempt : 0)))];
    expect(attempts.at(-1)).toBeGreaterThan(1);
    for (const attempt of attempts) {
      const counted = events.flatMap((event) =>
        'n' in event && event.attempt === attempt && event.n !== undefined ? [event.n] : [],
      );
      expect(counted).toEqual(counted.map((_, at) => at + 1));
    }
    expect(await test.journal.due('retry', { limit: 9 })).toEqual([]);
    expect(test.rehearsal.requests.size).toBe(2);
  });

  it('goes on in a session that stayed awake, with the turns behind it', async () => {
    const clock = skippingClock();
    const test = await testGreenroom({ clock });
    const first = test.begin('s', slow(60), { turnId: 'a' });
    await isWaiting(test, 's');
    const second = test.begin('s', 'next', { turnId: 'b' });
    await second.saw('turn.accepted');
    expect(await turnsOf(test, 's')).toEqual(['b queued', 'a waiting']);
    clock.skip(MINUTE_MS + SPREAD_MS);
    expect(await first.finished()).toMatchObject({ status: 'completed' });
    expect(await second.finished()).toMatchObject({ status: 'completed' });
  });

  it('is cancelled at once', async () => {
    const clock = skippingClock();
    const test = await testGreenroom({ clock });
    const reading = test.begin('s', slow(600), { turnId: 't' });
    await isWaiting(test, 's');
    await test.sessions.cancel('s');
    expect(await reading.finished()).toMatchObject({ status: 'cancelled' });
    expect(await test.journal.due('retry', { limit: 9 })).toEqual([]);
    const after = test.begin('s', 'after');
    await after.saw('turn.started');
    clock.skip(MINUTE_MS); // calls of this model wait for half a minute
    expect(await after.finished()).toMatchObject({ status: 'completed' });
  });

  it('ends with its session when that is deleted, and nothing is due any more', async () => {
    const test = await testGreenroom({ clock: skippingClock() });
    const reading = test.begin('s', slow(600), { turnId: 't' });
    await isWaiting(test, 's');
    await test.sessions.delete('s');
    expect(await reading.finished()).toMatchObject({ status: 'cancelled' });
    expect(await test.journal.due('retry', { limit: 9 })).toEqual([]);
  });

  it('is tried no more often than the session says, its calls before the wait included', async () => {
    const clock = skippingClock();
    const test = await testGreenroom({ clock });
    await test.sessions.create('s', { retry: { maxRetries: 2 } });
    const always = '[[rehearse: status=429 retry-after=40 times=9 text=never]]';
    const reading = test.begin('s', always, { turnId: 't' });
    for (const retries of [1, 2]) {
      await until(async () => (await test.sessions.turns('s')).turns[0]?.retries === retries);
      await isWaiting(test, 's');
      clock.skip(40 * SECOND_MS + SPREAD_MS);
    }
    expect(await reading.finished()).toMatchObject({ status: 'failed' });
    expect(test.rehearsal.requests.size).toBe(3);
    expect(await test.sessions.get('s')).toMatchObject({ retryCount: 2, errorCount: 1 });
  });
});

describe('a Greenroom that was killed while a turn waited', () => {
  it('leaves the session asleep until the turn is due, then finishes it once', async () => {
    const clock = skippingClock();
    const test = await unstartedGreenroom({ clock });
    const child = new GreenroomProcess(test.dataDir, test.rehearsal.url);
    child.turn('s', slow(300), 't');
    await child.saw('retry', 't');
    await child.kill();
    await test.start();
    await until(() => test.node('recovery').status !== 'running');
    expect(test.live('s')).toBeUndefined();
    expect(await status(test, 's')).toBe('waiting');
    expect((await verifyInChild(join(test.dataDir, 'store'))).isSound).toBe(true);
    clock.skip(5 * MINUTE_MS + SPREAD_MS);
    await isIdle(test, 's');
    expect(await turnsOf(test, 's')).toEqual(['t completed']);
    expect(test.rehearsal.requests.size).toBe(2);
  });

  it.each(POINTS)(
    'and again while its alarm rang, at %s, finishes the turn once',
    async (point) => {
      const clock = skippingClock();
      const test = await unstartedGreenroom({ clock });
      const child = new GreenroomProcess(test.dataDir, test.rehearsal.url);
      child.turn('s', slow(300), 't');
      await child.saw('retry', 't');
      await child.kill();
      const late = new GreenroomProcess(test.dataDir, test.rehearsal.url, {
        ...{ GREENROOM_CRASHPOINT: point, LATE_BY_MS: String(6 * MINUTE_MS) },
      });
      await late.died();
      clock.skip(6 * MINUTE_MS);
      await test.start();
      await isIdle(test, 's');
      expect(await turnsOf(test, 's')).toEqual(['t completed']);
      const { entries } = await test.sessions.messages('s');
      expect(entries).toHaveLength(2);
      expect(await test.journal.due('retry', { limit: 9 })).toEqual([]);
    },
  );
});
