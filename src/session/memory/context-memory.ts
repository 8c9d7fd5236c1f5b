/** The memory that contexts are made with and in, shared by all sessions of a process. */
import { BodyRun } from './bodies.ts';
import { Slabs } from './slabs.ts';

export interface ContextMemory {
  /** Where contexts are. */
  readonly slabs: Slabs;
  /** Where a history is while its context is made from it, which takes no turn of the loop: for one at a time. */
  readonly scratch: BodyRun;
}

/** More than most histories need; those that are longer take further ones. */
const SCRATCH_BYTES = 512 * 1024;

export const newContextMemory = (): ContextMemory => ({
  slabs: new Slabs(),
  scratch: new BodyRun(SCRATCH_BYTES),
});

/** Pieces of native memory that contexts have cost since the start. */
export const buffersMade = ({ slabs, scratch }: ContextMemory): number => slabs.made + scratch.made;
