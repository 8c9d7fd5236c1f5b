/** A cast that waits for room in a full mailbox, as long as its sender does. */
import type { Bucket, Deadlines, Due } from './deadlines.ts';
import { Message } from './message.ts';
import { OtpError } from './otp-error.ts';

/** Invariant: its promise is settled once: when it is taken, when its time is up, or when the actor has died. */
export class WaitingCast extends Message implements Due {
  readonly taken: Promise<void>;
  bucket: Bucket | undefined = undefined;
  before: Due | undefined = undefined;
  after: Due | undefined = undefined;
  readonly #deadlines: Deadlines;
  #gaveUp = false;
  #resolve: () => void = () => {};
  #reject: (error: unknown) => void = () => {};

  constructor(name: string, payload: unknown, deadlines: Deadlines, dueMs: number) {
    super('cast', name, payload);
    this.#deadlines = deadlines;
    this.taken = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    if (dueMs !== Number.POSITIVE_INFINITY) deadlines.add(this, dueMs);
  }

  override get moot(): boolean {
    return this.#gaveUp;
  }

  override admitted(): void {
    this.#deadlines.remove(this);
    this.#resolve();
  }

  expire(): void {
    this.#gaveUp = true;
    this.#reject(new OtpError('timeout', `there was no room for ${this.name} in time`));
  }
}
