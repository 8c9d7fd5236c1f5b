/**
 * The client library (`connectClient`) as programs use it, many times over: turns, streams that go on through a restart of the
 * broker, and clients that only listen. Also the bare conversation that is the broker's share: as many messages of as many bytes.
 */
import { connect, type NatsConnection } from 'nats';
import { type Client, connectClient } from '../../src/client/client.ts';
import type { WireEvent } from '../../src/model/event.ts';
import { type LoopLimits, type Measured, measure } from '../harness/loop.ts';
import { serveCalls } from '../harness/remote.ts';

/** How long a stream may be lost. */
const REJOIN_MS = 120_000;
/** Connections that are opened at once. */
const AT_ONCE = 50;

export interface Conversation {
  readonly requestBytes: number;
  /** Of each message that comes back, the empty one at the end among them. */
  readonly replyBytes: readonly number[];
}

export interface Streamed {
  readonly completed: number;
  /** Events that came again, and turns whose answer did not come once and whole. */
  readonly doubles: number;
  readonly withoutAnswer: number;
  /** Turns whose deltas are not all of their answer. */
  readonly torn: number;
  readonly attempts: number;
  /** From the mark to the first event of each stream that was open then. */
  readonly backMs: readonly number[];
  readonly failures: readonly string[];
}

let client: Client | undefined;
const theClient = (): Client => {
  if (client === undefined) throw new Error('connect first');
  return client;
};

/** What one stream shows, event by event. */
class Stream {
  doubles = 0;
  messages = 0;
  isAnswered = false;
  attempt = 1;
  isCompleted = false;
  isTorn = false;
  hasDelta = false;
  backMs: number | undefined;
  failure: string | undefined;
  #n = 0;
  #text = '';
  #answer = '';

