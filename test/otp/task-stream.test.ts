/** Streams of tasks: bounded, in order or as they come, and nothing left behind. */
import { expect, test } from 'vitest';
import { nameOf } from '../../src/otp/name.ts';
import { startTree, supervisor } from '../../src/otp/supervisor.ts';
import {
  type StreamOptions,
  type TaskOutcome,
  type TaskRunner,
  taskSupervisor,
} from '../../src/otp/task.ts';
import { deferred, type World, world } from './support.ts';

const name = nameOf<TaskRunner>('tasks');
const code = (expected: string) => expect.objectContaining({ code: expected });

async function start(w: World, maxChildren = 100): Promise<TaskRunner> {
  const children = [taskSupervisor({ id: 'tasks', name, maxChildren })];
  await startTree(w.system, supervisor({ id: 'root', strategy: 'one_for_one', children }));
  return w.system.fetch(name);
}

const said = (outcome: TaskOutcome<unknown>): unknown =>
  outcome.ok ? outcome.value : outcome.reason;

async function all(stream: AsyncIterable<TaskOutcome<unknown>>): Promise<unknown[]> {
  const outcomes: unknown[] = [];
  for await (const outcome of stream) outcomes.push(said(outcome));
  return outcomes;
}

/** Works that end when the test says so. */
function works(n: number) {
  const gates = Array.from({ length: n }, () => deferred());
  const begun: number[] = [];
  const work = async (i: number) => {
    begun.push(i);
    await gates[i]?.promise;
    return i;
  };
  return { items: [...gates.keys()], work, begun, open: (i: number) => gates[i]?.resolve() };
}

test('each item gives one outcome, in the order of the items', async () => {
  const tasks = await start(world());
  const doubled = tasks.stream([1, 2, 3], async (n) => n * 2);
  expect(await all(doubled)).toEqual([2, 4, 6]);
});

test('no items give no outcomes', async () => {
  const tasks = await start(world());
  expect(await all(tasks.stream([], (n) => n))).toEqual([]);
});

test('no more than maxConcurrency tasks run at one time', async () => {
  const tasks = await start(world());
  let [running, most] = [0, 0];
  const work = async () => {
    most = Math.max(most, ++running);
    await new Promise((resolve) => setImmediate(resolve));
    running--;
  };
  await all(tasks.stream(Array(20), work, { maxConcurrency: 3 }));
  expect(most).toBe(3);
});

test('a slow first item lets the others run, but piles nothing up', async () => {
  const w = world();
  const tasks = await start(w);
  const { items, work, begun, open } = works(10);
  for (let i = 1; i < 10; i++) open(i);
  const outcomes = all(tasks.stream(items, work, { maxConcurrency: 2 }));
  await w.clock.settle();
  expect(begun).toEqual([0, 1, 2, 3]);
  open(0);
  expect(await outcomes).toEqual(items);
});

test('unordered, outcomes come as they are ready', async () => {
  const w = world();
  const tasks = await start(w);
  const { items, work, open } = works(3);
  const outcomes = all(tasks.stream(items, work, { ordered: false }));
  for (const i of [2, 0, 1]) {
    open(i);
    await w.clock.settle();
  }
  expect(await outcomes).toEqual([2, 0, 1]);
});

test('a task that fails is an outcome, and the stream goes on', async () => {
  const tasks = await start(world());
  const failed = new Error('two');
  const work = async (n: number) => {
    if (n === 2) throw failed;
    return n;
  };
  expect(await all(tasks.stream([1, 2, 3], work))).toEqual([1, { crashed: failed }, 3]);
});

const never = () => new Promise<never>(() => {});
const hundredMs = (onTimeout?: 'exit' | 'kill_task'): StreamOptions => ({
  timeoutMs: 100,
  ...(onTimeout === undefined ? {} : { onTimeout }),
});

test('a task out of time ends the stream, and what else is under way', async () => {
  const w = world();
  const tasks = await start(w);
  const work = async (n: number) => (n === 1 ? n : never());
  const outcomes = all(tasks.stream([1, 2, 3], work, hundredMs()));
  const late = expect(outcomes).rejects.toEqual(code('timeout'));
  await w.clock.advance(100);
  await late;
  expect(tasks.size).toBe(0);
});

