/** Threads that work in the background: they have the processor when nobody else of the process wants it. */
import { readlinkSync } from 'node:fs';
import { setPriority } from 'node:os';
import { basename } from 'node:path';

/** As `nice` has it: of two that want all of a core, the other one gets ten times as much. */
const NICENESS = 10;

/**
 * Lets the calling thread give way to all others. Linux counts threads as it counts processes, by numbers that it names
 * in `/proc`; elsewhere nothing happens, and the thread has its share like any other.
 */
export const giveWay = (): void => {
  try {
    setPriority(Number(basename(readlinkSync('/proc/thread-self'))), NICENESS);
  } catch {
    // It works all the same.
  }
};
