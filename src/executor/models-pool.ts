/**
 * The models pool: an actor that owns the threads on which model steps run.
 *
 * 1. One piscina task per thread, for the thread's whole life, so that aborting it kills exactly that
 *    thread; all its steps share one port.
 * 2. A thread that dies, or owes an answer for longer than `hangMs`, is replaced; its steps are told
 *    `lost`, and whoever started them starts them again (P4).
 * 3. A thread that dies before it ever worked is a bug, not bad luck: the pool crashes with it.
 */
import { MessageChannel } from 'node:worker_threads';
import { z } from 'zod';
import { genServer, noreply, protocol, reply, stop } from '../otp/gen-server.ts';
import { nameOf } from '../otp/name.ts';
import type { ActorRef } from '../otp/ref.ts';
import type { Self } from '../otp/self.ts';
import type { ModelStep, StepHandle } from '../session/ports/executor.ts';
import { Dispatch } from './dispatch.ts';
import { ModelThread, type PoolSink } from './model-thread.ts';
import { type ModelThreads, openModelThreads } from './model-threads.ts';
import { isQuiet, type PoolLook, QUIET_LOOKS, wantsMore } from './pool-size.ts';
import type { Endpoint } from './wire.ts';

export interface ModelsPoolOptions {
  /** Most threads; default 2. One is there from the start, the others come when those before them are busy. */
  readonly workers?: number;
  /** Threads from the start, and at least; default 1. */
  readonly minWorkers?: number;
  /** Compiled module that exports `serve`; default the real one. */
  readonly workerFile?: string | undefined;
  /** Lent by somebody who keeps them, in place of threads of its own; they serve what they were opened for. */
  readonly threads?: ModelThreads | undefined;
  /** Default 256. */
  readonly maxStepsPerThread?: number;
  /** Steps that wait behind full threads; default 10,000. */
  readonly maxWaiting?: number;
  /** How long a thread may owe an answer before it is killed, in milliseconds; default 5,000. */
  readonly hangMs?: number;
  /** The same for a thread that starts; default 60,000. */
  readonly startMs?: number;
}

/** The numbers with their defaults. */
type Settings = Readonly<
  Record<Exclude<keyof ModelsPoolOptions, 'workerFile' | 'threads'>, number>
>;

/** What others hold of the pool. */
export interface ModelsPool {
  readonly ref: ActorRef;
  /** Throws `unavailable` when too many steps wait. */
  start(step: ModelStep, endpoint: Endpoint, sink: PoolSink): StepHandle;
}

export const modelsPoolName = nameOf<ModelsPool>('models-pool');

const ThreadView = z.strictObject({
  id: z.int(),
  state: z.enum(['starting', 'ready', 'closed']),
  steps: z.int(),
  /** The part of the time that it worked before its last answer, 0 to 1. */
  load: z.number(),
  /** It was asked how it is and has not answered yet, or has not said that it is ready. */
  owesAnswer: z.boolean(),
});

export const modelsPoolProtocol = protocol({
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
    /** A step found no room on any thread. */
    crowded: z.void(),
    threadEnded: z.strictObject({ id: z.int(), error: z.unknown() }),
  },
});

type PoolSelf = Self<typeof modelsPoolProtocol>;

const CHECK_MS = 1_000;

interface State {
  readonly options: Settings;
  readonly piscina: ModelThreads;
  readonly dispatch: Dispatch;
  readonly nextThreadId: number;
  readonly checkedAtMs: number;
  /** Looks in a row that found fewer threads to be enough. */
  readonly quietLooks: number;
}

export const ModelsPoolServer = genServer(modelsPoolProtocol, {
  init: (given: ModelsPoolOptions, self: PoolSelf): State => {
    const options = withDefaults(given);
    const dispatch = new Dispatch(options);
    const piscina =
      given.threads === undefined
        ? ownThreads(given, options, self)
        : lentThreads(given.threads, dispatch, self);
    self.own(() => closeAll(dispatch));
    for (let id = 1; id <= options.minWorkers; id++) openThread(id, piscina, dispatch, self);
    self.register(modelsPoolName, faceOf(dispatch, self));
    self.sendEvery(CHECK_MS, 'check');
    const checkedAtMs = self.system.clock.monotonic();
    const nextThreadId = options.minWorkers + 1;
    return { options, piscina, dispatch, nextThreadId, checkedAtMs, quietLooks: 0 };
  },

  handleCall: {
    status: (_, state) => {
      const threads = [...state.dispatch.threads.values()].map(viewOf);
      return reply({ threads, waiting: state.dispatch.waiting }, state);
    },
    killThread: (id, state) => {
      const thread = state.dispatch.threads.get(id);
      thread?.kill('killed on request');
      return reply(thread !== undefined, state);
    },
  },

  handleInfo: {
    check: (_, state, self) => {
      const nowMs = self.system.clock.monotonic();
      // If this thread was held up itself, answers may lie unread: then nobody is judged.
      const wasHeldUp = nowMs - state.checkedAtMs > 2 * CHECK_MS;
      for (const thread of state.dispatch.threads.values()) {
        if (wasHeldUp && thread.owesSinceMs !== undefined) thread.owesSinceMs = nowMs;
        else check(thread, state.options, nowMs);
      }
      return noreply(resized({ ...state, checkedAtMs: nowMs }, self));
    },
    crowded: (_, state, self) => noreply(grown(state, self)),
    threadEnded: ({ id, error }, state, self) => {
      const { dispatch, piscina, nextThreadId } = state;
      const thread = dispatch.threads.get(id);
      if (thread === undefined) return noreply(state);
      dispatch.threads.delete(id);
      if (thread.state === 'starting') return stop({ crashed: error }, state);
      thread.close();
      openThread(nextThreadId, piscina, dispatch, self);
      for (const { sink } of thread.steps.values()) sink.lost();
      return noreply({ ...state, nextThreadId: nextThreadId + 1 });
    },
  },

  redact: ({ dispatch }) => ({
    threads: [...dispatch.threads.values()].map(viewOf),
    waiting: dispatch.waiting,
  }),
});

