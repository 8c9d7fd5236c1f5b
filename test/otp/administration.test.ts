/** Changing the children of a running supervisor, and supervisors that end with their significant children. */
import { expect, test } from 'vitest';
import {
  deleteChild,
  restartChild,
  startChild,
  terminateChild,
} from '../../src/otp/administration.ts';
import { childSpecOf, countChildren } from '../../src/otp/child-info.ts';
import type { AutoShutdown, ChildSpec, Restart } from '../../src/otp/child-spec.ts';
import { dynamicSupervisor } from '../../src/otp/dynamic-supervisor.ts';
import type { ExitReason } from '../../src/otp/exit-reason.ts';
import { IGNORE } from '../../src/otp/gen-server.ts';
import {
  type SupervisorOptions,
  type SupervisorRef,
  startTree,
  supervisor,
  whichChildren,
} from '../../src/otp/supervisor.ts';
import { child, crash, deferred, findPuppet, puppet, type World, world } from './support.ts';

const code = (expected: string) => expect.objectContaining({ code: expected });
const never = () => new Promise<never>(() => {});

async function start(
  w: World,
  options: Partial<SupervisorOptions> & { readonly children: readonly ChildSpec[] },
) {
  const spec = supervisor({ id: 'root', strategy: 'one_for_one', ...options });
  const root = await startTree(w.system, spec);
  w.notes.length = 0;
  return root;
}

const standing = (root: SupervisorRef) =>
  whichChildren(root).map(({ id, status }) => `${id} ${status}`);

async function end(w: World, name: string, reason: ExitReason): Promise<void> {
  const call = findPuppet(w, name).call('stop', reason);
  await call.catch(() => {});
  await w.clock.settle();
}

// ── orders ───────────────────────────────────────────────────────────────────────────────────────────────────────

test('a child that is started later stands last, and is stopped first', async () => {
  const w = world();
  const root = await start(w, { children: [child(w, 'a')] });
  expect(await startChild(root, child(w, 'b'))).toBe(findPuppet(w, 'b'));
  expect(standing(root)).toEqual(['a running', 'b running']);
  await w.system.stop(root);
  expect(w.notes).toEqual(['+b', '-b', '-a']);
});

test('a child that was started later is restarted like the others', async () => {
  const w = world();
  const root = await start(w, { children: [child(w, 'a')], strategy: 'one_for_all' });
  await startChild(root, child(w, 'b'));
  await crash(w, 'a');
  expect(w.notes).toEqual(['+b', '-a', '-b', '+a', '+b']);
});

test('the id of a living child is taken: already_started', async () => {
  const w = world();
  const root = await start(w, { children: [child(w, 'a')] });
  await expect(startChild(root, child(w, 'a'))).rejects.toEqual(code('already_started'));
});

test('the id of a child that has ended is taken too: already_present', async () => {
  const w = world();
  const root = await start(w, { children: [child(w, 'a')] });
  await terminateChild(root, 'a');
  await expect(startChild(root, child(w, 'a'))).rejects.toEqual(code('already_present'));
});

test('a thousand racing starts of one id give one child', async () => {
  const w = world();
  const root = await start(w, { children: [] });
  const opened = deferred();
  const spec = child(w, 'a', { init: () => opened.promise });
  const starts = Array.from({ length: 1_000 }, () => startChild(root, spec));
  opened.resolve();
  const outcomes = await Promise.allSettled(starts);
  expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  expect([standing(root), w.notes]).toEqual([['a running'], ['+a']]);
});

test('a child that does not start is not kept, and hurts nobody', async () => {
  const w = world();
  const root = await start(w, { children: [child(w, 'a')] });
  const failing = child(w, 'b', { init: () => Promise.reject(new Error('boom')) });
  await expect(startChild(root, failing)).rejects.toMatchObject({
    code: 'start_failed',
    cause: { message: 'boom' },
  });
  expect([standing(root), w.notes]).toEqual([['a running'], ['+b']]);
});

test('a further child that is not wanted keeps its place, unless it is temporary', async () => {
  const w = world();
  const root = await start(w, { children: [] });
  const init = () => IGNORE;
  expect(await startChild(root, child(w, 'a', { init }))).toBeUndefined();
  expect(await startChild(root, child(w, 'b', { init, restart: 'temporary' }))).toBeUndefined();
  expect(standing(root)).toEqual(['a ignored']);
});

