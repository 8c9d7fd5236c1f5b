/**
 * Work on each session in the order of the calls: one piece after another, sessions side by side. A piece that
 * fails stops nobody behind it. One that needs several sessions takes its place behind all of them at once, so
 * nobody waits in a circle.
 */
import { GreenroomError } from '../../../model/errors.ts';

/** Pieces of work that may wait, in all. */
const MAX_WAITING = 10_000;

export class CallOrder {
  readonly #last = new Map<string, Promise<void>>();
  #waiting = 0;

  /** Throws `mailbox_full` when too many wait. */
  run<T>(name: string | readonly string[], work: () => Promise<T>): Promise<T> {
    if (this.#waiting >= MAX_WAITING)
      return Promise.reject(
        new GreenroomError('mailbox_full', 'too many calls wait for this store', {
          retryAfterMs: 100,
        }),
      );
    this.#waiting += 1;
    const names = typeof name === 'string' ? [name] : name;
    const before = names.flatMap((each) => this.#last.get(each) ?? []);
    const done = before.length === 0 ? work() : Promise.all(before).then(work);
    const settle = () => {
      this.#waiting -= 1;
      for (const each of names) if (this.#last.get(each) === settled) this.#last.delete(each);
    };
    const settled: Promise<void> = done.then(settle, settle);
    for (const each of names) this.#last.set(each, settled);
    return done;
  }

  /** Resolves when all that was asked for until now has ended. */
  async idle(): Promise<void> {
    await Promise.all(this.#last.values());
  }
}
