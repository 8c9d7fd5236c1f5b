/**
 * Load from outside, and the ledger of what the daemon acknowledged. It knows nothing but the bus:
 * what is in the ledger must be true of any daemon that runs on the same data afterwards.
 */
import { connect, headers, type NatsConnection } from 'nats';
import type { WireEvent } from '../../src/index.ts';
import { pause } from './daemon-process.ts';

export interface AckedTurn {
  readonly sessionId: string;
  readonly turnId: string;
  readonly prompt: string;
  seq: number;
  /** What its last event said, if it was heard. */
  finished?: Extract<WireEvent, { type: 'turn.finished' }>;
}

export interface Ledger {
  /** Turns that were accepted, by their id. */
  readonly turns: Map<string, AckedTurn>;
  /** Turns published to the queue: the broker's word, so they must run, once. */
  readonly published: Map<string, { readonly sessionId: string }>;
  readonly tags: Map<string, Set<string>>;
  /** Texts appended, by session, in the order of their acknowledgement. */
  readonly appended: Map<string, string[]>;
  refused: Record<string, number>;
}

export const newLedger = (): Ledger => ({
  turns: new Map(),
  published: new Map(),
  tags: new Map(),
  appended: new Map(),
  refused: {},
});

const ROOT = 'greenroom.v1.default';
/** Nothing is waited for longer than that; the daemon may be dead. */
const PATIENCE_MS = 3_000;

export class Load {
  readonly ledger: Ledger;
  readonly #sessions: number;
  readonly #loops: number;
  #nc: NatsConnection | undefined;
  #isOn = false;
  #running: Promise<void>[] = [];
  #count = 0;

  constructor(ledger: Ledger, options: { readonly sessions: number; readonly loops: number }) {
    this.ledger = ledger;
    this.#sessions = options.sessions;
    this.#loops = options.loops;
  }

  async start(servers: string): Promise<void> {
    this.#nc = await connect({ servers, reconnect: false, timeout: 5_000 });
    this.#isOn = true;
    this.#running = Array.from({ length: this.#loops }, () => this.#loop());
  }

  async stop(): Promise<void> {
    this.#isOn = false;
    await this.#nc?.close();
    await Promise.all(this.#running);
  }

  async #loop(): Promise<void> {
    while (this.#isOn) {
      const count = this.#count++;
      try {
        await this.#act(count, `s${count % this.#sessions}`);
      } catch {
        if (this.#isOn) await pause(20); // the daemon is dying; whoever kills it stops us
      }
    }
  }

  /** Mostly turns, now and then something else. */
  async #act(count: number, sessionId: string): Promise<void> {
    if (count % 7 === 3) return this.#tag(sessionId, `t${count}`);
    if (count % 11 === 5) return this.#append(`a${count % 5}`, `text ${count}`);
    if (count % 5 === 1) return this.#publish(sessionId, count);
    return this.#ask(sessionId, count);
  }

  /** One turn over `ask`; what its events say goes to the ledger as it comes. */
  async #ask(sessionId: string, count: number): Promise<void> {
    const nc = this.#connection();
    const turnId = `ask-${process.pid}-${count}`;
    const prompt = `prompt ${count}`;
    const inbox = `_INBOX.${turnId}`;
    const subscription = nc.subscribe(inbox, { max: 1_000 });
    const timer = setTimeout(() => subscription.unsubscribe(), PATIENCE_MS);
    nc.publish(`${ROOT}.session.${sessionId}.ask`, JSON.stringify({ prompt, turnId }), {
      reply: inbox,
    });
    for await (const msg of subscription) {
      if (msg.data.length === 0) break;
      this.#note({ sessionId, turnId, prompt, seq: 0 }, msg.json());
    }
    clearTimeout(timer);
    subscription.unsubscribe();
  }

  #note(turn: AckedTurn, event: WireEvent | { readonly error: { readonly code: string } }): void {
    if ('error' in event && !('type' in event)) {
      this.ledger.refused[event.error.code] = (this.ledger.refused[event.error.code] ?? 0) + 1;
      return;
    }
    const known = this.ledger.turns.get(turn.turnId) ?? turn;
    if (event.type === 'turn.accepted')
      this.ledger.turns.set(turn.turnId, Object.assign(known, { seq: event.seq }));
    if (event.type === 'turn.finished')
      this.ledger.turns.set(turn.turnId, Object.assign(known, { finished: event }));
  }

  /** Published twice under one turn id: it must run once. */
  async #publish(sessionId: string, count: number): Promise<void> {
    const turnId = `js-${process.pid}-${count}`;
    const subject = `${ROOT}.session.${sessionId}.turn`;
    const named = headers();
    named.set('Greenroom-Turn-Id', turnId);
    const js = this.#connection().jetstream({ timeout: PATIENCE_MS });
    await js.publish(subject, `queued ${count}`, { headers: named });
    this.ledger.published.set(turnId, { sessionId });
    await js.publish(subject, `queued ${count}`, { headers: named });
  }

  async #tag(sessionId: string, tag: string): Promise<void> {
    // A session takes a hundred tags: each loop of names replaces the one before.
    const kept = this.ledger.tags.get(sessionId) ?? new Set();
    if (kept.size >= 50) return;
    await this.#request(`session.${sessionId}.tag`, { tags: [tag] });
    this.ledger.tags.set(sessionId, kept.add(tag));
  }

  async #append(sessionId: string, text: string): Promise<void> {
    await this.#request(`session.${sessionId}.append`, {
      messages: [{ role: 'user', content: text }],
    });
    this.ledger.appended.set(sessionId, [...(this.ledger.appended.get(sessionId) ?? []), text]);
  }

  async #request(verb: string, body: unknown): Promise<void> {
    const msg = await this.#connection().request(`${ROOT}.${verb}`, JSON.stringify(body), {
      timeout: PATIENCE_MS,
    });
    const reply = msg.json<{ error?: { code: string } }>();
    if (reply.error !== undefined) throw new Error(reply.error.code);
  }

  #connection(): NatsConnection {
    if (this.#nc === undefined || this.#nc.isClosed()) throw new Error('no connection');
    return this.#nc;
  }
}
