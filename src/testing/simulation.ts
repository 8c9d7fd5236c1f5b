/**
 * A simulation: a system whose time is virtual and whose every choice comes from one seed, and a scenario that is played
 * in it. The same seed gives the same course, so a failure that a seed has shown can be looked at again.
 *
 * Invariant: nothing in here asks the platform for time, chance or order. A scenario that does (a socket, a thread, a
 * real clock) loses the promise of the same trace.
 */
import { formatReport, type Report } from '../otp/report.ts';
import { System } from '../otp/system.ts';
import { type VirtualClock, virtualClock } from '../otp/virtual-clock.ts';
import { Dice } from './dice.ts';
import { SeededRunQueue } from './seeded-run-queue.ts';
import { Trace } from './trace.ts';

export interface Simulation {
  readonly seed: number;
  /** For the scenario's own choices. */
  readonly dice: Dice;
  readonly clock: VirtualClock;
  readonly system: System;
  /** What the system reported so far, oldest first. */
  readonly reports: readonly Report[];
  readonly trace: Trace;
}

export interface Played<T> {
  readonly seed: number;
  readonly result: T;
  /** Of the whole course: which process worked when, what was reported and what the scenario noted. */
  readonly hash: string;
}

/** Timers are late by up to this much, as real ones are; what is due at the same time comes in any order. */
const LATEST_MS = 1;

/** Plays a scenario. Rejects with what the scenario threw; the message names the seed. */
export async function simulate<T>(
  seed: number,
  scenario: (simulation: Simulation) => Promise<T>,
): Promise<Played<T>> {
  const simulation = setUp(seed);
  const { trace } = simulation;
  try {
    return { seed, result: await scenario(simulation), hash: trace.hash };
  } catch (error) {
    const last = trace.tail.slice(-SHOWN_LINES).join('\n');
    throw new Error(`seed ${seed}: ${messageOf(error)}\n${last}`, { cause: error });
  }
}

/** Of the trace, with a failure. */
const SHOWN_LINES = 40;

const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);

function setUp(seed: number): Simulation {
  const dice = new Dice(seed);
  const trace = new Trace();
  const lateness = dice.fork();
  const clock = virtualClock(undefined, () => lateness.next() * LATEST_MS);
  const reports: Report[] = [];
  const system = new System({
    name: `seed ${seed}`,
    clock,
    random: dice.fork().next,
    scheduler: new SeededRunQueue(clock, dice.fork(), trace),
    onReport: (report) => {
      reports.push(report);
      trace.note(`${clock.monotonic().toFixed(1)} ${formatReport(report)}`);
    },
  });
  return { seed, dice, clock, system, reports, trace };
}
