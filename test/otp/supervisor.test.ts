/** Supervisors: order, strategies, restart types, budgets, escalation. */
import { expect, test } from 'vitest';
import type { ChildSpec } from '../../src/otp/child-spec.ts';
import type { ExitReason } from '../../src/otp/exit-reason.ts';
import { IGNORE } from '../../src/otp/gen-server.ts';
import { nameOf } from '../../src/otp/name.ts';
import { onlyIf } from '../../src/otp/only-if.ts';
import type { ActorRef } from '../../src/otp/ref.ts';
import type { Self } from '../../src/otp/self.ts';
import {
  type Strategy,
  type SupervisorOptions,
  startTree,
  supervisor,
  whichChildren,
} from '../../src/otp/supervisor.ts';
import {
  child,
  crash,
  deferred,
  findPuppet,
  kill,
  type Puppet,
  type PuppetProtocol,
  puppet,
  type World,
  world,
} from './support.ts';

const boom = () => {
  throw new Error('boom');
};

async function start(
  w: World,
  options: Partial<SupervisorOptions> & { readonly children: readonly ChildSpec[] },
) {
  const root = await startTree(
    w.system,
    supervisor({ id: 'root', strategy: 'one_for_one', ...options }),
  );
  w.notes.length = 0;
  return root;
}

const abc = (w: World) => ['a', 'b', 'c'].map((name) => child(w, name));

test('children start in the order of their list and stop in reverse', async () => {
  const w = world();
  const root = await startTree(
    w.system,
    supervisor({ id: 'root', strategy: 'one_for_one', children: abc(w) }),
  );
  await w.system.stop(root);
  expect(w.notes).toEqual(['+a', '+b', '+c', '-c', '-b', '-a']);
  expect(w.system.size).toBe(0);
});

test('a child starts only when the one before it is up', async () => {
  const w = world();
  const opened = deferred();
  const children = [child(w, 'a', { init: () => opened.promise }), child(w, 'b')];
  const starting = startTree(
    w.system,
    supervisor({ id: 'root', strategy: 'one_for_one', children }),
  );
  await w.clock.settle();
  expect(w.notes).toEqual(['+a']);
  opened.resolve();
  await starting;
  expect(w.notes).toEqual(['+a', '+b']);
});

test('a child that does not start undoes those before it, in reverse, and fails the supervisor', async () => {
  const w = world();
  const children = [child(w, 'a'), child(w, 'b'), child(w, 'c', { init: boom })];
  const starting = startTree(
    w.system,
    supervisor({ id: 'root', strategy: 'one_for_one', children }),
  );
  await expect(starting).rejects.toMatchObject({
    code: 'start_failed',
    reason: { shutdown: { child: 'c', reason: { crashed: { message: 'boom' } } } },
  });
  expect(w.notes).toEqual(['+a', '+b', '-b', '-a']);
  expect(w.system.size).toBe(0);
});

test('two children of one id are refused', () => {
  const w = world();
  const children = [child(w, 'a'), child(w, 'a')];
  expect(() => supervisor({ id: 'root', strategy: 'one_for_one', children })).toThrow(
    expect.objectContaining({ code: 'bad_spec' }),
  );
});

const victims: readonly [Strategy, readonly string[]][] = [
  ['one_for_one', ['-b', '+b']],
  ['rest_for_one', ['-b', '-c', '+b', '+c']],
  ['one_for_all', ['-b', '-c', '-a', '+a', '+b', '+c']],
];
test.each(victims)(
  '%s restarts its victims in order, and nobody else',
  async (strategy, expected) => {
    const w = world();
    const root = await start(w, { strategy, children: abc(w) });
    const before = whichChildren(root);
    await crash(w, 'b');
    expect(w.notes).toEqual(expected);
    const restarted = whichChildren(root).filter(({ ref }, i) => ref !== before[i]?.ref);
    expect(restarted.map(({ id }) => `+${id}`)).toEqual(
      expected.filter((note) => note.startsWith('+')),
    );
  },
);

const ends: readonly ExitReason[] = [
  'normal',
  'shutdown',
  { shutdown: 'idle' },
  'killed',
  { crashed: 'x' },
];
test.each([
  ['permanent', [true, true, true, true, true]],
  ['transient', [false, false, false, true, true]],
  ['temporary', [false, false, false, false, false]],
] as const)(
  'a %s child is restarted after the reasons that its type says',
  async (restart, expected) => {
    for (const [i, reason] of ends.entries()) {
      const w = world();
      await start(w, { children: [child(w, 'a', { restart })] });
      await findPuppet(w, 'a')
        .call('stop', reason)
        .catch(() => {});
      await w.clock.settle();
      expect([reason, w.notes.includes('+a')]).toEqual([reason, expected[i]]);
    }
  },
);

