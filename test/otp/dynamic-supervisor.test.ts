/** Dynamic supervisors: children on demand, a budget per child, parking. */

import { expect, test } from 'vitest';
import { countChildren } from '../../src/otp/child-info.ts';
import {
  type DynamicOptions,
  type DynamicRef,
  dynamicSupervisor,
} from '../../src/otp/dynamic-supervisor.ts';
import { IGNORE } from '../../src/otp/gen-server.ts';
import { nameOf } from '../../src/otp/name.ts';
import type { Shutdown } from '../../src/otp/program.ts';
import { startTree, supervisor } from '../../src/otp/supervisor.ts';
import {
  child,
  crash,
  deferred,
  findPuppet,
  kill,
  type Puppet,
  type World,
  world,
} from './support.ts';

const name = nameOf<DynamicRef<string, Puppet>>('puppets');
const code = (expected: string) => expect.objectContaining({ code: expected });

async function start(w: World, options: Partial<DynamicOptions<string, Puppet>> = {}) {
  const spec = dynamicSupervisor<string, Puppet>({
    id: 'puppets',
    name,
    maxChildren: 100,
    maxRestarts: 2,
    backoff: { firstMs: 100, factor: 2, maxMs: 1_000 },
    child: (key) => child(w, key, { restart: 'transient' }),
    ...options,
  });
  await startTree(w.system, supervisor({ id: 'root', strategy: 'one_for_one', children: [spec] }));
  return w.system.fetch(name);
}

test('ensure starts a child, and then gives the running one', async () => {
  const w = world();
  const puppets = await start(w);
  const first = await puppets.ensure('a');
  expect(await puppets.ensure('a')).toBe(first);
  expect(puppets.find('a')).toBe(first);
  expect([puppets.size, w.notes]).toEqual([1, ['+a']]);
});

test('a thousand racing ensures of one key give one actor', async () => {
  const w = world();
  const opened = deferred();
  const puppets = await start(w, { child: (key) => child(w, key, { init: () => opened.promise }) });
  const all = Array.from({ length: 1_000 }, () => puppets.ensure('a'));
  opened.resolve();
  expect(new Set(await Promise.all(all)).size).toBe(1);
  expect(w.notes).toEqual(['+a']);
});

test('a child that is slow to start keeps nobody else waiting', async () => {
  const w = world();
  const init = (key: string) => () => (key === 'slow' ? new Promise(() => {}) : undefined);
  const puppets = await start(w, { child: (key) => child(w, key, { init: init(key) }) });
  void puppets.ensure('slow');
  expect(await (await puppets.ensure('quick')).call('state')).toBe(0);
});

test('a child that does not start is nobody: ensure says why, and may be tried again', async () => {
  const w = world();
  let broken = true;
  const init = () => {
    if (broken) throw new Error('boom');
  };
  const puppets = await start(w, { child: (key) => child(w, key, { init }) });
  await expect(puppets.ensure('a')).rejects.toMatchObject({
    code: 'start_failed',
    cause: { message: 'boom' },
  });
  expect(puppets.size).toBe(0);
  broken = false;
  expect((await puppets.ensure('a')).alive).toBe(true);
});

test('a child that is not wanted is no child', async () => {
  const w = world();
  const puppets = await start(w, { child: (key) => child(w, key, { init: () => IGNORE }) });
  await expect(puppets.ensure('a')).rejects.toEqual(code('ignored'));
  expect(puppets.size).toBe(0);
});

test('a child that ends normally is forgotten', async () => {
  const w = world();
  const puppets = await start(w);
  const first = await puppets.ensure('a');
  await w.system.stop(first);
  await w.clock.settle();
  expect([puppets.size, puppets.find('a')]).toEqual([0, undefined]);
  expect(await puppets.ensure('a')).not.toBe(first);
});

