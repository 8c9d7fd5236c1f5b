/**
 * xstate 5: actors that handle an event within `send`. They have no call: an event carries the function that takes the
 * answer. There is no deadline, no supervision and no limit.
 */
import {
  BURST,
  CALLERS,
  contest,
  heapBytes,
  manyCallers,
  nanoseconds,
  oneAfterAnother,
} from './contestant.ts';
import { loadXstate, type XstateActor } from './peer-libraries.ts';

const { fromTransition, createActor } = loadXstate();

interface Add {
  readonly type: 'add';
  readonly by: number;
  readonly answer?: (sum: number) => void;
}

const counting = fromTransition<number, Add>((sum, { by, answer }) => {
  answer?.(sum + by);
  return sum + by;
}, 0);

const counter = (): XstateActor<Add> => createActor<Add>(counting).start();
const call = (actor: XstateActor<Add>, by: number): Promise<number> =>
  new Promise((answer) => actor.send({ type: 'add', by, answer }));

const actors = Array.from({ length: CALLERS }, counter);
const one = actors[0] ?? nobody();
const held: XstateActor<Add>[] = [];

const casts = async (count: number, burst: number): Promise<void> => {
  for (let left = count; left > 0; left -= burst) {
    for (let i = Math.min(left, burst); i > 0; i--) one.send({ type: 'add', by: 1 });
    await call(one, 0);
  }
};

void contest({
  call: (count) => nanoseconds(() => oneAfterAnother(count, () => call(one, 1))),
  callMany: (count) =>
    nanoseconds(() => manyCallers(count, (at) => call(actors[at] ?? nobody(), 1))),
  callOne: (count) => nanoseconds(() => manyCallers(count, () => call(one, 1))),
  cast: (count) => nanoseconds(() => casts(count, BURST)),
  flood: (count) => nanoseconds(() => casts(count, count)),
  bytes: (count) => {
    const before = heapBytes();
    for (let i = 0; i < count; i++) held.push(counter());
    return (heapBytes() - before) / count;
  },
});

function nobody(): never {
  throw new Error('there is no such actor');
}