test('an order waits until a restart that is under way is done', async () => {
  const w = world();
  const opened = deferred();
  let isSlow = false;
  const init = () => (isSlow ? opened.promise : undefined);
  const root = await start(w, { children: [child(w, 'a', { init })] });
  isSlow = true;
  await crash(w, 'a');
  const started = startChild(root, child(w, 'b'));
  await w.clock.settle();
  expect(standing(root)).toEqual(['a restarting']);
  opened.resolve();
  await started;
  expect(standing(root)).toEqual(['a running', 'b running']);
});

test('a child that was terminated comes back when its siblings are restarted', async () => {
  const w = world();
  const children = [child(w, 'a'), child(w, 'b')];
  const root = await start(w, { children, strategy: 'one_for_all' });
  await terminateChild(root, 'b');
  await crash(w, 'a');
  expect(standing(root)).toEqual(['a running', 'b running']);
});

test('a child that is not wanted at its restart keeps its place', async () => {
  const w = world();
  let isWanted = true;
  const init = () => (isWanted ? undefined : IGNORE);
  const root = await start(w, { children: [child(w, 'a', { init })] });
  isWanted = false;
  await crash(w, 'a');
  expect(standing(root)).toEqual(['a ignored']);
  isWanted = true;
  await restartChild(root, 'a');
  expect(standing(root)).toEqual(['a running']);
});

test('a child that is terminated stays down, and its declaration stays', async () => {
  const w = world();
  const root = await start(w, { children: [child(w, 'a'), child(w, 'b')] });
  await terminateChild(root, 'a');
  await w.clock.settle();
  expect([standing(root), w.notes]).toEqual([['a stopped', 'b running'], ['-a']]);
});

test('a temporary child that is terminated is forgotten', async () => {
  const w = world();
  const root = await start(w, { children: [child(w, 'a', { restart: 'temporary' })] });
  await terminateChild(root, 'a');
  expect(standing(root)).toEqual([]);
});

test('terminating does not count as a restart', async () => {
  const w = world();
  const root = await start(w, { children: [child(w, 'a')], maxRestarts: 0 });
  for (let i = 0; i < 3; i++) {
    await terminateChild(root, 'a');
    await restartChild(root, 'a');
  }
  expect([root.alive, standing(root)]).toEqual([true, ['a running']]);
});

test('a child that does not end when it is terminated is killed after its shutdownMs', async () => {
  const w = world();
  const root = await start(w, { children: [child(w, 'a', { shutdownMs: 50, terminate: never })] });
  const terminated = terminateChild(root, 'a');
  await w.clock.advance(50);
  await terminated;
  expect(standing(root)).toEqual(['a stopped']);
});

test('a terminated child starts again when it is asked to', async () => {
  const w = world();
  const root = await start(w, { children: [child(w, 'a')] });
  await terminateChild(root, 'a');
  expect(await restartChild(root, 'a')).toBe(findPuppet(w, 'a'));
  expect(standing(root)).toEqual(['a running']);
});

test('a child that does not start again when asked stays down, and its supervisor lives', async () => {
  const w = world();
  let broken = false;
  const init = () => (broken ? Promise.reject(new Error('boom')) : undefined);
  const root = await start(w, { children: [child(w, 'a', { init })], maxRestarts: 0 });
  await terminateChild(root, 'a');
  broken = true;
  await expect(restartChild(root, 'a')).rejects.toEqual(code('start_failed'));
  expect([root.alive, standing(root)]).toEqual([true, ['a stopped']]);
});

test('a running child can be neither restarted nor deleted', async () => {
  const w = world();
  const root = await start(w, { children: [child(w, 'a')] });
  await expect(restartChild(root, 'a')).rejects.toEqual(code('running'));
  await expect(deleteChild(root, 'a')).rejects.toEqual(code('running'));
});

test('a child that waits for its restart can be neither restarted nor deleted, but terminated', async () => {
  const w = world();
  const root = await start(w, { children: [child(w, 'a')], restartGapMs: 1_000 });
  await crash(w, 'a');
  await expect(restartChild(root, 'a')).rejects.toEqual(code('restarting'));
  await expect(deleteChild(root, 'a')).rejects.toEqual(code('restarting'));
  await expect(startChild(root, child(w, 'a'))).rejects.toEqual(code('already_started'));
  await terminateChild(root, 'a');
  await w.clock.advance(2_000);
  expect([standing(root), w.notes]).toEqual([['a stopped'], ['-a']]);
});

test('a deleted child is forgotten, and its id is free', async () => {
  const w = world();
  const root = await start(w, { children: [child(w, 'a'), child(w, 'b')] });
  await terminateChild(root, 'a');
  await deleteChild(root, 'a');
  expect(standing(root)).toEqual(['b running']);
  await startChild(root, child(w, 'a'));
  expect(standing(root)).toEqual(['b running', 'a running']);
});