test('an ensure that meets a child on its way out waits, and gets a new one', async () => {
  const w = world();
  const closed = deferred();
  let terminate = () => closed.promise;
  const puppets = await start(w, {
    child: (key) => child(w, key, { restart: 'transient', terminate: () => terminate() }),
  });
  const first = await puppets.ensure('a');
  const stopped = w.system.stop(first);
  await w.clock.settle();
  const second = puppets.ensure('a');
  terminate = () => Promise.resolve();
  closed.resolve();
  await stopped;
  expect(await second).not.toBe(first);
  expect(w.notes).toEqual(['+a', '-a', '+a']);
});

test('a crashed child is restarted after its backoff, which doubles', async () => {
  const w = world();
  const puppets = await start(w);
  await puppets.ensure('a');
  await crash(w, 'a');
  await w.clock.advance(99);
  expect(puppets.find('a')).toBeUndefined();
  await w.clock.advance(1);
  expect(puppets.find('a')?.alive).toBe(true);
  await crash(w, 'a');
  await w.clock.advance(199);
  expect(puppets.find('a')).toBeUndefined();
  await w.clock.advance(1);
  expect(puppets.find('a')?.alive).toBe(true);
});

test('ensure waits for a child in its backoff', async () => {
  const w = world();
  const puppets = await start(w);
  const first = await puppets.ensure('a');
  await crash(w, 'a');
  const again = puppets.ensure('a');
  await w.clock.advance(100);
  expect(await again).not.toBe(first);
  expect(w.notes).toEqual(['+a', '-a', '+a']);
});

async function crashUntilParked(w: World, puppets: DynamicRef<string, Puppet>, key: string) {
  await puppets.ensure(key);
  for (let i = 0; i < 3; i++) {
    await crash(w, key);
    await w.clock.advance(i < 2 ? 1_000 : 0);
  }
}

test('a child out of its own budget is parked, and nobody else notices', async () => {
  const w = world();
  const parked: string[] = [];
  const puppets = await start(w, { onPark: (key) => void parked.push(key) });
  const other = await puppets.ensure('other');
  await crashUntilParked(w, puppets, 'sick');
  expect(parked).toEqual(['sick']);
  expect([puppets.find('other'), puppets.size]).toEqual([other, 1]);
  expect(w.reports.at(-1)).toMatchObject({ kind: 'parked', child: 'sick', restarts: 2 });
});

test('those who wait for a child that is parked instead are told so', async () => {
  const w = world();
  const puppets = await start(w, { maxRestarts: 0 });
  await puppets.ensure('sick');
  findPuppet(w, 'sick').cast('crash');
  w.system.exit(findPuppet(w, 'sick'), { crashed: new Error('injected') });
  await expect(puppets.ensure('sick')).rejects.toEqual(code('parked'));
});

test('ensure gives a parked child another chance, with its crashes still counted', async () => {
  const w = world();
  const parked: string[] = [];
  const puppets = await start(w, { onPark: (key) => void parked.push(key) });
  await crashUntilParked(w, puppets, 'sick');
  expect((await puppets.ensure('sick')).alive).toBe(true);
  expect(puppets.children()).toMatchObject([{ key: 'sick', status: 'running', restarts: 2 }]);
  await crash(w, 'sick');
  expect(parked).toEqual(['sick', 'sick']);
});

test('crashes outside the window do not count', async () => {
  const w = world();
  const puppets = await start(w, { maxRestarts: 1, maxSeconds: 5 });
  await puppets.ensure('a');
  for (let i = 0; i < 5; i++) {
    await crash(w, 'a');
    await w.clock.advance(6_000);
  }
  expect(puppets.find('a')?.alive).toBe(true);
});

test('no more than maxChildren at one time; parked ones do not count', async () => {
  const w = world();
  const puppets = await start(w, { maxChildren: 1, maxRestarts: 0 });
  await puppets.ensure('a');
  await expect(puppets.ensure('b')).rejects.toEqual(code('max_children'));
  await crash(w, 'a');
  await puppets.ensure('b');
  await expect(puppets.ensure('a')).rejects.toEqual(code('max_children'));
});

