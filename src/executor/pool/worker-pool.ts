/**
 * A worker pool: an actor that owns the threads on which the jobs of one program run, and sees each job to its outcome.
 *
 * 1. One piscina task per thread, for the thread's whole life, so that aborting it kills exactly that
 *    thread; all its jobs share one port.
 * 2. A thread that dies, or owes an answer for longer than `hangMs`, is replaced, and its jobs start again (P4).
 * 3. A thread that dies before it ever worked is a bug, not bad luck: the pool crashes with it.
 * 4. When all rest, those that have worked much end: only the end of a thread gives back what it holds outside the JavaScript
 *    heap. The next job opens a thread and waits until it is there, as behind full ones.
 */
import { MessageChannel } from 'node:worker_threads';
import { z } from 'zod';
import { genServer, noreply, protocol, reply, stop } from '../../otp/gen-server.ts';
import type { Self } from '../../otp/self.ts';
import type { System } from '../../otp/system.ts';
import { Dispatch } from './dispatch.ts';
import { Jobs, MAX_LOSSES } from './job-retries.ts';
import {
  isQuiet,
  isResting,
  isWorn,
  type PoolLook,
  QUIET_LOOKS,
  REST_LOOKS,
  wantsMore,
} from './pool-size.ts';
import { PoolThread } from './pool-thread.ts';
import type { Kinds, Program, Sink } from './program.ts';
import { openWorkerThreads, type WorkerThreads } from './worker-threads.ts';

export interface PoolOptions {
  /** Most threads; default 2. One is there from the start, the others come when those before them are busy. */
  readonly workers?: number;
  /** Threads from the start, and at least while there is work; default 1. With 0 the first job opens one. */
  readonly minWorkers?: number;
  /** Compiled module that exports `serve`; default the program's. */
  readonly workerFile?: string | undefined;
  /** Lent by somebody who keeps them, in place of threads of its own; they serve what they were opened for. */
  readonly threads?: WorkerThreads | undefined;
  /** Default 256. */
  readonly maxJobsPerThread?: number;
  /** Jobs that a thread is given before another one is; default the pool's. */
  readonly fewJobs?: number;
  /** Jobs that wait behind full threads; default 10,000. */
  readonly maxWaiting?: number;
  /** How often a job is started again after its thread died; default 3. */
  readonly maxLosses?: number;
  /** How long a thread may owe an answer before it is killed, in milliseconds; default 5,000. */
  readonly hangMs?: number;
  /** The same for a thread that starts; default 60,000. */
  readonly startMs?: number;
}

/** The numbers with their defaults. */
type Settings = Readonly<Record<Exclude<keyof PoolOptions, 'workerFile' | 'threads'>, number>>;

/** Gives a job to the pool. */
export type StartJob<K extends Kinds> = (job: K['job'], sink: Sink<K>) => { cancel(): void };

/** What makes a pool of a program. O: what the program is told when the pool starts. */
export interface PoolOf<K extends Kinds, O> {
  /** Compiled module that exports `serve`. */
  readonly workerFile: () => string;
  program(options: O, system: System): Program<K>;
  /** Jobs that a thread is given before another one is; default 0: they are spread evenly. */
  readonly fewJobs?: number;
  /** The pool is there: tells others how to reach it. */
  register(start: StartJob<K>, options: O, self: PoolSelf): void;
}

const ThreadView = z.strictObject({
  id: z.int(),
  state: z.enum(['starting', 'ready', 'closed']),
  jobs: z.int(),
  /** The part of the time that it worked before its last answer, 0 to 1. */
  load: z.number(),
  /** It was asked how it is and has not answered yet, or has not said that it is ready. */
  owesAnswer: z.boolean(),
});

