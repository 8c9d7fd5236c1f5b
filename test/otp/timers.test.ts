/** Timers and promises that come back to the actor as infos. */
import { expect, test } from 'vitest';
import type { Timer } from '../../src/otp/clock.ts';
import { nameOf } from '../../src/otp/name.ts';
import { noreply } from '../../src/otp/result.ts';
import type { Self } from '../../src/otp/self.ts';
import {
  deferred,
  findPuppet,
  type Puppet,
  type PuppetProtocol,
  puppet,
  world,
} from './support.ts';

test('sendAfter sends its info once, when its time has come', async () => {
  const w = world();
  await puppet(w, 'p', { init: (self) => void self.sendAfter(100, 'note', 'due') });
  await w.clock.advance(99);
  expect(w.notes).toEqual(['+p']);
  await w.clock.advance(1_000);
  expect(w.notes).toEqual(['+p', 'due']);
});

test('a cancelled timer sends nothing', async () => {
  const w = world();
  const p = await puppet(w, 'p');
  const timer = (await p.call('act', (self) => self.sendAfter(100, 'note', 'due'))) as Timer;
  timer.cancel();
  await w.clock.advance(1_000);
  expect(w.notes).toEqual(['+p']);
});

test('sendEvery sends after each interval until it is cancelled', async () => {
  const w = world();
  const p = await puppet(w, 'p');
  const timer = (await p.call('act', (self) => self.sendEvery(100, 'note', 'tick'))) as Timer;
  await w.clock.advance(350);
  timer.cancel();
  await w.clock.advance(1_000);
  expect(w.notes).toEqual(['+p', 'tick', 'tick', 'tick']);
});

test('the timers of an actor die with it', async () => {
  const w = world();
  const p = await puppet(w, 'p', { init: (self) => void self.sendEvery(100, 'note', 'tick') });
  await w.system.stop(p);
  expect(w.clock.timers).toBe(0);
});

test('an actor that is ending, or dead, sets no timer, and may cancel the one that it did not get', async () => {
  const w = world();
  let set = (): Timer => ({ cancel: () => {} });
  const closed = deferred();
  const init = (self: Self<PuppetProtocol>) => {
    set = () => self.sendAfter(100, 'note', 'late');
  };
  const terminate = () => {
    set().cancel();
    set();
    return closed.promise;
  };
  const p = await puppet(w, 'p', { init, terminate });
  const others = w.clock.timers;
  const stopped = w.system.stop(p);
  await w.clock.settle();
  expect(w.clock.timers).toBe(others + 1); // the bound of its terminate
  closed.resolve();
  await stopped;
  set().cancel();
  set();
  expect(w.clock.timers).toBe(others);
});

test('pipe brings the outcome of a promise back as an info', async () => {
  const w = world();
  const p = await puppet(w, 'p');
  await p.call('act', (self) => {
    self.pipe(
      Promise.resolve(1),
      (n) => ['note', `got ${n}`],
      () => ['note', 'failed'],
    );
    self.pipe(
      Promise.reject(new Error('x')),
      () => ['note', 'got'],
      (e) => ['note', `failed ${e}`],
    );
  });
  await w.clock.settle();
  expect(w.notes).toEqual(['+p', 'got 1', 'failed Error: x']);
});

test('a pipe whose actor is dead ends nowhere', async () => {
  const w = world();
  const p = await puppet(w, 'p');
  const outcome = deferred();
  await p.call('act', (self) =>
    self.pipe(
      outcome.promise,
      () => ['note', 'late'],
      () => ['note', ''],
    ),
  );
  await w.system.stop(p);
  outcome.resolve();
  await w.clock.settle();
  expect(w.notes).toEqual(['+p', '-p']);
});

test('a pipe whose mapping throws crashes its actor', async () => {
  const w = world();
  const p = await puppet(w, 'p');
  const bug = new Error('bug');
  const broken = () => {
    throw bug;
  };
  await p.call('act', (self) => self.pipe(Promise.resolve(), broken, broken));
  expect(await w.system.exited(p)).toEqual({ crashed: bug });
});

test('a thousand calls under way need one timer', async () => {
  const w = world();
  const p = await puppet(w, 'p');
  const waiting = (_: unknown, state: number) => noreply(state);
  const calls = Array.from({ length: 1_000 }, () => p.call('handle', waiting));
  const late = expect(Promise.all(calls)).rejects.toMatchObject({ code: 'timeout' });
  await w.clock.settle();
  expect(w.clock.timers).toBe(1);
  await w.clock.advance(5_000);
  await late;
});

test("a call's time begins when its caller lets go of the loop, also before an actor that is busy", async () => {
  const w = world();
  const opened = deferred<number>();
  const name = nameOf<Puppet>('p');
  const starting = puppet(w, 'p', { name, init: () => opened.promise });
  const call = findPuppet(w, 'p').call('state', undefined, { timeoutMs: 100 });
  const late = expect(call).rejects.toMatchObject({ code: 'timeout' });
  w.clock.jump(1_000); // the caller goes on working
  await w.clock.advance(99);
  expect(w.clock.timers).toBe(2); // of the call, and of the init
  await w.clock.advance(1);
  await late;
  opened.resolve(0);
  await starting;
});

test('deadlines of different lengths are met in their order', async () => {
  const w = world();
  const p = await puppet(w, 'p');
  const met: number[] = [];
  for (const timeoutMs of [300, 100, 500, 200, 400, 100]) {
    const call = p.call('handle', (_, n) => ({ do: 'noreply', state: n }), { timeoutMs });
    call.catch(() => met.push(timeoutMs));
  }
  await w.clock.advance(250);
  expect(met.toSorted((a, b) => a - b)).toEqual([100, 100, 200]);
  await w.clock.advance(250);
  expect(met.toSorted((a, b) => a - b)).toEqual([100, 100, 200, 300, 400, 500]);
});

test('calls that were answered leave no timer behind once the first would have been late', async () => {
  const w = world();
  const p = await puppet(w, 'p');
  for (let i = 0; i < 3; i++) {
    await p.call('state');
    await w.clock.advance(10);
  }
  await w.clock.advance(4_970);
  expect(w.clock.timers).toBe(0);
});
