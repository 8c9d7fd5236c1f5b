/** The clock that tests own. */
import { expect, test } from 'vitest';
import { virtualClock } from '../../src/otp/virtual-clock.ts';

test('timers fire in the order of their due times, then of their setting, with time standing at each', async () => {
  const clock = virtualClock(1_000);
  const fired: string[] = [];
  const at = (name: string, ms: number) =>
    clock.setTimeout(() => fired.push(`${name} ${clock.now()}`), ms);
  at('c', 30);
  at('a', 10);
  at('d', 30);
  at('b', 20);
  await clock.advance(30);
  expect(fired).toEqual(['a 1010', 'b 1020', 'c 1030', 'd 1030']);
});

test('a timer that is set on the way fires on the way if it is due', async () => {
  const clock = virtualClock(0);
  const fired: number[] = [];
  const again = () => {
    fired.push(clock.now());
    clock.setTimeout(again, 10);
  };
  again();
  await clock.advance(35);
  expect([fired, clock.now(), clock.monotonic()]).toEqual([[0, 10, 20, 30], 35, 35]);
});

test('a cancelled timer does not fire', async () => {
  const clock = virtualClock();
  let fired = false;
  clock
    .setTimeout(() => {
      fired = true;
    }, 10)
    .cancel();
  await clock.advance(10);
  expect([fired, clock.timers]).toEqual([false, 0]);
});