test('a task out of time is an outcome where the stream says so', async () => {
  const w = world();
  const tasks = await start(w);
  const work = async (n: number) => (n === 2 ? never() : n);
  const outcomes = all(tasks.stream([1, 2, 3], work, hundredMs('kill_task')));
  await w.clock.advance(100);
  expect(await outcomes).toEqual([1, { crashed: code('timeout') }, 3]);
});

test('leaving the loop ends what is under way, and closes the source', async () => {
  const w = world();
  const tasks = await start(w);
  function* numbers() {
    try {
      for (let n = 1; ; n++) yield n;
    } finally {
      w.notes.push('closed');
    }
  }
  const work = (n: number) => (n === 1 ? n : never());
  for await (const outcome of tasks.stream(numbers(), work, { maxConcurrency: 3 })) {
    w.notes.push(String(said(outcome)));
    break;
  }
  expect([w.notes, tasks.size]).toEqual([['1', 'closed'], 0]);
});

test('an item is asked for only when its task may start', async () => {
  const w = world();
  const tasks = await start(w);
  let asked = 0;
  function* numbers() {
    for (;;) yield ++asked;
  }
  const stream = tasks.stream(numbers(), (n) => n, { maxConcurrency: 2 });
  expect(asked).toBe(0);
  await stream.next();
  await w.clock.settle();
  expect(asked).toBeLessThanOrEqual(5);
  await stream.return();
});

test('a source may give its items in its own time', async () => {
  const w = world();
  const tasks = await start(w);
  const gate = deferred();
  async function* numbers() {
    yield 1;
    await gate.promise;
    yield 2;
  }
  const stream = tasks.stream(numbers(), (n) => n);
  expect(await stream.next()).toEqual({ done: false, value: { ok: true, value: 1 } });
  gate.resolve();
  expect(await all(stream)).toEqual([2]);
});

test('a source that throws ends the stream with its error', async () => {
  const tasks = await start(world());
  function* numbers() {
    yield 1;
    throw new Error('no more');
  }
  await expect(all(tasks.stream(numbers(), never))).rejects.toThrow('no more');
  expect(tasks.size).toBe(0);
});

test('an item that comes after the loop was left starts nothing', async () => {
  const w = world();
  const tasks = await start(w);
  const gate = deferred();
  async function* numbers() {
    yield 1;
    await gate.promise;
    yield 2;
  }
  const work = (n: number) => void w.notes.push(`work ${n}`);
  for await (const _ of tasks.stream(numbers(), work)) break;
  gate.resolve();
  await w.clock.settle();
  expect(w.notes).toEqual(['work 1']);
});

test('a stream counts against the limit of its supervisor', async () => {
  const tasks = await start(world(), 2);
  await expect(all(tasks.stream([1, 2, 3], never))).rejects.toEqual(code('max_children'));
  expect(tasks.size).toBe(0);
});

test('a stream without room for a single task is refused', async () => {
  const tasks = await start(world());
  const none = tasks.stream([1], (n) => n, { maxConcurrency: 0 });
  await expect(none.next()).rejects.toEqual(code('bad_spec'));
});

test('a source that cannot be closed is left as it is, also while it owes an item', async () => {
  const w = world();
  const tasks = await start(w);
  const owed = deferred<IteratorResult<number>>();
  const results = [Promise.resolve({ value: 1, done: false }), owed.promise];
  const source: AsyncIterable<number> = {
    [Symbol.asyncIterator]: () => ({ next: () => results.shift() ?? owed.promise }),
  };
  for await (const outcome of tasks.stream(source, (n) => n)) {
    expect(said(outcome)).toBe(1);
    break;
  }
  expect(tasks.size).toBe(0);
});

test('a source that fails to close when it owes an item disturbs nobody', async () => {
  const w = world();
  const tasks = await start(w);
  const results = [Promise.resolve({ value: 1, done: false }), new Promise<never>(() => {})];
  const source: AsyncIterable<number> = {
    [Symbol.asyncIterator]: () => ({
      next: () => results.shift() ?? new Promise<never>(() => {}),
      return: () => Promise.reject(new Error('it is stuck')),
    }),
  };
  for await (const _ of tasks.stream(source, (n) => n)) break;
  await w.clock.settle();
  expect(tasks.size).toBe(0);
});
