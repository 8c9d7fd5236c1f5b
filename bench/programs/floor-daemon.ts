/**
 * The first floor: what a durable turn costs with nothing but its parts. A message on `ask`, one
 * transaction, one worker round trip, another transaction, and the same messages out; no session, no
 * check, no actor. It also measures each part alone.
 */
import { Worker } from 'node:worker_threads';
import { connect, headers, type Msg, type MsgHdrs, type NatsConnection } from 'nats';
import { type LoopLimits, type Measured, measure } from '../harness/loop.ts';
import { serveCalls } from '../harness/remote.ts';
import { type CpuUsage, cpuUsage } from '../harness/usage.ts';
import {
  ACCEPT,
  bytesOf,
  CLOSING_EVENTS,
  CREATE,
  FINISH,
  type FloorRecord,
  OPENING_EVENTS,
  scaledTo,
} from './floor-records.ts';
import { FloorStore } from './floor-store.ts';

export interface FloorStatus {
  readonly cpu: CpuUsage;
  readonly commits: number;
  readonly syncs: number;
  readonly records: number;
  readonly bytesWritten: number;
  readonly published: number;
}

/** What a models thread is sent for a step, but for the shared history. */
const STEP = {
  type: 'start',
  step: {
    model: 'claude-sonnet',
    maxTokens: 8192,
    retry: { maxRetries: 3, delayMs: 2000, timeoutMs: 120_000 },
    wantsDeltas: true,
  },
  endpoint: { baseUrl: 'http://127.0.0.1', apiKey: 'bench', provider: 'anthropic' },
  body: '{"role":"assistant","content":[{"type":"text","text":"A short answer, given at once."}]}',
};

const numbered = (n: number): MsgHdrs => {
  const fields = headers();
  fields.set('Greenroom-N', String(n));
  return fields;
};
const NUMBERED = [1, 2, 3, 4].map(numbered);
const EMPTY = new Uint8Array(0);
const TURN = [...ACCEPT, ...FINISH];

export interface FloorOptions {
  readonly url: string;
  readonly dir: string;
  readonly prefix: string;
  /** What the records of a turn take together, and those of a new session; default as estimated. */
  readonly turnBytes?: number;
  readonly createBytes?: number;
}

class Floor {
  readonly #nc: NatsConnection;
  readonly #store: FloorStore;
  readonly #worker = new Worker(new URL('./echo-worker.js', import.meta.url));
  readonly #waiting = new Map<number, () => void>();
  readonly #seqs = new Map<string, number>();
  readonly #prefix: string;
  readonly #accept: readonly FloorRecord[];
  readonly #finish: readonly FloorRecord[];
  readonly #create: readonly FloorRecord[];
  #lastId = 0;
  #reply: Buffer = MADE;
  published = 0;

