/**
 * What lies in a mailbox: one object per message. A call is its own reply address: it carries the caller's promise,
 * its deadline, and whether the callee still owes the answer.
 *
 * Invariant: a call is settled once; whatever comes later (a late reply, a second one, a deadline) is dropped.
 */
import { Bag, type Bagged, NOWHERE } from './bag.ts';
import type { Bucket, Deadlines, Due, Fresh } from './deadlines.ts';
import { OtpError } from './otp-error.ts';

/** `call` and `cast` come from others and count against the mailbox's limit; the rest is the runtime's own. */
export type MessageKind = 'call' | 'cast' | 'info' | 'continue' | 'idle' | 'down' | 'exit' | 'run';

export class Message {
  readonly kind: MessageKind;
  /** Of the call, cast or info; for the runtime's own messages, what they are. */
  readonly name: string;
  readonly payload: unknown;
  /** Behind this one in its mailbox. */
  next: Message | undefined = undefined;

  constructor(kind: MessageKind, name: string, payload: unknown) {
    this.kind = kind;
    this.name = name;
    this.payload = payload;
  }

  get fromOthers(): boolean {
    return this.kind === 'call' || this.kind === 'cast';
  }

  /** Its sender no longer wants it handled: it takes up no room. */
  get moot(): boolean {
    return false;
  }

  /** It has found room in the mailbox, after it had to wait for it. */
  admitted(): void {}
}

/** Where a handler sends an answer that it cannot give yet. The first answer counts, later ones are ignored. */
export interface From<R> {
  /** The caller has its answer, or has given up: the work is no longer needed. */
  readonly settled: boolean;
  reply(value: R): void;
  /** The caller's promise rejects with `error` as it is. */
  fail(error: unknown): void;
}

/** The process that has to answer a call. */
export interface Callee {
  readonly label: string;
  readonly deadlines: Deadlines;
  /** Calls taken from the mailbox whose answer is still owed. */
  owed: Bag<Call> | undefined;
}

export class Call extends Message implements From<unknown>, Fresh, Bagged {
  readonly callee: Callee;
  readonly timeoutMs: number;
  dueMs = Number.POSITIVE_INFINITY;
  settled = false;
  bucket: Bucket | undefined = undefined;
  before: Due | undefined = undefined;
  after: Due | undefined = undefined;
  earlier: Fresh | undefined = undefined;
  place = NOWHERE;
  readonly #resolve: (value: unknown) => void;
  readonly #reject: (error: unknown) => void;

  constructor(
    callee: Callee,
    name: string,
    request: unknown,
    timeoutMs: number,
    resolve: (value: unknown) => void,
    reject: (error: unknown) => void,
  ) {
    super('call', name, request);
    this.callee = callee;
    this.timeoutMs = timeoutMs;
    this.#resolve = resolve;
    this.#reject = reject;
    if (timeoutMs !== Number.POSITIVE_INFINITY) callee.deadlines.addFresh(this);
  }

  reply(value: unknown): void {
    if (this.#settle()) this.#resolve(value);
  }

  fail(error: unknown): void {
    if (this.#settle()) this.#reject(error);
  }

  override get moot(): boolean {
    return this.settled;
  }

  expire(): void {
    const { callee, name, timeoutMs } = this;
    this.fail(
      new OtpError('timeout', `${callee.label} did not answer ${name} within ${timeoutMs} ms`),
    );
  }

  /** The handler answers later, perhaps: the callee's death must not leave the caller waiting. */
  owe(): void {
    if (this.settled || this.place !== NOWHERE) return;
    this.callee.owed ??= new Bag();
    this.callee.owed.add(this);
  }

  #settle(): boolean {
    if (this.settled) return false;
    this.settled = true;
    this.callee.deadlines.remove(this);
    this.callee.owed?.delete(this);
    return true;
  }
}
