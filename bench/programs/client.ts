/**
 * The other program: asks over NATS as any client would, and measures what it sees. One connection,
 * one subscription for all replies.
 *
 * Invariant: a turn counts only if its last event says that it completed; anything else ends the bench.
 */
import { connect, type Msg, type NatsConnection } from 'nats';
import { median } from '../harness/figures.ts';
import { type LoopLimits, type Measured, measure } from '../harness/loop.ts';
import { serveCalls } from '../harness/remote.ts';

export interface AskLoad {
  readonly prefix: string;
  /** Default: `default`. */
  readonly tenant?: string;
  /** Turns go round over sessions of these names: `<name>-0`, `<name>-1`, … */
  readonly sessions: { readonly name: string; readonly count: number };
  readonly prompt: string;
  /** Settings of sessions that a turn makes. */
  readonly session?: object;
  readonly inFlight: number;
  readonly maxCount: number;
  readonly maxMs: number;
  /** Also looks when each turn's first delta comes; default false. */
  readonly marksDeltas?: boolean;
}

export interface RequestLoad {
  readonly prefix: string;
  readonly verb: string;
  readonly body: string;
  /** Each request goes to a session of its own: `<name>-0`, `<name>-1`, … */
  readonly name: string;
  /** So many, and then from the first again; default: as many as there are requests. */
  readonly sessions?: number;
  readonly inFlight: number;
  readonly maxCount: number;
  readonly maxMs: number;
}

/** The same request again and again. */
export interface SubjectLoad extends LoopLimits {
  readonly subject: string;
  readonly body: string;
}

/** Turns over sessions in an order that is shuffled anew for each round; a session that had `turnsEach` is deleted and made anew. */
export interface SoakLoad {
  readonly prefix: string;
  readonly sessions: number;
  readonly prompt: string;
  /** What a new session begins with. */
  readonly messages: readonly object[];
  readonly turnsEach: number;
  readonly inFlight: number;
  readonly maxMs: number;
}

export interface Load extends Measured {
  /** Messages that came to the client for each thing asked for. */
  readonly repliesEach: number;
  /** From asking to the first delta; NaN where that was not looked at. */
  readonly deltaP50Ms: number;
}

/** Longest silence before a load gives up. */
const PATIENCE_MS = 30_000;
const COMPLETED = Buffer.from('"status":"completed"');
const DELTA = Buffer.from('"type":"delta"');
const NO_ERROR = Buffer.from('{"error"');

interface Pending {
  readonly isStream: boolean;
  last: Uint8Array;
  /** When it was asked; undefined: its first delta is not looked for, or was seen. */
  sinceMs: number | undefined;
  deltaMs: number;
  readonly resolve: (deltaMs: number) => void;
  readonly reject: (error: Error) => void;
}

class Asker {
  readonly #nc: NatsConnection;
  readonly #inbox: string;
  readonly #pending = new Map<string, Pending>();
  #lastId = 0;
  #heardMs = performance.now();
  received = 0;
  /** Of the last message. */
  lastBytes = 0;

