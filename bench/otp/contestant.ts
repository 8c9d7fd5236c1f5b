/**
 * A contestant: a program of its own that reads questions from its standard input, a word and a count on a line, and
 * answers each with one number on a line. So all rivals are asked alike, whatever they are written in, and no one's
 * code is compiled for another's shapes.
 */
import { createInterface } from 'node:readline';

/** What is asked, and what the number is. `count` is how often, or how many. */
export type Question =
  /** nanoseconds for so many calls of one actor, one after another */
  | 'call'
  /** the same, by 100 callers at once, each to an actor of its own */
  | 'callMany'
  /** the same, by 100 callers at once to one actor */
  | 'callOne'
  /** nanoseconds for so many casts, a thousand at a time, until all are handled */
  | 'cast'
  /** the same, all at once */
  | 'flood'
  /** nanoseconds to start so many actors under a dynamic supervisor */
  | 'start'
  /** nanoseconds for so many calls, one after another, through a registry of 10,000 names */
  | 'registry'
  /** nanoseconds from a crash to the end of the successor's `init`: the median of so many */
  | 'restart'
  /** bytes for each of so many idle actors under a dynamic supervisor */
  | 'bytes'
  /** bytes of the whole process with so many idle actors, each with a name, under one supervisor */
  | 'named'
  /** CPU nanoseconds to start so many children of a dynamic supervisor and to stop them, one after another */
  | 'startStop'
  /** nanoseconds for a call that an actor makes while so many messages wait in its own mailbox: the median of the best round */
  | 'inside';

export type Answers = {
  readonly [Q in Question]?: (count: number) => number | Promise<number>;
};

export const CALLERS = 100;
export const NAMES = 10_000;
/** Casts before the next call: as many as a mailbox of ours takes by default, less the call. */
export const BURST = 999;

const WORDS = /^(\w+) (\d+)$/;

/** Answers until its input ends. */
export const contest = async (answers: Answers): Promise<void> => {
  for await (const line of createInterface({ input: process.stdin })) {
    const [, question = '', count] = WORDS.exec(line) ?? [];
    const answer = (answers as Readonly<Record<string, Answers[Question]>>)[question];
    if (answer === undefined) throw new Error(`nobody here can answer ${line}`);
    process.stdout.write(`${Math.round(await answer(Number(count)))}\n`);
  }
};

export const nanoseconds = async (work: () => Promise<unknown>): Promise<number> => {
  const from = process.hrtime.bigint();
  await work();
  return Number(process.hrtime.bigint() - from);
};

/** Of this process with all its threads: what others do on the machine does not show in it. */
export const cpuNanoseconds = async (work: () => Promise<unknown>): Promise<number> => {
  const from = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(from);
  return (user + system) * 1_000;
};

export const oneAfterAnother = async (
  count: number,
  once: (index: number) => Promise<unknown>,
): Promise<void> => {
  for (let i = 0; i < count; i++) await once(i);
};

/** So many in all, by `CALLERS` at once, each one after another. */
export const manyCallers = (
  count: number,
  once: (caller: number) => Promise<unknown>,
): Promise<unknown> =>
  Promise.all(
    Array.from({ length: CALLERS }, (_, caller) =>
      oneAfterAnother(count / CALLERS, () => once(caller)),
    ),
  );

/** Bytes on the heap and outside it, when what can be collected is. Needs `--expose-gc`. */
export const heapBytes = (): number => {
  for (let i = 0; i < 3; i++) globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
};
