/**
 * A system: the names, the clock, the run queue, the deadlines, the reports. Everything that one tree of actors shares
 * belongs to its `System` value, so two of them live side by side in one program and tests do not leak into each other.
 */
import type { Clock } from './clock.ts';
import { Deadlines } from './deadlines.ts';
import { crashOf, type ExitReason, type ExitSignal } from './exit-reason.ts';
import { type Inspection, inspect, type TreeNode, tree } from './inspect.ts';
import { type Name, NameTable } from './name.ts';
import { OtpError } from './otp-error.ts';
import { type Host, Process } from './process.ts';
import type { ActorRef } from './ref.ts';
import { formatReport, type Report } from './report.ts';
import { type RunQueue, Scheduler } from './scheduler.ts';
import { systemClock, systemRandom } from './system-clock.ts';
import { type TraceListener, trace } from './trace.ts';

export interface SystemOptions {
  /** For reports. Default `system`. */
  readonly name?: string;
  /** Default: the real one. */
  readonly clock?: Clock;
  /** A number in [0, 1). Default: the real dice. */
  readonly random?: () => number;
  /** Default: a fair one. */
  readonly scheduler?: RunQueue;
  /** Called with every report. Default: crashes and other faults go to the standard error output. */
  readonly onReport?: (report: Report) => void;
}

export class System implements Host {
  readonly name: string;
  readonly clock: Clock;
  readonly random: () => number;
  readonly scheduler: RunQueue;
  readonly deadlines: Deadlines;
  readonly names = new NameTable<string, unknown>();
  running: Process | undefined = undefined;
  #size = 0;
  readonly #listeners = new Set<(report: Report) => void>();
  #lastId = 0;

  constructor(options: SystemOptions = {}) {
    this.name = options.name ?? 'system';
    this.clock = options.clock ?? systemClock;
    this.random = options.random ?? systemRandom;
    this.scheduler = options.scheduler ?? new Scheduler(this.clock);
    this.deadlines = new Deadlines(this.clock);
    this.#listeners.add(options.onReport ?? printReport);
  }

  /** How many actors there are, those on their way out included. */
  get size(): number {
    return this.#size;
  }

  /** What is registered under a name just now. Look it up each time: after a restart it is another one. */
  find<T>(name: Name<T>): T | undefined {
    return this.names.find(name.key) as T | undefined;
  }

  /** The same; throws `not_registered`. */
  fetch<T>(name: Name<T>): T {
    return this.names.fetch(name.key) as T;
  }

  /**
   * Sends an exit signal. `kill` cannot be trapped and cuts `terminate` short; an actor that
   * does not trap ignores `normal`; a supervisor ends in order, with its children. Does nothing if the actor is dead.
   */
  exit(ref: ActorRef, reason: ExitSignal): void {
    processOf(ref).signalExit(reason);
  }

  /**
   * Ends an actor after what is in its mailbox already; resolves when it is gone, with the reason that counted. An
   * `init` that has not come back is given up, and so is what a supervisor is starting just then. Rejects `timeout` if that takes longer than `timeoutMs` (default: as long as it takes); it ends all the same.
   */
  stop(
    ref: ActorRef,
    reason: ExitReason = 'normal',
    { timeoutMs = Number.POSITIVE_INFINITY }: { readonly timeoutMs?: number } = {},
  ): Promise<ExitReason> {
    const process = processOf(ref);
    process.stop(reason);
    if (timeoutMs === Number.POSITIVE_INFINITY) return process.exited;
    return new Promise((resolve, reject) => {
      const what = `${process.label} did not end within ${timeoutMs} ms`;
      const late = () => reject(new OtpError('timeout', what));
      const bound = this.clock.setTimeout(late, timeoutMs);
      void process.exited.then((ended) => {
        bound.cancel();
        resolve(ended);
      });
    });
  }

  /** Resolves with the reason when the actor is dead. */
  exited(ref: ActorRef): Promise<ExitReason> {
    return processOf(ref).exited;
  }

  /** State, mailbox and crashes of one actor, also of a dead one. */
  inspect(ref: ActorRef): Inspection {
    return inspect(processOf(ref));
  }

  /** The tree below a supervisor, or the one node of a worker. */
  tree(ref: ActorRef): TreeNode {
    return tree(processOf(ref));
  }

  /** Calls `listener` for every message that an actor handles from now on; returns a function that ends that. */
  trace(ref: ActorRef, listener: TraceListener): () => void {
    return trace(processOf(ref), listener);
  }

  /** Calls `listener` with every report from now on; returns a function that ends that. */
  subscribeReports(listener: (report: Report) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Calls every listener; one that throws does not keep the report from the others. */
  report(report: Report): void {
    for (const listener of this.#listeners) {
      try {
        listener(report);
      } catch (error) {
        if (listener !== printReport) printReport(report);
        printReport({ kind: 'fault', actor: this.name, during: 'a report listener', error });
      }
    }
  }

  born(): number {
    this.#size++;
    return ++this.#lastId;
  }

  processExited(): void {
    this.#size--;
    if (this.#size === 0) this.deadlines.disarm();
  }
}

/** The process behind a ref. Throws a `TypeError` for a value that is no ref of a system. */
export function processOf(ref: ActorRef): Process {
  if (ref instanceof Process) return ref;
  throw new TypeError('this is not the ref of an actor');
}

/** The sentence comes first and alone: what was thrown may not want to be shown. */
const printReport = (report: Report): void => {
  if (report.kind === 'child_restarted' || report.kind === 'child_exited') return;
  const stack = stackOf(report);
  try {
    console.error(formatReport(report), stack);
  } catch {
    console.error(formatReport(report));
  }
};

const stackOf = (report: Report): unknown => {
  if (report.kind === 'fault') return report.error;
  return 'reason' in report ? (crashOf(report.reason)?.crashed ?? '') : '';
};
