/** Tasks: one-off work with an owner, a bound and an end. */
import { expect, test } from 'vitest';
import { countChildren } from '../../src/otp/child-info.ts';
import { nameOf } from '../../src/otp/name.ts';
import { startTree, supervisor, whichChildren } from '../../src/otp/supervisor.ts';
import { type TaskRunner, task, taskSupervisor } from '../../src/otp/task.ts';
import { deferred, kill, puppet, type World, world } from './support.ts';

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

// ── tasks beside their owner ─────────────────────────────────────────────────────────────────────────────────────

const boom = () => {
  throw new Error('boom');
};

test('a task runs beside its owner, who waits for it later', async () => {
  const { tasks } = await start(world());
  const work = deferred<number>();
  const task = tasks.async(() => work.promise);
  expect(task.ref.alive).toBe(true);
  work.resolve(42);
  expect([await task.await(), await task.await()]).toEqual([42, 42]);
});

test('a task that nobody waits for may fail without anybody being hurt', async () => {
  const w = world();
  const { tasks } = await start(w);
  tasks.async(boom);
  await w.clock.settle();
  expect([w.reports, tasks.size]).toEqual([[], 0]);
});

test('await gives what the work threw', async () => {
  const { tasks } = await start(world());
  await expect(tasks.async(boom).await()).rejects.toThrow('boom');
});

test('await gives up after its deadline, and ends the task', async () => {
  const w = world();
  const { tasks } = await start(w);
  const task = tasks.async(untilAborted(w));
  const late = expect(task.await({ timeoutMs: 100 })).rejects.toEqual(code('timeout'));
  await w.clock.advance(100);
  await late;
  expect([w.notes, task.ref.alive]).toEqual([['aborted'], false]);
});

test('await waits for five seconds unless it is told otherwise', async () => {
  const w = world();
  const { tasks } = await start(w);
  const late = tasks.async(untilAborted(w)).await();
  const told = late.catch((error) => error.code);
  await w.clock.advance(4_999);
  expect(tasks.size).toBe(1);
  await w.clock.advance(1);
  expect(await told).toBe('timeout');
});

test('yield looks whether a task is done, and lets it go on', async () => {
  const w = world();
  const { tasks } = await start(w);
  const work = deferred<number>();
  const task = tasks.async(() => work.promise);
  const looked = task.yield(100);
  await w.clock.advance(100);
  expect([await looked, task.ref.alive]).toEqual([undefined, true]);
  work.resolve(1);
  expect(await task.yield(0)).toEqual({ ok: true, value: 1 });
  const failed = tasks.async(boom);
  expect(await failed.yield(100)).toMatchObject({ ok: false, reason: { crashed: Error('boom') } });
});

test('a killed task is an outcome with its reason, and callee_died to who awaits it', async () => {
  const w = world();
  const { tasks } = await start(w);
  const task = tasks.async(untilAborted(w));
  await kill(w, task.ref);
  expect(await task.yield(0)).toEqual({ ok: false, reason: 'killed' });
  await expect(task.await()).rejects.toMatchObject({ code: 'callee_died', reason: 'killed' });
});

test('shutdown ends a task, and gives its outcome if it was done', async () => {
  const w = world();
  const { tasks } = await start(w);
  const [slow, quick] = [tasks.async(untilAborted(w)), tasks.async(() => 1)];
  await quick.await();
  expect([await slow.shutdown(), await quick.shutdown()]).toEqual([
    undefined,
    { ok: true, value: 1 },
  ]);
  expect([w.notes, tasks.size]).toEqual([['aborted'], 0]);
});

test('what an ended task still does is dropped', async () => {
  const w = world();
  const { tasks } = await start(w);
  const work = deferred<number>();
  const task = tasks.async(() => work.promise);
  await w.clock.settle();
  await task.shutdown();
  work.resolve(1);
  expect(await task.yield(0)).toEqual({ ok: false, reason: 'shutdown' });
});

test('a linked task that fails takes its owner along, with the reason', async () => {
  const w = world();
  const { tasks } = await start(w);
  const owner = await puppet(w, 'owner');
  tasks.async(boom, { owner });
  expect(await w.system.exited(owner)).toMatchObject({ crashed: { message: 'boom' } });
});

test('an owner that crashes takes its linked tasks along', async () => {
  const w = world();
  const { tasks } = await start(w);
  const owner = await puppet(w, 'owner');
  const task = tasks.async(untilAborted(w), { owner });
  await w.clock.settle();
  await kill(w, owner);
  expect([w.notes.includes('aborted'), task.ref.alive]).toEqual([true, false]);
});

