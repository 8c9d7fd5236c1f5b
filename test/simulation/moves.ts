/** What may happen to a tree from outside: requests, floods, crashes, kills, orders. Each move is one throw of the dice. */
import type { OtpError, System } from '../../src/otp/index.ts';
import type { Job } from './call-book.ts';
import type { Chronicle } from './chronicle.ts';
import { KeyBook } from './key-book.ts';
import { isOver, type Life } from './life.ts';
import { OUTSIDER, type Plan, type TasksPlan } from './plan.ts';
import type { Act, PlayerRef, Troupe } from './player.ts';
import { type Keyed, nameOfKeyed, nameOfRegistry, nameOfTasks } from './stage.ts';

const KEYS = ['a', 'b', 'c'];
const FLOOD = 12;

export class Moves {
  readonly #troupe: Troupe;
  readonly #system: System;
  readonly #keys: KeyBook;
  /** What is under way: nothing of it may be left in the end. */
  readonly pending = new Set<Promise<void>>();

  constructor(troupe: Troupe, system: System) {
    this.#troupe = troupe;
    this.#system = system;
    this.#keys = new KeyBook(troupe.chronicle);
  }

  /** One of them, by chance. */
  make(): void {
    const { dice } = this.#troupe;
    const move = dice.int(1, 40);
    if (move <= 12) return this.#ask(this.#player());
    if (move <= 15) return this.#flood(this.#player());
    if (move <= 20) return this.#tell(this.#player(), { do: 'crash' });
    if (move <= 22) return this.#end(this.#player());
    if (move === 23) return this.#kill(this.#anybody(), dice.once(4));
    if (move === 24) return this.#watch();
    if (move <= 30) return this.#dynamic();
    if (move <= 35) return this.#registry();
    return this.#task();
  }

  // ── messages ─────────────────────────────────────────────────────────────────────────────────

  #ask(to: Life | undefined): void {
    if (to?.ref === undefined) return;
    const { calls, dice } = this.#troupe;
    const timeoutMs = dice.pick([5, 50, 5_000, Number.POSITIVE_INFINITY]);
    const job = calls.sent('call', to, timeoutMs);
    const asked = (to.ref as PlayerRef).call('work', { job, act: this.#act() }, { timeoutMs });
    if (timeoutMs !== Number.POSITIVE_INFINITY) calls.letGo(job);
    this.#await(
      asked.then(
        (answer) => calls.answered(job, answer),
        (error: unknown) => calls.refused(job, codeOf(error)),
      ),
    );
  }