test('a temporary child that ended is forgotten, a transient one keeps its place', async () => {
  const w = world();
  const children = [
    child(w, 'a', { restart: 'temporary' }),
    child(w, 'b', { restart: 'transient' }),
  ];
  const root = await start(w, { children });
  for (const name of ['a', 'b'])
    await findPuppet(w, name)
      .call('stop', 'normal')
      .catch(() => {});
  await w.clock.settle();
  expect(whichChildren(root)).toEqual([
    { id: 'b', kind: 'worker', status: 'stopped', ref: undefined },
  ]);
});

test('a temporary sibling that one_for_all stops does not come back', async () => {
  const w = world();
  const children = [child(w, 'a', { restart: 'temporary' }), child(w, 'b')];
  const root = await start(w, { strategy: 'one_for_all', children });
  await crash(w, 'b');
  expect(w.notes).toEqual(['-b', '-a', '+b']);
  expect(whichChildren(root).map(({ id }) => id)).toEqual(['b']);
});

test('the names of a crashed child are free before its successor starts', async () => {
  const w = world();
  await start(w, { children: [child(w, 'a')] });
  const before = findPuppet(w, 'a');
  await crash(w, 'a');
  expect(findPuppet(w, 'a')).not.toBe(before);
  expect(w.reports.map(({ kind }) => kind)).toEqual(['crash', 'child_exited', 'child_restarted']);
});

test('three restarts in five seconds are allowed, a fourth ends the supervisor, children first', async () => {
  const w = world();
  const root = await start(w, { children: abc(w) });
  for (let i = 0; i < 3; i++) await crash(w, 'b');
  expect(root.alive).toBe(true);
  w.notes.length = 0;
  await crash(w, 'b');
  expect(w.notes).toEqual(['-b', '-c', '-a']);
  expect(await root.exited).toEqual({ shutdown: 'max_restarts' });
  expect(w.reports.at(-1)).toMatchObject({
    kind: 'gave_up',
    child: 'b',
    maxRestarts: 3,
    maxSeconds: 5,
  });
});

test('the restart window slides', async () => {
  const w = world();
  const root = await start(w, { children: [child(w, 'a')], maxRestarts: 1, maxSeconds: 5 });
  for (let i = 0; i < 4; i++) {
    await crash(w, 'a');
    await w.clock.advance(5_001);
  }
  expect(root.alive).toBe(true);
  await crash(w, 'a');
  await crash(w, 'a');
  expect(root.alive).toBe(false);
});

test('a supervisor without budget gives up at the first restart', async () => {
  const w = world();
  const root = await start(w, { children: [child(w, 'a')], maxRestarts: 0 });
  await crash(w, 'a');
  expect(root.alive).toBe(false);
});

/** An init that works once, fails `times` times, and works again. */
const failsAgain = (times: number) => {
  let left = times + 1;
  return () => (left-- === times + 1 || left < 0 ? 0 : boom());
};

test('a restart that fails to start is tried again, and counted', async () => {
  const w = world();
  const root = await start(w, { children: [child(w, 'a', { init: failsAgain(2) })] });
  await crash(w, 'a');
  expect(w.notes).toEqual(['-a', '+a']);
  expect(root.alive).toBe(true);
  await crash(w, 'a');
  expect(root.alive).toBe(false);
});

test('a rest_for_one restart that fails half-way goes on from the child that failed', async () => {
  const w = world();
  const children = [child(w, 'a'), child(w, 'b', { init: failsAgain(1) }), child(w, 'c')];
  const root = await start(w, { strategy: 'rest_for_one', children });
  await crash(w, 'a');
  expect(w.notes).toEqual(['-a', '-c', '-b', '+a', '+b', '+c']);
  expect(whichChildren(root).map(({ status }) => status)).toEqual([
    'running',
    'running',
    'running',
  ]);
});

test('a one_for_all restart that fails half-way starts all over again', async () => {
  const w = world();
  const children = [child(w, 'a'), child(w, 'b', { init: failsAgain(1) }), child(w, 'c')];
  await start(w, { strategy: 'one_for_all', children });
  await crash(w, 'a');
  expect(w.notes).toEqual(['-a', '-c', '-b', '+a', '-a', '+a', '+b', '+c']);
});

test('a sibling that dies while another is restarted is restarted after it', async () => {
  const w = world();
  const opened = deferred();
  let slow = false;
  const init = () => (slow ? opened.promise : 0);
  const root = await start(w, { children: [child(w, 'a', { init }), child(w, 'b')] });
  slow = true;
  await crash(w, 'a');
  await crash(w, 'b');
  expect(w.notes).toEqual(['-a', '+a', '-b']);
  opened.resolve();
  await w.clock.settle();
  expect(w.notes).toEqual(['-a', '+a', '-b', '+b']);
  expect(whichChildren(root).map(({ status }) => status)).toEqual(['running', 'running']);
});