test('the longest parked child is forgotten when there are too many', async () => {
  const w = world();
  const puppets = await start(w, { maxChildren: 2, maxRestarts: 0 });
  for (const key of ['a', 'b', 'c']) {
    await puppets.ensure(key);
    await crash(w, key);
  }
  expect(puppets.children().map(({ key, status }) => `${key} ${status}`)).toEqual([
    'b parked',
    'c parked',
  ]);
});

test('stop ends a child and forgets it, for everyone who asks', async () => {
  const w = world();
  const puppets = await start(w);
  await puppets.ensure('a');
  await Promise.all([puppets.stop('a'), puppets.stop('a'), puppets.stop('nobody')]);
  expect([puppets.size, w.system.size, w.notes]).toEqual([0, 2, ['+a', '-a']]);
});

test('stop ends the wait for a restart too', async () => {
  const w = world();
  const puppets = await start(w);
  await puppets.ensure('a');
  await crash(w, 'a');
  await puppets.stop('a');
  await w.clock.advance(1_000);
  expect([puppets.size, w.notes]).toEqual([0, ['+a', '-a']]);
});

test('stop cuts a start short', async () => {
  const w = world();
  const puppets = await start(w, {
    child: (key) => child(w, key, { init: () => new Promise(() => {}) }),
  });
  const starting = expect(puppets.ensure('a')).rejects.toEqual(code('start_failed'));
  await puppets.stop('a');
  await starting;
  expect(puppets.size).toBe(0);
});

test('children stop in parallel', async () => {
  const w = world();
  const terminate = () => new Promise<void>(() => {});
  const puppets = await start(w, {
    child: (key) => child(w, key, { shutdownMs: 1_000, terminate }),
  });
  for (const key of ['a', 'b', 'c']) await puppets.ensure(key);
  const stopped = w.system.stop(puppets.ref);
  await w.clock.advance(1_000);
  expect(await stopped).toBe('normal');
});

test('a killed dynamic supervisor takes its children along and comes back empty, under its name', async () => {
  const w = world();
  const before = await start(w);
  await before.ensure('a');
  await kill(w, before.ref);
  const after = w.system.fetch(name);
  expect(after).not.toBe(before);
  expect([after.size, w.notes]).toEqual([0, ['+a', '-a']]);
  await expect(before.ensure('a')).rejects.toEqual(code('noproc'));
});

test('a dynamic supervisor that is told to end stops its children first', async () => {
  const w = world();
  const puppets = await start(w);
  await puppets.ensure('a');
  const ended = w.system.exited(puppets.ref);
  w.system.exit(puppets.ref, 'shutdown');
  expect([await ended, w.notes]).toEqual(['shutdown', ['+a', '-a']]);
  expect(w.reports.filter(({ kind }) => kind === 'crash')).toEqual([]);
});

test('those who wait for a child when its supervisor is killed are told', async () => {
  const w = world();
  const puppets = await start(w);
  await puppets.ensure('a');
  await crash(w, 'a');
  const waiting = expect(puppets.ensure('a')).rejects.toEqual(code('noproc'));
  await kill(w, puppets.ref);
  await waiting;
});

test('an onPark that throws is reported and hurts nobody', async () => {
  const w = world();
  const onPark = () => {
    throw new Error('boom');
  };
  const puppets = await start(w, { maxRestarts: 0, onPark });
  await puppets.ensure('a');
  await crash(w, 'a');
  expect(w.reports.at(-1)).toMatchObject({ kind: 'fault', during: 'onPark' });
  expect((await puppets.ensure('b')).alive).toBe(true);
});

test('a parked child that does not start again stays parked', async () => {
  const w = world();
  let broken = false;
  const init = () => {
    if (broken) throw new Error('still sick');
  };
  const puppets = await start(w, { maxRestarts: 0, child: (key) => child(w, key, { init }) });
  await puppets.ensure('sick');
  await crash(w, 'sick');
  broken = true;
  await expect(puppets.ensure('sick')).rejects.toEqual(code('start_failed'));
  expect(puppets.children()).toMatchObject([{ key: 'sick', status: 'parked' }]);
});

