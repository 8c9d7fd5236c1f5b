/** Mailboxes are bounded for others; the runtime's own messages always fit; nobody else feels a flood. */
import { expect, test } from 'vitest';
import { noreply } from '../../src/otp/gen-server.ts';
import { deferred, kill, type Puppet, puppet, type World, world } from './support.ts';

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

// ── waiting for room ─────────────────────────────────────────────────────────────────────────────────────────────

const waits = { whenFull: 'wait' } as const;
const act = (w: World, p: Puppet, note: string, options = {}) =>
  p.call('act', () => void w.notes.push(note), options);

test('a call that may wait is taken when there is room, in its turn', async () => {
  const w = world();
  const p = await puppet(w, 'p', { mailboxLimit: 1 });
  p.cast('note', 'first');
  const second = act(w, p, 'second', waits);
  const third = p.castOrWait('note', 'third').catch((error) => error.code);
  expect([w.system.inspect(p).mailbox, await third]).toEqual([1, 'mailbox_full']);
  await second;
  expect(w.notes).toEqual(['+p', 'first', 'second']);
});

test('those who wait for room are taken in the order in which they came', async () => {
  const w = world();
  const p = await puppet(w, 'p', { mailboxLimit: 3 });
  for (const text of ['1', '2', '3']) p.cast('note', text);
  const waiting = [
    p.castOrWait('note', '4'),
    act(w, p, '5', waits),
    p.castOrWait('note', '6', { timeoutMs: Number.POSITIVE_INFINITY }),
  ];
  await Promise.all(waiting);
  await w.clock.settle();
  expect(w.notes).toEqual(['+p', '1', '2', '3', '4', '5', '6']);
});

test('no more wait for room than the mailbox holds', async () => {
  const w = world();
  const p = await puppet(w, 'p', { mailboxLimit: 2 });
  for (const text of ['1', '2']) p.cast('note', text);
  const waiting = [act(w, p, '3', waits), act(w, p, '4', waits)];
  await expect(act(w, p, '5', waits)).rejects.toEqual(full);
  await Promise.all(waiting);
  expect(w.notes).toEqual(['+p', '1', '2', '3', '4']);
});

/** A puppet whose `init` has not come back, so that nothing leaves its mailbox. */
async function stuck(w: World) {
  const opened = deferred<number>();
  const made = deferred<Puppet>();
  const init = (self: { readonly ref: Puppet }) => {
    made.resolve(self.ref);
    return opened.promise;
  };
  void puppet(w, 'p', { init, mailboxLimit: 1 }).catch(() => {});
  const p = await made.promise;
  p.cast('note', 'first');
  return { p, opened };
}

test('who waits for room gives up when the time is up, and is not carried out', async () => {
  const w = world();
  const { p, opened } = await stuck(w);
  const late = act(w, p, 'late', { ...waits, timeoutMs: 100 }).catch((error) => error.code);
  await w.clock.advance(100);
  opened.resolve(1);
  await w.clock.settle();
  expect([await late, w.notes]).toEqual(['timeout', ['+p', 'first']]);
});

test('a cast that gives up waiting for room is not carried out either', async () => {
  const w = world();
  const { p, opened } = await stuck(w);
  const late = p.castOrWait('note', 'late', { timeoutMs: 100 }).catch((error) => error.code);
  await w.clock.advance(100);
  opened.resolve(1);
  await w.clock.settle();
  expect([await late, w.notes]).toEqual(['timeout', ['+p', 'first']]);
});

test('who waits for room is told when the actor dies; a cast does not mind', async () => {
  const w = world();
  const { p } = await stuck(w);
  const call = act(w, p, 'never', waits).catch((error) => error.code);
  await kill(w, p);
  expect(await call).toBe('callee_died');
  const again = await stuck(w);
  const cast = again.p.castOrWait('note', 'never');
  await kill(w, again.p);
  expect(await cast).toBeUndefined();
});

test('castOrWait throws nothing away when there is room', async () => {
  const w = world();
  const p = await puppet(w, 'p');
  await p.castOrWait('note', 'taken');
  await w.clock.settle();
  expect(w.notes).toEqual(['+p', 'taken']);
});

// ── fairness ─────────────────────────────────────────────────────────────────────────────────────────────────────

/** What each message costs, in virtual milliseconds. */
const COST_MS = 0.01;
const CALLERS = 100;
const ROUNDS = 50;

/** The 99th percentile of how long calls of actors among themselves take, in virtual time. */
async function p99(isFlooded: boolean): Promise<number> {
  const w = world();
  const crowd = await Promise.all(Array.from({ length: CALLERS }, (_, i) => puppet(w, `p${i}`)));
  const work = () => w.clock.jump(COST_MS);
  const flooded = await puppet(w, 'flooded', { mailboxLimit: 1_000_000 });
  const toil = (_: unknown, n: number) => {
    work();
    return noreply(n);
  };
  for (let i = 0; isFlooded && i < 50_000; i++) void flooded.call('handle', toil).catch(() => {});
  const tookMs: number[] = [];
  const calls = async (p: Puppet) => {
    for (let round = 0; round < ROUNDS; round++) {
      const sinceMs = w.clock.monotonic();
      await p.call('act', work);
      tookMs.push(w.clock.monotonic() - sinceMs);
    }
  };
  await Promise.all(crowd.map(calls));
  expect(w.system.inspect(flooded).mailbox > 0).toBe(isFlooded);
  w.system.exit(flooded, 'kill');
  return tookMs.toSorted((a, b) => a - b)[Math.floor(tookMs.length * 0.99)] ?? 0;
}

test('one flooded actor does not raise the p99 of a hundred others above twice', async () => {
  const [alone, besideFlood] = [await p99(false), await p99(true)];
  expect(alone).toBeGreaterThan(0);
  expect(besideFlood / alone).toBeLessThan(2);
});

test('a mailbox without room for a single message is refused', async () => {
  for (const mailboxLimit of [0, Number.NaN])
    await expect(puppet(world(), 'p', { mailboxLimit })).rejects.toMatchObject({
      code: 'bad_spec',
    });
});