const withDefaults = (given: ModelsPoolOptions): Settings => ({
  workers: given.workers ?? 2,
  minWorkers: Math.min(given.minWorkers ?? 1, given.workers ?? 2),
  maxStepsPerThread: given.maxStepsPerThread ?? 256,
  maxWaiting: given.maxWaiting ?? 10_000,
  hangMs: given.hangMs ?? 5_000,
  startMs: given.startMs ?? 60_000,
});

const ownThreads = (
  { workerFile }: ModelsPoolOptions,
  { workers, minWorkers }: Settings,
  self: PoolSelf,
): ModelThreads => {
  const threads = openModelThreads({ workerFile, minThreads: minWorkers, maxThreads: workers });
  threads.on('error', (error) => self.exit({ crashed: error }));
  self.own(() => threads.destroy());
  return threads;
};

/** They go back; but one that still has steps is killed, or it would serve them on with nobody to hear of it. */
const lentThreads = (threads: ModelThreads, dispatch: Dispatch, self: PoolSelf): ModelThreads => {
  self.own(() => {
    for (const thread of dispatch.threads.values())
      if (thread.steps.size > 0) thread.kill('the pool has ended');
  });
  return threads;
};

const openThread = (
  id: number,
  piscina: ModelThreads,
  dispatch: Dispatch,
  self: PoolSelf,
): void => {
  const { port1, port2 } = new MessageChannel();
  const thread = new ModelThread(id, port1, self.system.clock, (ready) => {
    dispatch.fill(ready);
    if (dispatch.waiting > 0) self.send('crowded');
  });
  dispatch.threads.set(id, thread);
  const { signal } = thread.life;
  self.pipe(
    piscina.run(port2, { transferList: [port2], signal }),
    () => ['threadEnded', { id, error: new Error('the thread stopped serving') }],
    (error) => ['threadEnded', { id, error }],
  );
};

const lookOf = ({ dispatch, options }: State): PoolLook => {
  const threads = [...dispatch.threads.values()];
  return {
    threads: threads.length,
    loads: threads.filter(({ state }) => state === 'ready').map(({ load }) => load),
    starting: threads.filter(({ state }) => state === 'starting').length,
    waiting: dispatch.waiting,
    maxThreads: options.workers,
  };
};

/** With one thread more, if that is wanted. */
const grown = (state: State, self: PoolSelf): State => {
  if (!wantsMore(lookOf(state))) return state;
  const { dispatch, piscina, nextThreadId } = state;
  openThread(nextThreadId, piscina, dispatch, self);
  return { ...state, nextThreadId: nextThreadId + 1, quietLooks: 0 };
};

/** One thread more if that is wanted; one fewer, the newest that has nothing to do, after a long quiet. */
const resized = (state: State, self: PoolSelf): State => {
  if (!isQuiet(lookOf(state))) return grown({ ...state, quietLooks: 0 }, self);
  if (state.quietLooks + 1 < QUIET_LOOKS) return { ...state, quietLooks: state.quietLooks + 1 };
  const { threads } = state.dispatch;
  const idle = [...threads.values()].reverse().find(({ steps }) => steps.size === 0);
  if (idle !== undefined && threads.size > state.options.minWorkers) {
    threads.delete(idle.id); // its end is no surprise
    idle.close();
  }
  return { ...state, quietLooks: 0 };
};

const closeAll = ({ threads }: Dispatch): void => {
  for (const thread of threads.values()) thread.close();
};

const faceOf = (dispatch: Dispatch, self: PoolSelf): ModelsPool => {
  let lastStepId = 0;
  return {
    ref: self.ref,
    start: (step, endpoint, sink) => {
      const id = ++lastStepId;
      dispatch.add({ id, step, endpoint, sink });
      if (dispatch.waiting > 0) self.send('crowded');
      return { cancel: () => dispatch.cancel(id) };
    },
  };
};

const check = (thread: ModelThread, options: Settings, nowMs: number): void => {
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

const viewOf = (thread: ModelThread): z.output<typeof ThreadView> => ({
  id: thread.id,
  state: thread.state,
  steps: thread.steps.size,
  load: thread.load,
  owesAnswer: thread.owesSinceMs !== undefined,
});
