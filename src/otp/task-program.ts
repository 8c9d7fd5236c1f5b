/**
 * What a task does: it runs one function and ends with it. When it is ended before, its signal is aborted; JavaScript
 * cannot take the processor away from a function that ignores its signal, so it is fenced instead: whatever it still
 * does, its result is dropped.
 */
import type { ExitReason } from './exit-reason.ts';
import type { Process, Program } from './process.ts';
import { watch } from './ties.ts';

export type Work<T> = (signal: AbortSignal) => T | PromiseLike<T>;

/** How a task has ended. `{ crashed }` is what its work threw. */
export type TaskOutcome<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly reason: ExitReason };

export interface Job {
  readonly work: Work<unknown>;
  /** Whether a failure is the task's own crash, or an answer to somebody who waits. */
  readonly crashes: boolean;
  /** Told once. */
  readonly settle?: (outcome: TaskOutcome<unknown>) => void;
}

export const taskProgram: Program = {
  kind: 'worker',
  init: (self, args) => {
    const job = args as Job;
    const abort = new AbortController();
    self.own(() => abort.abort());
    if (job.settle !== undefined) watch(self, (reason) => job.settle?.({ ok: false, reason }));
    self.later('run', () => runJob(self, job, abort.signal));
  },
  receive: () => {},
  terminate: () => {},
  redact: () => undefined,
};

function runJob(self: Process, job: Job, signal: AbortSignal): void {
  const done = (value: unknown) => {
    job.settle?.({ ok: true, value });
    self.end('normal');
  };
  const failed = (error: unknown) => {
    job.settle?.({ ok: false, reason: { crashed: error } });
    self.end(job.crashes ? { crashed: error } : 'normal');
  };
  new Promise((resolve) => resolve(job.work(signal))).then(
    (value) => self.later('done', () => done(value)),
    (error) => self.later('failed', () => failed(error)),
  );
}
