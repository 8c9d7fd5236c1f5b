/** What a watcher has not read yet. Bounded: a watcher that is too slow loses it, and no other notices. */
import { GreenroomError } from '../../model/errors.ts';

/** An event, or a piece of news of sessions' lives, as watchers get it: plain JSON. */
export type Watched = Readonly<Record<string, unknown>>;

/** Messages that may wait for their reader. */
export const MAX_WAITING_MESSAGES = 10_000;

export class WatchQueue {
  readonly #waiting: Watched[] = [];
  readonly #onEnd: () => void;
  #wake: (() => void) | undefined;
  #end: { readonly error: unknown } | 'closed' | undefined;

  /** @param onEnd called once, however it ends. */
  constructor(onEnd: () => void) {
    this.#onEnd = onEnd;
  }

  get hasEnded(): boolean {
    return this.#end !== undefined;
  }

  push(message: Watched): void {
    if (this.#end !== undefined) return;
    if (this.#waiting.length >= MAX_WAITING_MESSAGES) return this.fail(tooSlow());
    this.#waiting.push(message);
    this.#wake?.();
  }

  /** It throws this once what waits was read. */
  fail(error: unknown): void {
    this.#finish({ error });
  }

  close(): void {
    this.#finish('closed');
  }

  /** What comes, to its end. Leaving the loop closes it; so does `return` before the first read, or while one waits. */
  read(): AsyncGenerator<Watched, void> {
    const reading = this.#read();
    const end = reading.return.bind(reading);
    return Object.assign(reading, {
      return: (value: void | PromiseLike<void>) => {
        this.close();
        return end(value);
      },
    });
  }

  async *#read(): AsyncGenerator<Watched, void> {
    try {
      for (;;) {
        const message = this.#waiting.shift();
        if (message !== undefined) yield message;
        else if (this.#end === 'closed') return;
        else if (this.#end !== undefined) throw this.#end.error;
        else
          await new Promise<void>((resolve) => {
            this.#wake = resolve;
          });
      }
    } finally {
      this.close();
    }
  }

  #finish(end: { readonly error: unknown } | 'closed'): void {
    if (this.#end !== undefined) return;
    this.#end = end;
    this.#onEnd();
    this.#wake?.();
  }
}

const tooSlow = (): GreenroomError =>
  new GreenroomError('mailbox_full', `the reader is ${MAX_WAITING_MESSAGES} messages behind`);
