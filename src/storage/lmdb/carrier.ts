/**
 * What carries the writer of a store, and holds the store's lock for as long as the writer may write: a thread of this
 * process; or, where the store is opened in a thread, a process.
 *
 * A process that ends tells its main thread, which sends the writing thread out of LMDB first. A thread that
 * is terminated is told nothing, and neither is one whose process ends: so its writer lives outside, and ends by itself
 * when it finds that its owner has gone.
 */
import type { FromWriter, ToWriter } from './writer-thread.ts';

export interface WriterListener {
  heard(message: FromWriter): void;
  /** Nothing will be heard any more. */
  ended(why: Error): void;
}

/** The line to a writer that has been started. */
export interface WriterLine {
  /** The buffers are given away. */
  post(message: ToWriter, transfer?: readonly ArrayBuffer[]): void;
  /** What is still on its way is not heard. */
  hangUp(): void;
}

export interface Carrier {
  /** To be called once. `newStoreId` is for a store that has none yet. */
  start(newStoreId: string, listener: WriterListener): WriterLine;
  /** Whoever wants the store from now on is told to wait for the release. */
  announceRelease(): void;
  /** Lets go of the lock. */
  release(): Promise<void>;
}