test('a child that does not start is forgotten, and so is a parked one that is not wanted any more', async () => {
  const w = world();
  let then: () => unknown = () => undefined;
  const init = () => then();
  const puppets = await start(w, { maxRestarts: 0, child: (key) => child(w, key, { init }) });
  await puppets.ensure('sick');
  await crash(w, 'sick');
  then = () => {
    throw new Error('boom');
  };
  await expect(puppets.ensure('new')).rejects.toEqual(code('start_failed'));
  expect(puppets.children()).toMatchObject([{ key: 'sick', status: 'parked' }]);
  then = () => IGNORE;
  await expect(puppets.ensure('sick')).rejects.toEqual(code('ignored'));
  expect(puppets.children()).toEqual([]);
});

test('stop cuts a restart short, and no other follows', async () => {
  const w = world();
  let starts = 0;
  const init = () => (++starts === 1 ? undefined : new Promise<void>(() => {}));
  const puppets = await start(w, { child: (key) => child(w, key, { init }) });
  await puppets.ensure('a');
  await crash(w, 'a');
  await w.clock.advance(100);
  expect([starts, puppets.children()[0]?.status]).toEqual([2, 'restarting']);
  await puppets.stop('a');
  await w.clock.advance(10_000);
  expect([starts, puppets.children()]).toEqual([2, []]);
});

test('start refuses a key whose child is there, with its ref', async () => {
  const w = world();
  const puppets = await start(w);
  const first = await puppets.start('a');
  await expect(puppets.start('a')).rejects.toMatchObject({ code: 'already_started', ref: first });
  await crash(w, 'a');
  await expect(puppets.start('a')).rejects.toEqual(code('already_started'));
});

test('a thousand racing starts of one key give one actor', async () => {
  const w = world();
  const opened = deferred();
  const puppets = await start(w, { child: (key) => child(w, key, { init: () => opened.promise }) });
  const starts = Array.from({ length: 1_000 }, () => puppets.start('a'));
  opened.resolve();
  const outcomes = await Promise.allSettled(starts);
  expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  expect(w.notes).toEqual(['+a']);
});

test('start gives a parked child another chance', async () => {
  const w = world();
  const puppets = await start(w);
  await crashUntilParked(w, puppets, 'sick');
  expect((await puppets.start('sick')).alive).toBe(true);
});

test('what a child was started with holds for its restarts', async () => {
  const w = world();
  const withArgs = nameOf<DynamicRef<string, Puppet, [number]>>('counters');
  const spec = dynamicSupervisor<string, Puppet, [number]>({
    id: 'counters',
    name: withArgs,
    maxChildren: 10,
    child: (key, count) => child(w, key, { init: () => count }),
  });
  await startTree(w.system, supervisor({ id: 'root', strategy: 'one_for_one', children: [spec] }));
  const counters = w.system.fetch(withArgs);
  await counters.ensure('a', 7);
  await crash(w, 'a');
  await w.clock.advance(10);
  expect(await (await counters.ensure('a', 8)).call('state')).toBe(7);
});

test('children are counted like those of any supervisor', async () => {
  const w = world();
  const puppets = await start(w, { maxRestarts: 0 });
  for (const key of ['a', 'b']) await puppets.ensure(key);
  await crash(w, 'b');
  expect(countChildren(puppets.ref)).toEqual({ specs: 2, active: 1, supervisors: 0, workers: 2 });
});

test.each([
  { maxChildren: 0 },
  { maxChildren: Number.NaN },
  { maxRestarts: -1 },
  { maxSeconds: 0 },
])('a dynamic supervisor with %o is refused with bad_spec', async (options) => {
  await expect(start(world(), options)).rejects.toEqual(code('bad_spec'));
});

test.each([
  ['permanent', true, true],
  ['transient', false, true],
  ['temporary', false, false],
] as const)(
  'a %s child comes back after the ends that its type says',
  async (restart, ...comesBack) => {
    for (const [i, reason] of (['normal', { crashed: 'x' }] as const).entries()) {
      const w = world();
      const puppets = await start(w, { child: (key) => child(w, key, { restart }) });
      await (await puppets.ensure('a')).call('stop', reason).catch(() => {});
      await w.clock.advance(100);
      expect([restart, reason, puppets.size === 1]).toEqual([restart, reason, comesBack[i]]);
    }
  },
);

