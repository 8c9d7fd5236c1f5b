/**
 * Takes messages from the intake's consumer, never more than there is room for. Our own and not the
 * client's `consume()`, which asks for more as soon as it has handed a message over, however many
 * are in hand, and which cannot be closed while the connection is.
 *
 * Invariant: one pull request is open at a time, and what it may bring fits into the room.
 */
import { createInbox, type Msg, type NatsConnection, nanos, type Subscription } from 'nats';
import type { Clock, Timer } from '../otp/clock.ts';
import { CONSUMER } from './streams.ts';

export interface Room {
  readonly messages: number;
  readonly bytes: number;
}

export interface PullerOptions {
  readonly nc: NatsConnection;
  readonly clock: Clock;
  readonly stream: string;
  /** What may be brought now. */
  readonly room: () => Room;
  /** Largest message that can come, with its headers. */
  readonly maxMessageBytes: number;
  readonly onMessage: (msg: Msg) => void;
  /** The consumer is gone, or nobody answers: make a new one. */
  readonly onLost: (why: string) => void;
}

const EXPIRES_MS = 30_000;
const HEARTBEAT_MS = 5_000;
const SILENCE_MS = 13_000;

export class Puller {
  readonly #options: PullerOptions;
  readonly #inbox = createInbox();
  readonly #subscription: Subscription;
  /** Messages that the open request may still bring; 0: none is open. */
  #expected = 0;
  #heardMs: number;
  #watchdog: Timer;
  #stopped = false;

  constructor(options: PullerOptions) {
    this.#options = options;
    this.#heardMs = options.clock.monotonic();
    this.#subscription = options.nc.subscribe(this.#inbox, {
      callback: (error, msg) => (error === null ? this.#receive(msg) : this.#lost(error.message)),
    });
    this.#watchdog = options.clock.setTimeout(() => this.#watch(), SILENCE_MS);
    this.poke();
  }

  /** There may be room again. */
  poke(): void {
    if (this.#stopped || this.#expected > 0) return;
    const { nc, stream, room, maxMessageBytes } = this.#options;
    const { messages, bytes } = room();
    if (messages <= 0 || bytes < maxMessageBytes) return;
    this.#expected = messages;
    this.#heardMs = this.#options.clock.monotonic();
    const request = {
      batch: messages,
      max_bytes: bytes,
      expires: nanos(EXPIRES_MS),
      idle_heartbeat: nanos(HEARTBEAT_MS),
    };
    const subject = `$JS.API.CONSUMER.MSG.NEXT.${stream}.${CONSUMER}`;
    nc.publish(subject, JSON.stringify(request), { reply: this.#inbox });
  }

  stop(): void {
    this.#stopped = true;
    this.#watchdog.cancel();
    this.#subscription.unsubscribe();
  }

  #receive(msg: Msg): void {
    if (this.#stopped) return;
    this.#heardMs = this.#options.clock.monotonic();
    if (msg.subject === this.#inbox) return this.#status(msg);
    this.#expected = Math.max(0, this.#expected - 1);
    this.#options.onMessage(msg);
    this.poke();
  }

  /** Heartbeats apart, a status ends the request: its time or its bytes are used up, or the consumer is gone. */
  #status(msg: Msg): void {
    const code = msg.headers?.code ?? 0;
    const text = msg.headers?.description ?? '';
    if (code === 100) return;
    this.#expected = 0;
    const isOver = code === 408 || (code === 409 && /max ?bytes/i.test(text));
    if (isOver) this.poke();
    else this.#lost(`${code} ${text}`);
  }

  #watch(): void {
    const { clock } = this.#options;
    const silentMs = clock.monotonic() - this.#heardMs;
    if (this.#expected > 0 && silentMs > SILENCE_MS) return this.#lost('nothing heard from it');
    this.#watchdog = clock.setTimeout(() => this.#watch(), SILENCE_MS);
  }

  #lost(why: string): void {
    if (this.#stopped) return;
    this.stop();
    this.#options.onLost(why);
  }
}
