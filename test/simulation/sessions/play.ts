/**
 * One seed of sessions: turns come, come again and are cancelled while actors, journals and whole daemons die; then all is
 * calm. What was acknowledged has to be there, once (P1, P3); one step at a time, from a history without gaps (P2, P4).
 */
import { ERRORS } from '../../../src/model/errors.ts';
import { keyString, type SessionKey, sessionKey, type TurnId } from '../../../src/model/ids.ts';
import type { BusyPolicy } from '../../../src/model/turn.ts';
import { liveName, sessionSupervisorName } from '../../../src/session/actor/live-names.ts';
import { embeddedApi } from '../../../src/session/api/embedded.ts';
import { executorName } from '../../../src/session/ports/executor.ts';
import { journalName } from '../../../src/session/ports/journal.ts';
import type { SessionsApi } from '../../../src/session/verbs/api.ts';
import { MemoryStore } from '../../../src/storage/memory/memory-store.ts';
import { type Simulation, simulate } from '../../../src/testing/simulation.ts';
import { requestContext } from '../../support/request-context.ts';
import type { Counters } from '../counters.ts';
import { Daemon, type Disk, type Mistakes } from './daemon.ts';
import { answerTo, type Studio, textOf } from './scripted-executor.ts';

export interface Outcome {
  readonly seed: number;
  readonly hash: string;
  readonly violations: readonly string[];
  readonly counters: Counters;
  readonly tail: readonly string[];
}

const MOVES = 60;
const SESSIONS = ['s1', 's2', 's3'];
/** Longer than every deadline, backoff and budget of a session. */
const CALM_MS = 900_000;
/** Longer than one answer may take. */
const ANSWER_MS = 120_000;
/** Of one session, as `supervisors/session.ts` has them. */
const BUDGET = 5;
const LONGEST_BACKOFF_MS = 1_100;
/** A disk's worst moment; less than a commit may take. */
const SLOW_DISK_MS = 5_000;

interface Sent {
  readonly id: TurnId;
  readonly key: SessionKey;
  readonly prompt: string;
  readonly onBusy: BusyPolicy | undefined;
  accepted: boolean;
}

/** Of a step, in milliseconds. */
const LATE_SLOWEST_MS = 3_000;

export async function play(seed: number, mistakes: Mistakes = {}): Promise<Outcome> {
  const scenario = (simulation: Simulation) => new Season(simulation, mistakes).play();
  const { result, hash } = await simulate(seed, scenario);
  return { seed, hash, ...result };
}

class Season {
  readonly #simulation: Simulation;
  readonly #mistakes: Mistakes;
  readonly #studio: Studio;
  readonly #disk: Disk = { store: new MemoryStore() };
  readonly #sent: Sent[] = [];
  readonly #violations: string[] = [];
  readonly #counters: Counters = new Map();
  #daemon: Daemon;

