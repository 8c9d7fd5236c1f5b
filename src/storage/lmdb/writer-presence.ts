/**
 * Whether the writing thread stands in LMDB, and how a process that ends sends it out. Both threads share
 * two flags.
 *
 * Stopping a thread cuts its JavaScript off, without `catch` and `finally`. In a transaction that leaves
 * a lock held, which LMDB's clean-up of that same thread then waits for: the process would never end. So the
 * writer leaves the transaction by throwing. All that was acknowledged stands in the commit log by then.
 */
const INSIDE = 0;
const SENT_OUT = 1;

/** Ends the transaction that it is thrown in, and the writer with it. */
class SentOut extends Error {}

export class WriterPresence {
  /** To be handed to the other thread. */
  readonly flags: Int32Array;

  constructor(flags: Int32Array = new Int32Array(new SharedArrayBuffer(8))) {
    this.flags = flags;
  }

  /** The writer's side: does the work inside. Resolves too when it was sent out; what else is thrown passes. */
  async during(work: () => Promise<void>): Promise<void> {
    Atomics.store(this.flags, INSIDE, 1);
    try {
      this.mustStay();
      await work();
    } catch (error) {
      if (!(error instanceof SentOut)) throw error;
    } finally {
      Atomics.store(this.flags, INSIDE, 0);
      Atomics.notify(this.flags, INSIDE);
    }
  }

  /** The writer's side: to be asked wherever it has waited, and before what takes long. */
  mustStay(): void {
    if (Atomics.load(this.flags, SENT_OUT) === 1) throw new SentOut();
  }

  /**
   * The other side: blocks until the writer is outside, where it stays.
   * @param wake gets it out of what it waits for.
   * @returns false when it is still inside after `limitMs`.
   */
  sendOut(wake: () => void, limitMs: number): boolean {
    Atomics.store(this.flags, SENT_OUT, 1);
    wake();
    return Atomics.wait(this.flags, INSIDE, 1, limitMs) !== 'timed-out';
  }
}