/** An init that works the first time only, and then does as it is told. */
const thenAgain = (then: () => unknown) => {
  let isFirst = true;
  return () => {
    if (!isFirst) return then();
    isFirst = false;
    return undefined;
  };
};

test('a restart that fails to start is tried again, and counts against the child alone', async () => {
  const w = world();
  const init = thenAgain(() => {
    throw new Error('boom');
  });
  const puppets = await start(w, { child: (key) => child(w, key, { init }) });
  await puppets.ensure('a');
  await crash(w, 'a');
  await w.clock.advance(100);
  expect(puppets.children()).toMatchObject([{ status: 'restarting', restarts: 1 }]);
  await w.clock.advance(200);
  expect(puppets.children()).toMatchObject([{ status: 'parked', restarts: 2 }]);
  expect(puppets.ref.alive).toBe(true);
});

test('a child that is not wanted at its restart is forgotten', async () => {
  const w = world();
  const init = thenAgain(() => IGNORE);
  const puppets = await start(w, { child: (key) => child(w, key, { init }) });
  await puppets.ensure('a');
  await crash(w, 'a');
  await w.clock.advance(100);
  expect(puppets.children()).toEqual([]);
});

test('a child in its backoff counts against maxChildren', async () => {
  const w = world();
  const puppets = await start(w, { maxChildren: 1 });
  await puppets.ensure('a');
  await crash(w, 'a');
  await expect(puppets.ensure('b')).rejects.toEqual(code('max_children'));
});

test('children of all shutdowns end with their supervisor, each in its way', async () => {
  const w = world();
  const shutdowns: Record<string, Shutdown> = { a: 'brutal_kill', b: 'infinity', c: 1_000 };
  const puppets = await start(w, {
    child: (key) => child(w, key, { shutdownMs: shutdowns[key] ?? 0 }),
  });
  const refs = await Promise.all(['a', 'b', 'c'].map((key) => puppets.ensure(key)));
  const ends = Promise.all(refs.map((ref) => w.system.exited(ref)));
  await w.system.stop(puppets.ref);
  expect(await ends).toEqual(['killed', 'shutdown', 'shutdown']);
});

test('a parked child that is not wanted any more is forgotten', async () => {
  const w = world();
  let isWanted = true;
  const init = () => (isWanted ? undefined : IGNORE);
  const puppets = await start(w, { maxRestarts: 0, child: (key) => child(w, key, { init }) });
  await puppets.ensure('sick');
  await crash(w, 'sick');
  isWanted = false;
  await expect(puppets.ensure('sick')).rejects.toEqual(code('ignored'));
  expect(puppets.children()).toEqual([]);
});

test.each([
  ['maxChildren must be at least 1: 0', { maxChildren: 0 }],
  ['maxRestarts must be at least 0: -1', { maxRestarts: -1 }],
  ['maxSeconds must be more than 0: 0', { maxSeconds: 0 }],
])('a declaration that cannot work is refused: %s', (message, fields) => {
  const declare = () =>
    dynamicSupervisor<string, Puppet>({
      ...{ id: 'puppets', name, maxChildren: 1, child: (key) => child(world(), key) },
      ...fields,
    });
  expect(declare).toThrow(expect.objectContaining({ code: 'bad_spec', message }));
});

test('it is seen as a supervisor with a size and a limit, and shows none of its children’s secrets', async () => {
  const w = world();
  const puppets = await start(w);
  await puppets.ensure('a');
  expect(w.system.inspect(puppets.ref)).toMatchObject({
    ...{ kind: 'supervisor', state: { size: 1, maxChildren: 100 } },
  });
  expect(w.system.tree(puppets.ref)).toMatchObject({
    ...{ strategy: 'dynamic', children: [{ id: 'a', status: 'running' }] },
  });
});
