/** The order of calls: never more than may run, none that waits while it may run, and all who wait take turns. */

import { deepEqual, ok } from 'node:assert/strict';
import { describe, expect, test } from 'vitest';
import { type FairLimits, FairQueue, type Ticket } from '../../src/platform/fair-queue.ts';
import { Dice } from '../../src/testing/dice.ts';
import { rounds } from '../support/rounds.ts';

interface Call extends Ticket {
  readonly number: number;
}

const playing = (limits: FairLimits) => {
  const queue = new FairQueue(limits);
  const started: Call[] = [];
  const running = new Set<Call>();
  const waiting = new Set<Call>();
  let count = 0;
  const enter = (tenant: string, session: string): boolean => {
    count += 1;
    const call: Call = {
      ...{ number: count, tenant, line: session },
      start: () => {
        waiting.delete(call);
        running.add(call);
        started.push(call);
      },
    };
    waiting.add(call);
    const isIn = queue.enter(call);
    if (!isIn) waiting.delete(call);
    return isIn;
  };
  const leave = (call: Call) => {
    running.delete(call);
    waiting.delete(call);
    queue.leave(call);
  };
  return { queue, started, running, waiting, enter, leave };
};

const counted = (
  calls: Iterable<Call>,
  of: (call: Call) => string,
): ReadonlyMap<string, number> => {
  const counts = new Map<string, number>();
  for (const call of calls) counts.set(of(call), (counts.get(of(call)) ?? 0) + 1);
  return counts;
};
const sessionOf = ({ tenant, line }: Call) => `${tenant}/${line}`;
const tenantOf = ({ tenant }: Call) => tenant;

const LIMITED = { all: 6, perTenant: 4, perLine: 2, waiting: 40 };
/** Only all of them together are limited, as at the model. */
const OF_ALL = { all: 6, perTenant: Infinity, perLine: Infinity, waiting: 40 };

test.each(Array.from({ length: rounds(100) }, (_, seed) => seed + 1))(
  'holds its limits, wastes no room, keeps the order of each session: seed %i',
  (seed) => {
    const dice = new Dice(seed);
    const limits = seed % 2 === 0 ? LIMITED : OF_ALL;
    const { queue, started, running, waiting, enter, leave } = playing(limits);
    for (let step = 0; step < 400; step += 1) {
      if (dice.int(1, 5) <= 3) enter(`t${dice.int(0, 2)}`, `s${dice.int(0, 3)}`);
      else {
        const all = [...running, ...waiting];
        if (all.length > 0) leave(dice.pick(all));
      }
      deepEqual([queue.running, queue.waiting], [running.size, waiting.size]);
      ok(running.size <= limits.all);
      ok(waiting.size <= limits.waiting);
      const [bySession, byTenant] = [counted(running, sessionOf), counted(running, tenantOf)];
      for (const count of bySession.values()) ok(count <= limits.perLine);
      for (const count of byTenant.values()) ok(count <= limits.perTenant);
      const mayRun = [...waiting].filter(
        (call) =>
          running.size < limits.all &&
          (byTenant.get(call.tenant) ?? 0) < limits.perTenant &&
          (bySession.get(sessionOf(call)) ?? 0) < limits.perLine,
      );
      deepEqual(mayRun, []);
    }
    for (const session of counted(started, sessionOf).keys()) {
      const numbers = started
        .filter((call) => sessionOf(call) === session)
        .map((call) => call.number);
      expect(numbers).toEqual(numbers.toSorted((one, other) => one - other));
    }
  },
);

describe.each([
  ['with limits of each', { all: 1, perTenant: 1, perLine: 1, waiting: 1_000 }],
  ['with one of all', { all: 1, perTenant: Infinity, perLine: Infinity, waiting: 1_000 }],
])('who has many that wait, %s', (_, limits) => {
  test('gets every second turn beside a tenant that has few', () => {
    const { started, running, enter, leave } = playing(limits);
    for (let at = 0; at < 100; at += 1) enter('many', `s${at % 10}`);
    for (let at = 0; at < 3; at += 1) enter('few', 's');
    for (let at = 0; at < 6; at += 1) for (const call of [...running]) leave(call);
    expect(started.slice(1, 7).map(tenantOf)).toEqual([
      ...['few', 'many', 'few', 'many', 'few', 'many'],
    ]);
  });

  test('and so it is between sessions of one tenant', () => {
    const { started, running, enter, leave } = playing(limits);
    for (let at = 0; at < 20; at += 1) enter('t', 'many');
    for (let at = 0; at < 2; at += 1) enter('t', 'few');
    for (let at = 0; at < 4; at += 1) for (const call of [...running]) leave(call);
    expect(started.map(({ line }) => line)).toEqual(['many', 'few', 'many', 'few', 'many']);
  });
});

test('one more than may wait is refused, and leaves nothing behind', () => {
  const { queue, running, enter, leave } = playing({
    ...{ all: 1, perTenant: 1, perLine: 1, waiting: 1 },
  });
  expect([enter('t', 'a'), enter('t', 'b'), enter('t', 'c')]).toEqual([true, true, false]);
  for (let at = 0; at < 2; at += 1) for (const call of [...running]) leave(call);
  expect([queue.running, queue.waiting]).toEqual([0, 0]);
});
