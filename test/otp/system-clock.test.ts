/** The real clock over Node's timers, whose own time a test moves here. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { pause } from '../../src/otp/clock.ts';
import { systemClock, systemRandom } from '../../src/otp/system-clock.ts';

const DAY_MS = 86_400_000;
const fired: string[] = [];

beforeEach(() => {
  fired.length = 0;
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test('a timer fires once, when its time has come', () => {
  systemClock.setTimeout(() => fired.push('a'), 50);
  vi.advanceTimersByTime(49);
  expect(fired).toEqual([]);
  vi.advanceTimersByTime(1);
  expect(fired).toEqual(['a']);
  vi.advanceTimersByTime(DAY_MS);
  expect(fired).toEqual(['a']);
});

test('a timer of many days fires then, and not at once as those of Node do', () => {
  systemClock.setTimeout(() => fired.push('a'), 60 * DAY_MS);
  vi.advanceTimersByTime(60 * DAY_MS - 1);
  expect(fired).toEqual([]);
  vi.advanceTimersByTime(1);
  expect(fired).toEqual(['a']);
});

test('one that is cancelled fires no more, in none of its hops', () => {
  const short = systemClock.setTimeout(() => fired.push('a'), 50);
  const long = systemClock.setTimeout(() => fired.push('b'), 60 * DAY_MS);
  short.cancel();
  vi.advanceTimersByTime(40 * DAY_MS);
  long.cancel();
  vi.advanceTimersByTime(40 * DAY_MS);
  expect(fired).toEqual([]);
  expect(vi.getTimerCount()).toBe(0);
});

test('what is deferred comes after what is ready, once', () => {
  systemClock.defer(() => fired.push('deferred'));
  fired.push('now');
  vi.advanceTimersByTime(0);
  expect(fired).toEqual(['now', 'deferred']);
});

test('a pause is over after its time', async () => {
  const over = pause(systemClock, 50).then(() => fired.push('over'));
  await vi.advanceTimersByTimeAsync(49);
  expect(fired).toEqual([]);
  await vi.advanceTimersByTimeAsync(1);
  await over;
  expect(fired).toEqual(['over']);
});

test('the times are those of the system, and the dice are within their bounds', () => {
  expect(systemClock.now()).toBe(Date.now());
  const before = systemClock.monotonic();
  vi.advanceTimersByTime(5);
  expect(systemClock.monotonic() - before).toBe(5);
  const rolled = systemRandom();
  expect(rolled >= 0 && rolled < 1).toBe(true);
});
