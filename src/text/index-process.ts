/**
 * The index's process as this one sees it: it is asked, and answers in order. It owns the process.
 *
 * 1. Once it has ended, for whatever reason, everything that is asked of it rejects with `unavailable`.
 * 2. An answer has a deadline; a process that misses one is killed, and that is told as any other end.
 * 3. It sees nothing of this process's keys and options, and keeps this process from nothing: it ends when its channel
 *    does, by whatever, and no wait for it keeps a program alive that has nothing else to do.
 */
import { type ChildProcess, fork } from 'node:child_process';
import type { Socket } from 'node:net';
import { GreenroomError } from '../model/errors.ts';
import type { Clock, Timer } from '../otp/clock.ts';
import { atExit } from '../platform/at-exit.ts';
import { childEnvironment } from '../platform/child-environment.ts';
import { programFile } from '../platform/compiled.ts';
import { giveWay } from '../platform/give-way.ts';
import type { CallName, FromIndex, IndexArgs, IndexCalls } from './wire.ts';

/** Text becomes garbage at once; what is held is small. The file's own cache is not of the heap. */
const HEAP = ['--max-semi-space-size=8', '--max-old-space-size=512'];
/** For the library to be loaded and the file to be opened. */
const OPEN_MS = 60_000;
/** For one answer: what is asked for takes milliseconds, and a large merge some seconds. */
const ANSWER_MS = 60_000;
/** For the process to close its file. */
const CLOSE_MS = 5_000;
const RETRY_AFTER_MS = 1_000;
/** Of what it says on stderr, the end is kept for the error that tells of its end. */
const LAST_WORDS_LENGTH = 2_000;

interface Asked {
  resolve(value: unknown): void;
  reject(error: Error): void;
  readonly deadline: Timer;
  /** Of text that goes along, in bytes. */
  readonly size: number;
}

export interface Opened {
  readonly type: 'ready' | 'missing';
  /** Of one that is ready: why its file was begun anew. Of one that is missing: what the loader says. */
  readonly why: string | undefined;
}

export class IndexProcess {
  readonly #clock: Clock;
  readonly #child: ChildProcess;
  readonly #asked = new Map<number, Asked>();
  /** Resolves when the library was loaded and the file is open; rejects when the process ends before. */
  readonly opened: Promise<Opened>;
  /** Resolves with why the process has ended. */
  readonly ended: Promise<Error>;
  #lastId = 0;
  #hasEnded = false;
  #waitingBytes = 0;
  #why: string | undefined;
  #lastWords = '';

  constructor(args: IndexArgs, clock: Clock) {
    this.#clock = clock;
    this.#child = start(args);
    this.#child.stderr?.on('data', (bytes: Buffer) => {
      this.#lastWords = (this.#lastWords + bytes.toString()).slice(-LAST_WORDS_LENGTH);
    });
    const forget = atExit(() => this.#kill());
    this.ended = new Promise((resolve) => {
      this.#child.once('error', resolve);
      this.#child.once('close', (code, signal) => resolve(this.#endedBy(signal ?? `code ${code}`)));
    });
    void this.ended.then((why) => {
      forget();
      this.#end(why);
    });
    this.opened = this.#open();
    this.opened.catch(() => undefined); // `ended` says it too
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** Questions that are not answered yet. */
  get waiting(): number {
    return this.#asked.size;
  }

  /** Bytes of text that went along with them. */
  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  call<K extends CallName>(
    call: K,
    args: Parameters<IndexCalls[K]>,
  ): Promise<ReturnType<IndexCalls[K]>> {
    if (this.#hasEnded || !this.#child.connected) return Promise.reject(restarting());
    this.#lastId += 1;
    const id = this.#lastId;
    const size = sizeOf(args);
    this.#waitingBytes += size;
    return new Promise((resolve, reject) => {
      const deadline = this.#clock.setTimeout(() => this.#tooLate(call, ANSWER_MS), ANSWER_MS);
      this.#asked.set(id, { resolve: resolve as (value: unknown) => void, reject, deadline, size });
      this.#child.send({ id, call, args }, () => undefined); // its end is heard
    });
  }

  /** Has it write down what it has and close its file; one that does not is killed. */
  async close(): Promise<void> {
    if (this.#hasEnded) return;
    const timer = this.#clock.setTimeout(() => this.#kill(), CLOSE_MS);
    this.call('close', []).catch(() => undefined);
    await this.ended;
    timer.cancel();
  }

  #open(): Promise<Opened> {
    const deadline = this.#clock.setTimeout(() => this.#tooLate('open', OPEN_MS), OPEN_MS);
    const opened = new Promise<Opened>((resolve, reject) => {
      this.#child.on('message', (message: FromIndex) => this.#hear(message, resolve));
      void this.ended.then(reject);
    });
    return opened.finally(() => deadline.cancel());
  }

  #hear(message: FromIndex, opened: (outcome: Opened) => void): void {
    switch (message.type) {
      case 'ready':
        return opened({ type: 'ready', why: message.why });
      case 'missing':
        return opened({ type: 'missing', why: message.message });
      case 'failed':
        this.#why = message.message;
        return;
      case 'answer': {
        const asked = this.#asked.get(message.id);
        if (asked === undefined) return;
        this.#forget(message.id, asked);
        return asked.resolve(message.value);
      }
    }
  }

  #forget(id: number, { deadline, size }: Asked): void {
    this.#asked.delete(id);
    this.#waitingBytes -= size;
    deadline.cancel();
  }

  #tooLate(call: CallName | 'open', ms: number): void {
    this.#why ??= `it did not answer ${call} within ${ms} ms`;
    this.#end(this.#endedBy('SIGKILL'));
    this.#kill();
  }

  #kill(): void {
    this.#child.kill('SIGKILL');
  }

  #endedBy(how: string): Error {
    const why = this.#why ?? this.#lastWords.trim();
    return new Error(`the index's process has ended with ${how}${why === '' ? '' : `: ${why}`}`);
  }

  #end(why: Error): void {
    this.#hasEnded = true;
    for (const [id, asked] of this.#asked) {
      this.#forget(id, asked);
      asked.reject(restarting(why));
    }
  }
}

const start = (args: IndexArgs): ChildProcess => {
  const child = fork(programFile('text/index-child'), [JSON.stringify(args)], {
    serialization: 'advanced',
    execArgv: HEAP, // the host's own options are not for it
    env: childEnvironment(),
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  if (child.pid !== undefined) giveWay(child.pid); // from its first moment: whoever waits for us to be ready comes first
  child.unref();
  child.channel?.unref();
  (child.stderr as Socket | null)?.unref();
  return child;
};

const sizeOf = (args: readonly unknown[]): number =>
  args.reduce<number>((sum, arg) => sum + (arg instanceof Uint8Array ? arg.byteLength : 0), 0);

const restarting = (cause?: Error): GreenroomError =>
  new GreenroomError('unavailable', 'the text index is restarting', {
    retryAfterMs: RETRY_AFTER_MS,
    ...(cause === undefined ? {} : { cause }),
  });
