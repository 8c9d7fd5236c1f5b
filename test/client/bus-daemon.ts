/**
 * A daemon as its clients see it: a connection that answers on our subjects. Cutting it is what `kill -9`
 * looks like from outside. A test scripts what it tells.
 */
import { connect, type Msg, type NatsConnection } from 'nats';
import type { WireEvent } from '../../src/model/event.ts';
import { emptyUsage } from '../../src/model/usage.ts';
import type { EntryView } from '../../src/session/verbs/reply-schemas.ts';

/** An event of turn `t` of session `s`, as short as a test wants to write it. */
export type Said = Partial<WireEvent> & { readonly type: WireEvent['type'] };

export interface Script {
  /** What it says to whoever asks; more may follow by `say`. */
  readonly onAsk?: readonly Said[];
  /** The turn's stored messages. */
  readonly stored?: readonly number[];
  /** Held back until this is settled: the answer to `messages`. */
  readonly storedAfter?: Promise<unknown>;
}

export class BusDaemon {
  readonly verbs: { readonly verb: string; readonly request: unknown }[] = [];
  readonly #nc: NatsConnection;
  readonly #script: Script;
  readonly #name: string;
  #inbox = '';

  private constructor(nc: NatsConnection, name: string, script: Script) {
    this.#nc = nc;
    this.#name = name;
    this.#script = script;
    nc.subscribe('greenroom.v1.default.>', { callback: (_, msg) => void this.#answer(msg) });
  }

  static async start(servers: string, name: string, script: Script = {}): Promise<BusDaemon> {
    const nc = await connect({ servers });
    const daemon = new BusDaemon(nc, name, script);
    await nc.flush();
    return daemon;
  }

  get asks(): number {
    return this.verbs.filter(({ verb }) => verb === 'ask').length;
  }

  say(...events: readonly Said[]): void {
    for (const event of events) this.#nc.publish(this.#inbox, JSON.stringify(whole(event)));
  }

  /** Publishes below our tenant. */
  async tell(subject: string, value: object): Promise<void> {
    this.#nc.publish(`greenroom.v1.default.${subject}`, JSON.stringify(value));
    await this.#nc.flush();
  }

  /** Gone without a word. */
  die(): Promise<void> {
    return this.#nc.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.die();
  }

  async #answer(msg: Msg): Promise<void> {
    const verb = msg.subject.split('.').at(-1) ?? '';
    this.verbs.push({ verb, request: msg.data.length > 0 ? msg.json() : {} });
    if (verb === 'ask') {
      this.#inbox = msg.reply ?? '';
      return this.say(...(this.#script.onAsk ?? []));
    }
    if (verb === 'messages') await this.#script.storedAfter;
    const reply = this.#replyTo(verb, msg);
    if (reply !== undefined) msg.respond(JSON.stringify(reply));
  }

  /** `get` is never answered: a request that the daemon takes with it. */
  #replyTo(verb: string, msg: Msg): unknown {
    switch (verb) {
      case 'ping':
        return { pid: 1, startedAt: this.#name };
      case 'turn-status':
        return { turn: { turnId: 't', attempt: 1, seq: 1, acceptedAt: AT } };
      case 'messages': {
        const { from } = msg.json<{ from: number }>();
        return { entries: (this.#script.stored ?? []).filter((seq) => seq >= from).map(entry) };
      }
      case 'cancel':
        return { turn: {} };
      default:
        return undefined;
    }
  }
}

const AT = '2026-11-20T12:00:00.000Z';

const entry = (seq: number): EntryView => ({
  ...{ type: 'message', seq, at: AT, turnId: 't' },
  message: { role: 'assistant', content: `stored ${seq}` },
});

const whole = (event: Said): object => ({
  ...{ tenant: 'default', sessionId: 's', turnId: 't', attempt: 1, at: AT },
  ...event,
});

export const accepted = (n = 1): Said => ({ type: 'turn.accepted', seq: 1, n });
export const delta = (n: number, text: string, attempt = 1): Said => ({
  ...{ type: 'delta', block: 0, text, n, attempt },
});
/** To who asks for a turn that runs: the `seq` that what follows stands behind. */
export const joined = (after: number): Said => ({ type: 'ping', after });
export const message = (n: number, seq: number, attempt = 1): Said => ({
  ...{ type: 'message', seq, n, attempt },
  message: { role: 'assistant', content: `told ${seq}` },
});
export const finished = (n: number, attempt = 1): Said => ({
  ...{ type: 'turn.finished', n, attempt, status: 'completed', stopReason: 'end_turn' },
  ...{ usage: emptyUsage, costUsd: 0, durationMs: 1, text: '' },
});