test('a child that nobody declared is not_found', async () => {
  const root = await start(world(), { children: [] });
  for (const order of [terminateChild, restartChild, deleteChild])
    await expect(order(root, 'a')).rejects.toEqual(code('not_found'));
  expect(() => childSpecOf(root, 'a')).toThrow(code('not_found'));
});

test('an order to a dead supervisor rejects with noproc', async () => {
  const w = world();
  const root = await start(w, { children: [] });
  await w.system.stop(root);
  await expect(startChild(root, child(w, 'a'))).rejects.toEqual(code('noproc'));
});

test('who has given an order is told when the supervisor is killed meanwhile', async () => {
  const w = world();
  const root = await start(w, { children: [] });
  const starting = startChild(root, child(w, 'a', { init: never })).catch((error) => error.code);
  const waiting = terminateChild(root, 'a').catch((error) => error.code);
  await w.clock.settle();
  w.system.exit(root, 'kill');
  expect([await starting, await waiting]).toEqual(['callee_died', 'callee_died']);
  expect(w.system.size).toBe(0);
});

test('a supervisor that is to stop gives up the start that it was ordered', async () => {
  const w = world();
  const root = await start(w, { children: [child(w, 'a')] });
  const starting = startChild(root, child(w, 'b', { init: never })).catch((error) => error.code);
  await w.clock.settle();
  w.system.exit(root, 'shutdown');
  expect([await starting, await root.exited]).toEqual(['start_failed', 'shutdown']);
});

test('nothing is started for an order behind the one that a supervisor gives up to stop', async () => {
  const w = world();
  const root = await start(w, { children: [child(w, 'a')] });
  const first = startChild(root, child(w, 'b', { init: never })).catch((error) => error.code);
  const second = startChild(root, child(w, 'c')).catch((error) => error);
  await w.clock.settle();
  w.system.exit(root, 'shutdown');
  expect(await first).toBe('start_failed');
  expect(await second).toMatchObject({ code: 'start_failed', reason: 'shutdown' });
  expect([await root.exited, w.notes]).toEqual(['shutdown', ['+b', '-a']]);
});

test('an order with a deadline gives up waiting for a child that is slow to start', async () => {
  const w = world();
  const root = await start(w, { children: [] });
  const starting = startChild(root, child(w, 'a', { init: never }), { timeoutMs: 100 });
  const late = expect(starting).rejects.toEqual(code('timeout'));
  await w.clock.advance(100);
  await late;
});

test('only a supervisor with a list of children takes orders', async () => {
  const w = world();
  const dynamic = dynamicSupervisor({ id: 'live', maxChildren: 1, child: () => child(w, 'a') });
  const root = await start(w, { children: [dynamic] });
  const [{ ref } = { ref: undefined }] = whichChildren(root);
  for (const other of [ref ?? root, await puppet(w, 'p')])
    await expect(startChild(other, child(w, 'a'))).rejects.toEqual(code('unknown_call'));
});

test('children are counted by their kind and by their life', async () => {
  const w = world();
  const inner = supervisor({ id: 'inner', strategy: 'one_for_one', children: [] });
  const root = await start(w, { children: [child(w, 'a'), inner, child(w, 'b')] });
  await terminateChild(root, 'a');
  expect(countChildren(root)).toEqual({ specs: 3, active: 2, supervisors: 1, workers: 2 });
});

test('a child that waits for its restart is counted, but not as alive', async () => {
  const w = world();
  const root = await start(w, { children: [child(w, 'a')], restartGapMs: 1_000 });
  await crash(w, 'a');
  expect(countChildren(root)).toEqual({ specs: 1, active: 0, supervisors: 0, workers: 1 });
});

test('the declaration of a child can be read back', async () => {
  const w = world();
  const spec = child(w, 'a', { restart: 'transient' });
  const root = await start(w, { children: [spec] });
  expect(childSpecOf(root, 'a')).toBe(spec);
});

test('unless they say otherwise, children are permanent, and have 5 s to end, supervisors forever', async () => {
  const w = world();
  const inner = supervisor({ id: 'inner', strategy: 'one_for_one', children: [] });
  const root = await start(w, { children: [child(w, 'a'), inner] });
  const defaults = ['a', 'inner'].map((id) => {
    const { type, restart, shutdownMs, significant = false } = childSpecOf(root, id);
    return [type, restart, shutdownMs, significant];
  });
  expect(defaults).toEqual([
    ['worker', 'permanent', 5_000, false],
    ['supervisor', 'permanent', 'infinity', false],
  ]);
});