  constructor(nc: NatsConnection, inbox: string) {
    this.#nc = nc;
    this.#inbox = inbox;
    nc.subscribe(`${inbox}.*`, { callback: (_, msg) => this.#receive(msg) });
    setInterval(() => this.#giveUpIfSilent(), 1_000);
  }

  /** Resolves when a stream has ended, or with the one reply: with the milliseconds to the first delta, if these are looked for. */
  ask(subject: string, body: Uint8Array, isStream: boolean, marksDeltas = false): Promise<number> {
    const id = String(++this.#lastId);
    return new Promise((resolve, reject) => {
      if (this.#pending.size === 0) this.#heardMs = performance.now();
      const sinceMs = marksDeltas ? performance.now() : undefined;
      const heard = { isStream, last: EMPTY, sinceMs, deltaMs: Number.NaN };
      this.#pending.set(id, { ...heard, resolve, reject });
      this.#nc.publish(subject, body, { reply: `${this.#inbox}.${id}` });
    });
  }

  #receive({ subject, data }: Msg): void {
    const id = subject.slice(this.#inbox.length + 1);
    const pending = this.#pending.get(id);
    if (pending === undefined) return;
    this.received++;
    this.lastBytes = data.length;
    this.#heardMs = performance.now();
    if (pending.isStream && data.length > 0) {
      pending.last = data;
      if (pending.sinceMs !== undefined && Buffer.from(data).includes(DELTA)) {
        pending.deltaMs = this.#heardMs - pending.sinceMs;
        pending.sinceMs = undefined;
      }
      return;
    }
    this.#pending.delete(id);
    const end = Buffer.from(pending.isStream ? pending.last : data);
    const isGood = pending.isStream ? end.includes(COMPLETED) : !isError(end);
    if (isGood) pending.resolve(pending.deltaMs);
    else pending.reject(new Error(`refused or failed: ${end.toString().slice(0, 500)}`));
  }

  #giveUpIfSilent(): void {
    if (this.#pending.size === 0 || performance.now() - this.#heardMs < PATIENCE_MS) return;
    const error = new Error(`${this.#pending.size} requests got no answer for ${PATIENCE_MS} ms`);
    for (const { reject } of this.#pending.values()) reject(error);
    this.#pending.clear();
  }
}

const EMPTY = new Uint8Array(0);

const isError = (reply: Buffer): boolean =>
  reply.length === 0 || reply.subarray(0, NO_ERROR.length).equals(NO_ERROR);

let asker: Asker | undefined;
const theAsker = (): Asker => {
  if (asker === undefined) throw new Error('connect first');
  return asker;
};

const counted = async (
  run: (asker: Asker) => Promise<Measured>,
  deltas: readonly number[] = [],
): Promise<Load> => {
  const asking = theAsker();
  const before = asking.received;
  const measured = await run(asking);
  const repliesEach = (asking.received - before) / measured.total;
  return { ...measured, repliesEach, deltaP50Ms: median(deltas) };
};

/** So many turns at most: the time ends it. */
const SOAK_TURNS = 4_000_000;

/** Histories keep their length however long it goes on, so what grows is not they. */
const soak = async (asking: Asker, load: SoakLoad): Promise<Measured> => {
  const prompt = Buffer.from(load.prompt);
  const messages = Buffer.from(JSON.stringify({ messages: load.messages }));
  const nameOf = (slot: number, generation: number) =>
    `${load.prefix}.v1.default.session.soak-${slot}-${generation}`;
  const make = async (name: string) => {
    await asking.ask(`${name}.create`, Buffer.from('{}'), false);
    await asking.ask(`${name}.append`, messages, false);
  };
  const slots = Array.from({ length: load.sessions }, (_, slot) => ({
    ...{ slot, generation: 0, isBusy: false },
    turns: slot % load.turnsEach, // not all at once
  }));
  const { inFlight } = load;
  const limits = { inFlight, maxCount: slots.length, maxMs: PATIENCE_MS * 10 };
  await measure(limits, (slot) => make(nameOf(slot, 0)));
  const order = shuffledRounds(slots);
  return measure({ inFlight, maxCount: SOAK_TURNS, maxMs: load.maxMs }, async () => {
    let one = order();
    while (one.isBusy) one = order();
    one.isBusy = true;
    if (one.turns >= load.turnsEach) {
      await asking.ask(`${nameOf(one.slot, one.generation)}.delete`, Buffer.from('{}'), false);
      one.turns = 0;
      one.generation += 1;
      await make(nameOf(one.slot, one.generation));
    }
    one.turns += 1;
    await asking.ask(`${nameOf(one.slot, one.generation)}.ask`, prompt, true);
    one.isBusy = false;
  });
};

/** Gives each item once per round, each round in another order; the same orders in every run. */
const shuffledRounds = <T>(items: readonly T[]): (() => T) => {
  const order = [...items];
  let at = order.length;
  let seed = 1;
  const below = (limit: number) => {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((seed / 2 ** 32) * limit);
  };
  return () => {
    if (at === order.length) {
      for (let last = order.length - 1; last > 0; last -= 1) {
        const other = below(last + 1);
        const [a, b] = [order[last] as T, order[other] as T];
        order[last] = b;
        order[other] = a;
      }
      at = 0;
    }
    at += 1;
    return order[at - 1] as T;
  };
};

const calls = {
  connect: async ({ url }: { readonly url: string }): Promise<void> => {
    const nc = await connect({ servers: url, name: 'bench-client' });
    asker = new Asker(nc, `_INBOX.bench${process.pid}`);
  },
  ask: ({
    prefix,
    tenant = 'default',
    sessions,
    prompt,
    session,
    marksDeltas,
    ...limits
  }: AskLoad): Promise<Load> => {
    const body = Buffer.from(session === undefined ? prompt : JSON.stringify({ prompt, session }));
    const subjects = Array.from(
      { length: sessions.count },
      (_, at) => `${prefix}.v1.${tenant}.session.${sessions.name}-${at}.ask`,
    );
    const deltas: number[] = [];
    return counted(
      (asking) =>
        measure(limits, async (index) => {
          const subject = subjects[index % subjects.length] ?? '';
          const deltaMs = await asking.ask(subject, body, true, marksDeltas);
          if (marksDeltas === true) deltas.push(deltaMs);
        }),
      deltas,
    );
  },
  soak: (load: SoakLoad): Promise<Load> => counted((asking) => soak(asking, load)),
  /** With the bytes of the last reply. */
  requestOf: async ({
    subject,
    body,
    ...limits
  }: SubjectLoad): Promise<Load & { bytes: number }> => {
    const bytes = Buffer.from(body);
    const load = await counted((asking) =>
      measure(limits, () => asking.ask(subject, bytes, false)),
    );
    return { ...load, bytes: theAsker().lastBytes };
  },
  request: ({ prefix, verb, body, name, sessions, ...limits }: RequestLoad): Promise<Load> => {
    const bytes = Buffer.from(body);
    const root = `${prefix}.v1.default.session.${name}`;
    return counted((asking) =>
      measure(limits, (index) => {
        const at = sessions === undefined ? index : index % sessions;
        return asking.ask(`${root}-${at}.${verb}`, bytes, false);
      }),
    );
  },
};

export type ClientCalls = typeof calls;
serveCalls(calls);