  take(event: WireEvent): void {
    if (markMs !== undefined) this.backMs ??= performance.now() - markMs;
    if (event.attempt > this.attempt) [this.attempt, this.#n, this.#text] = [event.attempt, 0, ''];
    if ('n' in event && typeof event.n === 'number') {
      if (event.n <= this.#n) this.doubles += 1;
      this.#n = event.n;
    }
    if (event.type === 'delta') {
      this.hasDelta = true;
      this.#text += event.text ?? '';
    }
    if (event.type === 'message') {
      this.messages += 1;
      this.#answer = JSON.stringify(event.message.content);
    }
    if (event.type !== 'turn.finished') return;
    this.isCompleted = event.status === 'completed';
    this.isTorn = event.text !== this.#text;
    this.isAnswered = this.messages === 1 && this.#answer.includes(JSON.stringify(event.text));
  }
}

let streams: readonly Stream[] = [];
let running: Promise<unknown> = Promise.resolve();
let markMs: number | undefined;

const follow = async (stream: Stream, session: string, prompt: string): Promise<void> => {
  try {
    for await (const event of theClient().turn(session, { prompt })) stream.take(event);
  } catch (error) {
    stream.failure = String(error);
  }
};

/** One that listens to a session, and counts its events. */
const listen = async (listener: Client, session: string): Promise<void> => {
  for await (const _ of listener.watch(session)) heard += 1;
};
interface Listening {
  readonly url: string;
  readonly prefix: string;
  readonly count: number;
  /** The first listens to `<name>-0`, and so on, round and round. */
  readonly name: string;
  readonly sessions: number;
}

let listeners: readonly Client[] = [];
let heard = 0;

/** Of one turn, as the broker carries it. */
const conversation = async (url: string, subject: string, body: string): Promise<Conversation> => {
  const nc = await connect({ servers: url });
  const inbox = `_INBOX.look${process.pid}`;
  const replyBytes: number[] = [];
  const messages = nc.subscribe(inbox);
  nc.publish(subject, body, { reply: inbox });
  for await (const { data } of messages) {
    replyBytes.push(data.length);
    if (data.length === 0) break;
  }
  await nc.close();
  return { requestBytes: Buffer.byteLength(body), replyBytes };
};

/** Answers each request with these messages, and does nothing else. */
const echo = async (nc: NatsConnection, subject: string, { replyBytes }: Conversation) => {
  const bodies = replyBytes.map((size) => Buffer.alloc(size, 'x'));
  for await (const { reply } of nc.subscribe(subject))
    for (const body of bodies) nc.publish(reply ?? '', body);
};

const converse = async (url: string, subject: string, told: Conversation, limits: LoopLimits) => {
  const nc = await connect({ servers: url });
  const waiting = new Map<string, () => void>();
  const inbox = `_INBOX.echo${process.pid}`;
  nc.subscribe(`${inbox}.*`, {
    callback: (_, msg) => {
      if (msg.data.length === 0) waiting.get(msg.subject)?.();
    },
  });
  const body = Buffer.alloc(told.requestBytes, 'x');
  const measured = await measure(limits, async (index) => {
    const reply = `${inbox}.${index}`;
    await new Promise<void>((resolve) => {
      waiting.set(reply, resolve);
      nc.publish(subject, body, { reply });
    });
    waiting.delete(reply);
  });
  await nc.close();
  return measured;
};

const calls = {
  connect: async ({ url, prefix }: { readonly url: string; readonly prefix: string }) => {
    client = await connectClient({ servers: url, prefix, rejoinMs: REJOIN_MS });
  },
  turns: (
    options: LoopLimits & { name: string; sessions: number; prompt: string },
  ): Promise<Measured> =>
    measure(options, async (index) => {
      const stream = new Stream();
      await follow(stream, `${options.name}-${index % options.sessions}`, options.prompt);
      if (!stream.isCompleted) throw new Error(`a turn failed: ${stream.failure}`);
    }),
  conversation: (at: { readonly url: string; readonly subject: string; readonly body: string }) =>
    conversation(at.url, at.subject, at.body),
  /** From now on, until this program ends. */
  echo: async (at: {
    readonly url: string;
    readonly subject: string;
    readonly told: Conversation;
  }) => {
    const nc = await connect({ servers: at.url });
    void echo(nc, at.subject, at.told);
    await nc.flush();
  },
  converse: (
    at: LoopLimits & {
      readonly url: string;
      readonly subject: string;
      readonly told: Conversation;
    },
  ): Promise<Measured> => converse(at.url, at.subject, at.told, at),
  /** Begins them; they go on by themselves. */
  stream: async ({ count, name, prompt }: { count: number; name: string; prompt: string }) => {
    markMs = undefined;
    streams = Array.from({ length: count }, () => new Stream());
    running = Promise.all(streams.map((one, at) => follow(one, `${name}-${at}`, prompt)));
  },
  /** How many have heard a part of their answer. */
  streaming: async (_: null): Promise<number> => streams.filter(({ hasDelta }) => hasDelta).length,
  /** The next event of a stream shows how long it was lost. */
  mark: async (_: null): Promise<void> => {
    for (const stream of streams) stream.backMs = undefined;
    markMs = performance.now();
  },
  streamed: async (_: null): Promise<Streamed> => {
    await running;
    const sum = (count: (stream: Stream) => number) =>
      streams.reduce((total, stream) => total + count(stream), 0);
    return {
      completed: sum(({ isCompleted }) => Number(isCompleted)),
      doubles: sum(({ doubles }) => doubles),
      withoutAnswer: sum(({ isAnswered }) => Number(!isAnswered)),
      torn: sum(({ isTorn }) => Number(isTorn)),
      attempts: Math.max(...streams.map(({ attempt }) => attempt)),
      backMs: streams.flatMap(({ backMs }) => backMs ?? []),
      failures: [...new Set(streams.flatMap(({ failure }) => failure ?? []))],
    };
  },
  /** Each with a connection and a subscription of its own. */
  listen: async ({ url, prefix, count, name, sessions }: Listening) => {
    heard = 0;
    for (let made = 0; made < count; made += AT_ONCE) {
      const length = Math.min(AT_ONCE, count - made);
      const some = Array.from({ length }, () => connectClient({ servers: url, prefix }));
      listeners = [...listeners, ...(await Promise.all(some))];
    }
    for (const [at, listener] of listeners.entries())
      void listen(listener, `${name}-${at % sessions}`);
  },
  /** Events that they have heard, all together; they go. */
  unlisten: async (_: null): Promise<number> => {
    await Promise.all(listeners.map((listener) => listener.close()));
    listeners = [];
    return heard;
  },
};

export type ManyClientsCalls = typeof calls;
serveCalls(calls);
