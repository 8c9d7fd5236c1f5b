/** The test kit's door: `greenroom/testing`. For tests of programs that stand on `greenroom` or `greenroom/otp`. */

export type { Clock, Timer } from '../otp/clock.ts';
export { type VirtualClock, virtualClock } from '../otp/virtual-clock.ts';
export { type Rehearsal, type RehearsalOptions, startRehearsal } from '../rehearsal/server.ts';
export { Dice } from './dice.ts';
export { crash, delayStarts, failStarts, type Which } from './faults.ts';
export {
  Probe,
  type ProbeOptions,
  probe,
  type Received,
  type ReceivedCall,
  type ReceivedCast,
  type ReceivedDown,
  type ReceivedExit,
} from './probe.ts';
export { SeededRunQueue } from './seeded-run-queue.ts';
export { type Played, type Simulation, simulate } from './simulation.ts';
export { type TestSystem, testSystem } from './test-system.ts';
export { Trace } from './trace.ts';
export { until } from './until.ts';
