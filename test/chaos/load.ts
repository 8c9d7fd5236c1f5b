/**
 * Load from outside: some loops that ask for turns, publish turns, tag and append, and write down
 * what they hear. It knows nothing but the bus. A turn whose fate it does not know, because the
 * daemon was killed, it sends again under the same turn id.
 */
import { connect, createInbox, headers, type NatsConnection } from 'nats';
import type { EntryView } from '../../src/index.ts';
import type { Dice } from './dice.ts';
import { type Hands, handsPrompt, handsSettings, isHands } from './hands.ts';
import { type ChangeNote, Ledger, type TurnNote } from './ledger.ts';
import { pause, until } from './waiting.ts';

export interface LoadOptions {
  readonly dice: Dice;
  readonly loops?: number;
  /** Whether it goes on after its broker was away. Default false: the daemon is dead then. */
  readonly reconnect?: boolean;
  /** Of a hundred turns, how many go to the queue. Default 30. */
  readonly queued?: number;
  /** Some of its sessions have tools, and leave their marks there. */
  readonly hands?: Hands;
}

const ROOT = 'greenroom.v1.default';
/** Nothing is waited for longer than that; the daemon may be dead. */
const PATIENCE_MS = 3_000;
const SESSIONS = 12;
/** Actions after which other sessions are used, so that none grows without end. */
const ACTIONS_PER_SET = 500;

/** What the rehearsal answers, and how many messages the turn has then. */
const PROMPTS: readonly { readonly directive: string; readonly messages: number }[] = [
  { directive: '', messages: 2 },
  { directive: '', messages: 2 },
  { directive: '[[rehearse: chunks=4 delay-ms=5]]', messages: 2 },
  { directive: '[[rehearse: tool=Bash input={"command":"ls"}]]', messages: 4 },
  { directive: '[[rehearse: status=529 times=1]]', messages: 2 },
];

export class Load {
  readonly ledger = new Ledger();
  /** Told of each acknowledgement in the tick in which it is heard. */
  onAcknowledgement: (() => void) | undefined;
  readonly #options: LoadOptions;
  readonly #dice: Dice;
  #nc: NatsConnection | undefined;
  #isConnected = false;
  #mode: 'off' | 'on' | 'settling' = 'off';
  #loops: Promise<void>[] = [];
  readonly #waiting = new Set<() => void>();
  #count = 0;
  readonly #made = new Set<string>();

  constructor(options: LoadOptions) {
    this.#options = options;
    this.#dice = options.dice;
  }

  async start(servers: string): Promise<void> {
    const { reconnect = false, loops = 8 } = this.#options;
    const forever = reconnect ? { maxReconnectAttempts: -1, reconnectTimeWait: 50 } : {};
    this.#nc = await connect({ servers, reconnect, timeout: 10_000, ...forever });
    this.#isConnected = true;
    void this.#watch(this.#nc);
    this.#mode = 'on';
    this.#loops = Array.from({ length: loops }, () => this.#loop());
    if (this.#options.hands !== undefined) this.#loops.push(this.#approveOnAndOn());
  }

  /** Begins nothing new; resolves when the fate of everything is known. */
  async settle(): Promise<void> {
    this.#mode = 'settling';
    await until(() => this.ledger.openTurns === 0, 'the fate of every turn');
  }

  async stop(): Promise<void> {
    this.#mode = 'off';
    await this.#nc?.close();
    for (const end of this.#waiting) end();
    await Promise.all(this.#loops);
  }

  /** What was on its way when the connection broke is not waited for any longer. */
  async #watch(nc: NatsConnection): Promise<void> {
    for await (const { type } of nc.status())
      if (type === 'disconnect' || type === 'reconnect') {
        this.#isConnected = type === 'reconnect';
        for (const end of this.#waiting) end();
      }
  }

  #unlessBroken<T>(work: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const end = () => reject(new Error('the connection broke'));
      this.#waiting.add(end);
      work.then(resolve, reject).finally(() => this.#waiting.delete(end));
    });
  }

  async #loop(): Promise<void> {
    while (this.#mode !== 'off') {
      try {
        await this.#act();
      } catch {
        await pause(10); // the daemon is dead or dying, or its broker is away
      }
    }
  }

