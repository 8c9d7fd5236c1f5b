/**
 * One-off work: a promise with an owner. A task is a process, so it has a place in the tree, a bound, and an end: when
 * it or its supervisor is stopped its signal is aborted. Here is the task that is a child; those that others start are
 * children of a `taskSupervisor`.
 */
import { spawn } from './actor.ts';
import type { ChildSpec, Restart } from './child-spec.ts';
import type { Shutdown } from './program.ts';
import type { System } from './system.ts';
import { type Job, taskProgram } from './task-program.ts';

export type { Task } from './running-task.ts';
export type { TaskOutcome, Work } from './task-program.ts';
export type { StreamOptions } from './task-stream.ts';
export {
  type AsyncOptions,
  type TaskRunner,
  type TaskSupervisorOptions,
  type TimeLimit,
  taskSupervisor,
} from './task-supervisor.ts';

export interface TaskOptions {
  readonly id: string;
  /** Default `transient`: run again only if it fails. */
  readonly restart?: Restart;
  /** Default 5,000. */
  readonly shutdownMs?: Shutdown;
  /** Its end may end its supervisor (`autoShutdown`). Default false. */
  readonly significant?: boolean;
  /** Ends `normal` when it resolves, crashed when it rejects. */
  readonly run: (system: System, signal: AbortSignal) => Promise<void>;
}

/** A child that does one thing and is done. Its supervisor does not wait for it. */
export function task({
  id,
  restart = 'transient',
  shutdownMs = 5_000,
  significant,
  run,
}: TaskOptions): ChildSpec {
  return {
    id,
    type: 'worker',
    restart,
    shutdownMs,
    significant,
    start: (system, place) => {
      const args: Job = { work: (signal) => run(system, signal), crashes: true };
      return spawn(system, taskProgram, { id, ...place, args });
    },
  };
}
