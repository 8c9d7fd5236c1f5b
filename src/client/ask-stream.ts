/**
 * One turn's events as they come over NATS. The turn has an id from the start, so asking again is
 * always safe: when the stream is lost (silence, a reconnection, a daemon that restarts), it asks
 * again under the same id and so joins the turn, or learns how it ended.
 *
 * Invariants:
 * 1. Events of one attempt come in order and none twice; each stored message of the turn comes once, also
 *    one that was told while nobody could hear: it is read from the transcript.
 * 2. Deltas belong to what was heard without a gap since the last message: when it asks again, the daemon says again what
 *    the message under way has said; where that is too much they are left out until the message, which has their text whole.
 * 3. It ends after `turn.finished`, or with an error, and leaves no subscription behind.
 */
import { createInbox, type Msg, type MsgHdrs, type NatsConnection, type Subscription } from 'nats';
import { codeOf, GreenroomError } from '../model/errors.ts';
import type { WireEvent } from '../model/event.ts';
import type { Clock, Timer } from '../otp/clock.ts';
import { MAX_WAITING_EVENTS, tooSlow } from '../session/events/event-queue.ts';
import type { MessageView, TurnView } from '../session/verbs/reply-schemas.ts';
import { errorIn, eventIn, fromNats, isNoResponders, nobodyAnswers } from './replies.ts';

export interface AskOptions {
  /** Silence that means that the stream is lost, in milliseconds. */
  readonly silenceMs: number;
  /** How long a lost stream may stay lost. */
  readonly rejoinMs: number;
}

/** What the stream needs of its client. */
export interface AskSource {
  /** The connection of the moment. */
  readonly nc: NatsConnection;
  /** Default: the NATS client's. */
  readonly inboxPrefix: string | undefined;
  readonly clock: Clock;
  readonly subject: string;
  readonly body: Uint8Array;
  /** Sent along each time that it is asked. */
  readonly headers: MsgHdrs;
  /** Whose events they are. */
  readonly address: {
    readonly tenant: string;
    readonly sessionId: string;
    readonly turnId: string;
  };
  /** The turn's record. */
  status(): Promise<TurnView>;
  /** The turn's stored messages from a `seq` on. */
  messagesFrom(seq: number): Promise<readonly MessageView[]>;
  /** Something came. */
  heard(): void;
}

const REJOIN_EVERY_MS = 250;

export class AskStream {
  readonly #source: AskSource;
  readonly #options: AskOptions;
  #subscription: Subscription | undefined;
  #timer: Timer | undefined;
  #waiting: WireEvent[] = [];
  #wake: (() => void) | undefined;
  #end: { readonly error: unknown } | 'finished' | undefined;
  #last = { attempt: 0, n: 0 };
  /** Of the prompt or the message that was heard last; 0 before the turn was accepted. */
  #lastSeq = 0;
  /** Deltas are left out: some before them were missed. */
  #isBehind = false;
  /** The next counted event is the first behind a message that was heard: whatever lies between is known. */
  #isJoined = false;
  /** What comes while missed messages are read; undefined while none are. */
  #held: WireEvent[] | undefined;
  /** How often it was asked: what belongs to an earlier time is left alone. */
  #asked = 0;
  #heardMs: number;
  /** Since when the stream is lost; undefined while it is not. */
  #lostSinceMs: number | undefined;

  constructor(source: AskSource, options: AskOptions) {
    this.#source = source;
    this.#options = options;
    this.#heardMs = source.clock.monotonic();
    this.#ask();
  }

  /** Where it asks. */
  get subject(): string {
    return this.#source.subject;
  }

