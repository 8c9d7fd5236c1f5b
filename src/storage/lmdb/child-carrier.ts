/**
 * Carries the writer, for a store that is opened in a thread, in a process that takes the store's lock and runs the
 * writing thread (`writer-child.ts`). It owns that process, and its standard input: nothing is written there, and
 * when this thread is gone, by whatever, the process reads the end of it.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { fromWire, StorageError } from '../../model/errors.ts';
import type { Timer } from '../../otp/clock.ts';
import { systemClock } from '../../otp/system-clock.ts';
import { programFile } from '../../platform/compiled.ts';
import { batchLength } from '../records/batch-reader.ts';
import type { Carrier, WriterLine, WriterListener } from './carrier.ts';
import type { FromChild, ToChild } from './child-wire.ts';
import type { ToWriter } from './writer-thread.ts';

/** Longest time until the process has the lock: it may wait for a holder that is letting go. */
const TAKEN_WITHIN_MS = 60_000;
const RELEASED_WITHIN_MS = 5_000;
/** Of what it says on stderr, the end is kept for the error that tells of its end. */
const LAST_WORDS_LENGTH = 1_000;

const DEAF: WriterListener = { heard: () => undefined, ended: () => undefined };

export class ChildCarrier implements Carrier {
  readonly #child: ChildProcess;
  /** Batches that are not settled yet: what went over is a copy. */
  readonly #batches: ArrayBuffer[] = [];
  readonly #gone: Promise<void>;
  #listener = DEAF;
  #lastWords = '';
  #end: Error | undefined;

  private constructor(dir: string, nowMs: number) {
    const script = programFile('storage/lmdb/writer-child');
    this.#child = fork(script, [dir, String(nowMs)], {
      serialization: 'advanced',
      execArgv: [], // the host's own flags are not for it
      stdio: ['pipe', 'ignore', 'pipe', 'ipc'],
    });
    this.#child.stderr?.on('data', (bytes: Buffer) => {
      this.#lastWords = (this.#lastWords + bytes.toString()).slice(-LAST_WORDS_LENGTH);
    });
    this.#gone = new Promise((resolve) => {
      const gone = (how: unknown) => {
        this.#ended(`the writing process has ended with ${how}: ${this.#lastWords.trim()}`);
        resolve();
      };
      this.#child.on('error', gone);
      this.#child.on('close', (code, signal) => gone(signal ?? `code ${code}`));
    });
  }

  /** Takes the lock. Throws `in_use` with a sentence that names the holder, or `storage_failed`. */
  static take(dir: string, nowMs: number): Promise<ChildCarrier> {
    const carrier = new ChildCarrier(dir, nowMs);
    return carrier.#taken().then(() => carrier);
  }

  start(newStoreId: string, listener: WriterListener): WriterLine {
    this.#listener = listener;
    if (this.#end !== undefined) listener.ended(this.#end);
    this.#send({ kind: 'start', newStoreId });
    return {
      post: (message) => this.#post(message),
      hangUp: () => {
        this.#listener = DEAF;
      },
    };
  }

  announceRelease(): void {
    this.#send({ kind: 'announceRelease' });
  }

  /** The lock is gone when the process is. */
  async release(): Promise<void> {
    this.#send({ kind: 'release' });
    const tooLate = this.#killAfter(RELEASED_WITHIN_MS);
    await this.#gone;
    tooLate.cancel();
  }

  async #taken(): Promise<void> {
    const tooLate = this.#killAfter(TAKEN_WITHIN_MS);
    try {
      await new Promise<void>((resolve, reject) => {
        this.#child.on('message', (message: FromChild) => {
          if (message.kind === 'taken') resolve();
          else if (message.kind === 'refused') reject(fromWire(message.error));
          else this.#hear(message);
        });
        void this.#gone.then(() => reject(new StorageError(this.#end?.message ?? 'gone')));
      });
    } finally {
      tooLate.cancel();
    }
  }

  #hear(message: Extract<FromChild, { kind: 'heard' | 'ended' }>): void {
    if (message.kind === 'ended') return this.#ended(message.why);
    const { message: heard } = message;
    if (heard.kind !== 'settled') return this.#listener.heard(heard);
    const buffers = this.#batches.splice(0, heard.outcome.batches);
    this.#listener.heard({ ...heard, outcome: { ...heard.outcome, buffers } });
  }

  #post(message: ToWriter): void {
    if (message.kind !== 'batch') return this.#send({ kind: 'post', message });
    this.#batches.push(message.bytes);
    const bytes = message.bytes.slice(0, batchLength(Buffer.from(message.bytes)));
    this.#send({ kind: 'post', message: { kind: 'batch', bytes } });
  }

  /** To one that has gone there is nothing to say: its end is heard. */
  #send(message: ToChild): void {
    if (this.#child.connected) this.#child.send(message, () => undefined);
  }

  #killAfter(ms: number): Timer {
    return systemClock.setTimeout(() => this.#child.kill('SIGKILL'), ms);
  }

  #ended(why: string): void {
    this.#end ??= new Error(why);
    this.#listener.ended(this.#end);
  }
}
