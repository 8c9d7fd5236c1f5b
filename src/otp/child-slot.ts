/**
 * A child's slot at its supervisor: the declaration, the process that sits there now, and what became of those before.
 * Starting and stopping a child is the same for every kind of supervisor, so it is here.
 */
import type { ChildSpec } from './child-spec.ts';
import type { Timer } from './clock.ts';
import { type ExitReason, isAbnormal } from './exit-reason.ts';
import type { Process, Slot, StartResult } from './process.ts';
import type { Shutdown, SlotStatus } from './program.ts';
import type { System } from './system.ts';

/** A child that is being stopped. */
interface Leaving {
  readonly stopped: Promise<void>;
  readonly onLeft: () => void;
}

/** There is one for each child, so it has no private methods: these cost each instance a word. */
export class ChildSlot implements Slot {
  readonly spec: ChildSpec;
  status: SlotStatus = 'stopped';
  process: Process | undefined = undefined;
  restarts = 0;
  /** When the last start began; monotonic, in whole milliseconds: a fraction would be an object more for each child. */
  startedMs: number | undefined = undefined;
  lastCrash: ExitReason | undefined = undefined;
  #leaving: Leaving | undefined = undefined;

  constructor(spec: ChildSpec) {
    this.spec = spec;
  }

  get id(): string {
    return this.spec.id;
  }

  get kind(): 'worker' | 'supervisor' {
    return this.spec.type;
  }

  get shutdownMs(): Shutdown {
    return this.spec.shutdownMs;
  }

  /** Starts the child here. A failure is reported and leaves the slot empty. */
  start(system: System, supervisor: Process): StartResult | Promise<StartResult> {
    this.status = this.restarts > 0 ? 'restarting' : 'starting';
    this.startedMs = Math.ceil(system.clock.monotonic());
    const told = (result: StartResult) => conclude(this, supervisor, result);
    try {
      const result = this.spec.start(system, { parent: supervisor, slot: this });
      return result instanceof Promise ? result.catch(failed).then(told) : told(result);
    } catch (error) {
      return told(failed(error));
    }
  }

  occupy(process: Process): void {
    this.process = process;
  }

  settle(result: StartResult): void {
    if (this.status === 'stopping') return; // `left` has the last word
    this.process = result.kind === 'started' ? result.process : undefined;
    if (result.kind === 'started') this.status = 'running';
    else this.status = result.kind === 'ignored' ? 'ignored' : 'stopped';
  }

  /** The child has ended by itself. */
  vacate(supervisor: Process, reason: ExitReason): void {
    this.process = undefined;
    this.status = 'stopped';
    if (!isAbnormal(reason)) return;
    this.lastCrash = reason;
    const { label } = supervisor;
    supervisor.host.report({ kind: 'child_exited', supervisor: label, child: this.id, reason });
  }

  /** Stops the child: asks it, waits for `shutdownMs`, kills it. Resolves when it is gone, for everyone who asks. */
  stop(supervisor: Process, reason: ExitReason = 'shutdown'): Promise<void> {
    if (this.process === undefined || this.process.phase === 'dead') {
      this.process = undefined; // its exit may still be in the mailbox: nobody sits here any more
      this.status = 'stopped';
      return Promise.resolve();
    }
    this.status = 'stopping';
    if (this.#leaving !== undefined) return this.#leaving.stopped;
    const { process, shutdownMs } = this;
    const bound = boundOf(this, process, supervisor);
    let onLeft = () => {};
    const stopped = new Promise<void>((resolve) => {
      onLeft = () => {
        bound?.cancel();
        this.status = 'stopped';
        resolve();
      };
    });
    this.#leaving = { stopped, onLeft };
    // Last: one that is on its way out already may be gone in this very step when it is killed.
    process.signalExit(shutdownMs === 'brutal_kill' ? 'kill' : reason, supervisor);
    return stopped;
  }

  left(process: Process): void {
    if (this.process !== process || this.status !== 'stopping') return;
    this.process = undefined;
    const leaving = this.#leaving;
    this.#leaving = undefined;
    leaving?.onLeft();
  }
}

/** Kills a child that has not ended within its `shutdownMs`. */
function boundOf(slot: ChildSlot, process: Process, { host, label }: Process): Timer | undefined {
  const { shutdownMs } = slot;
  if (typeof shutdownMs !== 'number') return undefined;
  return host.clock.setTimeout(() => {
    host.report({ kind: 'child_killed', supervisor: label, child: slot.id, shutdownMs });
    process.signalExit('kill');
  }, shutdownMs);
}

/** A specification that starts no process of its own (`onlyIf`) tells nobody but its caller. */
function conclude(slot: ChildSlot, { host, label }: Process, result: StartResult): StartResult {
  if (slot.status === 'starting' || slot.status === 'restarting') slot.settle(result);
  if (result.kind !== 'failed') return result;
  const { reason } = result;
  host.report({ kind: 'child_start_failed', supervisor: label, child: slot.id, reason });
  return result;
}

/** A specification that throws instead of answering has failed to start its child. */
const failed = (error: unknown): StartResult => ({ kind: 'failed', reason: { crashed: error } });

/** A sliding window over restarts: `maxRestarts` within `maxSeconds` are allowed, one more is not. */
export class Intensity {
  readonly maxRestarts: number;
  readonly maxSeconds: number;
  /** Oldest first. */
  readonly #times: number[] = [];

  constructor(maxRestarts: number, maxSeconds: number) {
    this.maxRestarts = maxRestarts;
    this.maxSeconds = maxSeconds;
  }

  /** Counts one more. False when it is one too many. */
  allows(nowMs: number): boolean {
    const sinceMs = nowMs - this.maxSeconds * 1_000;
    while ((this.#times[0] ?? nowMs) < sinceMs) this.#times.shift();
    this.#times.push(nowMs);
    return this.#times.length <= this.maxRestarts;
  }

  /** How many were inside the window when the last one was counted. */
  get size(): number {
    return this.#times.length;
  }
}
