/** Streams of tasks under random loads: all outcomes, once each, in order where it is asked for, never too many at one time. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { nameOf } from '../../src/otp/name.ts';
import { startTree, supervisor } from '../../src/otp/supervisor.ts';
import { type TaskRunner, taskSupervisor } from '../../src/otp/task.ts';
import { world } from './support.ts';

const name = nameOf<TaskRunner>('tasks');

/** How long a work takes, and whether it fails then. */
interface Load {
  readonly ms: number;
  readonly fails: boolean;
}

const loads = fc.array(fc.record({ ms: fc.integer({ min: 0, max: 20 }), fails: fc.boolean() }), {
  maxLength: 12,
});

async function play(items: readonly Load[], maxConcurrency: number, ordered: boolean) {
  const w = world();
  const children = [taskSupervisor({ id: 'tasks', name, maxChildren: 100 })];
  await startTree(w.system, supervisor({ id: 'root', strategy: 'one_for_one', children }));
  const tasks = w.system.fetch(name);
  const seen = { running: 0, most: 0, begun: 0, taken: 0, ahead: 0 };
  const work = async (at: number): Promise<number> => {
    const { ms = 0, fails = false } = items[at] ?? {};
    seen.most = Math.max(seen.most, ++seen.running);
    seen.ahead = Math.max(seen.ahead, ++seen.begun - seen.taken);
    await new Promise<void>((resolve) => void w.clock.setTimeout(resolve, ms));
    seen.running--;
    if (fails) throw at;
    return at;
  };
  const outcomes: number[] = [];
  const reading = (async () => {
    for await (const outcome of tasks.stream(items.keys(), work, { maxConcurrency, ordered })) {
      seen.taken++;
      const crashed = outcome.ok ? undefined : Object.entries(outcome.reason)[0]?.[1];
      outcomes.push(outcome.ok ? outcome.value : Number(crashed));
    }
  })();
  await w.clock.advance(items.length * 20 + 1);
  await reading;
  return { outcomes, left: tasks.size, ...seen };
}

test('a stream gives each outcome once, in order if asked, and never does too much at one time', async () => {
  const property = fc.asyncProperty(
    loads,
    fc.integer({ min: 1, max: 4 }),
    fc.boolean(),
    async (items, maxConcurrency, ordered) => {
      const { outcomes, most, ahead, left } = await play(items, maxConcurrency, ordered);
      const all = [...items.keys()];
      expect(ordered ? outcomes : outcomes.toSorted((a, b) => a - b)).toEqual(all);
      expect(most).toBe(Math.min(maxConcurrency, items.length));
      expect(ahead).toBeLessThanOrEqual(2 * maxConcurrency);
      expect(left).toBe(0);
    },
  );
  await fc.assert(property, { numRuns: 60 });
});