test('without a gap a child that crashes within the millisecond of its start starts again at once', async () => {
  const w = world();
  w.clock.jump(0.25);
  await start(w, { children: [child(w, 'a')] });
  await crash(w, 'a');
  expect([findPuppet(w, 'a').alive, w.clock.timers]).toEqual([true, 0]);
});

test('with a gap a child starts again no sooner than that, and nobody waits for it', async () => {
  const w = world();
  const children = [child(w, 'a', { init: failsAgain(3) }), child(w, 'b')];
  const root = await start(w, { children, maxRestarts: 3, maxSeconds: 1, restartGapMs: 1_000 });
  const starts = () => w.notes.filter((note) => note === '+a').length;
  await crash(w, 'a');
  expect([starts(), findPuppet(w, 'b').alive]).toEqual([0, true]);
  await crash(w, 'b');
  await w.clock.advance(1_000);
  expect(whichChildren(root).map(({ status }) => status)).toEqual(['restarting', 'running']);
  await w.clock.advance(4_000);
  expect(whichChildren(root).map(({ status }) => status)).toEqual(['running', 'running']);
  await w.clock.advance(10_000);
  await crash(w, 'a');
  expect(findPuppet(w, 'a').alive).toBe(true); // the first one starts at once
});

test('a supervisor that waits for a gap ends at once when it is told to', async () => {
  const w = world();
  const children = [child(w, 'a', { init: failsAgain(3) })];
  const root = await start(w, { children, restartGapMs: 1_000_000 });
  await crash(w, 'a');
  await w.system.stop(root);
  expect(w.clock.timers).toBe(0);
});

test('a supervisor out of budget is restarted by its own supervisor, with fresh children', async () => {
  const w = world();
  const inner = supervisor({
    id: 'inner',
    strategy: 'one_for_one',
    maxRestarts: 0,
    children: abc(w),
  });
  const root = await start(w, { children: [inner, child(w, 'd')] });
  await crash(w, 'b');
  expect(w.notes).toEqual(['-b', '-c', '-a', '+a', '+b', '+c']);
  expect(root.alive).toBe(true);
});

test('a fault that nobody can cure climbs to the root', async () => {
  const w = world();
  const leaf = supervisor({
    id: 'leaf',
    strategy: 'one_for_one',
    maxRestarts: 0,
    children: [child(w, 'a')],
  });
  const middle = supervisor({
    id: 'middle',
    strategy: 'one_for_one',
    maxRestarts: 0,
    children: [leaf],
  });
  const root = await start(w, { maxRestarts: 0, children: [middle] });
  await crash(w, 'a');
  expect(await root.exited).toEqual({ shutdown: 'max_restarts' });
  expect(w.system.size).toBe(0);
});

test('a transient supervisor out of budget is not restarted: it ended as a shutdown', async () => {
  const w = world();
  const inner = supervisor({
    id: 'inner',
    restart: 'transient',
    strategy: 'one_for_one',
    maxRestarts: 0,
    children: abc(w),
  });
  const root = await start(w, { children: [inner] });
  await crash(w, 'a');
  expect(whichChildren(root)).toMatchObject([{ id: 'inner', status: 'stopped' }]);
});

test('a child that is not wanted keeps its place without a process', async () => {
  const w = world();
  const children = [
    child(w, 'a', { init: () => IGNORE }),
    onlyIf(false, child(w, 'b')),
    child(w, 'c'),
  ];
  const root = await start(w, { children });
  expect(whichChildren(root).map(({ id, status }) => `${id} ${status}`)).toEqual([
    'a ignored',
    'b ignored',
    'c running',
  ]);
  expect(w.system.size).toBe(2);
});

test('a temporary child that is not wanted has no place', async () => {
  const w = world();
  const children = [
    child(w, 'a', { init: () => IGNORE, restart: 'temporary' }),
    child(w, 'b', { restart: 'temporary' }),
  ];
  const root = await start(w, { children });
  expect(whichChildren(root)).toMatchObject([{ id: 'b', status: 'running' }]);
});

test('a child that does not end within shutdownMs is killed', async () => {
  const w = world();
  const children = [child(w, 'a', { shutdownMs: 100, terminate: () => new Promise(() => {}) })];
  const root = await start(w, { children });
  const stopped = w.system.stop(root);
  await w.clock.advance(99);
  expect(root.alive).toBe(false);
  expect(w.system.size).toBe(2);
  await w.clock.advance(1);
  expect(await stopped).toBe('normal');
  expect(w.reports).toMatchObject([{ kind: 'child_killed', child: 'a', shutdownMs: 100 }]);
});

test('brutal_kill does not ask first', async () => {
  const w = world();
  const root = await start(w, {
    children: [child(w, 'a', { shutdownMs: 'brutal_kill' }), child(w, 'b')],
  });
  await w.system.stop(root);
  expect(w.notes).toEqual(['-b']);
});

