/** Supervisors: order, strategies, restart types, budgets, escalation, and how trees go down. */
import { expect, test } from 'vitest';
import { z } from 'zod';
import { genServer, protocol, stop } from '../../src/otp/gen-server.ts';
import { type Strategy, startTree, supervisor, whichChildren } from '../../src/otp/supervisor.ts';
import { System } from '../../src/otp/system.ts';
import { virtualClock } from '../../src/otp/virtual-clock.ts';

const leafProtocol = protocol({ calls: { stop: { request: z.void(), reply: z.void() } } });
const log: string[] = [];
const Leaf = genServer(leafProtocol, {
  init: (name: string) => {
    log.push(`+${name}`);
    return name;
  },
  handleCall: { stop: (_, name) => stop('normal', name) },
  terminate: (_, name) => void log.push(`-${name}`),
});

const leaf = (id: string) => Leaf.childSpec(id, { id });

async function tree(strategy: Strategy) {
  log.length = 0;
  const clock = virtualClock();
  const system = new System({ clock, onReport: () => {} });
  const root = await startTree(
    system,
    supervisor({ id: 'root', strategy, children: [leaf('a'), leaf('b'), leaf('c')] }),
  );
  return { clock, system, root };
}

test('children start in order and stop in reverse', async () => {
  const { system, root } = await tree('one_for_one');
  await system.stop(root);
  expect(log).toEqual(['+a', '+b', '+c', '-c', '-b', '-a']);
  expect(system.size).toBe(0);
});

test('rest_for_one restarts the child and those after it', async () => {
  const { clock, system, root } = await tree('rest_for_one');
  const before = whichChildren(root).map(({ ref }) => ref);
  const [, b] = before;
  log.length = 0;
  if (b) system.exit(b, 'kill');
  await clock.settle();
  expect(log).toEqual(['-c', '+b', '+c']);
  expect(whichChildren(root).map(({ ref }, i) => ref === before[i])).toEqual([true, false, false]);
});
