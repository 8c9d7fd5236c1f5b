/** Monitors and links: who is told of a death, how often, and who goes along. */
import { expect, test } from 'vitest';
import { nameOf } from '../../src/otp/name.ts';
import type { MonitorRef } from '../../src/otp/self.ts';
import { processOf } from '../../src/otp/system.ts';
import { watch } from '../../src/otp/ties.ts';
import { deferred, kill, type Puppet, puppet, type World, world } from './support.ts';

const monitor = (watcher: Puppet, target: Puppet) =>
  watcher.call('act', (self) => self.monitor(target)) as Promise<MonitorRef>;
const link = (a: Puppet, b: Puppet) => a.call('act', (self) => self.link(b));
const trap = (p: Puppet) => p.call('act', (self) => self.trapExit(true));

async function pair(w: World): Promise<readonly [Puppet, Puppet]> {
  const made = [await puppet(w, 'a'), await puppet(w, 'b')] as const;
  w.notes.length = 0;
  return made;
}

test('a monitor tells of a death once', async () => {
  const w = world();
  const [a, b] = await pair(w);
  await monitor(a, b);
  await kill(w, b);
  w.system.exit(b, 'kill');
  await w.clock.settle();
  expect(w.notes).toEqual(['down b killed']);
});

test('each monitor of one actor brings its own DOWN', async () => {
  const w = world();
  const [a, b] = await pair(w);
  await monitor(a, b);
  await monitor(a, b);
  await kill(w, b);
  expect(w.notes).toEqual(['down b killed', 'down b killed']);
});

test('a monitor of a dead actor brings noproc at once', async () => {
  const w = world();
  const [a, b] = await pair(w);
  await kill(w, b);
  await monitor(a, b);
  await a.call('state');
  expect(w.notes).toEqual(['down b noproc']);
});

test('demonitor takes back a DOWN that is in the mailbox already', async () => {
  const w = world();
  const [a, b] = await pair(w);
  await kill(w, b);
  await a.call('act', (self) => self.demonitor(self.monitor(b)));
  await a.call('state');
  expect(w.notes).toEqual([]);
});

test('a DOWN comes after the messages that the dead actor sent before', async () => {
  const w = world();
  const [a, b] = await pair(w);
  await monitor(a, b);
  await b.call('act', (self) => {
    a.cast('note', 'last words');
    self.exit('shutdown');
  });
  await w.clock.settle();
  expect(w.notes).toEqual(['-b', 'last words', 'down b shutdown']);
});

test('an abnormal death takes linked actors along, with the same reason', async () => {
  const w = world();
  const [a, b] = await pair(w);
  await link(a, b);
  await b.call('crash').catch(() => {});
  expect(await w.system.exited(a)).toMatchObject({ crashed: { message: 'boom' } });
});

test('a normal death takes nobody along', async () => {
  const w = world();
  const [a, b] = await pair(w);
  await link(a, b);
  await w.system.stop(b);
  expect(a.alive).toBe(true);
});

test('after unlink both go their own ways', async () => {
  const w = world();
  const [a, b] = await pair(w);
  await link(a, b);
  await b.call('act', (self) => self.unlink(a));
  await kill(w, b);
  expect(a.alive).toBe(true);
});

test('who traps exits is told of them instead, normal ones too', async () => {
  const w = world();
  const [a, b] = await pair(w);
  await trap(a);
  await link(a, b);
  await w.system.stop(b);
  expect(w.notes).toEqual(['-b', 'exit b normal']);
  expect(a.alive).toBe(true);
});

test('who traps exits can still end itself', async () => {
  const w = world();
  const a = await puppet(w, 'a');
  await trap(a);
  await a.call('act', (self) => self.exit('shutdown'));
  expect(await w.system.exited(a)).toBe('shutdown');
  expect(w.notes).toEqual(['+a', '-a']);
});

test('who traps exits is told of a death that comes during its init', async () => {
  const w = world();
  const opened = deferred();
  const other = await puppet(w, 'other');
  const starting = puppet(w, 'a', {
    init: (self) => {
      self.trapExit(true);
      self.link(other);
      return opened.promise;
    },
  });
  await kill(w, other);
  opened.resolve();
  expect((await starting).alive).toBe(true);
  await w.clock.settle();
  expect(w.notes).toContain('exit other killed');
});

test('a kill cannot be trapped, and reaches linked actors as killed, which can', async () => {
  const w = world();
  const [a, b] = await pair(w);
  await Promise.all([trap(a), trap(b)]);
  await link(a, b);
  await kill(w, b);
  expect(b.alive).toBe(false);
  expect(w.notes).toEqual(['exit b killed']);
});

test('a link to a dead actor is an exit signal with noproc', async () => {
  const w = world();
  const [a, b] = await pair(w);
  await kill(w, b);
  await link(a, b);
  expect(await w.system.exited(a)).toBe('noproc');
});

test('an exit signal with normal ends only who sends it to itself', async () => {
  const w = world();
  const [a, b] = await pair(w);
  w.system.exit(a, 'normal');
  await b.call('act', (self) => self.exit('normal'));
  await w.clock.settle();
  expect([a.alive, b.alive]).toEqual([true, false]);
});

test('a ring of links falls as a whole', async () => {
  const w = world();
  const ring = await Promise.all(Array.from({ length: 50 }, (_, i) => puppet(w, `p${i}`)));
  for (const [i, p] of ring.entries()) await link(p, ring[(i + 1) % ring.length] as Puppet);
  await kill(w, ring[17] as Puppet);
  expect(w.system.size).toBe(0);
});

test('the names of the dead are free before anyone is told', async () => {
  const w = world();
  const [a] = await pair(w);
  const name = nameOf<number>('name');
  await a.call('act', (self) => self.register(name, 1));
  const seen: unknown[] = [];
  watch(processOf(a), () => void seen.push(w.system.find(name)));
  await kill(w, a);
  expect(seen).toEqual([undefined]);
});

test('an unlink of actors that were never linked does nothing', async () => {
  const w = world();
  const [a, b] = [await puppet(w, 'a'), await puppet(w, 'b')];
  await b.call('act', (self) => void self.monitor(a));
  await a.call('act', (self) => self.unlink(b));
  expect([a.alive, b.alive]).toEqual([true, true]);
});