export const poolProtocol = protocol({
  calls: {
    status: {
      request: z.void(),
      reply: z.strictObject({ threads: z.array(ThreadView), waiting: z.int() }),
    },
    /** Kills a thread as if it hung; the reply says whether there was one of this id. */
    killThread: { request: z.int(), reply: z.boolean() },
  },
  infos: {
    check: z.void(),
    /** A job found no room on any thread. */
    crowded: z.void(),
    /** Whether this one still has none. */
    lookFor: z.int(),
    /** A job misses something. */
    look: z.void(),
    threadEnded: z.strictObject({ id: z.int(), error: z.unknown() }),
  },
});

export type PoolSelf = Self<typeof poolProtocol>;

const CHECK_MS = 1_000;
/** How often it is looked for what jobs miss, in milliseconds. */
const LOOK_MS = 50;
/**
 * How long a job waits for one of the threads that there are before another one is opened for it, in milliseconds. To open one costs as
 * much as a thousand short jobs, and a burst of these is over by then.
 */
const CROWDED_MS = 200;

interface State<K extends Kinds> {
  readonly options: Settings;
  readonly parts: Parts<K>;
  readonly jobs: Jobs<K>;
  readonly nextThreadId: number;
  readonly checkedAtMs: number;
  /** Looks in a row that found fewer threads to be enough. */
  readonly quietLooks: number;
  /** Looks in a row that found no job. */
  readonly restLooks: number;
  /** It is about to look for a job that waits. */
  readonly isWatching: boolean;
}

/** What stays the same as long as the pool lives. */
interface Parts<K extends Kinds> {
  readonly self: PoolSelf;
  readonly program: Program<K>;
  readonly threads: WorkerThreads;
  /** Somebody else keeps the threads: they end when he wants it. */
  readonly isLent: boolean;
  readonly dispatch: Dispatch<K>;
}

/** The actor of a program's pool. */
export const workerPool = <K extends Kinds, O>({
  workerFile,
  program,
  register,
  fewJobs = 0,
}: PoolOf<K, O>) =>
  genServer(poolProtocol, {
    init: (given: PoolOptions & O, self: PoolSelf): State<K> => {
      const options = withDefaults({ fewJobs, ...given });
      const dispatch = new Dispatch<K>(options);
      const threads =
        given.threads === undefined
          ? ownThreads(given.workerFile ?? workerFile(), options, self)
          : lentThreads(given.threads, dispatch, self);
      self.own(() => closeAll(dispatch));
      const isLent = given.threads !== undefined;
      const parts = { self, program: program(given, self.system), threads, isLent, dispatch };
      const jobs = jobsOf(parts, options);
      self.own(() => jobs.abandon());
      for (let id = 1; id <= options.minWorkers; id++) openThread(id, parts);
      register(starterOf(jobs, parts), given, self);
      self.sendEvery(CHECK_MS, 'check');
      const checkedAtMs = self.system.clock.monotonic();
      return {
        options,
        parts,
        jobs,
        nextThreadId: options.minWorkers + 1,
        checkedAtMs,
        quietLooks: 0,
        restLooks: 0,
        isWatching: false,
      };
    },

    handleCall: {
      status: (_, state) => reply(viewOf(state), state),
      killThread: (id, state) => {
        const thread = state.parts.dispatch.threads.get(id);
        thread?.kill('killed on request');
        return reply(thread !== undefined, state);
      },
    },

    handleInfo: {
      check: (_, state) => noreply(watching(rested(resized(checked(state))))),
      crowded: (_, state) => noreply(watching(state)),
      lookFor: (id, state) => {
        const { dispatch } = state.parts;
        const looked = dispatch.isWaiting(id) ? grown(state, dispatch.waiting) : state;
        return noreply(watching({ ...looked, isWatching: false }));
      },
      look: (_, state) => {
        state.jobs.look();
        return noreply(state);
      },
      threadEnded: ({ id, error }, state) => {
        const { parts, nextThreadId } = state;
        const { threads } = parts.dispatch;
        const thread = threads.get(id);
        if (thread === undefined) return noreply(state);
        threads.delete(id);
        if (thread.state === 'starting') return stop({ crashed: error }, state);
        thread.close();
        openThread(nextThreadId, parts);
        for (const job of thread.jobs.values()) job.lost();
        return noreply({ ...state, nextThreadId: nextThreadId + 1 });
      },
    },

    redact: viewOf,
  });

