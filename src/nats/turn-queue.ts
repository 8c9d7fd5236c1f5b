/**
 * The work queue of turn requests as the intake sees it: streams, consumer, messages on their way in,
 * acknowledgements on their way out. It owns the puller and the places in the stream of what is in
 * hand, so that a redelivery is recognised.
 */
import type { JetStreamManager, Msg, MsgHdrs, StoredMsg } from 'nats';
import type { Clock, Timer } from '../otp/clock.ts';
import type { SessionsDoor } from '../session/door.ts';
import type { Feed } from '../session/feed.ts';
import { type SessionKey, sessionKey, type TurnId } from '../session/ids.ts';
import { parseTurn, turnIdIn } from './body.ts';
import { Handover } from './handover.ts';
import type { Item, Loaded } from './lane.ts';
import type { LinkFace } from './link.ts';
import { Puller } from './puller.ts';
import { recordRefusal } from './refusals.ts';
import { ACK_WAIT_MS, ensureStreams, type QueueStream, recreateConsumer } from './streams.ts';
import type { Subjects } from './subjects.ts';
import { headerOf, TURN_ID_HEADER } from './wire.ts';

/** What may be in hand. */
export interface Window {
  /** Messages with their content. Default 512. */
  readonly messages: number;
  /** Their bytes. Default 32 MiB, and never less than the largest message of the broker. */
  readonly bytes: number;
  /** Messages, those set aside without their content included. Default 100,000. */
  readonly inHand: number;
}

export const WINDOW: Window = { messages: 512, bytes: 32 * 1024 * 1024, inHand: 100_000 };

export interface TurnQueueOptions {
  readonly link: LinkFace;
  readonly clock: Clock;
  readonly feed: Feed;
  readonly subjects: Subjects;
  readonly storeId: string;
  readonly window: Window;
  readonly door: SessionsDoor;
  /** The consumer is gone: open again. */
  readonly onLost: (why: string) => void;
}

const ACK = Buffer.from('+ACK');
const WORKING = Buffer.from('+WPI');
/** Of a message: subject, reply and headers beside its payload. */
const ENVELOPE_BYTES = 16 * 1024;

export class TurnQueue {
  readonly handover: Handover;
  readonly #options: TurnQueueOptions;
  readonly #jsm: JetStreamManager;
  readonly #inHand = new Map<number, Item>();
  #stream: QueueStream | undefined;
  #puller: Puller | undefined;
  #working: Timer | undefined;
  #paused = false;

  constructor(options: TurnQueueOptions, jsm: JetStreamManager) {
    const { clock, feed, door } = options;
    this.#options = options;
    this.#jsm = jsm;
    this.handover = new Handover({
      clock,
      feed,
      door,
      acknowledge: (item) => this.#acknowledge(item),
      refuse: (item, loaded, error) => this.#refuse(item, loaded, error),
      load: (item) => this.#load(item),
      onRoom: () => this.#puller?.poke(),
    });
  }

  /** Finds or makes the streams, makes the consumer anew and begins to pull. May be called again at any time. */
  async open(): Promise<void> {
    const { subjects, storeId } = this.#options;
    this.#puller?.stop();
    const stream = await ensureStreams(this.#jsm, subjects, storeId);
    if (stream.createdMs !== this.#stream?.createdMs) this.#forgetPlaces();
    this.#stream = stream;
    await recreateConsumer(this.#jsm, stream.name);
    if (this.#paused) return; // meanwhile: who ends starts nothing
    this.#pull(stream);
    this.#sayWorking();
  }

  /** Takes nothing more; resolves when what was being handed over is. */
  async pause(): Promise<void> {
    this.#paused = true;
    this.#puller?.stop();
    this.#working?.cancel();
    await this.handover.stop();
  }

  #pull(stream: QueueStream): void {
    const { link, clock, onLost } = this.#options;
    this.#puller?.stop();
    this.#puller = new Puller({
      nc: link.nc,
      clock,
      stream: stream.name,
      room: () => this.#room(),
      maxMessageBytes: this.#maxMessageBytes,
      onMessage: (msg) => this.#take(msg, stream),
      onLost,
    });
  }

  get #maxMessageBytes(): number {
    return this.#options.link.maxPayloadBytes + ENVELOPE_BYTES;
  }

