/**
 * One turn's events as they come over NATS. The turn has an id from the start, so asking again is
 * always safe: when the stream is lost (silence, a reconnection, a daemon that restarts), it asks
 * again under the same id and so joins the turn, or learns how it ended.
 *
 * Invariants: (1) events of one attempt come in order and none twice; (2) it ends after
 * `turn.finished`, or with an error, and leaves no subscription behind.
 */
import { createInbox, type Msg, type NatsConnection, type Subscription } from 'nats';
import type { Clock, Timer } from '../otp/clock.ts';
import { GreenroomError } from '../session/errors.ts';
import type { WireEvent } from '../session/event.ts';
import { errorIn, fromNats, isNoResponders, nobodyAnswers, parse } from './replies.ts';

export interface AskOptions {
  /** Silence that means that the stream is lost, in milliseconds. */
  readonly silenceMs: number;
  /** How long a lost stream may stay lost. */
  readonly rejoinMs: number;
}

const REJOIN_EVERY_MS = 250;
/** Events that wait for a slow reader. */
const MAX_WAITING = 100_000;

export class AskStream {
  readonly #nc: NatsConnection;
  readonly #clock: Clock;
  readonly #subject: string;
  readonly #body: Uint8Array;
  readonly #options: AskOptions;
  #subscription: Subscription | undefined;
  #timer: Timer | undefined;
  #waiting: WireEvent[] = [];
  #wake: (() => void) | undefined;
  #end: { readonly error: unknown } | 'finished' | undefined;
  #last = { attempt: 0, n: 0 };
  #heardMs: number;
  /** Since when the stream is lost; undefined while it is not. */
  #lostSinceMs: number | undefined;

  constructor(
    nc: NatsConnection,
    clock: Clock,
    subject: string,
    body: Uint8Array,
    options: AskOptions,
  ) {
    this.#nc = nc;
    this.#clock = clock;
    this.#subject = subject;
    this.#body = body;
    this.#options = options;
    this.#heardMs = clock.monotonic();
    this.#ask();
  }

  /** The next event; undefined after the last. Throws what the turn was refused with. */
  async next(): Promise<WireEvent | undefined> {
    while (this.#waiting.length === 0 && this.#end === undefined)
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    const event = this.#waiting.shift();
    if (event === undefined && this.#end !== 'finished') throw this.#end?.error;
    return event;
  }

  /** Asks again: what was asked or said meanwhile may be lost. */
  rejoin(): void {
    if (this.#end !== undefined) return;
    this.#lostSinceMs ??= this.#clock.monotonic();
    this.#ask();
  }

  /** The reader has gone. */
  close(): void {
    this.#finish('finished');
  }

  /** The connection goes: a reader that still waits is told. */
  abandon(): void {
    this.#fail(new GreenroomError('unavailable', 'the client was closed'));
  }

  #ask(): void {
    this.#subscription?.unsubscribe();
    const reply = createInbox();
    try {
      this.#subscription = this.#nc.subscribe(reply, {
        callback: (error, msg) => (error === null ? this.#receive(msg) : this.#fail(error)),
      });
      this.#nc.publish(this.#subject, this.#body, { reply });
      this.#watch();
    } catch (error) {
      this.#fail(fromNats(error, this.#subject, this.#nc.info?.max_payload ?? 0));
    }
  }

  #receive(msg: Msg): void {
    this.#heardMs = this.#clock.monotonic();
    if (isNoResponders(msg)) return this.#lost(nobodyAnswers(this.#subject));
    if (msg.data.length === 0) return;
    const error = errorIn(msg);
    if (error !== undefined) return this.#refused(error);
    this.#lostSinceMs = undefined;
    this.#take(parse(msg) as WireEvent);
  }

  #take(event: WireEvent): void {
    const { attempt, n = 0 } = event;
    const seen = n > 0 && attempt === this.#last.attempt && n <= this.#last.n;
    if (n > 0) this.#last = { attempt, n };
    if (!seen || event.type === 'turn.finished') this.#waiting.push(event);
    if (event.type === 'turn.finished') return this.#finish('finished');
    if (this.#waiting.length <= MAX_WAITING) return this.#wake?.();
    this.#fail(new GreenroomError('unavailable', `the reader is ${MAX_WAITING} events behind`));
  }

  /** A daemon that stops ends its streams; the turn goes on when it is back. */
  #refused(error: GreenroomError): void {
    const accepted = this.#last.n > 0;
    if (accepted && (error.code === 'draining' || error.code === 'unavailable')) this.#lost(error);
    else this.#fail(error);
  }

  /** At the first ask nobody's answer is final; later the daemon may be restarting. */
  #lost(error: GreenroomError): void {
    const now = this.#clock.monotonic();
    if (this.#last.n === 0 && this.#lostSinceMs === undefined) return this.#fail(error);
    this.#lostSinceMs ??= now;
    if (now - this.#lostSinceMs > this.#options.rejoinMs) return this.#fail(error);
    this.#timer?.cancel();
    this.#timer = this.#clock.setTimeout(() => this.rejoin(), REJOIN_EVERY_MS);
  }

  #watch(): void {
    this.#timer?.cancel();
    const { silenceMs } = this.#options;
    const leftMs = silenceMs - (this.#clock.monotonic() - this.#heardMs);
    if (leftMs > 0) {
      this.#timer = this.#clock.setTimeout(() => this.#watch(), leftMs);
      return;
    }
    this.#heardMs = this.#clock.monotonic();
    const message = `nothing was heard on ${this.#subject} for ${silenceMs} ms; ask turn-status`;
    if (this.#lostSinceMs !== undefined)
      return this.#fail(new GreenroomError('unavailable', message));
    this.rejoin();
  }

  #fail(error: unknown): void {
    this.#finish({ error });
  }

  #finish(end: { readonly error: unknown } | 'finished'): void {
    this.#end ??= end;
    this.#timer?.cancel();
    this.#subscription?.unsubscribe();
    this.#subscription = undefined;
    this.#wake?.();
  }
}