test('a task of an owner that is dead already ends before it begins', async () => {
  const w = world();
  const { tasks } = await start(w);
  const owner = await puppet(w, 'owner');
  await kill(w, owner);
  const task = tasks.async(() => void w.notes.push('worked'), { owner });
  expect(await task.yield(0)).toEqual({ ok: false, reason: 'noproc' });
  expect(w.notes).not.toContain('worked');
});

test('a linked task that is done, shut down or given up on leaves its owner alone', async () => {
  const w = world();
  const { tasks } = await start(w);
  const owner = await puppet(w, 'owner');
  await tasks.async(() => 1, { owner }).await();
  await tasks.async(untilAborted(w), { owner }).shutdown();
  const late = tasks.async(untilAborted(w), { owner }).await({ timeoutMs: 100 });
  const told = late.catch((error) => error.code);
  await w.clock.advance(100);
  expect([await told, owner.alive]).toEqual(['timeout', true]);
});

test('a linked task that is out of its own time takes its owner along', async () => {
  const w = world();
  const { tasks } = await start(w);
  const owner = await puppet(w, 'owner');
  tasks.async(untilAborted(w), { owner, timeoutMs: 100 });
  await w.clock.advance(100);
  expect(owner.alive).toBe(false);
});

test('a task that runs for nobody crashes for itself, and is reported', async () => {
  const w = world();
  const { root, tasks } = await start(w);
  const ref = tasks.start(boom);
  expect(await w.system.exited(ref)).toMatchObject({ crashed: { message: 'boom' } });
  expect(w.reports).toMatchObject([{ kind: 'crash', actor: 'root/tasks/task-1' }]);
  expect(root.alive).toBe(true);
});

test('tasks under way are seen in the tree, and counted', async () => {
  const w = world();
  const { root, tasks } = await start(w);
  tasks.start(untilAborted(w));
  expect(w.system.tree(root)).toMatchObject({
    children: [{ id: 'tasks', children: [{ id: 'task-1', status: 'running' }] }],
  });
  expect(countChildren(tasks.ref)).toMatchObject({ active: 1, workers: 1 });
});

test('a task supervisor that is dead refuses', async () => {
  const w = world();
  const { root, tasks } = await start(w);
  await w.system.stop(root);
  expect(() => tasks.start(boom)).toThrow(code('noproc'));
  expect(() => tasks.async(boom)).toThrow(code('noproc'));
});

test('what is refused, late or ended is told by name', async () => {
  const w = world();
  const { tasks } = await start(w, 2);
  const late = tasks.run(untilAborted(w), { timeoutMs: 50 }).catch((error) => error);
  const ended = tasks.async(untilAborted(w));
  expect(() => tasks.start(() => 1)).toThrow('root/tasks has 2 tasks');
  await w.clock.advance(50);
  expect(await late).toMatchObject({
    ...{ code: 'timeout', message: 'root/tasks/task-1 was not done within 50 ms' },
  });
  const outcome = ended.await().catch((error) => error);
  await kill(w, ended.ref);
  expect(await outcome).toMatchObject({
    ...{ code: 'callee_died', message: 'root/tasks/task-2 ended before it was done (killed)' },
  });
});

test('tasks under way are seen in the tree, and none of what they do', async () => {
  const w = world();
  const { tasks } = await start(w);
  const running = tasks.async(untilAborted(w));
  await w.clock.settle();
  expect(w.system.inspect(tasks.ref)).toMatchObject({ kind: 'supervisor', alive: true });
  expect(w.system.tree(tasks.ref).children).toMatchObject([
    {
      id: 'task-1',
      kind: 'worker',
      status: 'running',
      restarts: 0,
      ref: running.ref,
      children: [],
    },
  ]);
  expect(w.system.inspect(running.ref).state).toBeUndefined();
});

test('a task that is waited for within its time is not ended afterwards', async () => {
  const w = world();
  const { tasks } = await start(w);
  const work = deferred<number>();
  const running = tasks.async(() => work.promise);
  const first = running.yield(10);
  await w.clock.advance(10);
  expect(await first).toBeUndefined();
  work.resolve(7);
  expect(await running.await()).toBe(7);
  expect(await running.yield(Number.POSITIVE_INFINITY)).toEqual({ ok: true, value: 7 });
  expect(await running.shutdown()).toEqual({ ok: true, value: 7 });
  await w.clock.settle();
  expect(w.clock.timers).toBe(0);
});
