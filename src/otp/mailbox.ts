/**
 * A mailbox: a queue that is linked through its messages, so an idle actor's costs nothing and a full one nothing more
 * than its messages.
 *
 * Invariant: calls and casts, which others send, are at most `limit`; what the runtime or the actor itself puts in
 * (exits, downs, infos, outcomes) is always taken, because losing it would break a promise.
 */
import type { Message } from './message.ts';

export class Mailbox {
  readonly limit: number;
  size = 0;
  #fromOthers = 0;
  #first: Message | undefined = undefined;
  #last: Message | undefined = undefined;

  constructor(limit: number) {
    this.limit = limit;
  }

  /** No room for a further call or cast. */
  get full(): boolean {
    return this.#fromOthers >= this.limit;
  }

  push(message: Message): void {
    if (this.#last === undefined) this.#first = message;
    else this.#last.next = message;
    this.#last = message;
    this.size++;
    if (message.fromOthers) this.#fromOthers++;
  }

  /** Takes the oldest. */
  shift(): Message | undefined {
    const message = this.#first;
    if (message === undefined) return undefined;
    this.#first = message.next;
    if (message.next === undefined) this.#last = undefined;
    else message.next = undefined;
    this.size--;
    if (message.fromOthers) this.#fromOthers--;
    return message;
  }
}
