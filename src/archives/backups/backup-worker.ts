/** The thread of backups, as the main thread holds it: asked one thing after the other, until it is ended. */
import { Worker } from 'node:worker_threads';
import { GreenroomError, isErrorCode } from '../../model/errors.ts';
import { programFile } from '../../platform/compiled.ts';
import type { Kind, Orders, Results, Told } from './backup-thread.ts';

const HEAP_MB = 256;

interface Waiting {
  resolve(result: unknown): void;
  reject(error: unknown): void;
}

export class BackupThread {
  readonly #worker: Worker;
  #waiting: Waiting | undefined;
  #fault: GreenroomError | undefined;

  constructor() {
    this.#worker = new Worker(programFile('archives/backups/backup-thread'), {
      ...{ execArgv: [], stdout: true, stderr: true },
      resourceLimits: { maxOldGenerationSizeMb: HEAP_MB },
    });
    this.#worker.stdout.resume();
    this.#worker.stderr.resume();
    this.#worker.on('message', (told: Told) => {
      if (told.kind === 'done') this.#settle(({ resolve }) => resolve(told.result));
      else this.#settle(({ reject }) => reject(errorOf(told)));
    });
    this.#worker.on('error', (cause) => this.#died(String(cause), cause));
    this.#worker.on('exit', () => this.#died('it has ended'));
  }

  /** Rejects with the thread's error, with `unavailable` where it died, and with the signal's reason once that is aborted. */
  ask<K extends Kind>(kind: K, order: Orders[K], signal: AbortSignal): Promise<Results[K]> {
    return new Promise<Results[K]>((resolve, reject) => {
      signal.throwIfAborted();
      if (this.#fault !== undefined) throw this.#fault;
      const stop = (): void => this.#settle((waiting) => waiting.reject(signal.reason));
      const over = (): void => signal.removeEventListener('abort', stop);
      signal.addEventListener('abort', stop, { once: true });
      this.#waiting = {
        resolve: (result) => {
          over();
          resolve(result as Results[K]);
        },
        reject: (error) => {
          over();
          reject(error);
        },
      };
      this.#worker.postMessage({ kind, order });
    });
  }

  async end(): Promise<void> {
    this.#worker.removeAllListeners();
    this.#worker.on('error', () => undefined);
    await this.#worker.terminate();
  }

  #settle(how: (waiting: Waiting) => void): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (waiting !== undefined) how(waiting);
  }

  #died(why: string, cause?: unknown): void {
    this.#fault ??= new GreenroomError('unavailable', `the thread of backups died: ${why}`, {
      cause,
    });
    const fault = this.#fault;
    this.#settle(({ reject }) => reject(fault));
  }
}

const errorOf = ({ code, message }: Extract<Told, { kind: 'failed' }>): GreenroomError =>
  new GreenroomError(isErrorCode(code) ? code : 'internal', message);
