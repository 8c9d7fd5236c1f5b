/**
 * The runtime that a simulation plays with: ours, or a copy with a seeded mistake. Everything in this folder takes
 * values from here and only types from `src`.
 */
import { createRequire } from 'node:module';
import type * as Otp from '../../src/otp/index.ts';
import type * as System from '../../src/otp/system.ts';
import type * as Ties from '../../src/otp/ties.ts';
import type * as Simulation from '../../src/testing/simulation.ts';

export interface Runtime {
  readonly otp: typeof Otp;
  /** Tells of a death in the very step in which it happens. */
  readonly watch: (ref: Otp.ActorRef, told: (reason: Otp.ExitReason) => void) => void;
  readonly simulate: typeof Simulation.simulate;
}

/** Our own. */
export const ours = async (): Promise<Runtime> =>
  runtimeOf(
    await import('../../src/otp/index.ts'),
    await import('../../src/otp/system.ts'),
    await import('../../src/otp/ties.ts'),
    await import('../../src/testing/simulation.ts'),
  );

/** One that is compiled, in a folder such as `dist`: as Node loads it, without the test runner in between. */
export const compiled = (dist: string): Runtime => {
  const load = createRequire(`${dist}/`);
  return runtimeOf(
    load('./src/otp/index.js'),
    load('./src/otp/system.js'),
    load('./src/otp/ties.js'),
    load('./src/testing/simulation.js'),
  );
};

const runtimeOf = (
  otp: typeof Otp,
  { processOf }: typeof System,
  { watch }: typeof Ties,
  { simulate }: typeof Simulation,
): Runtime => ({ otp, simulate, watch: (ref, told) => void watch(processOf(ref), told) });
