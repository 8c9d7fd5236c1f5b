/**
 * What runs on the threads of a pool: a program has jobs, tells events of each, and ends each with one outcome. The pool
 * knows threads, queues and losses; the program knows what a job is.
 */
import type { StepError } from '../../session/ports/executor.ts';

/** The types of one program. */
export interface Kinds {
  readonly job: unknown;
  /** A job with all that it needs besides a thread. */
  readonly ready: unknown;
  /** A job as it goes over a port. */
  readonly wire: unknown;
  /** What else is sent to a thread. */
  readonly note: { readonly type: string };
  readonly event: unknown;
  readonly outcome: unknown;
}

/** Who is told of a job. */
export interface Sink<K extends Kinds> {
  /** What the job is about, for the report of a sink that throws. */
  readonly about?: object;
  /** A thread has the job: once, and once more each time that it was lost. */
  started?(thread: number): void;
  /** What happened since the last call, in order. */
  events(batch: readonly K['event'][]): void;
  /** The last call for this job. */
  outcome(outcome: K['outcome']): void;
}

/** This side's part of one thread. */
export interface Attachment<K extends Kinds> {
  /** What the job refers to has been sent before it. */
  wire(job: K['ready']): K['wire'];
  /** Once a second: lets go of what the thread needs no more. */
  look(): void;
}

export interface Program<K extends Kinds> {
  /** undefined while something that the job needs is missing. */
  prepare(job: K['job']): K['ready'] | undefined;
  /** Keeps what the job refers to where it is, until the function that it gives is called. */
  hold(job: K['job']): () => void;
  attach(send: (note: K['note']) => void): Attachment<K>;
  readonly cancelled: K['outcome'];
  /** The job ends without having run to its end. */
  failed(error: StepError, job: K['job']): K['outcome'];
  /** Whether a job that was lost starts again; absent: every one does. */
  readonly isRepeatable?: (job: K['job']) => boolean;
  /** The job starts again: what it had told is void. */
  startsAgain(error: StepError): K['event'];
}