  /** Whether the turn is known to be accepted: then it goes on whatever becomes of this stream. */
  get isAccepted(): boolean {
    return this.#lastSeq > 0 || this.#last.n > 0;
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

  /** The daemon is away: nothing is asked until `rejoin`, and not for ever. */
  lose(): void {
    if (this.#end !== undefined) return;
    this.#lostSinceMs ??= this.#source.clock.monotonic();
    this.#unsubscribe();
    this.#timer?.cancel();
    const { rejoinMs } = this.#options;
    const leftMs = rejoinMs - (this.#source.clock.monotonic() - this.#lostSinceMs);
    this.#timer = this.#source.clock.setTimeout(
      () => this.#fail(nobodyAnswers(this.#source.subject)),
      Math.max(0, leftMs),
    );
  }

  /** Asks again: what was asked or said meanwhile may be lost. */
  rejoin(): void {
    if (this.#end !== undefined) return;
    this.#lostSinceMs ??= this.#source.clock.monotonic();
    this.#ask();
    if (this.#end === undefined) void this.#catchUp(this.#asked);
  }

  /** The reader has gone. */
  close(): void {
    this.#finish('finished');
  }

  /** The reader goes, and wants to be told so. */
  fail(error: unknown): void {
    this.#waiting = [];
    this.#fail(error);
  }

  /** The connection goes: a reader that still waits is told. */
  abandon(): void {
    this.#fail(new GreenroomError('unavailable', 'the client was closed'));
  }

  #ask(): void {
    const { nc, subject, body, headers } = this.#source;
    this.#unsubscribe();
    this.#asked += 1;
    this.#held = undefined;
    const reply = createInbox(this.#source.inboxPrefix);
    try {
      this.#subscription = nc.subscribe(reply, {
        callback: (error, msg) =>
          error === null ? this.#came(msg) : this.#fail(fromNats(error, reply, 0)),
      });
      nc.publish(subject, body, { reply, headers });
      this.#watch();
    } catch (error) {
      this.#fail(fromNats(error, subject, nc.info?.max_payload ?? 0));
    }
  }

  /** What is thrown here would end the connection, and all that is read on it. */
  #came(msg: Msg): void {
    try {
      this.#receive(msg);
    } catch (error) {
      this.#fail(error);
    }
  }

  #receive(msg: Msg): void {
    this.#heardMs = this.#source.clock.monotonic();
    if (isNoResponders(msg)) return this.#lost(nobodyAnswers(this.#source.subject));
    this.#source.heard();
    if (msg.data.length === 0) return this.#closed();
    const error = errorIn(msg);
    if (error !== undefined) return this.#refused(error);
    const event = eventIn(msg);
    if (this.#held === undefined) this.#take(event);
    else if (this.#held.length < MAX_WAITING_EVENTS) this.#held.push(event);
    else this.#fail(tooSlow());
  }

  /** The daemon's word that nothing more comes. Behind an error, or the end, it says nothing new. */
  #closed(): void {
    if (this.#end !== undefined || this.isAccepted || this.#lostSinceMs !== undefined) return;
    this.#fail(new GreenroomError('unavailable', 'the stream ended before the turn had begun'));
  }

  /** What was missed, then what came meanwhile. */
  async #catchUp(asked: number): Promise<void> {
    this.#held = [];
    let missed: readonly WireEvent[] = [];
    try {
      missed = await this.#missed();
    } catch (error) {
      if (asked !== this.#asked || this.#end !== undefined) return;
      if (isPassing(error)) return this.#lost(error);
      // It does not know the turn: the question that was just asked begins it.
    }
    if (asked !== this.#asked || this.#end !== undefined) return;
    const held: readonly WireEvent[] = this.#held ?? [];
    this.#held = undefined;
    // From the first message that was heard on, messages come by themselves, each behind its deltas.
    const unheard = missed.filter(
      (event) => event.type !== 'message' || event.seq < toldFrom(held),
    );
    const before = this.#lastSeq;
    for (const event of unheard) this.#take(event);
    // Deltas that come now may be of a message that was just read.
    if (this.#lastSeq > before) this.#isBehind = true;
    this.#lostSinceMs = undefined;
    for (const event of held) this.#take(event);
  }

  async #missed(): Promise<readonly WireEvent[]> {
    const turn = await this.#source.status();
    const attempt = Math.max(turn.attempt, this.#last.attempt);
    const from = Math.max(this.#lastSeq, turn.seq) + 1;
    const messages = await this.#source.messagesFrom(from);
    const facts = { ...this.#source.address, attempt };
    const accepted: WireEvent = {
      type: 'turn.accepted',
      seq: turn.seq,
      ...facts,
      at: turn.acceptedAt,
    };
    return [
      ...(this.#lastSeq === 0 ? [accepted] : []),
      ...messages.map(
        ({ seq, at, message }): WireEvent => ({ type: 'message', seq, message, ...facts, at }),
      ),
    ];
  }

  #take(event: WireEvent): void {
    if (this.#end !== undefined) return;
    this.#lostSinceMs = undefined;
    const isNew = this.#count(event);
    if (isNew || event.type === 'turn.finished') this.#waiting.push(event);
    if (event.type === 'turn.finished') return this.#finish('finished');
    if (this.#waiting.length <= MAX_WAITING_EVENTS) return this.#wake?.();
    this.#fail(tooSlow());
  }

  /** Keeps the account of what was heard; false for what the reader has already, or cannot use. */
  #count(event: WireEvent): boolean {
    const { attempt, n = 0 } = event;
    const last = this.#last;
    if (n > 0) {
      const isSame = attempt === last.attempt;
      if (attempt < last.attempt || (isSame && n <= last.n)) return false;
      const hasGap = n > (isSame ? last.n : 0) + 1;
      // Who joins a running turn at first has missed nothing that it was promised.
      if (hasGap && last.n > 0) this.#isBehind = !this.#isJoined;
      else if (!isSame) this.#isBehind = false;
      this.#isJoined = false;
      this.#last = { attempt, n };
    }
    if (event.type === 'ping' && event.after !== undefined)
      this.#isJoined = event.after === this.#lastSeq;
    if (event.type === 'retry') this.#isBehind = false;
    if (event.type === 'delta') return !this.#isBehind;
    if (event.type !== 'message' && event.type !== 'turn.accepted') return true;
    if (event.type === 'message') this.#isBehind = false;
    // Of a turn that is set for a time: it has no prompt in the transcript yet.
    if (event.type === 'turn.accepted' && event.seq === 0) return n > 0 || last.n === 0;
    if (event.seq <= this.#lastSeq) return false;
    this.#lastSeq = event.seq;
    return true;
  }

  /** A daemon that stops ends its streams; the turn goes on when it is back. */
  #refused(error: GreenroomError): void {
    const isPassingNow = error.code === 'draining' || error.code === 'unavailable';
    if (this.isAccepted && isPassingNow) this.#lost(error);
    else this.#fail(error);
  }

  /** At the first ask nobody's answer is final; later the daemon may be restarting. */
  #lost(error: unknown): void {
    const now = this.#source.clock.monotonic();
    if (!this.isAccepted && this.#lostSinceMs === undefined) return this.#fail(error);
    this.#lostSinceMs ??= now;
    if (now - this.#lostSinceMs > this.#options.rejoinMs) return this.#fail(error);
    this.#timer?.cancel();
    this.#timer = this.#source.clock.setTimeout(() => this.rejoin(), REJOIN_EVERY_MS);
  }

  #watch(): void {
    this.#timer?.cancel();
    const { clock, subject } = this.#source;
    const { silenceMs } = this.#options;
    const leftMs = silenceMs - (clock.monotonic() - this.#heardMs);
    if (leftMs > 0) {
      this.#timer = clock.setTimeout(() => this.#watch(), leftMs);
      return;
    }
    this.#heardMs = clock.monotonic();
    const message = `nothing was heard on ${subject} for ${silenceMs} ms; ask turn-status`;
    if (this.#lostSinceMs !== undefined)
      return this.#fail(new GreenroomError('unavailable', message));
    this.rejoin();
  }

  #unsubscribe(): void {
    try {
      this.#subscription?.unsubscribe();
    } catch {
      // Of a connection that is closed already.
    }
    this.#subscription = undefined;
  }

  #fail(error: unknown): void {
    this.#finish({ error });
  }

  #finish(end: { readonly error: unknown } | 'finished'): void {
    this.#end ??= end;
    this.#timer?.cancel();
    this.#unsubscribe();
    this.#wake?.();
  }
}

/** The `seq` from which messages come by themselves, each behind its deltas. */
const toldFrom = (events: readonly WireEvent[]): number => {
  for (const event of events) {
    if (event.type === 'message') return event.seq;
    if (event.type === 'ping' && event.after !== undefined) return event.after + 1;
  }
  return Number.POSITIVE_INFINITY;
};

const isPassing = (error: unknown): boolean =>
  ['unavailable', 'draining', 'deadline_exceeded'].includes(codeOf(error));
