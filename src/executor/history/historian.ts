/**
 * The historian: an actor that owns the thread on which long imported histories are parsed. The thread comes with the
 * first of them and goes when there are none for a while.
 *
 * 1. One history at a time is read and parsed; those behind it have not been read yet.
 * 2. One that takes too long fails alone, with its thread: the next one gets a new one.
 */
import { Piscina } from 'piscina';
import { GreenroomError } from '../../model/errors.ts';
import type { Clock } from '../../otp/clock.ts';
import { genServer, protocol } from '../../otp/gen-server.ts';
import type { Self } from '../../otp/self.ts';
import { programFile } from '../../platform/compiled.ts';
import { type Historian, historianName } from '../../session/context/historian.ts';
import type { HistoryTask } from './historian-worker.ts';
import { packHistory } from './packed-history.ts';

export interface HistorianOptions {
  /** Compiled module that exports `build`; default the real one. */
  readonly workerFile?: string;
  /** How long one history may take, in milliseconds; default 60,000: the largest take a few seconds. */
  readonly deadlineMs?: number;
}

/** Histories that may wait for the thread; one more is refused as `unavailable`. */
const MAX_WAITING = 64;
const RETRY_AFTER_MS = 1_000;
/** How long the thread stays without work. */
const IDLE_MS = 10_000;
const DEADLINE_MS = 60_000;

const historianProtocol = protocol({ calls: {} });

export const HistorianServer = genServer(historianProtocol, {
  init: (options: HistorianOptions, self: Self<typeof historianProtocol>): Piscina => {
    const piscina = new Piscina({
      filename: options.workerFile ?? programFile('executor/history/historian-worker'),
      name: 'build',
      minThreads: 0,
      maxThreads: 1,
      idleTimeout: IDLE_MS,
      atomics: 'disabled',
      recordTiming: false,
      execArgv: ['--no-experimental-require-module'], // see worker-threads.ts
    });
    piscina.on('error', (error) => self.exit({ crashed: error }));
    const reader = new Reader(piscina, self.system.clock, options.deadlineMs ?? DEADLINE_MS);
    self.own(() => {
      reader.isClosed = true;
      return piscina.destroy();
    });
    self.register(historianName, reader);
    return piscina;
  },
  handleCall: {},
  redact: (piscina) => ({ threads: piscina.threads.length }),
});

class Reader implements Historian {
  isClosed = false;
  readonly #piscina: Piscina;
  readonly #clock: Clock;
  readonly #deadlineMs: number;
  #last: Promise<unknown> = Promise.resolve();
  #waiting = 0;

  constructor(piscina: Piscina, clock: Clock, deadlineMs: number) {
    this.#piscina = piscina;
    this.#clock = clock;
    this.#deadlineMs = deadlineMs;
  }

  async build(
    read: Parameters<Historian['build']>[0],
    options: HistoryTask['options'],
  ): Promise<Uint8Array> {
    if (this.#waiting > MAX_WAITING) throw unavailable('too many histories wait to be read');
    this.#waiting += 1;
    const built = this.#last.then(async () => {
      if (this.isClosed) throw restarted();
      return this.#parse({ history: packHistory(await read()), options });
    });
    this.#last = built.catch(() => undefined);
    try {
      return await built;
    } finally {
      this.#waiting -= 1;
    }
  }

  async #parse(task: HistoryTask): Promise<Uint8Array> {
    const tooLong = new AbortController();
    const timer = this.#clock.setTimeout(() => tooLong.abort(), this.#deadlineMs);
    try {
      return (await this.#piscina.run(task, { signal: tooLong.signal })) as Uint8Array;
    } catch (cause) {
      if (this.isClosed) throw restarted(cause);
      if (!tooLong.signal.aborted) throw cause;
      throw new GreenroomError(
        'deadline_exceeded',
        `the history was not read within ${this.#deadlineMs} ms`,
        { cause },
      );
    } finally {
      timer.cancel();
    }
  }
}

const unavailable = (why: string, cause?: unknown): GreenroomError =>
  new GreenroomError('unavailable', why, { retryAfterMs: RETRY_AFTER_MS, cause });

const restarted = (cause?: unknown): GreenroomError =>
  unavailable('the historian was restarted', cause);
