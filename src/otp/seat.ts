/**
 * A child's seat at its supervisor: the declaration, the process that sits there now, and what became of those before.
 * Starting and stopping a child is the same for every kind of supervisor, so it is here.
 */
import type { ChildSpec } from './child-spec.ts';
import { type ExitReason, isAbnormal } from './exit-reason.ts';
import type { Process } from './process.ts';
import type { Seat, Shutdown, StartResult } from './program.ts';
import type { System } from './system.ts';
import { watch } from './ties.ts';

export class ChildSeat implements Seat {
  readonly spec: ChildSpec;
  status: Seat['status'] = 'stopped';
  process: Process | undefined = undefined;
  restarts = 0;
  lastCrash: ExitReason | undefined = undefined;

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

  occupy(process: Process): void {
    this.process = process;
  }

  /** Starts the child here. A failure is reported and leaves the seat empty. */
  start(system: System, supervisor: Process): StartResult | Promise<StartResult> {
    this.status = this.restarts > 0 ? 'restarting' : 'starting';
    const result = this.spec.start(system, { parent: supervisor, seat: this });
    return result instanceof Promise
      ? result.then((later) => this.#conclude(supervisor, later))
      : this.#conclude(supervisor, result);
  }

  settle(result: StartResult): void {
    this.process = result.kind === 'started' ? result.process : undefined;
    this.status = { started: 'running', ignored: 'ignored', failed: 'stopped' }[
      result.kind
    ] as Seat['status'];
  }

  #conclude(supervisor: Process, result: StartResult): StartResult {
    const settled = this.status !== 'starting' && this.status !== 'restarting';
    if (!settled) this.settle(result);
    if (result.kind !== 'failed') return result;
    const { label } = supervisor;
    const { reason } = result;
    supervisor.host.report({
      kind: 'child_start_failed',
      supervisor: label,
      child: this.id,
      reason,
    });
    return result;
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

  /** Stops the child: asks it, waits for `shutdownMs`, kills it. Resolves when it is gone. */
  async stop(supervisor: Process, reason: ExitReason = 'shutdown'): Promise<void> {
    const { process } = this;
    this.process = undefined;
    this.status = 'stopped';
    if (process !== undefined) await stopProcess(process, supervisor, this.shutdownMs, reason);
  }
}

function stopProcess(
  process: Process,
  supervisor: Process,
  shutdownMs: Shutdown,
  reason: ExitReason,
): Promise<void> {
  if (process.phase === 'dead') return Promise.resolve();
  return new Promise((resolve) => {
    const kill = () => {
      process.signalExit('kill');
      const report = {
        supervisor: supervisor.label,
        child: process.name,
        shutdownMs: Number(shutdownMs),
      };
      supervisor.host.report({ kind: 'child_killed', ...report });
    };
    const bound =
      typeof shutdownMs === 'number'
        ? supervisor.host.clock.setTimeout(kill, shutdownMs)
        : undefined;
    watch(process, () => {
      bound?.cancel();
      resolve();
    });
    process.signalExit(shutdownMs === 'brutal_kill' ? 'kill' : reason, supervisor);
  });
}

/** A sliding window over restarts: `maxRestarts` within `maxSeconds` are allowed, one more is not. */
export class Intensity {
  readonly maxRestarts: number;
  readonly maxSeconds: number;
  #times: number[] = [];

  constructor(maxRestarts: number, maxSeconds: number) {
    this.maxRestarts = maxRestarts;
    this.maxSeconds = maxSeconds;
  }

  /** Counts one more. False when it is one too many. */
  allows(nowMs: number): boolean {
    this.#times = this.#times.filter((time) => nowMs - time <= this.maxSeconds * 1_000);
    this.#times.push(nowMs);
    return this.#times.length <= this.maxRestarts;
  }

  /** How many are inside the window. */
  get size(): number {
    return this.#times.length;
  }
}