  constructor(simulation: Simulation, mistakes: Mistakes) {
    this.#simulation = simulation;
    this.#mistakes = mistakes;
    this.#studio = {
      dice: simulation.dice.fork(),
      // Fewer steps begin where reads come late: slower ones are under way as often when something dies.
      ...(mistakes.areReadsLate === true ? { slowestMs: LATE_SLOWEST_MS } : {}),
      count: (what) => void this.#counters.set(what, (this.#counters.get(what) ?? 0) + 1),
      wrong: (what) => {
        simulation.trace.note(`WRONG: ${what}`);
        this.#violations.push(what);
      },
    };
    this.#daemon = this.#start();
  }

  async play() {
    const { clock, dice, trace } = this.#simulation;
    for (let i = 0; i < MOVES; i++) {
      this.#move();
      if (dice.once(2)) await clock.advance(dice.pick([1, 20, 300, 1_500]));
    }
    this.#daemon.release();
    if (!this.#daemon.alive) this.#daemon = this.#start();
    await clock.advance(CALM_MS);
    for (const name of SESSIONS) await this.#check(sessionKey('default', name));
    this.#daemon.die();
    await clock.advance(CALM_MS);
    return { violations: this.#violations, counters: this.#counters, tail: trace.tail };
  }

  // ── what happens ─────────────────────────────────────────────────────────────────────────────

  #move(): void {
    const { dice } = this.#simulation;
    if (!this.#daemon.alive) this.#daemon = this.#start();
    const move = dice.int(1, 20);
    if (move <= 9) return this.#send(this.#newTurn());
    if (move === 10) return this.#again();
    if (move === 11) return this.#cancel();
    if (move <= 14) return this.#crashSession();
    if (move === 15) return this.#end(this.#daemon.system.find(executorName)?.ref, 'executor');
    if (move === 16)
      return this.#end(this.#daemon.system.find(sessionSupervisorName)?.ref, 'supervisor');
    if (move === 17) return this.#crashJournal();
    if (move <= 19) return this.#slowDisk();
    this.#studio.count('daemon died');
    this.#daemon.die();
  }

  #newTurn(): Sent {
    const { dice } = this.#simulation;
    const name = dice.pick(SESSIONS);
    const id = `t${this.#sent.length + 1}` as TurnId;
    const sent = {
      ...{ id, key: sessionKey('default', name), prompt: `${name}/${id}`, accepted: false },
      onBusy: dice.once(10) ? dice.pick(['interrupt', 'rollback'] as const) : undefined,
    };
    this.#sent.push(sent);
    return sent;
  }

  #again(): void {
    if (this.#sent.length === 0) return;
    this.#studio.count('turn sent again');
    this.#send(this.#simulation.dice.pick(this.#sent));
  }

  #send(sent: Sent): void {
    const { trace } = this.#simulation;
    let ends = 0;
    const reading = this.#daemon.sessions.turn(
      requestContext(),
      sent.key,
      sent.id,
      { prompt: sent.prompt, onBusy: sent.onBusy },
      (heard) => {
        if (heard.event.body.type !== 'turn.finished') return;
        ends++;
        if (ends > 1) this.#studio.wrong(`${sent.id} is told to be finished twice`);
      },
    );
    reading.then(
      ({ isNew }) => {
        trace.note(`${sent.id} accepted`);
        this.#studio.count(isNew ? 'turn accepted' : 'turn known');
        sent.accepted = true;
      },
      (error: { readonly code?: string }) => {
        trace.note(`${sent.id} refused: ${error.code}`);
        this.#studio.count(`turn refused: ${error.code}`);
        if (!isWorthAnotherTry(error.code))
          this.#studio.wrong(`${sent.id} failed without a code: ${error}`);
      },
    );
  }

  #api({ tenant }: SessionKey): SessionsApi {
    return embeddedApi(this.#daemon.sessions, tenant);
  }

  #cancel(): void {
    if (this.#sent.length === 0) return;
    const { id, key } = this.#simulation.dice.pick(this.#sent);
    this.#api(key)
      .session(key.sessionId, 'cancel', { turnId: id })
      .catch(() => undefined);
  }

  /** Once, or until its budget is used up. */
  #crashSession(): void {
    const { clock, dice } = this.#simulation;
    const key = keyString(sessionKey('default', dice.pick(SESSIONS)));
    const crash = () => this.#end(this.#daemon.system.find(liveName)?.find(key), 'session');
    crash();
    if (!dice.once(8)) return;
    this.#studio.count('sick session');
    for (let nth = 1; nth <= BUDGET; nth++) clock.setTimeout(crash, nth * LONGEST_BACKOFF_MS);
  }

  #end(ref: Parameters<Daemon['system']['exit']>[0] | undefined, what: string): void {
    if (ref === undefined) return;
    this.#studio.count(`${what} crashed`);
    const { dice } = this.#simulation;
    this.#daemon.system.exit(ref, dice.once(2) ? 'kill' : { crashed: new Error('on order') });
  }

  #crashJournal(): void {
    const { system } = this.#daemon;
    if (system.find(journalName) === undefined) return;
    const storage = this.#daemon.node('storage');
    this.#end(storage?.children.find(({ id }) => id === 'journal')?.ref, 'journal');
  }

  #slowDisk(): void {
    const { clock, dice } = this.#simulation;
    const daemon = this.#daemon;
    daemon.hold();
    this.#studio.count('slow disk');
    clock.setTimeout(() => daemon.release(), dice.int(1, SLOW_DISK_MS));
  }

  #start(): Daemon {
    this.#studio.count('daemon started');
    return new Daemon(this.#simulation, this.#disk, this.#studio, this.#mistakes);
  }

  // ── what has to be so ────────────────────────────────────────────────────────────────────────

  async #check(key: SessionKey): Promise<void> {
    const sent = this.#sent.filter((each) => keyString(each.key) === keyString(key));
    if (!sent.some(({ accepted }) => accepted)) return;
    const { entries } = await this.#answer(
      this.#api(key).session(key.sessionId, 'messages', { limit: 1_000 }),
    );
    const texts = entries.flatMap((entry) =>
      entry.type === 'message' ? [textOf(entry.message.content)] : [],
    );
    for (const each of sent) await this.#checkTurn(each, texts);
    const known = new Set(sent.flatMap(({ prompt }) => [prompt, answerTo(prompt)]));
    for (const text of texts) if (!known.has(text)) this.#studio.wrong(`nobody said: ${text}`);
  }

  async #checkTurn({ id, key, prompt, accepted }: Sent, texts: readonly string[]): Promise<void> {
    const times = (text: string) => texts.filter((each) => each === text).length;
    const prompts = times(prompt);
    const answers = times(answerTo(prompt));
    if (prompts > 1) this.#studio.wrong(`${id} is there ${prompts} times`);
    if (prompts === 0 && accepted) this.#studio.wrong(`${id} was accepted and is lost`);
    if (prompts === 0) return this.#studio.count('turn that never was');
    const status = await this.#answer(
      this.#api(key).session(key.sessionId, 'turn-status', { turnId: id }),
    ).then(({ turn }) => turn.status);
    this.#studio.count(`turn ${status}`);
    // An answer that was there when the turn was cancelled, or made room, stays.
    const least = status === 'completed' ? 1 : 0;
    const most = ['completed', 'cancelled', 'interrupted'].includes(status) ? 1 : 0;
    if (answers < least || answers > most) {
      this.#studio.wrong(`${id} is ${status} with ${answers} answers`);
    }
    if (['queued', 'running', 'waiting'].includes(status))
      this.#studio.wrong(`${id} is ${status} for ever`);
  }

  async #answer<T>(asked: Promise<T>): Promise<T> {
    let isThere = false;
    const mark = () => {
      isThere = true;
    };
    asked.then(mark, mark);
    await this.#simulation.clock.until(() => isThere, ANSWER_MS);
    if (!isThere) throw new Error('a question was not answered');
    return asked;
  }
}

/** All that goes wrong here passes: nobody is told that it was the request's fault, or a bug. */
const isWorthAnotherTry = (code: string | undefined): boolean =>
  Object.entries(ERRORS).some(([known, { retryable }]) => known === code && retryable);
