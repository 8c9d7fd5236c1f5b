/** The test kit: what `greenroom/testing` gives. */
import { expect, test } from 'vitest';
import { z } from 'zod';
import { genServer, noreply, protocol, reply } from '../../src/otp/gen-server.ts';
import { nameOf } from '../../src/otp/name.ts';
import type { Ref } from '../../src/otp/ref.ts';
import { startTree, supervisor, whichChildren } from '../../src/otp/supervisor.ts';
import { System } from '../../src/otp/system.ts';
import {
  crash,
  Dice,
  delayStarts,
  failStarts,
  probe,
  simulate,
  startRehearsal,
  testSystem,
  until,
  virtualClock,
} from '../../src/testing/index.ts';

const shop = protocol({
  calls: { price: { request: z.string(), reply: z.number() } },
  casts: { sold: z.string() },
});
const Shop = genServer(shop, {
  init: () => 0,
  handleCall: { price: (_, sold) => reply(sold, sold) },
  handleCast: { sold: (_, sold) => noreply(sold + 1) },
});

const shopSpec = () => Shop.childSpec(undefined, { id: 'shop' });

test('a probe stands in for an actor, and hands out what it receives in order', async () => {
  const { system } = testSystem();
  const name = nameOf<Ref<typeof shop>>('shop');
  const stand = probe(system, shop, { name });
  const price = system.fetch(name).call('price', 'hat');
  system.fetch(name).cast('sold', 'hat');
  const { request, from } = await stand.nextCall('price');
  from.reply(12);
  expect([request, await price]).toEqual(['hat', 12]);
  expect(await stand.nextCast('sold')).toBe('hat');
  expect(stand.waiting).toEqual([]);
});

test('a probe waits in virtual time', async () => {
  const { system, clock } = testSystem();
  const stand = probe(system, shop);
  clock.setTimeout(() => stand.ref.cast('sold', 'hat'), 900);
  expect(await stand.next()).toEqual({ kind: 'cast', name: 'sold', message: 'hat' });
  expect(clock.monotonic()).toBe(900);
  await expect(stand.next(50)).rejects.toThrow('nothing came within 50 ms');
  await stand.nothing(50);
  expect(clock.monotonic()).toBe(1_000);
});

test('a probe waits in real time where the system has it', async () => {
  const system = new System();
  const stand = probe(system, shop);
  setTimeout(() => stand.ref.cast('sold', 'hat'), 5);
  expect(await stand.nextCast('sold', 20_000)).toBe('hat');
  await stand.stop();
});

test('a probe says what came instead of what was expected', async () => {
  const { system } = testSystem();
  const stand = probe(system, shop);
  for (let i = 0; i < 3; i++) stand.ref.cast('sold', 'hat');
  await expect(stand.nextCall('price')).rejects.toThrow(
    'the call price was expected, cast sold came',
  );
  await expect(stand.nextDown()).rejects.toThrow('a DOWN was expected, cast sold came');
  await expect(stand.nothing(1)).rejects.toThrow('nothing was expected, cast sold came');
});

test('a probe hears of the end of those that it watches, and lives on', async () => {
  const { system } = testSystem();
  const stand = probe(system, shop);
  const [a, b] = [await Shop.start(system, undefined), await Shop.start(system, undefined)];
  stand.monitor(a);
  stand.link(b);
  crash(a, 'tired');
  expect(await stand.nextDown()).toEqual({ kind: 'down', ref: a, reason: { crashed: 'tired' } });
  system.exit(b, 'kill');
  expect(await stand.nextExit()).toEqual({ kind: 'exit', ref: b, reason: 'killed' });
  await stand.nothing(1_000);
});

test('who asks a probe that ends without an answer is told', async () => {
  const { system } = testSystem();
  const stand = probe(system, shop);
  const price = stand.ref.call('price', 'hat');
  await stand.nextCall('price');
  await Promise.all([stand.stop(), expect(price).rejects.toMatchObject({ code: 'callee_died' })]);
});

test('a crash on order comes after what is in the mailbox, and is one like any other', async () => {
  const { system, clock, reports } = testSystem();
  const children = [shopSpec()];
  const root = await startTree(
    system,
    supervisor({ id: 'root', strategy: 'one_for_one', children }),
  );
  const shopRef = whichChildren(root)[0]?.ref as Ref<typeof shop>;
  shopRef.cast('sold', 'hat');
  const sold = shopRef.call('price', 'hat');
  crash(shopRef);
  expect(await sold).toBe(1);
  await until(clock, () => whichChildren(root)[0]?.ref !== shopRef);
  expect(reports.map(({ kind }) => kind)).toEqual(['crash', 'child_exited', 'child_restarted']);
});

test('starts fail and last as ordered', async () => {
  const { system, clock, reports } = testSystem();
  const failing = failStarts(shopSpec(), (nth) => nth === 2);
  const children = [delayStarts(failing, 1_000)];
  const starting = startTree(system, supervisor({ id: 'root', strategy: 'one_for_one', children }));
  await clock.advance(1_000);
  const [first] = whichChildren(await starting);
  if (first?.ref !== undefined) crash(first.ref);
  await until(clock, () => reports.at(-1)?.kind === 'child_restarted');
  expect(clock.monotonic()).toBe(3_000);
  const kinds = ['crash', 'child_exited', 'child_start_failed', 'child_restarted'];
  expect(reports.map(({ kind }) => kind)).toEqual(kinds);
});

test('what never comes true is an error that says what was waited for', async () => {
  const clock = virtualClock();
  await expect(until(clock, () => 1 > 2, 100)).rejects.toThrow(
    'still not true after 100 ms: () =>',
  );
  expect(clock.monotonic()).toBe(100);
});

test('a seed gives the same course, and a failure names it', async () => {
  const scenario = async ({
    system,
    clock,
    dice,
    trace,
  }: Parameters<Parameters<typeof simulate>[1]>[0]) => {
    const shops = await Promise.all(Array.from({ length: 5 }, () => Shop.start(system, undefined)));
    for (let i = 0; i < 50; i++) dice.pick(shops).cast('sold', 'hat');
    await clock.advance(10);
    for (const each of shops) trace.note(String(await each.call('price', 'hat')));
    return shops.length;
  };
  const [first, second] = [await simulate(7, scenario), await simulate(7, scenario)];
  expect(second).toEqual(first);
  expect(first).toMatchObject({ seed: 7, result: 5 });
  expect((await simulate(8, scenario)).hash).not.toBe(first.hash);
  const failing = simulate(7, () => Promise.reject(new Error('wrong')));
  await expect(failing).rejects.toThrow('seed 7: wrong');
});

test('dice are fair, and may be thrown again', () => {
  const throws = (seed: number) => {
    const dice = new Dice(seed);
    return Array.from({ length: 600 }, () => dice.int(1, 6));
  };
  expect(throws(1)).toEqual(throws(1));
  for (let face = 1; face <= 6; face++) {
    const times = throws(1).filter((thrown) => thrown === face).length;
    expect(times).toBeGreaterThan(50);
  }
  expect(() => new Dice(1).pick([])).toThrow(TypeError);
});

test('the rehearsal server answers as the API does', async () => {
  const rehearsal = await startRehearsal();
  const response = await fetch(`${rehearsal.url}/v1/models`, { headers: { 'x-api-key': 'any' } });
  expect(response.status).toBe(200);
  await rehearsal.close();
});