const withDefaults = (given: PoolOptions): Settings => ({
  workers: given.workers ?? 2,
  minWorkers: Math.min(given.minWorkers ?? 1, given.workers ?? 2),
  maxJobsPerThread: given.maxJobsPerThread ?? 256,
  fewJobs: given.fewJobs ?? 0,
  maxWaiting: given.maxWaiting ?? 10_000,
  maxLosses: given.maxLosses ?? MAX_LOSSES,
  hangMs: given.hangMs ?? 5_000,
  startMs: given.startMs ?? 60_000,
});

const ownThreads = (workerFile: string, { workers }: Settings, self: PoolSelf): WorkerThreads => {
  const threads = openWorkerThreads({ workerFile, minThreads: 0, maxThreads: workers });
  threads.on('error', (error) => self.exit({ crashed: error }));
  self.own(() => threads.destroy());
  return threads;
};

/** They go back; but one that still has jobs is killed, or it would serve them on with nobody to hear of it. */
const lentThreads = <K extends Kinds>(
  threads: WorkerThreads,
  dispatch: Dispatch<K>,
  self: PoolSelf,
): WorkerThreads => {
  self.own(() => {
    for (const thread of dispatch.threads.values())
      if (thread.jobs.size > 0) thread.kill('the pool has ended');
  });
  return threads;
};

const jobsOf = <K extends Kinds>(
  { self, program, dispatch }: Parts<K>,
  { maxLosses }: Settings,
): Jobs<K> => {
  const { ref, system } = self;
  return new Jobs({
    ...{ clock: system.clock, program, dispatch, maxLosses },
    onMissing: () => self.sendAfter(LOOK_MS, 'look'),
    onFault: (error, where) =>
      system.report({
        kind: 'fault',
        actor: ref.label,
        during: 'the sink of a step',
        error,
        where,
      }),
  });
};

const starterOf =
  <K extends Kinds>(jobs: Jobs<K>, { self, dispatch }: Parts<K>): StartJob<K> =>
  (job, sink) => {
    const handle = jobs.start(job, sink);
    if (dispatch.waiting > 0) self.send('crowded');
    return handle;
  };

const openThread = <K extends Kinds>(id: number, parts: Parts<K>): void => {
  const { self, program, threads, dispatch } = parts;
  const { port1, port2 } = new MessageChannel();
  const { clock } = self.system;
  const thread = new PoolThread(id, port1, { clock, program }, (ready) => {
    dispatch.fill(ready);
    if (dispatch.waiting > 0) self.send('crowded');
  });
  dispatch.threads.set(id, thread);
  const { signal } = thread.life;
  self.pipe(
    threads.run(port2, { transferList: [port2], signal }),
    () => ['threadEnded', { id, error: new Error('the thread stopped serving') }],
    (error) => ['threadEnded', { id, error }],
  );
};

/** Asks each thread how it is, and judges those that owe an answer. */
const checked = <K extends Kinds>(state: State<K>): State<K> => {
  const { self, dispatch } = state.parts;
  const nowMs = self.system.clock.monotonic();
  // If this thread was held up itself, answers may lie unread: then nobody is judged.
  const wasHeldUp = nowMs - state.checkedAtMs > 2 * CHECK_MS;
  for (const thread of dispatch.threads.values()) {
    if (wasHeldUp && thread.owesSinceMs !== undefined) thread.owesSinceMs = nowMs;
    else check(thread, state.options, nowMs);
  }
  return { ...state, checkedAtMs: nowMs };
};