test.each<[string, Partial<SupervisorOptions>, Partial<ChildSpec>]>([
  ['no id', {}, { id: '' }],
  ['no such restart', {}, { restart: 'sometimes' as Restart }],
  ['a shutdown in the past', {}, { shutdownMs: -1 }],
  ['no such type', {}, { type: 'machine' as 'worker' }],
  ['no start', {}, { start: undefined as never }],
  ['a significant permanent child', { autoShutdown: 'any_significant' }, { significant: true }],
  ['a significant child for nothing', {}, { significant: true, restart: 'transient' }],
  ['a negative budget', { maxRestarts: -1 }, {}],
  ['a window without time', { maxSeconds: 0 }, {}],
])('a declaration with %s is refused with bad_spec', async (_, options, change) => {
  const w = world();
  const spec: ChildSpec = { ...child(w, 'a'), ...change };
  const declare = () =>
    supervisor({ id: 'root', strategy: 'one_for_one', ...options, children: [spec] });
  expect(declare).toThrow(code('bad_spec'));
});

test('a further child whose declaration cannot work is refused with bad_spec', async () => {
  const w = world();
  const root = await start(w, { children: [] });
  const spec: ChildSpec = { ...child(w, 'a'), shutdownMs: Number.NaN };
  await expect(startChild(root, spec)).rejects.toEqual(code('bad_spec'));
});

// ── significant children ─────────────────────────────────────────────────────────────────────────────────────────

const significant = (w: World, name: string, restart: Restart = 'transient') =>
  child(w, name, { restart, significant: true });

const family = (w: World, autoShutdown: AutoShutdown) =>
  start(w, {
    autoShutdown,
    children: [significant(w, 'a'), child(w, 'b'), significant(w, 'c', 'temporary')],
  });

test('any_significant: the first significant child that ends takes the supervisor along', async () => {
  const w = world();
  const root = await family(w, 'any_significant');
  await end(w, 'a', 'normal');
  expect(w.notes).toEqual(['-a', '-c', '-b']);
  expect(await root.exited).toBe('shutdown');
});

test('all_significant: the last significant child that ends takes the supervisor along', async () => {
  const w = world();
  const root = await family(w, 'all_significant');
  await end(w, 'a', 'shutdown');
  expect(root.alive).toBe(true);
  await end(w, 'c', 'normal');
  expect(await root.exited).toBe('shutdown');
});

test('a significant temporary child takes the supervisor along by a crash, too', async () => {
  const w = world();
  const root = await family(w, 'any_significant');
  await crash(w, 'c');
  expect(await root.exited).toBe('shutdown');
});

test('a significant transient child that crashes is restarted, and nobody ends', async () => {
  const w = world();
  const root = await family(w, 'any_significant');
  await crash(w, 'a');
  expect([root.alive, standing(root)]).toEqual([true, ['a running', 'b running', 'c running']]);
});

test('a child that is not significant takes nobody along', async () => {
  const w = world();
  const children = [significant(w, 'a'), child(w, 'b', { restart: 'transient' })];
  const root = await start(w, { autoShutdown: 'any_significant', children });
  await end(w, 'b', 'normal');
  expect(root.alive).toBe(true);
});

test('a significant child that is terminated by order takes nobody along', async () => {
  const w = world();
  const root = await family(w, 'any_significant');
  await terminateChild(root, 'a');
  await terminateChild(root, 'c');
  expect(root.alive).toBe(true);
});

test('significant siblings that a restart stops take nobody along', async () => {
  const w = world();
  const children = [child(w, 'a'), significant(w, 'b', 'temporary'), significant(w, 'c')];
  const root = await start(w, {
    autoShutdown: 'any_significant',
    strategy: 'one_for_all',
    children,
  });
  await crash(w, 'a');
  expect([root.alive, standing(root)]).toEqual([true, ['a running', 'c running']]);
});

test('a supervisor may itself be significant', async () => {
  const w = world();
  const inner = supervisor({
    id: 'inner',
    strategy: 'one_for_one',
    restart: 'transient',
    significant: true,
    autoShutdown: 'all_significant',
    children: [significant(w, 'a')],
  });
  const root = await start(w, { autoShutdown: 'any_significant', children: [inner] });
  await end(w, 'a', 'normal');
  expect(await root.exited).toBe('shutdown');
});
