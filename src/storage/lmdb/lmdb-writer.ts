/**
 * The journal's end of the line to the writer: hands batches over, passes its answers on, and keeps what
 * readers see in step with them. A writer that ends by itself has failed.
 */

import type { ChangeMark } from '../../session/ports/journal.ts';
import type { Key } from '../records/keys.ts';
import type {
  GroupOutcome,
  PurgeStep,
  StoreIdentity,
  Writer,
  WriterEvents,
} from '../records/store.ts';
import type { FreshTables } from '../tables/fresh-tables.ts';
import type { Carrier, WriterLine } from './carrier.ts';
import type { FromWriter } from './writer-thread.ts';

const NOBODY: ReadonlySet<number> = new Set();

interface Outcome<T> {
  resolve(value: T): void;
  reject(error: Error): void;
}

export class LmdbWriter implements Writer {
  readonly #fresh: FreshTables;
  readonly #line: WriterLine;
  readonly #purges: Outcome<PurgeStep>[] = [];
  #opening: Outcome<StoreIdentity> | undefined;
  #closing: (() => void) | undefined;
  #events: WriterEvents | undefined;
  #failure: Error | undefined;

  /** @param fresh is shown what was committed before anybody is told of it. */
  constructor(carrier: Carrier, newStoreId: string, fresh: FreshTables) {
    this.#fresh = fresh;
    this.#line = carrier.start(newStoreId, {
      heard: (message) => this.#receive(message),
      ended: (why) => this.#fail(why),
    });
  }

  /** Resolves when the writer owns the store: its epoch is on disk. */
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
    this.#line.post({ kind: 'batch', bytes }, [bytes]);
  }

  purge(records: number, nowMs: number, next: Key | undefined): Promise<PurgeStep> {
    return new Promise((resolve, reject) => {
      if (this.#failure !== undefined) return reject(this.#failure);
      this.#purges.push({ resolve, reject });
      this.#line.post({ kind: 'purge', records, nowMs, next });
    });
  }

  forgetChanges({ epoch, count }: ChangeMark): void {
    if (this.#failure === undefined) this.#line.post({ kind: 'forget', epoch, count });
  }

  /** Ends the writer after what was handed over. False if it had failed: then it is just left. */
  async close(): Promise<boolean> {
    const isSound = this.#failure === undefined;
    if (isSound) {
      this.#line.post({ kind: 'close' });
      await new Promise<void>((resolve) => {
        this.#closing = resolve;
      });
    }
    this.#line.hangUp();
    return isSound;
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
        this.#fresh.refresh();
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

  #fail(error: Error): void {
    if (this.#failure !== undefined) return;
    this.#failure = error;
    this.#opening?.reject(error);
    for (const { reject } of this.#purges.splice(0)) reject(error);
    if (this.#closing === undefined) this.#events?.failed(error);
    else this.#closing();
  }
}
