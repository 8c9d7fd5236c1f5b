/** Processes that work in the background: they have the processor when no other process wants it. */
import { readdirSync } from 'node:fs';
import { setPriority } from 'node:os';

/** As `nice` has it: of two that want all of a core, the other one gets ten times as much. */
const NICENESS = 10;

/** Lets a process of ours give way to others, with the threads that it has and those that it makes later. */
export const giveWay = (pid: number): void => {
  try {
    for (const thread of threadsOf(pid)) setPriority(thread, NICENESS);
  } catch {
    // It works all the same, or has ended.
  }
};

/** Linux counts threads as it counts processes, and a priority is of one thread; elsewhere it is of the process. */
const threadsOf = (pid: number): readonly number[] =>
  process.platform === 'linux' ? readdirSync(`/proc/${pid}/task`).map(Number) : [pid];
