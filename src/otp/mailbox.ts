/**
 * A mailbox: a queue that is linked through its messages, so an idle actor's costs nothing and a full one nothing more
 * than its messages. Before a full one a sender may wait: in a second queue, which moves up as room comes.
 *
 * Invariants: (1) calls and casts, which others send, are at most `limit`; what the runtime or the actor itself puts in
 * (exits, downs, infos, outcomes) is always taken, because losing it would break a promise; (2) at most `limit` more
 * wait outside, and only while there is no room inside.
 */
import type { Message } from './message.ts';
import { Ring } from './ring.ts';

/** There are as many as there are actors, so it has no private methods: these cost each instance a word. */
export class Mailbox {
  readonly limit: number;
  size = 0;
  #fromOthers = 0;
  #first: Message | undefined = undefined;
  #last: Message | undefined = undefined;
  #outside: Ring<Message> | undefined = undefined;

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

  /** Ahead of all others, but behind what was put ahead before. */
  pushAhead(message: Message): void {
    let before: Message | undefined;
    for (let at = this.#first; at?.kind === message.kind; at = at.next) before = at;
    if (before === undefined) {
      message.next = this.#first;
      this.#first = message;
    } else {
      message.next = before.next;
      before.next = message;
    }
    if (message.next === undefined) this.#last = message;
    this.size++;
  }

  /** No room outside either. */
  get crowded(): boolean {
    return this.outside >= this.limit;
  }

  /** Senders that wait for room. */
  get outside(): number {
    return this.#outside?.size ?? 0;
  }

  /** Lets a message of others wait for room. False if too many do. */
  wait(message: Message): boolean {
    if (this.crowded) return false;
    this.#outside ??= new Ring();
    this.#outside.push(message);
    return true;
  }

  /** Takes the oldest. */
  shift(): Message | undefined {
    const message = this.#first;
    if (message === undefined) return undefined;
    this.#first = message.next;
    if (message.next === undefined) this.#last = undefined;
    else message.next = undefined;
    this.size--;
    if (message.fromOthers) {
      this.#fromOthers--;
      if (this.#outside !== undefined) this.admit(this.#outside);
    }
    return message;
  }

  /** There is room for one of those that wait outside. */
  admit(outside: Ring<Message>): void {
    for (let next = outside.shift(); next !== undefined; next = outside.shift()) {
      if (next.moot) continue;
      this.push(next);
      return next.admitted();
    }
    this.#outside = undefined;
  }
}
