/**
 * The index's thread as the main thread sees it: it is asked, and answers in order. It owns the thread.
 *
 * 1. Once it has ended, for whatever reason, everything that is asked of it rejects with `unavailable`.
 * 2. An answer has a deadline; a thread that misses one is ended, and says so as any other end.
 */
import { Worker } from 'node:worker_threads';
import { GreenroomError } from '../model/errors.ts';
import type { Clock, Timer } from '../otp/clock.ts';
import { compiledFile } from '../platform/compiled.ts';
import type { CallName, FromIndex, IndexArgs, IndexCalls } from './wire.ts';

/** Text becomes garbage at once. */
const YOUNG_MB = 16;
/** For one answer: what is asked for takes milliseconds, and a large merge some seconds. */
const ANSWER_MS = 60_000;
/** For the thread to close its file. */
const CLOSE_MS = 5_000;
const RETRY_AFTER_MS = 1_000;

interface Asked {
  resolve(value: unknown): void;
  reject(error: Error): void;
  readonly deadline: Timer;
}

export interface Opened {
  readonly type: 'ready' | 'missing';
  /** Of one that is ready: why its file was begun anew. Of one that is missing: what the loader says. */
  readonly why: string | undefined;
}

export class IndexThread {
  readonly #clock: Clock;
  readonly #thread: Worker;
  readonly #asked = new Map<number, Asked>();
  /** Resolves when the library was loaded and the file is open; rejects when the thread ends before. */
  readonly opened: Promise<Opened>;
  /** Resolves with why the thread has ended. */
  readonly ended: Promise<Error>;
  #lastId = 0;
  #hasEnded = false;

  constructor(args: IndexArgs, clock: Clock) {
    this.#clock = clock;
    this.#thread = new Worker(compiledFile(import.meta.url, './index-thread.js'), {
      workerData: args,
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MB },
      execArgv: ['--no-experimental-require-module'], // see worker-threads.ts
    });
    this.ended = new Promise((resolve) => {
      this.#thread.once('error', (error) => resolve(error as Error));
      this.#thread.once('exit', () => resolve(new Error("the index's thread has ended")));
    });
    void this.ended.then((why) => this.#end(why));
    this.opened = new Promise((resolve, reject) => {
      this.#thread.on('message', (message: FromIndex) => this.#hear(message, resolve));
      void this.ended.then(reject);
    });
    this.opened.catch(() => undefined); // whoever has started it hears of its end too
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** Questions that are not answered yet. */
  get waiting(): number {
    return this.#asked.size;
  }

  call<K extends CallName>(
    call: K,
    args: Parameters<IndexCalls[K]>,
    transfer: readonly ArrayBuffer[] = [],
  ): Promise<ReturnType<IndexCalls[K]>> {
    if (this.#hasEnded) return Promise.reject(restarting());
    this.#lastId += 1;
    const id = this.#lastId;
    return new Promise((resolve, reject) => {
      const deadline = this.#clock.setTimeout(() => this.#tooLate(call), ANSWER_MS);
      this.#asked.set(id, { resolve: resolve as (value: unknown) => void, reject, deadline });
      this.#thread.postMessage({ id, call, args }, transfer as ArrayBuffer[]);
    });
  }

  /** Has it write down what it has and close its file; one that does not is ended. */
  async close(): Promise<void> {
    if (this.#hasEnded) return;
    const timer = this.#clock.setTimeout(() => void this.#thread.terminate(), CLOSE_MS);
    this.call('close', []).catch(() => undefined);
    await this.ended;
    timer.cancel();
  }

  #hear(message: FromIndex, opened: (outcome: Opened) => void): void {
    if (message.type === 'ready') return opened({ type: 'ready', why: message.why });
    if (message.type === 'missing') return opened({ type: 'missing', why: message.message });
    const asked = this.#asked.get(message.id);
    this.#asked.delete(message.id);
    asked?.deadline.cancel();
    asked?.resolve(message.value);
  }

  #tooLate(call: CallName): void {
    this.#end(new Error(`the index did not answer ${call} within ${ANSWER_MS} ms`));
    void this.#thread.terminate();
  }

  #end(why: Error): void {
    this.#hasEnded = true;
    for (const { reject, deadline } of this.#asked.values()) {
      deadline.cancel();
      reject(restarting(why));
    }
    this.#asked.clear();
  }
}

const restarting = (cause?: Error): GreenroomError =>
  new GreenroomError('unavailable', 'the text index is restarting', {
    retryAfterMs: RETRY_AFTER_MS,
    ...(cause === undefined ? {} : { cause }),
  });
