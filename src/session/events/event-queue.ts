/** Events of one turn between the session that tells them and a reader who takes its time. Bounded: a reader that is too slow loses its stream, nobody else notices. */
import { GreenroomError } from '../../model/errors.ts';
import type { WireEvent } from '../../model/event.ts';

/** Events that may wait for their reader. */
export const MAX_WAITING_EVENTS = 10_000;

export class EventQueue {
  readonly #events: WireEvent[] = [];
  #wake: (() => void) | undefined;
  #failure: { readonly error: unknown } | undefined;
  #isClosed = false;

  push(event: WireEvent): void {
    if (this.#isClosed) return;
    if (this.#events.length >= MAX_WAITING_EVENTS) return this.fail(tooSlow());
    this.#events.push(event);
    if (event.type === 'turn.finished') this.#isClosed = true;
    this.#wake?.();
  }

  /** Ends the stream with an error, unless it has ended already. */
  fail(error: unknown): void {
    if (this.#isClosed) return;
    this.#failure = { error };
    this.#isClosed = true;
    this.#wake?.();
  }

  /** The reader wants no more: it is told why at once, before what waits. */
  abandon(reason: unknown): void {
    this.#events.length = 0;
    this.#failure = { error: reason };
    this.#isClosed = true;
    this.#wake?.();
  }

  /** What comes, `turn.finished` last. Throws what the queue failed with. */
  async *read(): AsyncGenerator<WireEvent, void, undefined> {
    for (;;) {
      const event = this.#events.shift();
      if (event !== undefined) yield event;
      else if (this.#failure !== undefined) throw this.#failure.error;
      else if (this.#isClosed) return;
      else
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
    }
  }
}

export const tooSlow = (): GreenroomError =>
  new GreenroomError(
    'mailbox_full',
    `the reader is ${MAX_WAITING_EVENTS} events behind: ask turn-status and messages`,
  );
