/**
 * The executor's face: takes a model step, gives it to the models pool, and starts it again when the
 * thread or the pool dies under it.
 *
 * 1. Every step ends in exactly one outcome, unless this actor dies: then its sinks hear nothing any
 *    more, and sessions see its DOWN and start their steps again.
 * 2. A step is lost at most `MAX_LOSSES` times; then it is probably the one that kills threads, and
 *    fails `worker_lost`.
 * 3. A sink that throws loses its own step and disturbs no other (P5).
 */
import { z } from 'zod';
import type { Provider } from '../model/entry.ts';
import { codeOf } from '../model/errors.ts';
import { genServer, noreply, protocol } from '../otp/gen-server.ts';
import type { ActorRef } from '../otp/ref.ts';
import type { Self } from '../otp/self.ts';
import type { System } from '../otp/system.ts';
import {
  executorName,
  type ModelStep,
  type StepError,
  type StepHandle,
  type StepOutcome,
  type StepSink,
} from '../session/ports/executor.ts';
import { type ModelsPool, modelsPoolName } from './models-pool.ts';
import type { Endpoint } from './wire.ts';

/** How often a step is started again after it was lost. */
export const MAX_LOSSES = 3;
/** While the pool or the endpoint is missing: how often to look, and for how long, in milliseconds. */
const LOOK_MS = 50;
const PATIENCE_MS = 5_000;

export interface StepSupervisorOptions {
  readonly provider: Provider;
  /** Looked up at each start of a step; undefined while it is not there. */
  readonly endpoint: (system: System) => Omit<Endpoint, 'provider'> | undefined;
}

export const stepSupervisorProtocol = protocol({
  calls: {},
  infos: { look: z.void() },
});

type SupervisorSelf = Self<typeof stepSupervisorProtocol>;

export const StepSupervisor = genServer(stepSupervisorProtocol, {
  init: (options: StepSupervisorOptions, self: SupervisorSelf) => {
    const steps = new Steps(options, self);
    self.own(() => steps.abandon());
    self.register(executorName, {
      ref: self.ref,
      provider: options.provider,
      start: (step, sink) => steps.start(step, sink),
    });
    return { steps };
  },
  handleCall: {},
  handleInfo: {
    look: (_, state) => {
      state.steps.look();
      return noreply(state);
    },
  },
  handleDown: ({ ref }, state) => {
    state.steps.poolDied(ref);
    return noreply(state);
  },
  redact: ({ steps }) => ({ steps: steps.size }),
});

interface Job {
  readonly id: number;
  readonly step: ModelStep;
  readonly sink: StepSink;
  /** Lets go of the step's context. */
  readonly release: () => void;
  losses: number;
  isCancelled: boolean;
  /** Set while a pool has the step. */
  place: { readonly pool: ActorRef; readonly handle: StepHandle } | undefined;
  /** Monotonic milliseconds: until when the job looks for a pool and an endpoint. */
  patienceEndsMs: number | undefined;
}

class Steps {
  readonly #options: StepSupervisorOptions;
  readonly #self: SupervisorSelf;
  readonly #jobs = new Map<number, Job>();
  readonly #seeking = new Set<Job>();
  #lastId = 0;
  #watched: ActorRef | undefined;

  constructor(options: StepSupervisorOptions, self: SupervisorSelf) {
    this.#options = options;
    this.#self = self;
  }

  get size(): number {
    return this.#jobs.size;
  }

