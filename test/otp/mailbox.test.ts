/** Mailboxes are bounded for others; the runtime's own messages always fit; nobody else feels a flood. */
import { expect, test } from 'vitest';
import { puppet, world } from './support.ts';

const full = expect.objectContaining({ code: 'mailbox_full', retryAfterMs: expect.any(Number) });

test('a mailbox takes 1,000 messages of others, and refuses the next one to its sender', async () => {
  const p = await puppet(world(), 'p');
  const calls = Array.from({ length: 1_000 }, () => p.call('state'));
  await expect(p.call('state')).rejects.toEqual(full);
  expect(await Promise.all(calls)).toHaveLength(1_000);
});

test('a cast that finds no room throws', async () => {
  const p = await puppet(world(), 'p', { mailboxLimit: 1 });
  p.cast('note', 'one');
  expect(() => p.cast('note', 'two')).toThrow(full);
});

test('there is room again once messages are handled', async () => {
  const w = world();
  const p = await puppet(w, 'p', { mailboxLimit: 1 });
  p.cast('note', 'one');
  await w.clock.settle();
  expect(await p.call('state')).toBe(0);
});

test("an actor's own infos and DOWNs are taken by a full mailbox too", async () => {
  const w = world();
  const [p, other] = [await puppet(w, 'p', { mailboxLimit: 1 }), await puppet(w, 'other')];
  await p.call('act', (self) => {
    self.monitor(other);
    p.cast('note', 'fills it');
    self.send('note', 'to myself');
  });
  await w.system.stop(other);
  expect(w.notes.slice(2)).toEqual(['fills it', 'to myself', '-other', 'down other normal']);
});

test('a caller that gave up makes no room before its turn, but costs no work', async () => {
  const w = world();
  const p = await puppet(w, 'p');
  const reductions = w.system.inspect(p).reductions;
  const call = expect(p.call('state', undefined, { timeoutMs: 0 })).rejects.toMatchObject({
    code: 'timeout',
  });
  await w.clock.advance(1);
  await call;
  expect(w.system.inspect(p).reductions - reductions).toBeLessThanOrEqual(1);
});

test('an actor that never rests starves neither timers nor other actors', async () => {
  const w = world();
  const [busy, other] = [await puppet(w, 'busy'), await puppet(w, 'other')];
  await busy.call('act', (self) => {
    const spin = (): readonly ['note', string] => {
      self.pipe(Promise.resolve(), spin, spin);
      return ['note', '.'];
    };
    spin();
  });
  expect(await other.call('state')).toBe(0);
  await new Promise((resolve) => setImmediate(resolve));
  expect(await other.call('state')).toBe(0);
  w.system.exit(busy, 'kill');
});

test("an actor's own infos take no room from others", async () => {
  const p = await puppet(world(), 'p', { mailboxLimit: 1 });
  await p.call('act', (self) => {
    for (let i = 0; i < 10; i++) self.send('note', 'mine');
    p.cast('note', 'fits in');
  });
  expect(p.alive).toBe(true);
});

test('nobody waits until a flooded actor is through', async () => {
  const w = world();
  const [flooded, other] = [
    await puppet(w, 'flooded', { mailboxLimit: 10_000 }),
    await puppet(w, 'o'),
  ];
  for (let i = 0; i < 10_000; i++) flooded.cast('note', '.');
  await other.call('state');
  expect(w.system.inspect(flooded).mailbox).toBeGreaterThan(9_000);
});
