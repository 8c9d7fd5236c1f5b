/**
 * Carries the writer on a thread of this process. It owns the thread, the port to it, the store's lock, and
 * what sends the writer out of LMDB when the process ends.
 */
import process from 'node:process';
import {
  MessageChannel,
  type MessagePort,
  receiveMessageOnPort,
  Worker,
} from 'node:worker_threads';
import { atExit } from '../../platform/at-exit.ts';
import { programFile } from '../../platform/compiled.ts';
import { StoreLock } from '../files/store-lock.ts';
import type { Carrier, WriterLine, WriterListener } from './carrier.ts';
import { SyncGate } from './sync-gate.ts';
import { WriterPresence } from './writer-presence.ts';
import type { FromWriter, ToWriter, WriterArgs } from './writer-thread.ts';

/** The thread moves bytes and makes little garbage. */
const YOUNG_MB = 4;
/** Longest time for the writer to leave LMDB at the end of the process: only a disk that hangs needs more. */
const LEAVE_WITHIN_MS = 3_000;

export interface ThreadCarrierOptions {
  /** The store's directory. */
  readonly dir: string;
  readonly nowMs: number;
  /** For tests: holds commits back. */
  readonly gate?: SyncGate | undefined;
  /** Whose store it is, for people; default: this process. */
  readonly ownerPid?: number;
}

export class ThreadCarrier implements Carrier {
  readonly #dir: string;
  readonly #gate: SyncGate;
  readonly #lock: StoreLock;

  private constructor(dir: string, gate: SyncGate, lock: StoreLock) {
    this.#dir = dir;
    this.#gate = gate;
    this.#lock = lock;
  }

  /** Takes the lock. Throws `in_use` with a sentence that names the holder. */
  static async take(options: ThreadCarrierOptions): Promise<ThreadCarrier> {
    const { dir, nowMs, gate = new SyncGate(), ownerPid = process.pid } = options;
    return new ThreadCarrier(dir, gate, await StoreLock.take(dir, nowMs, ownerPid));
  }

  start(newStoreId: string, listener: WriterListener): WriterLine {
    return new ThreadLine(this.#dir, newStoreId, this.#gate, listener);
  }

  announceRelease(): void {
    this.#lock.announceRelease();
  }

  release(): Promise<void> {
    return this.#lock.release();
  }
}

class ThreadLine implements WriterLine {
  readonly #thread: Worker;
  readonly #port: MessagePort;
  readonly #posted = new Int32Array(new SharedArrayBuffer(4));
  readonly #presence = new WriterPresence();
  readonly #gate: SyncGate;

  constructor(dir: string, newStoreId: string, gate: SyncGate, listener: WriterListener) {
    const { port1, port2 } = new MessageChannel();
    const args: WriterArgs = {
      ...{ dir, newStoreId, posted: this.#posted, gate: gate.state },
      presence: this.#presence.flags,
    };
    this.#gate = gate;
    this.#port = port1;
    this.#thread = new Worker(programFile('storage/lmdb/writer-thread'), {
      workerData: { args, port: port2 },
      transferList: [port2],
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MB },
      execArgv: [], // the process's own flags are not for a thread, which refuses some of them
    });
    const stayAtExit = atExit(() => this.#sendOut());
    this.#port.on('message', (message: FromWriter) => listener.heard(message));
    this.#thread.on('error', (error) => listener.ended(error as Error));
    this.#thread.on('exit', () => {
      stayAtExit();
      this.#hearLastWords(listener);
      listener.ended(new Error('the writing thread has ended'));
    });
  }

  post(message: ToWriter, transfer: readonly ArrayBuffer[] = []): void {
    this.#port.postMessage(message, transfer as ArrayBuffer[]);
    this.#wake();
  }

  hangUp(): void {
    this.#port.close();
  }

  #wake(): void {
    Atomics.add(this.#posted, 0, 1);
    Atomics.notify(this.#posted, 0);
  }

  /** The thread's end may be heard before its last words: those come first. */
  #hearLastWords(listener: WriterListener): void {
    for (let last = receiveMessageOnPort(this.#port); last; last = receiveMessageOnPort(this.#port))
      listener.heard(last.message as FromWriter);
  }

  /** The process ends. A writer that cannot leave would keep it for ever: then it is killed. */
  #sendOut(): void {
    const wake = () => {
      this.#gate.release();
      this.#wake();
    };
    if (!this.#presence.sendOut(wake, LEAVE_WITHIN_MS)) process.kill(process.pid, 'SIGKILL');
  }
}
