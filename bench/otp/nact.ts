/** nact 7: actors with queries that time out, and a policy for crashes; mailboxes have no limit. */
import { median } from '../harness/figures.ts';
import {
  BURST,
  CALLERS,
  contest,
  heapBytes,
  manyCallers,
  nanoseconds,
  oneAfterAnother,
} from './contestant.ts';
import { loadNact, type NactRef } from './peer-libraries.ts';

const { start, spawn, dispatch, query, stop } = loadNact();

interface Add {
  readonly by: number;
  readonly isCall: boolean;
}

const system = start();
const names = { last: 0 };

const counter = (): NactRef =>
  spawn<number, Add>(
    system,
    (sum, { by, isCall }, { sender }) => {
      if (isCall) dispatch(sender, sum + by);
      return sum + by;
    },
    `${++names.last}`,
    { initialStateFunc: () => 0 },
  );

const TIMEOUT_MS = 5_000;
const call = (ref: NactRef, by: number) => query(ref, { by, isCall: true }, TIMEOUT_MS);

const refs = Array.from({ length: CALLERS }, counter);
const one = refs[0] ?? nobody();

const casts = async (count: number, burst: number): Promise<void> => {
  for (let left = count; left > 0; left -= burst) {
    for (let i = Math.min(left, burst); i > 0; i--) dispatch(one, { by: 1, isCall: false });
    await call(one, 0);
  }
};

const fragile = { crashedAt: 0n, up: (_ns: number) => {} };
const crashing = spawn<number, unknown>(
  system,
  () => {
    fragile.crashedAt = process.hrtime.bigint();
    throw new Error('a crash');
  },
  'fragile',
  {
    initialStateFunc: () => {
      fragile.up(Number(process.hrtime.bigint() - fragile.crashedAt));
      return 0;
    },
    onCrash: (_message, _error, { reset }) => reset,
  },
);

const crash = (): Promise<number> =>
  new Promise((resolve) => {
    fragile.up = resolve;
    dispatch(crashing, {});
  });

void contest({
  call: (count) => nanoseconds(() => oneAfterAnother(count, () => call(one, 1))),
  callMany: (count) => nanoseconds(() => manyCallers(count, (at) => call(refs[at] ?? nobody(), 1))),
  callOne: (count) => nanoseconds(() => manyCallers(count, () => call(one, 1))),
  cast: (count) => nanoseconds(() => casts(count, BURST)),
  flood: (count) => nanoseconds(() => casts(count, count)),
  start: async (count) => {
    const started: NactRef[] = [];
    const ns = await nanoseconds(async () => {
      for (let i = 0; i < count; i++) started.push(counter());
    });
    started.forEach(stop);
    return ns;
  },
  restart: async (count) => {
    const taken: number[] = [];
    for (let i = 0; i < count; i++) taken.push(await crash());
    return median(taken);
  },
  bytes: (count) => {
    const before = heapBytes();
    for (let i = 0; i < count; i++) counter();
    return (heapBytes() - before) / count;
  },
});

function nobody(): never {
  throw new Error('there is no such actor');
}
