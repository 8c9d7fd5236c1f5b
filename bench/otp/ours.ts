/** Greenroom's runtime, used as a program would use it: default deadlines and limits, everything in one supervised tree. */
import { startTree } from '../../src/otp/supervisor.ts';
import { System } from '../../src/otp/system.ts';
import { median } from '../harness/figures.ts';
import {
  BURST,
  CALLERS,
  contest,
  cpuNanoseconds,
  heapBytes,
  manyCallers,
  NAMES,
  nanoseconds,
  oneAfterAnother,
} from './contestant.ts';
import {
  Asker,
  Counter,
  type CounterRef,
  countersName,
  type FragileRef,
  namedName,
  namesName,
  treeWith,
} from './our-tree.ts';

const system = new System({ onReport: () => {} });

const fragile = {
  ref: undefined as FragileRef | undefined,
  crashedAt: 0n,
  up: (_ns: number) => {},
};
await startTree(
  system,
  treeWith({
    crashing: () => {
      fragile.crashedAt = process.hrtime.bigint();
    },
    up: (ref) => {
      fragile.ref = ref;
      fragile.up(Number(process.hrtime.bigint() - fragile.crashedAt));
    },
  }),
);

const counters = system.fetch(countersName);
/** Keys are never used twice. */
const keys = { last: 0 };

const start = async (count: number): Promise<readonly [key: number, ref: CounterRef][]> => {
  const started: [number, CounterRef][] = [];
  for (let i = 0; i < count; i++) {
    const key = ++keys.last;
    started.push([key, await counters.ensure(key)]);
  }
  return started;
};

const stop = async (started: readonly (readonly [key: number, ref: CounterRef])[]) => {
  for (const [key] of started) await counters.stop(key);
};

const refs = (await start(CALLERS)).map(([, ref]) => ref);
const one = refs[0] ?? nobody();
const flooded = await Counter.start(system, 0, { mailboxLimit: Number.POSITIVE_INFINITY });

const casts = async (ref: CounterRef, count: number, burst: number): Promise<void> => {
  for (let left = count; left > 0; left -= burst) {
    for (let i = Math.min(left, burst); i > 0; i--) ref.cast('add', 1);
    await ref.call('add', 0);
  }
};

const crash = (): Promise<number> =>
  new Promise((resolve) => {
    fragile.up = resolve;
    fragile.ref?.cast('crash');
  });

const crashes = async (count: number): Promise<number> => {
  const taken: number[] = [];
  for (let i = 0; i < count; i++) taken.push(await crash());
  return median(taken);
};

const ASKS = 50;
/** Between two asks: enough for the answer to come before the next one. */
const BETWEEN = 200;
const ROUNDS = 5;

/** The messages lie behind those that make it call, so none of them has been handled when the last answer comes. */
const askFromInside = async (waiting: number): Promise<number> => {
  const asker = await Asker.start(system, undefined, { mailboxLimit: Number.POSITIVE_INFINITY });
  const rest = (messages: number): void => {
    for (let i = 0; i < messages; i++) asker.cast('idle');
  };
  const round = async (behind: number): Promise<number> => {
    const taken: number[] = [];
    const answered = (ns: number) => void taken.push(ns);
    for (let i = 0; i < ASKS; i++) {
      asker.cast('ask', { other: one, answered });
      rest(BETWEEN);
    }
    rest(behind);
    await asker.call('asked', undefined, { timeoutMs: Number.POSITIVE_INFINITY });
    return median(taken);
  };
  for (let i = 0; i < ROUNDS; i++) await round(0);
  const medians: number[] = [];
  for (let i = 0; i < ROUNDS; i++) medians.push(await round(waiting));
  return Math.min(...medians);
};

void contest({
  call: (count) => nanoseconds(() => oneAfterAnother(count, () => one.call('add', 1))),
  callMany: (count) =>
    nanoseconds(() => manyCallers(count, (at) => (refs[at] ?? nobody()).call('add', 1))),
  callOne: (count) => nanoseconds(() => manyCallers(count, () => one.call('add', 1))),
  cast: (count) => nanoseconds(() => casts(one, count, BURST)),
  flood: (count) => nanoseconds(() => casts(flooded, count, count)),
  start: async (count) => {
    let started: Awaited<ReturnType<typeof start>> = [];
    const ns = await nanoseconds(async () => {
      started = await start(count);
    });
    await stop(started);
    return ns;
  },
  registry: async (count) => {
    const names = system.fetch(namesName);
    if (names.size === 0) {
      for (const [at, [, ref]] of (await start(NAMES)).entries()) names.register(at, ref, ref);
    }
    return nanoseconds(() =>
      oneAfterAnother(count, (at) => names.fetch(at % NAMES).call('add', 1)),
    );
  },
  restart: crashes,
  bytes: async (count) => {
    const before = heapBytes();
    await start(count);
    return (heapBytes() - before) / count;
  },
  named: async (count) => {
    const children = system.fetch(namedName);
    for (let key = 0; key < count; key++) await children.ensure(key);
    heapBytes();
    return process.memoryUsage().rss;
  },
  startStop: (count) => cpuNanoseconds(async () => stop(await start(count))),
  inside: askFromInside,
});

function nobody(): never {
  throw new Error('there is no such actor');
}
