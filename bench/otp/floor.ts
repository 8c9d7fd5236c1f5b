/**
 * The floor: a mailbox and a handler, and nothing else that an actor is. No supervision, no deadline, no limit, no
 * fairness, no death; what the language takes for a message and an answer at all.
 */
import {
  BURST,
  CALLERS,
  contest,
  heapBytes,
  manyCallers,
  NAMES,
  nanoseconds,
  oneAfterAnother,
} from './contestant.ts';

interface Asked {
  readonly by: number;
  readonly resolve: ((value: number) => void) | undefined;
}

class Mailbox {
  #sum = 0;
  #waiting: Asked[] = [];

  call(by: number): Promise<number> {
    return new Promise((resolve) => this.#push({ by, resolve }));
  }

  cast(by: number): void {
    this.#push({ by, resolve: undefined });
  }

  #push(message: Asked): void {
    if (this.#waiting.push(message) === 1) queueMicrotask(() => this.#drain());
  }

  #drain(): void {
    const messages = this.#waiting;
    this.#waiting = [];
    for (const { by, resolve } of messages) {
      this.#sum += by;
      resolve?.(this.#sum);
    }
  }
}

const many = (count: number): Mailbox[] => Array.from({ length: count }, () => new Mailbox());

const one = new Mailbox();
const hundred = many(CALLERS);
const names = new Map(many(NAMES).map((mailbox, at) => [at, mailbox]));
const held: unknown[] = [];

const casts = async (count: number, burst: number): Promise<void> => {
  for (let left = count; left > 0; left -= burst) {
    for (let i = Math.min(left, burst); i > 0; i--) one.cast(1);
    await one.call(0);
  }
};

void contest({
  call: (count) => nanoseconds(() => oneAfterAnother(count, () => one.call(1))),
  callMany: (count) =>
    nanoseconds(() => manyCallers(count, (caller) => hundred[caller]?.call(1) ?? nobody())),
  callOne: (count) => nanoseconds(() => manyCallers(count, () => one.call(1))),
  cast: (count) => nanoseconds(() => casts(count, BURST)),
  flood: (count) => nanoseconds(() => casts(count, count)),
  start: (count) => nanoseconds(async () => void held.splice(0, Infinity, many(count))),
  registry: (count) =>
    nanoseconds(() => oneAfterAnother(count, (at) => names.get(at % NAMES)?.call(1) ?? nobody())),
  bytes: (count) => {
    const before = heapBytes();
    held.push(many(count));
    return (heapBytes() - before) / count;
  },
});

const nobody = (): never => {
  throw new Error('there is no such mailbox');
};
