/** The memory that contexts are made with and in, shared by all sessions of a process. */
import { Scratch } from './scratch.ts';
import { Slabs } from './slabs.ts';

export interface ContextMemory {
  /** Where contexts are. */
  readonly slabs: Slabs;
  /** Where a history is while its context is made from it. */
  readonly scratch: Scratch;
}

export const newContextMemory = (): ContextMemory => ({
  slabs: new Slabs(),
  scratch: new Scratch(),
});

/** Pieces of native memory that contexts have cost since the start. */
export const buffersMade = ({ slabs, scratch }: ContextMemory): number => slabs.made + scratch.made;