test('brutal_kill of a child that is on its way out already is waited for', async () => {
  const w = world();
  const never = () => new Promise<void>(() => {});
  const children = [
    child(w, 'a', { restart: 'temporary', shutdownMs: 'brutal_kill', terminate: never }),
    child(w, 'b'),
  ];
  const root = await start(w, { strategy: 'one_for_all', children });
  w.system.exit(findPuppet(w, 'a'), { shutdown: 'enough' });
  await w.clock.settle();
  await crash(w, 'b');
  expect(w.notes).toEqual(['-a', '-b', '+b']);
  expect(await w.system.stop(root)).toBe('normal');
});

test('a supervisor that is killed while it stops a child starts nobody any more', async () => {
  const w = world();
  let starts = 0;
  const init = () => void starts++;
  const closed = deferred();
  const children = [child(w, 'a', { init }), child(w, 'b', { terminate: () => closed.promise })];
  const root = await start(w, { strategy: 'rest_for_one', children });
  await crash(w, 'a');
  await kill(w, root);
  closed.resolve();
  await w.clock.settle();
  expect([starts, w.system.size]).toEqual([1, 0]);
});

test('shutdownMs infinity waits', async () => {
  const w = world();
  const closed = deferred();
  const children = [child(w, 'a', { shutdownMs: 'infinity', terminate: () => closed.promise })];
  const root = await start(w, { children });
  const stopped = w.system.stop(root);
  await w.clock.advance(3_600_000);
  expect(w.system.size).toBe(2);
  closed.resolve();
  expect(await stopped).toBe('normal');
});

test('a killed child is restarted like a crashed one', async () => {
  const w = world();
  await start(w, { children: [child(w, 'a')] });
  await kill(w, findPuppet(w, 'a'));
  expect(w.notes).toEqual(['+a']);
});

test('a child that traps exits obeys its supervisor all the same, after what it was told before', async () => {
  const w = world();
  const root = await start(w, {
    children: [child(w, 'a', { init: (self) => self.trapExit(true) })],
  });
  findPuppet(w, 'a').cast('note', 'before');
  await w.system.stop(root);
  expect(w.notes).toEqual(['before', '-a']);
});

test('a child that traps exits in an init that does not end can be stopped', async () => {
  const w = world();
  const init = (self: Self<PuppetProtocol>) => {
    self.trapExit(true);
    return new Promise(() => {});
  };
  const abort = new AbortController();
  const root = supervisor({
    id: 'root',
    strategy: 'one_for_one',
    children: [child(w, 'a', { init })],
  });
  const starting = startTree(w.system, root, abort).catch(({ code }) => code);
  await w.clock.settle();
  abort.abort();
  expect(await starting).toBe('start_failed');
});

test('a supervisor that stops while the exit of a child is still in its mailbox does not wait for it', async () => {
  const w = world();
  const root = await start(w, { children: abc(w) });
  w.system.exit(findPuppet(w, 'b'), 'kill');
  expect(await w.system.stop(root)).toBe('normal');
  expect(w.notes).toEqual(['-c', '-a']);
});

test('a specification whose start throws or rejects is a child that does not start', async () => {
  const w = world();
  const throws: ChildSpec = { ...child(w, 'a'), start: boom };
  const rejects: ChildSpec = { ...child(w, 'a'), start: async () => boom() };
  for (const spec of [throws, rejects]) {
    const root = supervisor({ id: 'root', strategy: 'one_for_one', children: [spec] });
    await expect(startTree(w.system, root)).rejects.toMatchObject({
      reason: { shutdown: { child: 'a', reason: { crashed: { message: 'boom' } } } },
    });
  }
});

test('a child whose name is taken by a stranger is a child that does not start', async () => {
  const w = world();
  const name = nameOf<Puppet>('taken');
  const stranger = await puppet(w, 'stranger', { name });
  const children = [child(w, 'a', { name })];
  const root = supervisor({ id: 'root', strategy: 'one_for_one', children });
  await expect(startTree(w.system, root)).rejects.toMatchObject({
    reason: { shutdown: { reason: { crashed: { code: 'already_started', ref: stranger } } } },
  });
  expect(w.notes).toEqual(['+stranger']);
});

test('a supervisor is found under its name, also after it was restarted', async () => {
  const w = world();
  const name = nameOf<ActorRef>('inner');
  const inner = supervisor({ id: 'inner', name, strategy: 'one_for_one', children: abc(w) });
  await start(w, { children: [inner] });
  const before = w.system.fetch(name);
  await kill(w, before);
  expect(whichChildren(w.system.fetch(name)).map(({ id }) => id)).toEqual(['a', 'b', 'c']);
  expect(w.system.fetch(name)).not.toBe(before);
});
