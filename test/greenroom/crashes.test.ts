/**
 * Each child that the tree shows, crashed one after another under load: the strategy's victims get new
 * refs, the others keep theirs, and every accepted turn finishes, once.
 */
import { describe, expect, it } from 'vitest';
import type { TreeNode } from '../../src/otp/inspect.ts';
import { type TestGreenroom, testGreenroom } from '../support/greenroom.ts';
import { Load } from '../support/load.ts';
import { natsServer } from '../support/nats.ts';
import { skippingClock } from '../support/skipping-clock.ts';
import { until } from '../support/until.ts';

/** Longer than the window of any restart budget that is used more than once in it. */
const BEYOND_BUDGETS_MS = 11_000;

interface Seat {
  readonly path: string;
  readonly parent: Seat | undefined;
  readonly siblings: readonly string[];
  readonly node: TreeNode;
}

/** The declared part of the tree: sessions come and go. */
const seatsOf = (test: TestGreenroom): Map<string, Seat> => {
  const seats = new Map<string, Seat>();
  const visit = (node: TreeNode, path: string, parent: Seat | undefined): void => {
    const siblings = parent?.node.children.map(({ id }) => `${parent.path}/${id}`) ?? [];
    const seat = { path, parent, siblings, node };
    seats.set(path, seat);
    if (node.strategy === 'dynamic') return;
    for (const child of node.children) visit(child, `${path}/${child.id}`, seat);
  };
  visit(test.greenroom.tree(), 'greenroom', undefined);
  return seats;
};

const isBelow = (path: string, top: string): boolean => path === top || path.startsWith(`${top}/`);

/** Who is restarted with a child, by its parent's strategy. */
const victimsOf = ({ path, parent, siblings }: Seat): ((path: string) => boolean) => {
  const from = siblings.indexOf(path);
  const tops = parent?.node.strategy === 'rest_for_one' ? siblings.slice(from) : [path];
  return (other) => tops.some((top) => isBelow(other, top));
};

const refsOf = (seats: ReadonlyMap<string, Seat>) =>
  new Map([...seats].map(([path, { node }]) => [path, node.ref?.id]));

type How = 'kill' | 'crash';

const reasonOf = (how: How) => (how === 'kill' ? how : { crashed: new Error('crashed by a test') });

const crashOne = async (test: TestGreenroom, path: string, how: How) => {
  const seats = seatsOf(test);
  const seat = seats.get(path);
  if (seat?.node.ref === undefined) throw new Error(`${path} is not running`);
  const before = refsOf(seats);
  const isVictim = victimsOf(seat);
  test.greenroom.system.exit(seat.node.ref, reasonOf(how));
  await until(() => {
    const after = seatsOf(test);
    return [...seats].every(([other, { node }]) => {
      const now = after.get(other)?.node;
      if (node.status !== 'running') return true;
      return (
        now?.status === 'running' && (isVictim(other) ? now.ref?.id !== before.get(other) : true)
      );
    });
  });
  const after = refsOf(seatsOf(test));
  const kept = [...before].filter(([other]) => !isVictim(other));
  expect(kept.map(([other]) => [other, after.get(other)])).toEqual(kept);
};

const checkLedger = async (test: TestGreenroom, load: Load) => {
  for (const [name, ids] of load.accepted) {
    const { turns } = await test.sessions.turns(name, { limit: 1000 });
    expect(turns.map(({ turnId }) => turnId).sort()).toEqual([...ids].sort());
    expect(turns.filter(({ status }) => status !== 'completed')).toEqual([]);
    const { entries } = await test.sessions.messages(name, { limit: 1000 });
    expect(entries).toHaveLength(2 * ids.length);
    expect(await test.sessions.get(name)).toMatchObject({ numTurns: ids.length, status: 'idle' });
  }
};

/** A Greenroom with everything that its tree can show, and load on it. */
const underLoad = async () => {
  const clock = skippingClock();
  const test = await testGreenroom({
    clock,
    provider: 'rehearsal',
    ...(natsServer === undefined ? {} : { nats: { port: 0 }, natsServerBin: natsServer }),
    retryDelaySeconds: 0.1,
    maxRetries: 6, // as long as it takes to start the rehearsal
  });
  await until(() => test.node('recovery').status === 'stopped');
  await until(() => test.node('sessions', 'rewake').status === 'stopped');
  return { clock, test, load: new Load(test, 4) };
};

describe.each(['kill', 'crash'] as const)('a %s under load', (how) => {
  it('of each child of the tree: its strategy holds and no accepted turn is lost', async () => {
    const { clock, test, load } = await underLoad();
    const running = [...seatsOf(test)].filter(([, { node }]) => node.status === 'running');
    for (const [path] of running.slice(1)) {
      load.resume();
      await load.flows(1);
      await crashOne(test, path, how);
      await load.pause();
      clock.skip(BEYOND_BUDGETS_MS);
    }
    await checkLedger(test, load);
  }, 90_000);

  it('of each live session: the others keep their actors and no accepted turn is lost', async () => {
    const { test, load } = await underLoad();
    load.resume();
    for (const name of load.accepted.keys()) {
      await load.flows(1);
      const names = [...load.accepted.keys()];
      const before = names.map((one) => test.live(one));
      const victim = test.live(name);
      if (victim !== undefined) test.greenroom.system.exit(victim, reasonOf(how));
      await until(() => ![undefined, victim].includes(test.live(name)));
      const kept = names.filter((one) => one !== name);
      expect(kept.map((one) => test.live(one))).toEqual(before.filter((ref) => ref !== victim));
    }
    await load.pause();
    await checkLedger(test, load);
  });
});
