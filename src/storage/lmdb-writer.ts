/**
 * The journal's end of the writing thread: hands batches over, passes its answers on, and keeps what
 * readers see in step with them. It owns the thread and its port; a thread that ends by itself is a failed writer.
 */
import {
  MessageChannel,
  type MessagePort,
  receiveMessageOnPort,
  Worker,
} from 'node:worker_threads';
import { compiledFile } from '../compiled.ts';
import type { FreshTables } from './fresh-tables.ts';
import type { GroupOutcome, PurgeStep, StoreIdentity, Writer, WriterEvents } from './store.ts';
import type { SyncGate } from './sync-gate.ts';
import type { FromWriter, ToWriter, WriterArgs } from './writer-thread.ts';

/** The thread moves bytes and makes little garbage. */
const YOUNG_MB = 4;

const NOBODY: ReadonlySet<number> = new Set();

interface Outcome<T> {
  resolve(value: T): void;
  reject(error: Error): void;
}

export class LmdbWriter implements Writer {
  readonly #fresh: FreshTables;
  readonly #thread: Worker;
  readonly #port: MessagePort;
  readonly #posted = new Int32Array(new SharedArrayBuffer(4));
  readonly #purges: Outcome<PurgeStep>[] = [];
  #opening: Outcome<StoreIdentity> | undefined;
  #closing: (() => void) | undefined;
  #events: WriterEvents | undefined;
  #failure: Error | undefined;

  /** @param fresh is shown what was committed before anybody is told of it. */
  constructor(dir: string, newStoreId: string, gate: SyncGate, fresh: FreshTables) {
    this.#fresh = fresh;
    const { port1, port2 } = new MessageChannel();
    const args: WriterArgs = { dir, newStoreId, posted: this.#posted, gate: gate.state };
    this.#port = port1;
    this.#thread = new Worker(compiledFile(import.meta.url, './writer-thread.js'), {
      workerData: { args, port: port2 },
      transferList: [port2],
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MB },
      execArgv: [], // the process's own flags are not for a thread, which refuses some of them
    });
    this.#port.on('message', (message: FromWriter) => this.#receive(message));
    this.#thread.on('error', (error) => this.#fail(error as Error));
    this.#thread.on('exit', () => this.#ended());
  }

  /** Resolves when the thread owns the store: its epoch is on disk. */
  opened(): Promise<StoreIdentity> {
    return new Promise((resolve, reject) => {
      this.#opening = { resolve, reject };
      if (this.#failure !== undefined) reject(this.#failure);
    });
  }

  listen(events: WriterEvents): void {
    this.#events = events;
    if (this.#failure !== undefined) events.failed(this.#failure);
  }

  write(bytes: ArrayBuffer): void {
    this.#post({ kind: 'batch', bytes }, [bytes]);
  }

  purge(records: number, nowMs: number): Promise<PurgeStep> {
    return new Promise((resolve, reject) => {
      if (this.#failure !== undefined) return reject(this.#failure);
      this.#purges.push({ resolve, reject });
      this.#post({ kind: 'purge', records, nowMs });
    });
  }

  /** Ends the thread after what was handed over. False if it had failed: then it is just left. */
  async close(): Promise<boolean> {
    const isSound = this.#failure === undefined;
    if (isSound) {
      this.#post({ kind: 'close' });
      await new Promise<void>((resolve) => {
        this.#closing = resolve;
      });
    }
    this.#port.close();
    return isSound;
  }

  #post(message: ToWriter, transfer: ArrayBuffer[] = []): void {
    this.#port.postMessage(message, transfer);
    Atomics.add(this.#posted, 0, 1);
    Atomics.notify(this.#posted, 0);
  }

  #receive(message: FromWriter): void {
    switch (message.kind) {
      case 'ready':
        return this.#opening?.resolve(message.identity);
      case 'settled':
        if (message.where === 'log') this.#show(message.outcome);
        else this.#fresh.clear();
        return this.#events?.settled(message.outcome);
      case 'checkpoint':
        return this.#fresh.clear();
      case 'purged':
        return this.#purges.shift()?.resolve(message);
      case 'failed':
        return this.#fail(message.error);
      case 'closed':
        return this.#fail(new Error('the journal is closed'));
    }
  }

  #show({ buffers, refusals }: GroupOutcome): void {
    buffers.forEach((buffer, batch) => {
      const refused = refusals.filter((refusal) => refusal.batch === batch).map(({ at }) => at);
      this.#fresh.add(Buffer.from(buffer), refused.length === 0 ? NOBODY : new Set(refused));
    });
  }

  /** Its end may be heard before its last words: those are read first. */
  #ended(): void {
    for (let last = receiveMessageOnPort(this.#port); last; last = receiveMessageOnPort(this.#port))
      this.#receive(last.message as FromWriter);
    this.#fail(new Error('the writing thread has ended'));
  }

  #fail(error: Error): void {
    if (this.#failure !== undefined) return;
    this.#failure = error;
    this.#opening?.reject(error);
    for (const { reject } of this.#purges.splice(0)) reject(error);
    if (this.#closing === undefined) this.#events?.failed(error);
    else this.#closing();
  }
}
