/** GenServer: calls, casts, infos, replies now and later, and what callers see when something goes wrong. */
import { expect, test } from 'vitest';
import { z } from 'zod';
import { genServer, noreply, protocol, reply, replyAfter, stop } from '../../src/otp/gen-server.ts';
import { System } from '../../src/otp/system.ts';
import { virtualClock } from '../../src/otp/virtual-clock.ts';

const counterProtocol = protocol({
  calls: {
    add: { request: z.int(), reply: z.int() },
    value: { request: z.void(), reply: z.int() },
    crash: { request: z.void(), reply: z.void() },
    never: { request: z.void(), reply: z.void() },
    commit: { request: z.custom<Promise<number>>(), reply: z.int() },
  },
  casts: { set: z.int() },
  infos: { tick: z.void() },
});

const Counter = genServer(counterProtocol, {
  init: (start: number, self) => {
    self.sendAfter(100, 'tick');
    return start;
  },
  handleCall: {
    add: (n, state) => reply(state + n, state + n),
    value: (_, state) => reply(state, state),
    crash: () => {
      throw new Error('boom');
    },
    never: (_, state) => noreply(state),
    commit: (promise, _state) =>
      replyAfter(promise, (state, value) => reply(state + value, state + value)),
  },
  handleCast: { set: (n) => noreply(n) },
  handleInfo: { tick: (_, state) => (state < 0 ? stop('normal', state) : noreply(state + 1_000)) },
});

const quiet = () => {
  const clock = virtualClock();
  return { clock, system: new System({ clock, onReport: () => {} }) };
};

test('a call gives the handler its request and the caller its reply', async () => {
  const counter = await Counter.start(quiet().system, 1);
  expect(await counter.call('add', 2)).toBe(3);
  expect(await counter.call('value')).toBe(3);
});

test('a cast is handled in order with calls', async () => {
  const counter = await Counter.start(quiet().system, 1);
  counter.cast('set', 7);
  expect(await counter.call('value')).toBe(7);
});

test('a timer sends its info when its time has come', async () => {
  const { clock, system } = quiet();
  const counter = await Counter.start(system, 1);
  await clock.advance(99);
  expect(await counter.call('value')).toBe(1);
  await clock.advance(1);
  expect(await counter.call('value')).toBe(1_001);
});

test('a crash reaches the caller with its reason and ends only this actor', async () => {
  const { system } = quiet();
  const counter = await Counter.start(system, 1);
  await expect(counter.call('crash')).rejects.toMatchObject({ code: 'callee_died' });
  await expect(counter.call('value')).rejects.toMatchObject({ code: 'noproc' });
  expect(counter.alive).toBe(false);
});

test('a call that is not answered in time is rejected', async () => {
  const { clock, system } = quiet();
  const counter = await Counter.start(system, 1);
  const call = expect(counter.call('never')).rejects.toMatchObject({ code: 'timeout' });
  await clock.advance(5_000);
  await call;
});

test('replyAfter changes the state only when the promise is fulfilled', async () => {
  const { system } = quiet();
  const counter = await Counter.start(system, 1);
  let fulfil = (_: number) => {};
  const answer = counter.call(
    'commit',
    new Promise<number>((resolve) => {
      fulfil = resolve;
    }),
  );
  expect(await counter.call('value')).toBe(1);
  fulfil(4);
  expect(await answer).toBe(5);
});