  /** The person who answers what waits: mostly with yes. */
  async #approveOnAndOn(): Promise<void> {
    while (this.#mode !== 'off') {
      try {
        await this.#approve();
      } catch {
        // as of a loop
      }
      await pause(20);
    }
  }

  async #approve(): Promise<void> {
    const reply = await this.#ask1(`${ROOT}.sessions.approvals`, {});
    const { approvals = [] } = reply as { approvals?: { sessionId: string; approvalId: string }[] };
    for (const { sessionId, approvalId } of approvals) {
      const decision = this.#dice.int(1, 100) <= 80 ? 'allow' : 'deny';
      await this.#ask1(`${ROOT}.session.${sessionId}.approve`, { approvalId, decision });
    }
  }

  /** A refusal is no fault: two may answer one. */
  async #ask1(subject: string, body: unknown): Promise<unknown> {
    const request = this.#connection().request(subject, JSON.stringify(body), {
      timeout: PATIENCE_MS,
    });
    return (await this.#unlessBroken(request)).json();
  }

  /** A session with tools has its settings before its first turn. */
  async #makeHands(sessionId: string): Promise<void> {
    const { hands } = this.#options;
    if (hands === undefined || this.#made.has(sessionId)) return;
    const subject = `${ROOT}.session.${sessionId}.create`;
    const reply = await this.#ask1(subject, handsSettings(sessionId, hands));
    const { error } = reply as { error?: { code: string } };
    if (error !== undefined && error.code !== 'session_exists') throw new Error(error.code);
    this.#made.add(sessionId);
  }

  async #act(): Promise<void> {
    const { unknown } = this.ledger;
    if (unknown !== undefined) return this.#send(unknown);
    if (this.#mode === 'settling') return pause(10);
    const count = this.#count++;
    const session = `${Math.floor(count / ACTIONS_PER_SET)}-${count % SESSIONS}`;
    const draw = this.#dice.int(1, 100);
    if (draw <= 8) return this.#tag(`s${session}`, `t${count}`);
    if (draw <= 16) return this.#append(`a${session}`, `text ${count}`);
    if (draw <= 22) return this.#askAgain();
    if (draw <= 28) return this.#look(`s${session}`);
    if (this.#options.hands !== undefined && draw <= 70) {
      const sessionId = `${draw % 2 === 0 ? 'hands' : 'asks'}${session}`;
      await this.#makeHands(sessionId);
      return this.#send(this.#newTurn(sessionId, count, draw % 3 === 0 ? 'publish' : 'ask'));
    }
    const way = this.#dice.int(1, 100) <= (this.#options.queued ?? 30) ? 'publish' : 'ask';
    return this.#send(this.#newTurn(`s${session}`, count, way));
  }

  #newTurn(sessionId: string, count: number, way: TurnNote['way']): TurnNote {
    const turnId = `${way}-${count}`;
    const { hands } = this.#options;
    const { directive, messages } = (hands !== undefined && isHands(sessionId)
      ? handsPrompt(turnId, hands, this.#dice)
      : this.#dice.pick(PROMPTS)) ?? { directive: '', messages: 2 };
    const prompt = `prompt ${count} ${directive}`.trim();
    const fate = { isUnderWay: false, isAcknowledged: false };
    return this.ledger.open({ turnId, sessionId, prompt, way, messages, ...fate });
  }

  async #send(note: TurnNote): Promise<void> {
    note.isUnderWay = true;
    try {
      await (note.way === 'ask' ? this.#ask(note) : this.#publish(note));
      if (this.ledger.isOpen(note)) await pause(10); // refused, or nobody was there
    } finally {
      note.isUnderWay = false;
    }
  }

  /** A turn that has finished runs no second time. */
  async #askAgain(): Promise<void> {
    const finished = [...this.ledger.turns.values()].filter((note) => note.finished !== undefined);
    const note = finished[this.#dice.int(0, Math.max(0, finished.length - 1))];
    if (note !== undefined) await this.#send(note);
  }

  /** Over `ask`; what its events say is noted as it is heard. */
  #ask(note: TurnNote): Promise<void> {
    const { sessionId, turnId, prompt } = note;
    const nc = this.#connection();
    return new Promise((resolve) => {
      const inbox = createInbox();
      const subscription = nc.subscribe(inbox, {
        callback: (error, msg) => {
          if (error !== null || msg.data.length === 0) return end();
          const event = msg.json<Parameters<Ledger['hear']>[1]>();
          if (msg.headers?.has('Nats-Service-Error-Code')) return this.#refused(event);
          this.#noting(() => this.ledger.hear(note, event));
        },
      });
      const end = () => {
        clearTimeout(timer);
        this.#waiting.delete(end);
        subscription.unsubscribe();
        resolve();
      };
      const timer = setTimeout(end, PATIENCE_MS);
      this.#waiting.add(end);
      const body = JSON.stringify({ prompt, turnId });
      nc.publish(`${ROOT}.session.${sessionId}.ask`, body, { reply: inbox });
    });
  }

  /** Twice under one turn id. */
  async #publish(note: TurnNote): Promise<void> {
    const named = headers();
    named.set('Greenroom-Turn-Id', note.turnId);
    const js = this.#connection().jetstream({ timeout: PATIENCE_MS });
    const subject = `${ROOT}.session.${note.sessionId}.turn`;
    await this.#unlessBroken(js.publish(subject, note.prompt, { headers: named }));
    this.#noting(() => this.ledger.acknowledge(note));
    await this.#unlessBroken(js.publish(subject, note.prompt, { headers: named }));
  }

  async #tag(sessionId: string, tag: string): Promise<void> {
    const note = { sessionId, text: tag, isAcknowledged: false };
    this.ledger.tags.push(note);
    await this.#change(note, 'tag', { tags: [tag] });
  }

  async #append(sessionId: string, text: string): Promise<void> {
    const note = { sessionId, text, isAcknowledged: false };
    this.ledger.appended.push(note);
    await this.#change(note, 'append', { messages: [{ role: 'user', content: text }] });
  }

  async #change(note: ChangeNote, verb: string, body: unknown): Promise<void> {
    const reply = await this.#request(note.sessionId, verb, body);
    if (reply === undefined) return;
    const { version } = (reply as { session: { version: number } }).session;
    this.#noting(() => {
      this.ledger.acknowledge(note);
      this.ledger.seeVersion(note.sessionId, version);
    });
  }

  /** Reads show nothing that can be lost. */
  async #look(sessionId: string): Promise<void> {
    const body = { order: 'desc', limit: 5, includePartial: true };
    const reply = await this.#request(sessionId, 'messages', body);
    const { entries } = (reply ?? { entries: [] }) as { entries: EntryView[] };
    this.#noting(() => {
      for (const entry of entries)
        if (entry.type === 'message') this.ledger.see(sessionId, entry.seq, entry.message);
    });
  }

  /** The reply; undefined if it was refused. */
  async #request(sessionId: string, verb: string, body: unknown): Promise<unknown> {
    const subject = `${ROOT}.session.${sessionId}.${verb}`;
    const options = { timeout: PATIENCE_MS };
    const request = this.#connection().request(subject, JSON.stringify(body), options);
    const msg = await this.#unlessBroken(request);
    if (!msg.headers?.has('Nats-Service-Error-Code')) return msg.json();
    this.#refused(msg.json());
    return undefined;
  }

  #refused(reply: unknown): void {
    const { error } = reply as { error?: { code: string } };
    // A session that no turn has made yet is no refusal to worry about.
    if (error?.code !== 'session_not_found') this.ledger.refuse(error?.code ?? 'no code');
  }

  /** Writes down, then tells whoever wants to kill at that moment. */
  #noting(write: () => void): void {
    const before = this.ledger.acknowledgements;
    write();
    if (this.ledger.acknowledgements > before) this.onAcknowledgement?.();
  }

  #connection(): NatsConnection {
    if (this.#nc === undefined || this.#nc.isClosed() || !this.#isConnected)
      throw new Error('no connection');
    return this.#nc;
  }
}
