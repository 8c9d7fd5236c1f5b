/**
 * The jobs of a pool from their start to their outcome, over all threads that they may lose.
 *
 * 1. Every job ends in exactly one outcome, unless the pool dies: then its sinks hear nothing any more, and those
 *    who started the jobs see its DOWN and start them again.
 * 2. A job that was lost more often than `maxLosses` is probably the one that kills threads, and fails `worker_lost`; one
 *    that may not run twice does so the first time.
 * 3. A sink that throws loses its own job and disturbs no other (P5).
 */
import { codeOf } from '../../model/errors.ts';
import { Bag, type Bagged, NOWHERE } from '../../otp/bag.ts';
import type { Clock } from '../../otp/clock.ts';
import type { StepError } from '../../session/ports/executor.ts';
import type { Dispatch } from './dispatch.ts';
import type { ThreadJob } from './pool-thread.ts';
import type { Kinds, Program, Sink } from './program.ts';

/** How often a job is started again after it was lost, unless the pool says otherwise. */
export const MAX_LOSSES = 3;
/** How long a job waits for what it needs besides a thread, in milliseconds. */
const MISSING_MS = 5_000;

export interface JobsOptions<K extends Kinds> {
  readonly clock: Clock;
  readonly program: Program<K>;
  readonly dispatch: Dispatch<K>;
  /** How often a job is started again after it was lost. */
  readonly maxLosses: number;
  /** Something that a job needs is missing: `look` is wanted soon. */
  readonly onMissing: () => void;
  /** A sink threw. */
  readonly onFault: (error: unknown, about?: object) => void;
}

export class Jobs<K extends Kinds> {
  readonly #options: JobsOptions<K>;
  readonly #jobs = new Bag<Job<K>>();
  /** Those that wait for what is missing. */
  readonly #waiting = new Set<Job<K>>();
  #lastId = 0;
  /** What threads tell, of any job. */
  readonly #hears: Hears<K> = {
    started: (job, thread) => {
      if (isUnderWay(job)) this.#tell(job, (sink) => sink.started?.(thread));
    },
    events: (job, batch) => {
      if (isUnderWay(job)) this.#tell(job, (sink) => sink.events(batch));
    },
    outcome: (job, outcome) => this.#finish(job, outcome),
    lost: (job) => this.#lost(job),
  };

  constructor(options: JobsOptions<K>) {
    this.#options = options;
  }

  start(input: K['job'], sink: Sink<K>): { cancel(): void } {
    this.#lastId += 1;
    const job = new Job(this.#lastId, input, sink, this.#options.program.hold(input));
    this.#jobs.add(job);
    this.#place(job);
    return { cancel: () => this.#cancel(job) };
  }

  /** Tries again for those that missed something. */
  look(): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const job of waiting) if (isUnderWay(job)) this.#place(job);
  }

  /** The pool ends: nobody is told anything any more. */
  abandon(): void {
    for (const job of this.#jobs.all()) {
      this.#jobs.delete(job);
      this.#options.dispatch.cancel(job.id);
      job.release();
    }
  }

  #place(job: Job<K>): void {
    const ready = this.#options.program.prepare(job.input);
    if (ready === undefined) return this.#wait(job);
    job.waitsUntilMs = undefined;
    try {
      this.#options.dispatch.add(new JobOnThread(job, ready, this.#hears));
    } catch (error) {
      if (codeOf(error) !== 'unavailable') throw error;
      this.#failSoon(job, unavailable((error as Error).message));
    }
  }

  #wait(job: Job<K>): void {
    const nowMs = this.#options.clock.monotonic();
    job.waitsUntilMs ??= nowMs + MISSING_MS;
    if (nowMs >= job.waitsUntilMs)
      return this.#fail(job, unavailable('there is no endpoint at the moment'));
    if (this.#waiting.size === 0) this.#options.onMissing();
    this.#waiting.add(job);
  }

  #lost(job: Job<K>): void {
    if (!isUnderWay(job)) return;
    const { program, maxLosses } = this.#options;
    if (job.isCancelled) return this.#finish(job, program.cancelled);
    job.losses += 1;
    const starts = program.isRepeatable?.(job.input) === false ? 1 : maxLosses + 1;
    const error = workerLost(job.losses, starts);
    if (job.losses >= starts) return this.#fail(job, error);
    this.#tell(job, (sink) => sink.events([program.startsAgain(error)]));
    if (isUnderWay(job)) this.#place(job);
  }

  #cancel(job: Job<K>): void {
    if (job.isCancelled || !isUnderWay(job)) return;
    job.isCancelled = true;
    const { dispatch, program } = this.#options;
    if (this.#waiting.delete(job) || dispatch.cancel(job.id)) this.#finish(job, program.cancelled);
  }

  /** Never before `start` has returned. */
  #failSoon(job: Job<K>, error: StepError): void {
    this.#options.clock.defer(() => this.#fail(job, error));
  }

  #fail(job: Job<K>, error: StepError): void {
    this.#finish(job, this.#options.program.failed(error, job.input));
  }

  #finish(job: Job<K>, outcome: K['outcome']): void {
    if (!this.#jobs.delete(job)) return;
    job.release();
    this.#tell(job, (sink) => sink.outcome(outcome));
  }

  #tell(job: Job<K>, tell: (sink: Sink<K>) => void): void {
    try {
      tell(job.sink);
    } catch (error) {
      this.#options.onFault(error, job.sink.about);
      if (!this.#jobs.delete(job)) return;
      job.release();
      this.#options.dispatch.cancel(job.id);
    }
  }
}

class Job<K extends Kinds> implements Bagged {
  place = NOWHERE;
  readonly id: number;
  readonly input: K['job'];
  readonly sink: Sink<K>;
  /** Lets go of what the job refers to. */
  readonly release: () => void;
  losses = 0;
  isCancelled = false;
  /** Monotonic milliseconds: until when the job waits for what is missing. */
  waitsUntilMs: number | undefined;

  constructor(id: number, input: K['job'], sink: Sink<K>, release: () => void) {
    this.id = id;
    this.input = input;
    this.sink = sink;
    this.release = release;
  }
}

const isUnderWay = ({ place }: Bagged): boolean => place !== NOWHERE;

interface Hears<K extends Kinds> {
  started(job: Job<K>, thread: number): void;
  events(job: Job<K>, batch: readonly K['event'][]): void;
  outcome(job: Job<K>, outcome: K['outcome']): void;
  lost(job: Job<K>): void;
}

/** A job as the thread has it that it was given to. */
class JobOnThread<K extends Kinds> implements ThreadJob<K> {
  readonly #job: Job<K>;
  readonly #hears: Hears<K>;
  readonly ready: K['ready'];

  constructor(job: Job<K>, ready: K['ready'], hears: Hears<K>) {
    this.#job = job;
    this.#hears = hears;
    this.ready = ready;
  }

  get id(): number {
    return this.#job.id;
  }

  get input(): K['job'] {
    return this.#job.input;
  }

  started(thread: number): void {
    this.#hears.started(this.#job, thread);
  }

  events(batch: readonly K['event'][]): void {
    this.#hears.events(this.#job, batch);
  }

  outcome(outcome: K['outcome']): void {
    this.#hears.outcome(this.#job, outcome);
  }

  lost(): void {
    this.#hears.lost(this.#job);
  }
}

const unavailable = (message: string): StepError => ({
  type: 'unavailable',
  message,
  retryable: true,
});

const workerLost = (losses: number, starts: number): StepError => ({
  type: 'worker_lost',
  message: `the thread that ran this step died (${losses} of at most ${starts} times)`,
  retryable: true,
});