  #room(): { messages: number; bytes: number } {
    const { window } = this.#options;
    const { items, loaded, loadedBytes } = this.handover;
    return {
      messages: Math.min(window.messages - loaded, window.inHand - items),
      bytes: Math.max(window.bytes, this.#maxMessageBytes) - loadedBytes,
    };
  }

  #take(msg: Msg, stream: QueueStream): void {
    const ackSubject = msg.reply ?? '';
    const seq = sequenceIn(ackSubject);
    const known = this.#inHand.get(seq);
    if (known !== undefined) {
      known.ackSubject = ackSubject;
      return;
    }
    const address = this.#options.subjects.parse(msg.subject);
    const sessionId = address?.kind === 'session' ? address.sessionId : '';
    const key = { tenant: address?.tenant ?? '', sessionId } as SessionKey;
    const loaded = contentOf(key, msg, `js-${stream.createdMs}-${seq}` as TurnId);
    const item = { seq, key, ackSubject, loaded };
    this.#inHand.set(seq, item);
    this.handover.add(item);
  }

  #acknowledge(item: Item): void {
    if (item.ackSubject === '') return;
    this.#inHand.delete(item.seq);
    this.#options.link.outbox.publish(item.ackSubject, ACK);
  }

  #refuse(item: Item, { turnId, body }: Loaded, error: unknown): Promise<void> {
    const { link, subjects, door } = this.#options;
    const messageId = `${this.#stream?.createdMs}-${item.seq}`;
    const refusal = { key: item.key, turnId, body, error, messageId };
    return recordRefusal(link.nc.jetstream(), subjects, door, refusal);
  }

  /** What was set aside, as the broker still has it. */
  async #load({ seq, key, ackSubject }: Item): Promise<Loaded | undefined> {
    if (this.#stream === undefined || ackSubject === '') return undefined;
    const { name, createdMs } = this.#stream;
    try {
      const stored = await this.#jsm.streams.getMessage(name, { seq });
      return contentOf(key, fromStored(stored), `js-${createdMs}-${seq}` as TurnId);
    } catch (error) {
      if (/no message found/i.test((error as Error).message)) return undefined;
      throw error;
    }
  }

  /** A new stream numbers its messages anew: what is in hand has no place in it. */
  #forgetPlaces(): void {
    for (const item of this.#inHand.values()) item.ackSubject = '';
    this.#inHand.clear();
  }

  #sayWorking(): void {
    this.#working?.cancel();
    for (const { ackSubject } of this.#inHand.values())
      this.#options.link.outbox.publish(ackSubject, WORKING);
    const next = () => this.#sayWorking();
    this.#working = this.#options.clock.setTimeout(next, ACK_WAIT_MS / 3);
  }
}

interface Message {
  readonly data: Uint8Array;
  readonly headers?: MsgHdrs | undefined;
}

const fromStored = ({ data, header }: StoredMsg): Message => ({ data, headers: header });

const contentOf = (key: SessionKey, { data, headers }: Message, fallback: TurnId): Loaded => {
  const named = headerOf(headers, TURN_ID_HEADER);
  try {
    sessionKey(key.tenant, key.sessionId);
    const { turnId = fallback, request } = parseTurn(data, named);
    return { turnId, body: data, request };
  } catch (refusal) {
    return { turnId: turnIdIn(data, named) ?? fallback, body: data, refusal };
  }
};

/** `$JS.ACK.<stream>.<consumer>.<deliveries>.<sequence>…`; newer servers put domain and account before the stream. */
const sequenceIn = (ackSubject: string): number => {
  const tokens = ackSubject.split('.');
  return Number(tokens.length === 9 ? tokens[5] : tokens[7]);
};
