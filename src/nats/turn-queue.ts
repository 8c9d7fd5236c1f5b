/**
 * The work queue of turn requests as the intake sees it: streams, consumer, messages on their way in,
 * acknowledgements on their way out. It owns the puller and the places in the stream of what is in
 * hand, so that a redelivery is recognised.
 */
import type { JetStreamManager, Msg, MsgHdrs, StoredMsg } from 'nats';
import { parseTurn, turnIdIn } from '../gateway/body.ts';
import { TURN_ID_HEADER } from '../gateway/headers.ts';
import { traceOf } from '../gateway/trace.ts';
import { codeOf } from '../model/errors.ts';
import { type SessionKey, sessionKey, type TurnId } from '../model/ids.ts';
import { newTraceId } from '../model/request-context.ts';
import type { TurnWhere } from '../model/turn.ts';
import { type Clock, pause, type Timer } from '../otp/clock.ts';
import { withoutUserParts } from '../platform/address.ts';
import { ChurnMap } from '../platform/churn-map.ts';
import type { SessionsDoor } from '../session/api/door.ts';
import type { Feed } from '../session/events/feed.ts';
import type { TurnTrails } from '../session/events/turn-trails.ts';
import { type Broker, type StreamSizes, streamFault } from './broker-fault.ts';
import { contextOf, type Item, type Loaded } from './lane.ts';
import type { LinkFace } from './link.ts';
import { NO_NOTICES, type Notices } from './notices.ts';
import { Puller } from './puller.ts';
import { isPassing, keepRefusal, type Refusal, tellRefusal } from './refusals.ts';
import {
  ACK_WAIT_MS,
  ensureStreams,
  type QueueStream,
  recreateConsumer,
  STREAM_SIZES,
} from './streams.ts';
import type { Subjects } from './subjects.ts';
import { Handover } from './turn-handover.ts';
import { headerOf, headersOf } from './wire.ts';

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
  /** What the streams reserve where they are made; default: 1 GiB and 256 MiB. */
  readonly sizes?: StreamSizes | undefined;
  /** Told of what was lost and made anew. */
  readonly notices?: Notices | undefined;
  /** What earlier queues of this daemon have seen. */
  readonly past?: QueuePast | undefined;
  /** A bug was met by a turn of the queue. */
  readonly onInternal?: ((error: unknown, where: TurnWhere) => void) | undefined;
  /** Where the stations of turns are kept; default: nowhere. */
  readonly trails?: TurnTrails | undefined;
  /** The consumer is gone: open again. */
  readonly onLost: (why: string) => void;
}

/** Outlives the queue, which begins anew with each connection: so that a lost stream is known as lost. */
export interface QueuePast {
  hasOpened: boolean;
}

const ACK = Buffer.from('+ACK');
const WORKING = Buffer.from('+WPI');
/** Of a message: subject, reply and headers beside its payload. */
const ENVELOPE_BYTES = 16 * 1024;
/** After a stream has gone, until its server has removed all of it: milliseconds, where the disk is not busy. */
const SETTLED_MS = 500;
/** A refusal that cannot be kept is tried again for so long. */
const KEEPING_MS = 30_000;

export class TurnQueue {
  readonly handover: Handover;
  readonly #options: TurnQueueOptions;
  readonly #jsm: JetStreamManager;
  readonly #inHand = new ChurnMap<number, Item>();
  readonly #ownPast: QueuePast = { hasOpened: false };
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

  /**
   * Finds or makes the streams, makes the consumer anew and begins to pull. May be called again at any time.
   * Resolves with whether the stream of turns had to be made.
   */
  async open(): Promise<boolean> {
    this.#puller?.stop();
    const stream = await this.#ensureStreams();
    if (stream.createdMs !== this.#stream?.createdMs) this.#forgetPlaces();
    this.#stream = stream;
    await recreateConsumer(this.#jsm, stream.name).catch((error: unknown) => {
      throw streamFault(error, this.#broker);
    });
    if (this.#paused) return false; // meanwhile: who ends starts nothing
    this.#pull(stream);
    this.#sayWorking();
    return stream.made.includes(stream.name);
  }

  /** Takes nothing more; resolves when what was being handed over is. */
  async pause(): Promise<void> {
    this.#paused = true;
    this.#puller?.stop();
    this.#working?.cancel();
    await this.handover.stop();
  }

  async #ensureStreams(): Promise<QueueStream> {
    const { subjects, storeId, clock } = this.#options;
    const settled = async () => {
      if (this.#past.hasOpened) await pause(clock, SETTLED_MS);
    };
    const stream = await ensureStreams(this.#jsm, subjects, storeId, this.#broker, settled);
    this.#tellOfMade(stream);
    return stream;
  }

  /** At the first start of all there was nothing to lose. */
  #tellOfMade({ name, made }: QueueStream): void {
    const { subjects } = this.#options;
    const isLoss = this.#past.hasOpened;
    this.#past.hasOpened = true;
    if (!isLoss) return;
    if (made.includes(name))
      this.#notices.warn(
        { stream: name },
        'the queue was gone and is made anew: turns that waited in it are lost, but for those in hand',
      );
    const { deadStream } = subjects;
    if (made.includes(deadStream))
      this.#notices.warn(
        { stream: deadStream },
        'the record of refused turns was gone and is made anew: what was kept there is lost',
      );
  }

