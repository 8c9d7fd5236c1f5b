/** Tasks: one-off work with an owner, a bound and an end. */
import { expect, test } from 'vitest';
import { nameOf } from '../../src/otp/name.ts';
import { startTree, supervisor, whichChildren } from '../../src/otp/supervisor.ts';
import { type TaskRunner, task, taskSupervisor } from '../../src/otp/task.ts';
import { deferred, kill, type World, world } from './support.ts';

const name = nameOf<TaskRunner>('tasks');
const code = (expected: string) => expect.objectContaining({ code: expected });
const one = (w: World, spec: ReturnType<typeof task>) =>
  startTree(
    w.system,
    supervisor({ id: 'root', strategy: 'one_for_one', maxRestarts: 1, children: [spec] }),
  );

async function start(w: World, maxChildren = 10) {
  const root = await one(w, taskSupervisor({ id: 'tasks', name, maxChildren }));
  return { root, tasks: w.system.fetch(name) };
}

const untilAborted = (w: World) => (signal: AbortSignal) =>
  new Promise<never>(() => signal.addEventListener('abort', () => w.notes.push('aborted')));

test('a task gives the outcome of its work, good or bad', async () => {
  const { tasks } = await start(world());
  const failed = new Error('failed');
  expect(await tasks.run(async () => 42)).toBe(42);
  await expect(tasks.run(() => Promise.reject(failed))).rejects.toBe(failed);
});

test('a task that throws before its first await rejects too', async () => {
  const { tasks } = await start(world());
  const failed = new Error('failed');
  const work = () => {
    throw failed;
  };
  await expect(tasks.run(work)).rejects.toBe(failed);
});

test('a task is gone when it is done', async () => {
  const w = world();
  const { tasks } = await start(w);
  const work = deferred();
  const running = tasks.run(() => work.promise);
  await w.clock.settle();
  expect(tasks.size).toBe(1);
  work.resolve();
  await running;
  await w.clock.settle();
  expect([tasks.size, w.system.size]).toEqual([0, 2]);
});

test('a task out of time is aborted and rejects with timeout', async () => {
  const w = world();
  const { tasks } = await start(w);
  const late = expect(tasks.run(untilAborted(w), { timeoutMs: 100 })).rejects.toEqual(
    code('timeout'),
  );
  await w.clock.advance(100);
  await late;
  expect([w.notes, tasks.size]).toEqual([['aborted'], 0]);
});

test.each(['stop', 'kill'] as const)('a %s of their supervisor aborts its tasks', async (how) => {
  const w = world();
  const { root, tasks } = await start(w);
  const cut = expect(tasks.run(untilAborted(w))).rejects.toEqual(code('callee_died'));
  await w.clock.settle();
  const [{ ref } = { ref: undefined }] = whichChildren(root);
  if (ref && how === 'kill') await kill(w, ref);
  else await w.system.stop(root);
  await cut;
  expect(w.notes).toEqual(['aborted']);
});

test('no more than maxChildren tasks at one time', async () => {
  const w = world();
  const { tasks } = await start(w, 1);
  void tasks.run(untilAborted(w));
  await expect(tasks.run(async () => 1)).rejects.toEqual(code('max_children'));
});

test('a task as a child runs once and ends normally', async () => {
  const w = world();
  const run = async () => void w.notes.push('ran');
  const root = await one(w, task({ id: 'recovery', run }));
  await w.clock.settle();
  expect(w.notes).toEqual(['ran']);
  expect(whichChildren(root)).toMatchObject([{ id: 'recovery', status: 'stopped' }]);
});

test('a task as a child that fails is restarted, within the budget of its supervisor', async () => {
  const w = world();
  const run = async () => {
    w.notes.push('ran');
    throw new Error('boom');
  };
  const root = await one(w, task({ id: 'recovery', run }));
  expect(await root.exited).toEqual({ shutdown: 'max_restarts' });
  expect(w.notes).toEqual(['ran', 'ran']);
});

test('a task as a child is aborted when its supervisor stops', async () => {
  const w = world();
  const root = await one(
    w,
    task({ id: 'recovery', run: (_system, signal) => untilAborted(w)(signal) }),
  );
  await w.clock.settle();
  await w.system.stop(root);
  expect(w.notes).toEqual(['aborted']);
});