  #tell(to: Life | undefined, act: Act): void {
    if (to?.ref === undefined) return;
    const { calls } = this.#troupe;
    const job = calls.sent('cast', to, Number.POSITIVE_INFINITY);
    this.#cast(to.ref as PlayerRef, job, act);
  }

  #cast(to: PlayerRef, job: Job, act: Act): void {
    try {
      to.cast('work', { job, act });
    } catch (error) {
      this.#troupe.calls.refused(job, codeOf(error));
    }
  }

  #flood(to: Life | undefined): void {
    for (let i = 0; i < FLOOD; i++) this.#tell(to, this.#act());
    for (let i = 0; i < FLOOD; i++) this.#ask(to);
  }

  /** By one that nobody in the tree takes along. */
  #watch(): void {
    const whom = this.#anybody();
    const { chronicle } = this.#troupe;
    if (whom !== undefined) this.#tell(chronicle.at(OUTSIDER.id), { do: 'watch', whom });
  }

  #act(): Act {
    const { dice } = this.#troupe;
    const whom = this.#anybody(true);
    switch (dice.int(1, 25)) {
      case 1:
        return { do: 'crash' };
      case 2:
        return { do: 'never' };
      case 3:
        return { do: 'fail' };
      case 4:
        return { do: 'failCommit' };
      case 5:
      case 6:
        return { do: 'stop', reason: dice.pick(['normal', { shutdown: 'asked' }]) };
      case 7:
      case 8:
        return { do: 'commit' };
      case 9:
      case 10:
      case 11:
        return { do: 'later', ms: dice.int(1, 100) };
      case 12:
      case 13:
      case 14:
        return whom === undefined ? { do: 'answer' } : { do: 'watch', whom };
      case 17:
        return { do: 'block', ms: dice.int(1, 20) };
      case 15:
        return { do: 'takeBack' };
      case 16: {
        const peer = this.#player();
        return peer === undefined || dice.once(2) ? { do: 'answer' } : { do: 'link', whom: peer };
      }
      default:
        return { do: 'answer' };
    }
  }

  // ── signals ──────────────────────────────────────────────────────────────────────────────────

  /** As it would have ended by itself, or by the hand of an operator. */
  #end(life: Life | undefined): void {
    if (life?.ref === undefined) return;
    const { dice } = this.#troupe;
    const reason = dice.pick(['normal', { shutdown: 'asked' }, { crashed: 'asked' }] as const);
    if (dice.once(2)) this.#system.exit(life.ref, reason);
    else void this.#system.stop(life.ref, reason);
  }

  #kill(life: Life | undefined, evenIfRoot: boolean): void {
    if (life?.ref === undefined || (life.parent === undefined && !evenIfRoot)) return;
    life.killed = true;
    this.#system.exit(life.ref, 'kill');
  }

  // ── the parts of the tree ────────────────────────────────────────────────────────────────────

  #dynamic(): void {
    const { dice, chronicle, runtime } = this.#troupe;
    const plan = this.#partOf('dynamic');
    const face = plan && this.#system.find(nameOfKeyed(runtime, plan.id));
    if (plan === undefined || face === undefined) return;
    const key = dice.pick(plan.keys).id;
    if (!dice.once(5)) return this.#ensure(chronicle, key, face);
    const life = chronicle.at(key);
    if (life !== undefined && !isOver(life)) life.ordered = true;
    if (life !== undefined) chronicle.forgotten(life);
    this.#await(face.stop(key));
  }

  #ensure(chronicle: Chronicle, key: string, face: Keyed): void {
    const add = (by: number) => chronicle.asked.set(key, (chronicle.asked.get(key) ?? 0) + by);
    add(1); // first: it may start in this very step
    const came = (ref: PlayerRef) => {
      add(-1);
      if (!ref.label.endsWith(`/${key}`)) chronicle.wrong(`${ref.label} came instead of ${key}`);
    };
    const failed = (error: unknown) => {
      add(-1);
      chronicle.count(codeOf(error));
    };
    this.#await(face.ensure(key).then(came, failed));
  }

  #registry(): void {
    const { dice, chronicle, runtime } = this.#troupe;
    const plan = this.#partOf('registry');
    const registry = plan && chronicle.at(plan.id);
    const face = plan && this.#system.find(nameOfRegistry(runtime, plan.id));
    const owner = this.#player();
    if (registry === undefined || face === undefined || owner === undefined) return;
    const key = dice.pick(KEYS);
    this.#keys.register(registry, face, key, owner);
    this.#keys.look(registry, face, key);
  }

  #task(): void {
    const { dice, chronicle, runtime } = this.#troupe;
    const plan: TasksPlan | undefined = this.#partOf('tasks');
    const face = plan && this.#system.find(nameOfTasks(runtime, plan.id));
    if (plan === undefined || face === undefined) return;
    const size = face.size;
    const no = dice.int(1, 1_000);
    let aborted = false;
    const run = face.run(
      async (signal) => {
        signal.addEventListener('abort', () => {
          aborted = true;
        });
        if (face.size > plan.maxChildren) chronicle.wrong(`${plan.id} runs too many tasks`);
        await new Promise<void>((done) => void chronicle.clock.setTimeout(done, dice.int(1, 200)));
        return no;
      },
      { timeoutMs: dice.pick([20, 1_000]) },
    );
    const done = (result: number) => {
      chronicle.count('task done');
      if (result !== no) chronicle.wrong('a task got the result of another');
    };
    const failed = (error: unknown) => {
      const code = codeOf(error);
      if (code === 'timeout') chronicle.count('task timeout');
      if (code === 'callee_died') chronicle.count('task lost with its supervisor');
      if (code !== 'max_children') return;
      chronicle.count('task refused');
      if (size < plan.maxChildren) chronicle.wrong(`${plan.id} refuses a task and has room`);
      if (aborted) chronicle.wrong('a task that was refused was begun');
    };
    this.#await(run.then(done, failed));
  }

  // ── choosing ─────────────────────────────────────────────────────────────────────────────────

  #player(): Life | undefined {
    const players = this.#troupe.chronicle.living.filter(
      ({ plan, phase, ref }) => plan.kind === 'worker' && phase === 'up' && ref !== undefined,
    );
    return players.length === 0 ? undefined : this.#troupe.dice.pick(players);
  }

  #anybody(dead = false): Life | undefined {
    const { chronicle, dice } = this.#troupe;
    const all = dead && dice.once(3) ? chronicle.lives : chronicle.living;
    const known = all.filter(({ ref }) => ref !== undefined);
    return known.length === 0 ? undefined : dice.pick(known);
  }

  #partOf<K extends Plan['kind']>(kind: K): Extract<Plan, { kind: K }> | undefined {
    const { chronicle, dice } = this.#troupe;
    const plans = chronicle.living.flatMap(({ plan }) =>
      plan.kind === kind ? [plan as Extract<Plan, { kind: K }>] : [],
    );
    return plans.length === 0 ? undefined : dice.pick(plans);
  }

  #await(move: Promise<void>): void {
    this.pending.add(move);
    void move.finally(() => this.pending.delete(move));
  }
}

const codeOf = (error: unknown): string => {
  const { code, message } = error as OtpError;
  return message === 'as it was told' ? 'failed by its handler' : code;
};