  get #broker(): Broker {
    const { subjects, link, sizes = STREAM_SIZES } = this.#options;
    const hasJetStream = link.nc.info?.jetstream === true;
    return { where: withoutUserParts(link.url, ''), hasJetStream, sizes, root: subjects.root };
  }

  get #past(): QueuePast {
    return this.#options.past ?? this.#ownPast;
  }

  get #notices(): Notices {
    return this.#options.notices ?? NO_NOTICES;
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
    const item: Item = {
      seq,
      key,
      ackSubject,
      loaded,
      receivedAtMs: this.#options.clock.now(),
      trace: loaded.trace ?? { traceId: newTraceId() },
      isRefusalTold: false,
      unkeptSinceMs: undefined,
    };
    this.#inHand.set(seq, item);
    this.handover.add(item);
  }

  #acknowledge(item: Item): void {
    if (item.ackSubject === '') return;
    this.#inHand.delete(item.seq);
    const { link, trails, clock } = this.#options;
    link.outbox.publish(item.ackSubject, ACK);
    if (item.loaded !== undefined)
      trails?.note(item.key, item.loaded.turnId, { station: 'acked', atMs: clock.now() });
  }

  /** Resolves when the refusal is recorded, or when it is in the log that it cannot be. */
  async #refuse(item: Item, { turnId, body }: Loaded, error: unknown): Promise<void> {
    const { door, onInternal } = this.#options;
    const messageId = `${this.#stream?.createdMs}-${item.seq}`;
    const context = contextOf(item);
    const refusal = { key: item.key, turnId, body, error, messageId, context };
    if (!item.isRefusalTold) {
      if (codeOf(error) === 'internal') onInternal?.(error, whereOf(refusal));
      await tellRefusal(door, refusal);
    }
    item.isRefusalTold = true;
    await this.#keep(refusal).catch((failure: unknown) => this.#notKept(item, refusal, failure));
  }

  /** Into its stream, which is made again if somebody has taken it away. */
  async #keep(refusal: Refusal): Promise<void> {
    const { link, subjects } = this.#options;
    const js = link.nc.jetstream();
    try {
      await keepRefusal(js, subjects, refusal);
    } catch (error) {
      if (!isPassing(error)) throw error;
      await this.#ensureStreams();
      await keepRefusal(js, subjects, refusal);
    }
  }

  /** What may pass is tried again for a while; then the log is all that is left of the request. */
  #notKept(item: Item, refusal: Refusal, failure: unknown): void {
    const { body, error } = refusal;
    const { clock, link } = this.#options;
    const nowMs = clock.monotonic();
    item.unkeptSinceMs ??= nowMs;
    if (!link.isConnected()) item.unkeptSinceMs = nowMs;
    const isTried = isPassing(failure) || codeOf(failure) === 'unavailable';
    if (isTried && nowMs - item.unkeptSinceMs < KEEPING_MS) throw failure;
    this.#notices.error(
      { ...whereOf(refusal), bytes: body.length, code: codeOf(error), err: failure },
      `a refused turn cannot be kept and is dropped: ${(failure as Error).message}`,
    );
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

const whereOf = ({ key, turnId, context }: Refusal): TurnWhere => ({
  ...key,
  turnId,
  traceId: context.traceId,
});

/** The body is a copy: the message lies in what the socket read at once, and all of that would stay as long as the turn is in hand. */
const contentOf = (key: SessionKey, { data, headers }: Message, fallback: TurnId): Loaded => {
  const named = headerOf(headers, TURN_ID_HEADER);
  const body = Buffer.from(data);
  try {
    sessionKey(key.tenant, key.sessionId);
    const { turnId = fallback, request } = parseTurn(data, named);
    return { turnId, body, trace: traceOf(headersOf(headers)), request };
  } catch (refusal) {
    return { turnId: turnIdIn(data, named) ?? fallback, body, refusal };
  }
};

/** `$JS.ACK.<stream>.<consumer>.<deliveries>.<sequence>…`; newer servers put domain and account before the stream. */
const sequenceIn = (ackSubject: string): number => {
  const tokens = ackSubject.split('.');
  return Number(tokens.length === 9 ? tokens[5] : tokens[7]);
};
