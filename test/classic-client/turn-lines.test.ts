/** The line of turns of one session, on a virtual clock. */
import { expect, test } from 'vitest';
import { LONGEST_PAUSE_MS, TurnLines, turnLinesOf } from '../../src/classic-client/turn-lines.ts';
import { systemClock } from '../../src/otp/system-clock.ts';
import { virtualClock } from '../../src/testing/index.ts';
import { turnsOfTheLoop } from '../support/until.ts';
import { LiveStore } from './live-store.ts';

test('turns of one session get their places in the order in which they ask, those of another at once', async () => {
  const lines = new TurnLines(virtualClock());
  const order: string[] = [];
  const first = await lines.take('a');
  const waiting = ['second', 'third'].map(async (name) => {
    const place = await lines.take('a');
    order.push(name);
    place.release();
  });
  (await lines.take('b')).release();
  order.push('other');
  first.release();
  first.release();
  await Promise.all(waiting);
  expect(order).toEqual(['other', 'second', 'third']);
});

test('a caller that takes its time is passed after the longest pause, and lines up again', async () => {
  const clock = virtualClock();
  const lines = new TurnLines(clock);
  const slow = await lines.take('a');
  slow.pause();
  await clock.advance(10 * LONGEST_PAUSE_MS); // nobody waits, so nobody counts
  expect(await slow.resume()).toBe(false);
  slow.pause();
  const next = lines.take('a');
  await turnsOfTheLoop(2);
  await clock.advance(LONGEST_PAUSE_MS);
  const place = await next;
  const again = slow.resume();
  place.release();
  expect(await again).toBe(true);
  slow.release();
});

test('a caller that has left the line while it was empty does not share a place with the next one', async () => {
  const clock = virtualClock();
  const lines = new TurnLines(clock);
  const slow = await lines.take('a');
  slow.pause();
  const next = lines.take('a');
  await turnsOfTheLoop(2);
  await clock.advance(LONGEST_PAUSE_MS);
  (await next).release();
  const other = await lines.take('a');
  let isBack = false;
  const back = slow.resume().then(() => {
    isBack = true;
  });
  await turnsOfTheLoop();
  expect(isBack).toBe(false);
  other.release();
  await back;
  slow.release();
});

test('too many that wait are refused, and only they', async () => {
  const lines = new TurnLines(virtualClock());
  const first = await lines.take('a');
  const waiting = Array.from({ length: 1_000 }, () => lines.take('a').then((one) => one.release()));
  await expect(lines.take('a')).rejects.toMatchObject({ code: 'queue_full' });
  first.release();
  await Promise.all(waiting);
});

test('all over one store object share its lines; a frozen one has none to share', () => {
  const store = new LiveStore();
  expect(turnLinesOf(store, systemClock)).toBe(turnLinesOf(store, systemClock));
  expect(Object.keys(store)).toEqual(Object.keys(new LiveStore()));
  const frozen = Object.freeze(new LiveStore());
  expect(() => turnLinesOf(frozen, systemClock)).not.toThrow();
});