const check = <K extends Kinds>(thread: PoolThread<K>, options: Settings, nowMs: number): void => {
  const { state, owesSinceMs } = thread;
  if (state === 'closed') return;
  if (owesSinceMs === undefined) return thread.ping(nowMs);
  const owesForMs = nowMs - owesSinceMs;
  if (state === 'ready') {
    if (owesForMs >= options.hangMs) thread.kill(`no answer for ${owesForMs} ms`);
  } else if (owesForMs >= options.startMs) {
    throw new Error(`thread ${thread.id} has not started within ${options.startMs} ms`);
  }
};

const lookOf = <K extends Kinds>({ parts: { dispatch }, options }: State<K>): PoolLook => {
  const threads = [...dispatch.threads.values()];
  return {
    threads: threads.length,
    loads: threads.filter(({ state }) => state === 'ready').map(({ load }) => load),
    starting: threads.filter(({ state }) => state === 'starting').length,
    jobs: threads.reduce((sum, { jobs }) => sum + jobs.size, 0),
    waiting: dispatch.waiting,
    maxThreads: options.workers,
  };
};

/** Sees to it that what waits has not to wait for long; where there is no thread, it need not wait at all. */
const watching = <K extends Kinds>(state: State<K>): State<K> => {
  const { self, dispatch } = state.parts;
  const { oldest } = dispatch;
  if (oldest === undefined || state.isWatching) return state;
  if (dispatch.threads.size === 0) return grown(state, dispatch.waiting);
  self.sendAfter(CROWDED_MS, 'lookFor', oldest);
  return { ...state, isWatching: true };
};

/** With one thread more, if that is wanted. @param waiting jobs that have waited for long enough. */
const grown = <K extends Kinds>(state: State<K>, waiting: number): State<K> => {
  if (!wantsMore({ ...lookOf(state), waiting })) return state;
  const { parts, nextThreadId } = state;
  openThread(nextThreadId, parts);
  return { ...state, nextThreadId: nextThreadId + 1, quietLooks: 0 };
};

/** One thread more if that is wanted; one fewer, the newest that has nothing to do, after a long quiet. */
const resized = <K extends Kinds>(state: State<K>): State<K> => {
  if (!isQuiet(lookOf(state))) return grown({ ...state, quietLooks: 0 }, 0);
  if (state.quietLooks + 1 < QUIET_LOOKS) return { ...state, quietLooks: state.quietLooks + 1 };
  const { threads } = state.parts.dispatch;
  const idle = [...threads.values()].reverse().find(({ jobs }) => jobs.size === 0);
  if (idle !== undefined && threads.size > state.options.minWorkers) {
    threads.delete(idle.id); // its end is no surprise
    idle.close();
  }
  return { ...state, quietLooks: 0 };
};

/** Without those that have worked much, after a long rest. */
const rested = <K extends Kinds>(state: State<K>): State<K> => {
  const { dispatch, isLent } = state.parts;
  const restLooks = isResting(lookOf(state)) ? state.restLooks + 1 : 0;
  if (restLooks < REST_LOOKS || isLent) return { ...state, restLooks };
  for (const [id, thread] of dispatch.threads) {
    if (!isWorn(thread.taken)) continue;
    dispatch.threads.delete(id); // its end is no surprise
    thread.kill('it has worked much and rests');
  }
  return { ...state, restLooks };
};

const closeAll = <K extends Kinds>({ threads }: Dispatch<K>): void => {
  for (const thread of threads.values()) thread.close();
};

const viewOf = <K extends Kinds>({ parts: { dispatch } }: State<K>) => ({
  threads: [...dispatch.threads.values()].map(
    (thread): z.output<typeof ThreadView> => ({
      id: thread.id,
      state: thread.state,
      jobs: thread.jobs.size,
      load: thread.load,
      owesAnswer: thread.owesSinceMs !== undefined,
    }),
  ),
  waiting: dispatch.waiting,
});
