/**
 * The chronicle of a simulation: every birth and death in the tree, in the step in which it happens, held against the
 * rules of `rules.ts`. It knows nothing of the runtime's own books.
 */
import type { ExitReason, Report, VirtualClock } from '../../src/otp/index.ts';
import type { Trace } from '../../src/testing/trace.ts';
import type { Counters } from './counters.ts';
import { isOver, type Life, nameOfLife } from './life.ts';
import type { Plan } from './plan.ts';
import * as rules from './rules.ts';

export class Chronicle {
  readonly clock: VirtualClock;
  /** For how long handlers have kept everybody from working, in all. */
  blockedMs = 0;
  readonly trace: Trace;
  readonly violations: string[] = [];
  readonly counters: Counters = new Map();
  readonly lives: Life[] = [];
  /** Keys of dynamic children that somebody has asked for and not got yet. */
  readonly asked = new Map<string, number>();
  readonly parked = new Set<string>();
  readonly everParked = new Set<string>();
  readonly #bySeat = new Map<string, Life>();
  #lastNo = 0;

  constructor(clock: VirtualClock, trace: Trace) {
    this.clock = clock;
    this.trace = trace;
  }

  get nowMs(): number {
    return this.clock.monotonic();
  }

  wrong(what: string): void {
    this.note(`WRONG: ${what}`);
    this.violations.push(what);
  }

  count(what: string): void {
    this.counters.set(what, (this.counters.get(what) ?? 0) + 1);
  }

  note(what: string): void {
    this.trace.note(`${this.nowMs.toFixed(1)} ${what}`);
  }

  /** The last life in a seat, under whichever supervisor. */
  at(id: string): Life | undefined {
    return this.#bySeat.get(id);
  }

  /** A handler that takes its time: meanwhile nobody else does anything. */
  block(ms: number): void {
    this.blockedMs += ms;
    this.clock.jump(ms);
  }

  get living(): Life[] {
    return this.lives.filter((life) => !isOver(life));
  }

  starting(plan: Plan, index: number, parent: Life | undefined): Life {
    const life: Life = {
      plan,
      index,
      parent,
      startedNo: ++this.#lastNo,
      startedMs: this.nowMs,
      phase: 'starting',
      ref: undefined,
      settledMs: undefined,
      goneMs: undefined,
      reason: undefined,
      ordered: false,
      farewell: undefined,
      killed: false,
      linked: false,
      family: { lives: [], causes: [], restarts: [], busyMs: 0 },
    };
    this.note(`${nameOfLife(life)} starts`);
    rules.startsAlone(this, life);
    if (parent !== undefined) rules.startsRightly(this, parent, life);
    for (const cause of parent?.family.causes ?? []) {
      if (cause.life.plan === plan) cause.curedNo = Math.min(cause.curedNo, life.startedNo);
    }
    this.lives.push(life);
    this.#bySeat.set(plan.id, life);
    parent?.family.lives.push(life);
    return life;
  }

  /** Its start is over, or it handles a message: whichever can be seen first. */
  up(life: Life): void {
    if (life.phase !== 'starting') return;
    life.phase = 'up';
    this.#settled(life);
  }

  /** A key that is asked for next begins anew, without a past. */
  forgotten({ plan, parent }: Life): void {
    const restarts = parent?.family.restarts ?? [];
    for (const restart of restarts) if (restart.seat === plan.id) restart.causedMs = -Infinity;
    this.parked.delete(plan.id);
    this.everParked.delete(plan.id);
  }

  ignored(life: Life): void {
    if (life.phase !== 'starting') return;
    this.count('child that was not wanted');
    life.phase = 'ignored';
    this.#settled(life);
  }

  /** It says goodbye. */
  ending(life: Life, reason: ExitReason): void {
    // A state that `init` gives after the death is closed in the same way.
    if (isOver(life)) return this.count('late init closed');
    this.up(life);
    life.farewell = reason;
    if (reason !== 'shutdown' || life.linked) return;
    life.ordered = true;
    rules.stopsInReverse(this, life);
  }

  gone(life: Life, reason: ExitReason): void {
    if (isOver(life)) return;
    const atStart = life.phase === 'starting';
    this.note(
      `${nameOfLife(life)} is gone: ${typeof reason === 'string' ? reason : Object.keys(reason)}`,
    );
    this.#settled(life);
    life.phase = 'over';
    life.goneMs = this.nowMs;
    life.reason = reason;
    const byOrder = life.ordered || rules.looksOrdered(life, reason);
    if (byOrder && !life.ordered) {
      life.ordered = true;
      if (!atStart) rules.stopsInReverse(this, life); // else it was given up, and those after it may stay
    }
    rules.leavesNoOrphans(this, life);
    if (life.parent === undefined) return;
    if (byOrder) this.#stopped(life.parent, life);
    else this.#caused(life.parent, life, atStart);
  }

  /** What the runtime says of itself is held against what was seen. */
  heard(report: Report): void {
    switch (report.kind) {
      case 'gave_up':
        return rules.gaveUpRightly(this, this.at(lastStep(report.supervisor)), report);
      case 'parked':
        return rules.parkedRightly(this, this.at(report.child), report);
      case 'child_killed':
        return this.count('child killed because it was late');
      case 'crash':
      case 'child_start_failed':
        return rules.neverTakesALivingName(this, report.reason);
      default:
        return undefined;
    }
  }

  #settled(life: Life): void {
    if (life.settledMs !== undefined) return;
    life.settledMs = this.nowMs;
    if (life.parent !== undefined) life.parent.family.busyMs += this.nowMs - life.startedMs;
  }

  #stopped({ family }: Life, life: Life): void {
    this.count(life.reason === 'killed' ? 'brutal kill' : 'stop by order');
    if (typeof life.reason === 'object' && 'crashed' in life.reason)
      this.count('crash while ending');
    family.busyMs += this.nowMs - (family.causes.at(-1)?.ms ?? this.nowMs);
  }

  #caused({ family }: Life, life: Life, atStart: boolean): void {
    if (!rules.deservesRestart(life, atStart)) return this.forgotten(life);
    if (atStart && family.lives.some((each) => each !== life && each.plan.id === life.plan.id)) {
      this.count('failed restart');
    }
    const no = ++this.#lastNo;
    const curedNo = Number.POSITIVE_INFINITY;
    family.causes.push({ life, no, ms: this.nowMs, curedNo, atStart, unsure: life.linked });
  }
}

const lastStep = (label: string): string => label.slice(label.lastIndexOf('/') + 1);