  constructor(nc: NatsConnection, { dir, prefix, turnBytes, createBytes }: FloorOptions) {
    this.#nc = nc;
    this.#store = new FloorStore(dir);
    this.#prefix = prefix;
    const turn = scaledTo(turnBytes ?? bytesOf(TURN), TURN);
    this.#accept = turn.slice(0, ACCEPT.length);
    this.#finish = turn.slice(ACCEPT.length);
    this.#create = scaledTo(createBytes ?? bytesOf(CREATE), CREATE);
    this.#worker.on('message', ({ id }: { id: number }) => {
      this.#waiting.get(id)?.();
      this.#waiting.delete(id);
    });
    const serve = (verb: string, answer: (msg: Msg, session: string) => void) =>
      nc.subscribe(`${prefix}.v1.default.session.*.${verb}`, {
        queue: 'floor',
        callback: (_, msg) => answer(msg, msg.subject.split('.')[4] ?? ''),
      });
    serve('ask', (msg, session) => void this.#turn(msg, session));
    serve('create', (msg, session) => void this.create(session).then(() => msg.respond(MADE)));
    serve('echo', (msg) => void msg.respond(msg.data));
    serve('bytes', (msg) => void msg.respond(this.#bytes(Number(msg.string()))));
  }

  get status(): FloorStatus {
    const { commits, transactions, records, bytesWritten } = this.#store;
    const { published } = this;
    return { cpu: cpuUsage(), commits, syncs: transactions, records, bytesWritten, published };
  }

  step(): Promise<void> {
    const id = ++this.#lastId;
    return new Promise((resolve) => {
      this.#waiting.set(id, resolve);
      this.#worker.postMessage({ ...STEP, id });
    });
  }

  async commits(session: string): Promise<void> {
    const seq = this.#nextSeq(session);
    await this.#store.commit(session, seq, this.#accept);
    await this.#store.commit(session, seq + 1, this.#finish);
  }

  create(session: string): Promise<void> {
    return this.#store.commit(session, 0, this.#create);
  }

  publishTurn(session: string, inbox: string): void {
    this.#tell(session, inbox, OPENING_EVENTS, 0);
    this.#tell(session, inbox, CLOSING_EVENTS, OPENING_EVENTS.length);
    this.#publish(inbox, EMPTY);
  }

  /** Resolves when the broker has got everything. */
  flush(): Promise<void> {
    return this.#nc.flush();
  }

  async close(): Promise<void> {
    await this.#nc.drain();
    await this.#worker.terminate();
    await this.#store.close();
  }

  async #turn({ reply = '' }: Msg, session: string): Promise<void> {
    const seq = this.#nextSeq(session);
    await this.#store.commit(session, seq, this.#accept);
    this.#tell(session, reply, OPENING_EVENTS, 0);
    await this.step();
    await this.#store.commit(session, seq + 1, this.#finish);
    this.#tell(session, reply, CLOSING_EVENTS, OPENING_EVENTS.length);
    this.#publish(reply, EMPTY);
  }

  /** So many bytes, the same as long as as many are asked for. */
  #bytes(count: number): Buffer {
    if (this.#reply.length !== count) this.#reply = Buffer.alloc(count, MADE);
    return this.#reply;
  }

  #nextSeq(session: string): number {
    const seq = this.#seqs.get(session) ?? 1;
    this.#seqs.set(session, seq + 2);
    return seq;
  }

  #tell(session: string, inbox: string, events: readonly Buffer[], before: number): void {
    for (const [at, event] of events.entries()) {
      const fields = NUMBERED[before + at];
      this.#publish(inbox, event, fields);
      this.#publish(`${this.#prefix}.v1.default.events.${session}`, event, fields);
    }
  }

  #publish(subject: string, data: Uint8Array, fields?: MsgHdrs): void {
    this.published++;
    this.#nc.publish(subject, data, fields === undefined ? {} : { headers: fields });
  }
}

const MADE = Buffer.alloc(600, '{"session": "…"}');

let floor: Floor | undefined;
const theFloor = (): Floor => {
  if (floor === undefined) throw new Error('open first');
  return floor;
};

export type Piece = 'commits' | 'step' | 'publish' | 'create';

const PIECES: Readonly<Record<Piece, (floor: Floor, session: string) => Promise<void>>> = {
  commits: (it, session) => it.commits(session),
  step: (it) => it.step(),
  publish: async (it, session) => {
    it.publishTurn(session, '_INBOX.nobody.0');
    await it.flush();
  },
  create: (it, session) => it.create(session),
};

const calls = {
  open: async (options: FloorOptions): Promise<void> => {
    const nc = await connect({ servers: options.url, name: 'bench-floor', noEcho: true });
    floor = new Floor(nc, options);
    await nc.flush();
  },
  /** One part of a turn alone, over so many sessions named `name`. */
  piece: (
    options: LoopLimits & { piece: Piece; sessions: number; name: string },
  ): Promise<Measured> => {
    const run = PIECES[options.piece];
    const it = theFloor();
    return measure(options, (index) => run(it, `${options.name}-${index % options.sessions}`));
  },
  status: async (_: null): Promise<FloorStatus> => theFloor().status,
  close: async (_: null): Promise<void> => theFloor().close(),
};

export type FloorCalls = typeof calls;
serveCalls(calls);