  start(step: ModelStep, sink: StepSink): StepHandle {
    const id = ++this.#lastId;
    const job: Job = {
      id,
      step,
      sink,
      release: step.context.hold(),
      losses: 0,
      isCancelled: false,
      place: undefined,
      patienceEndsMs: undefined,
    };
    this.#jobs.set(id, job);
    this.#place(job);
    return { cancel: () => this.#cancel(job) };
  }

  /** Tries again for those that found no pool or no endpoint. */
  look(): void {
    const seeking = [...this.#seeking];
    this.#seeking.clear();
    for (const job of seeking) if (this.#jobs.has(job.id)) this.#place(job);
  }

  poolDied(ref: ActorRef): void {
    if (this.#watched === ref) this.#watched = undefined;
    for (const job of this.#jobs.values()) if (job.place?.pool === ref) this.#lost(job);
  }

  /** This actor dies: nobody is told anything any more. */
  abandon(): void {
    const jobs = [...this.#jobs.values()];
    this.#jobs.clear();
    for (const { place, release } of jobs) {
      place?.handle.cancel();
      release();
    }
  }

  #place(job: Job): void {
    const { system } = this.#self;
    const pool = system.find(modelsPoolName);
    const at = this.#options.endpoint(system);
    if (pool === undefined || !pool.ref.alive || at === undefined) return this.#lookLater(job);
    job.patienceEndsMs = undefined;
    this.#watch(pool.ref);
    try {
      const endpoint = { ...at, provider: this.#options.provider };
      job.place = { pool: pool.ref, handle: this.#hand(job, pool, endpoint) };
    } catch (error) {
      if (codeOf(error) !== 'unavailable') throw error;
      this.#failSoon(job, unavailable((error as Error).message));
    }
  }

  #hand(job: Job, pool: ModelsPool, endpoint: Endpoint): StepHandle {
    return pool.start(job.step, endpoint, {
      events: (batch) => {
        if (this.#jobs.has(job.id)) this.#tell(job, (sink) => sink.events(batch));
      },
      outcome: (outcome) => this.#finish(job, outcome),
      lost: () => this.#lost(job),
    });
  }

  #watch(pool: ActorRef): void {
    if (this.#watched === pool) return;
    this.#watched = pool;
    this.#self.monitor(pool);
  }

  #lookLater(job: Job): void {
    const nowMs = this.#self.system.clock.monotonic();
    job.patienceEndsMs ??= nowMs + PATIENCE_MS;
    if (nowMs >= job.patienceEndsMs) {
      return this.#fail(job, unavailable('there is no models pool or no endpoint at the moment'));
    }
    if (this.#seeking.size === 0) this.#self.sendAfter(LOOK_MS, 'look');
    this.#seeking.add(job);
  }

  #lost(job: Job): void {
    if (!this.#jobs.has(job.id)) return;
    job.place = undefined;
    if (job.isCancelled) return this.#finish(job, { type: 'cancelled', partialText: '' });
    job.losses++;
    if (job.losses > MAX_LOSSES) return this.#fail(job, workerLost(job.losses));
    const retry = { type: 'retry', delayMs: 0, error: workerLost(job.losses) } as const;
    this.#tell(job, (sink) => sink.events([retry]));
    if (this.#jobs.has(job.id)) this.#place(job);
  }

  #cancel(job: Job): void {
    if (job.isCancelled || !this.#jobs.has(job.id)) return;
    job.isCancelled = true;
    if (job.place !== undefined) return job.place.handle.cancel();
    this.#finish(job, { type: 'cancelled', partialText: '' });
  }

  /** Never before `start` has returned. */
  #failSoon(job: Job, error: StepError): void {
    this.#self.system.clock.defer(() => this.#fail(job, error));
  }

  #fail(job: Job, error: StepError): void {
    const { provider } = this.#options;
    this.#finish(job, { type: 'failed', error, partialText: '', provider });
  }

  #finish(job: Job, outcome: StepOutcome): void {
    if (!this.#jobs.delete(job.id)) return;
    job.release();
    this.#tell(job, (sink) => sink.outcome(outcome));
  }

  #tell(job: Job, tell: (sink: StepSink) => void): void {
    try {
      tell(job.sink);
    } catch (error) {
      const { ref, system } = this.#self;
      system.report({ kind: 'fault', actor: ref.label, during: 'the sink of a step', error });
      this.#jobs.delete(job.id);
      job.release();
      job.place?.handle.cancel();
    }
  }
}

const unavailable = (message: string): StepError => ({
  type: 'unavailable',
  message,
  retryable: true,
});

const workerLost = (losses: number): StepError => ({
  type: 'worker_lost',
  message: `the thread that ran this step died (${losses} of at most ${MAX_LOSSES + 1} times)`,
  retryable: true,
});
