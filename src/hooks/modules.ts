/**
 * Hooks that are modules: each run has a thread to itself, so that one that does not come back is ended without harm to
 * another. A thread that is done waits a while for the next run of its module.
 *
 * 1. So many threads run at a time, so many runs wait; one more could not start.
 * 2. A run whose time is over ends with its thread.
 * 3. A module sees nothing of this process's keys, and prints nowhere.
 */
import { Worker } from 'node:worker_threads';
import type { Clock, Timer } from '../otp/clock.ts';
import { childEnvironment } from '../platform/child-environment.ts';
import { programFile } from '../platform/compiled.ts';
import { Slots } from '../platform/slots.ts';
import type { Work } from './hook.ts';
import { toolUseIdOf } from './input.ts';
import type { ModuleAnswer, ModuleArgs, ModuleCall } from './module-worker.ts';
import { couldNotStart, messageOf, type Run } from './runner.ts';
import type { Outcome } from './word.ts';

const MAX_THREADS = 8;
const MAX_WAITING = 10_000;
/** How long a thread waits for the next run. */
const IDLE_MS = 10_000;
const HEAP_MB = 256;

interface Idle {
  readonly thread: Worker;
  readonly timer: Timer;
}

export class Modules {
  readonly #clock: Clock;
  readonly #slots = new Slots(MAX_THREADS, MAX_WAITING);
  readonly #idle = new Map<string, Idle>();
  readonly #threads = new Set<Worker>();
  #isClosed = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get threads(): number {
    return this.#threads.size;
  }

  async run(work: Extract<Work, { kind: 'module' }>, run: Run): Promise<Outcome> {
    if (!(await this.#slots.take(run.signal))) return couldNotStart('too many modules run already');
    try {
      if (this.#isClosed) return ended('Greenroom is stopping');
      return await this.#play(work, run);
    } catch (error) {
      return couldNotStart(messageOf(error));
    } finally {
      this.#slots.give();
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    for (const { timer } of this.#idle.values()) timer.cancel();
    await Promise.all([...this.#threads].map((thread) => thread.terminate()));
  }

  async #play(
    { path, name }: Extract<Work, { kind: 'module' }>,
    { json, call, signal }: Run,
  ): Promise<Outcome> {
    const key = JSON.stringify([path, name]);
    const thread = this.#taken(key) ?? this.#started({ path, name });
    const stop = () => void thread.terminate();
    signal.addEventListener('abort', stop);
    thread.ref();
    try {
      const answer = answerOf(thread);
      const asked: ModuleCall = { json, toolUseId: toolUseIdOf(call) };
      thread.postMessage(asked);
      return await answer;
    } finally {
      signal.removeEventListener('abort', stop);
      thread.unref();
      if (this.#threads.has(thread)) this.#keep(key, thread);
    }
  }

  #taken(key: string): Worker | undefined {
    const idle = this.#idle.get(key);
    this.#idle.delete(key);
    idle?.timer.cancel();
    return idle?.thread;
  }

  #started(args: ModuleArgs): Worker {
    const thread = new Worker(programFile('hooks/module-worker'), {
      workerData: args,
      env: childEnvironment(),
      execArgv: [],
      stdout: true,
      stderr: true,
      resourceLimits: { maxOldGenerationSizeMb: HEAP_MB },
    });
    thread.stdout.resume(); // what is not read would heap up
    thread.stderr.resume();
    this.#threads.add(thread);
    thread.on('error', () => undefined); // heard by its run
    thread.once('exit', () => this.#threads.delete(thread));
    return thread;
  }

  /** One of each module waits. */
  #keep(key: string, thread: Worker): void {
    if (this.#isClosed || this.#idle.has(key)) {
      void thread.terminate();
      return;
    }
    const timer = this.#clock.setTimeout(() => {
      this.#idle.delete(key);
      void thread.terminate();
    }, IDLE_MS);
    this.#idle.set(key, { thread, timer });
    thread.once('exit', () => {
      if (this.#idle.get(key)?.thread === thread) this.#taken(key);
    });
  }
}

const answerOf = (thread: Worker): Promise<Outcome> =>
  new Promise((resolve) => {
    const settle = (outcome: Outcome) => {
      thread.off('message', hear);
      thread.off('error', fail);
      thread.off('exit', leave);
      resolve(outcome);
    };
    const hear = (answer: ModuleAnswer) => settle(outcomeOf(answer));
    const fail = (error: unknown) => settle(ended(messageOf(error)));
    const leave = () => settle(ended('its thread has ended'));
    thread.on('message', hear);
    thread.on('error', fail);
    thread.on('exit', leave);
  });

const outcomeOf = (answer: ModuleAnswer): Outcome => {
  switch (answer.kind) {
    case 'missing':
      return couldNotStart(answer.why);
    case 'failed':
      return { kind: 'failed', ended: 'error', why: answer.why };
    case 'value':
      return {
        kind: 'value',
        value: answer.json === undefined ? undefined : JSON.parse(answer.json),
      };
  }
};

const ended = (why: string): Outcome => ({ kind: 'failed', ended: 'killed', why });
