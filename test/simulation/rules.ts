/**
 * The promises of supervision, each as a check of what was seen. A check that cannot know for sure (the supervisor was
 * busy, the actor was linked) lets it pass: the models in `test/otp/models` are exact, this is about the many at a time.
 */
import type { ExitReason, Report } from '../../src/otp/index.ts';
import type { Chronicle } from './chronicle.ts';
import { type Cause, isOver, type Life, lastOf, nameOfLife } from './life.ts';
import type { DynamicPlan, SupervisorPlan } from './plan.ts';

/** Timers are late by up to this much. */
const LATE_MS = 2;

/** One actor per seat, and so per unique name. */
export function startsAlone(chronicle: Chronicle, life: Life): void {
  const before = chronicle.at(life.plan.id);
  if (before !== undefined && !isOver(before)) {
    chronicle.wrong(`${nameOfLife(life)} starts while ${nameOfLife(before)} lives`);
  }
}

export function startsRightly(chronicle: Chronicle, parent: Life, life: Life): void {
  const before = lastOf(parent.family, life.plan.id);
  if (isOver(parent)) chronicle.wrong(`${nameOfLife(life)} starts under a dead supervisor`);
  if (parent.plan.kind === 'dynamic') {
    staysBelowMaxChildren(chronicle, parent, parent.plan.maxChildren);
    if (before !== undefined) restartsDynamically(chronicle, parent, before, life);
  } else if (parent.plan.kind === 'supervisor') {
    startsInOrder(chronicle, parent, parent.plan, life);
    if (before !== undefined) restartsForAReason(chronicle, parent, parent.plan, before, life);
  }
}

function staysBelowMaxChildren(chronicle: Chronicle, parent: Life, maxChildren: number): void {
  const living = parent.family.lives.filter((each) => !isOver(each)).length;
  if (living >= maxChildren)
    chronicle.wrong(`${nameOfLife(parent)} exceeds ${maxChildren} children`);
}

/** A child starts when those before it have, and when no other one is on its way. */
function startsInOrder(chronicle: Chronicle, parent: Life, plan: SupervisorPlan, life: Life): void {
  for (const { id } of plan.children) {
    const last = lastOf(parent.family, id);
    const isBefore = plan.children.findIndex((child) => child.id === id) < life.index;
    if (last?.phase === 'starting' || (isBefore && last === undefined)) {
      chronicle.wrong(`${nameOfLife(life)} starts before ${id} is up`);
    }
  }
}

function restartsForAReason(
  chronicle: Chronicle,
  parent: Life,
  plan: SupervisorPlan,
  before: Life,
  life: Life,
): void {
  const { strategy, restartGapMs } = plan;
  chronicle.count(`restart under ${strategy}`);
  if (restartGapMs > 0 && life.startedMs >= before.startedMs + restartGapMs) {
    chronicle.count('restart after a gap');
  }
  if (life.plan.restart === 'temporary')
    chronicle.wrong(`${nameOfLife(life)} is temporary and restarted`);
  const since = parent.family.causes.filter(
    (cause) => cause.curedNo > before.startedNo && concerns(strategy, cause, life),
  );
  const [first] = since;
  if (first === undefined) chronicle.wrong(`${nameOfLife(life)} is restarted without a reason`);
  else keepsTheBudget(chronicle, parent, plan, life, first);
}

/** Whose death concerns whom. */
const concerns = (strategy: string, { life: dead }: Cause, life: Life): boolean => {
  switch (strategy) {
    case 'one_for_one':
      return dead.plan.id === life.plan.id;
    case 'rest_for_one':
      return dead.index <= life.index;
    default:
      return true;
  }
};

/** Restarts are counted between their cause and their start: those surely within one window are no more than allowed. */
function keepsTheBudget(
  chronicle: Chronicle,
  parent: Life,
  plan: { readonly maxRestarts: number; readonly maxSeconds: number; readonly strategy?: string },
  life: Life,
  cause: Cause,
): void {
  const { restarts } = parent.family;
  restarts.push({ seat: life.plan.id, causedMs: cause.ms });
  const sinceMs = chronicle.nowMs - plan.maxSeconds * 1_000;
  const together = restarts.filter(
    ({ seat, causedMs }) =>
      causedMs >= sinceMs && (plan.strategy === 'one_for_one' || seat === life.plan.id),
  );
  if (together.length > plan.maxRestarts) {
    chronicle.wrong(`${nameOfLife(life)}: ${together.length} restarts in ${plan.maxSeconds} s`);
  }
}

/** A dynamic child is restarted for its own death only, no sooner than its backoff, on its own budget. */
function restartsDynamically(chronicle: Chronicle, parent: Life, before: Life, life: Life): void {
  if (parent.plan.kind !== 'dynamic') return;
  const { maxRestarts, maxSeconds, backoff } = parent.plan;
  if (chronicle.parked.delete(life.plan.id)) chronicle.count('parked child started again');
  if ((chronicle.asked.get(life.plan.id) ?? 0) > 0) return; // by order, perhaps
  chronicle.count('restart under dynamic');
  const cause = parent.family.causes.find(
    ({ no, life: dead }) => no > before.startedNo && dead.plan.id === life.plan.id,
  );
  if (cause === undefined) chronicle.wrong(`${nameOfLife(life)} is restarted without a reason`);
  else if (chronicle.nowMs - cause.ms < backoff.firstMs) {
    chronicle.wrong(`${nameOfLife(life)} is restarted before its backoff is over`);
  } else keepsTheBudget(chronicle, parent, { maxRestarts, maxSeconds }, life, cause);
}

/** When one is told to end, those after it are gone. */
export function stopsInReverse(chronicle: Chronicle, life: Life): void {
  const { parent } = life;
  if (parent?.plan.kind !== 'supervisor' || parent.killed || life.linked) return;
  for (const { id } of parent.plan.children.slice(life.index + 1)) {
    const later = lastOf(parent.family, id);
    if (later === undefined || isOver(later)) continue;
    chronicle.wrong(`${nameOfLife(life)} is stopped before ${nameOfLife(later)}`);
  }
}

/**
 * Ends that only a supervisor brings about: the simulation itself never says plain `shutdown`. One that was ending by
 * itself is killed without an order when its goodbye takes too long.
 */
export function looksOrdered({ linked, killed, farewell }: Life, reason: ExitReason): boolean {
  if (linked || (farewell !== undefined && farewell !== 'shutdown')) return false;
  return reason === 'shutdown' || (reason === 'killed' && !killed);
}

export function leavesNoOrphans(chronicle: Chronicle, life: Life): void {
  for (const child of life.family.lives) {
    if (!isOver(child)) chronicle.wrong(`${nameOfLife(life)} leaves ${nameOfLife(child)} behind`);
  }
}

export function deservesRestart({ plan, reason }: Life, atStart: boolean): boolean {
  if (plan.restart === 'temporary') return false;
  if (plan.restart === 'permanent' || atStart || reason === undefined) return true;
  if (typeof reason === 'string') return reason === 'killed' || reason === 'noproc';
  return 'crashed' in reason;
}

/** Nobody gives up before there were more deaths than allowed. */
export function gaveUpRightly(
  chronicle: Chronicle,
  life: Life | undefined,
  { maxRestarts, maxSeconds }: Extract<Report, { kind: 'gave_up' }>,
): void {
  if (life === undefined) return;
  chronicle.count(life.parent === undefined ? 'root gave up' : 'supervisor gave up');
  const { causes, busyMs } = life.family;
  const sinceMs = chronicle.nowMs - maxSeconds * 1_000 - busyMs - chronicle.blockedMs - LATE_MS;
  const recent = causes.filter(({ ms }) => ms >= sinceMs).length;
  if (recent <= maxRestarts) chronicle.wrong(`${nameOfLife(life)} gave up after ${recent} deaths`);
}

/** A child is parked for its own deaths, never for those of others. */
export function parkedRightly(
  chronicle: Chronicle,
  life: Life | undefined,
  { child }: Extract<Report, { kind: 'parked' }>,
): void {
  chronicle.count('parked child');
  const parent = life?.parent;
  if (parent?.plan.kind !== 'dynamic') return;
  const { maxRestarts, maxSeconds } = parent.plan;
  const causes = parent.family.causes.filter(({ life: dead }) => dead.plan.id === child);
  const sinceMs = chronicle.nowMs - maxSeconds * 1_000 - chronicle.blockedMs - LATE_MS;
  const recent = causes.filter(({ ms }) => ms >= sinceMs).length;
  const wasParked = chronicle.everParked.has(child);
  if (recent <= maxRestarts && !(wasParked && (causes.at(-1)?.atStart || life?.ordered))) {
    chronicle.wrong(`${child} is parked after ${recent} deaths`);
  }
  chronicle.parked.add(child);
  chronicle.everParked.add(child);
  forgetsTheLongestParked(chronicle, parent.plan);
}

function forgetsTheLongestParked(chronicle: Chronicle, { keys, maxChildren }: DynamicPlan): void {
  const parked = [...chronicle.parked].filter((key) => keys.some(({ id }) => id === key));
  for (const key of parked.slice(0, Math.max(0, parked.length - maxChildren))) {
    const life = chronicle.at(key);
    if (life !== undefined) chronicle.forgotten(life);
  }
}

/** Names are free before a successor wants them. */
export function neverTakesALivingName(chronicle: Chronicle, reason: ExitReason): void {
  const text = typeof reason === 'object' && 'crashed' in reason ? String(reason.crashed) : '';
  if (/is registered already/.test(text))
    chronicle.wrong(`a successor found its name taken: ${text}`);
}

/** After the storm: who is to run runs, and nobody who had to start again was forgotten. */
export function restsInOrder(chronicle: Chronicle): void {
  for (const life of chronicle.living) {
    if (life.plan.kind !== 'supervisor') continue;
    for (const [index, { id, restart }] of life.plan.children.entries()) {
      const last = lastOf(life.family, id);
      if (last === undefined) {
        chronicle.wrong(`${nameOfLife(life)} never started ${id}`);
        continue;
      }
      if (last.phase === 'up' || last.phase === 'ignored' || restart === 'temporary') continue;
      if (last.phase === 'over' && !last.ordered && !deservesRestart(last, false)) continue;
      chronicle.wrong(`${id} (${index}) does not run under ${nameOfLife(life)}: ${last.phase}`);
    }
    for (const cause of life.family.causes) restartedAllThatItConcerns(chronicle, life, cause);
  }
}

function restartedAllThatItConcerns(chronicle: Chronicle, supervisor: Life, cause: Cause): void {
  if (supervisor.plan.kind !== 'supervisor' || cause.unsure) return;
  const { children, strategy } = supervisor.plan;
  for (const { id, restart } of children) {
    const last = lastOf(supervisor.family, id);
    if (restart === 'temporary' || last === undefined || last.startedNo > cause.no) continue;
    if (concerns(strategy, cause, last)) {
      chronicle.wrong(
        `${nameOfLife(last)} was not restarted after the death of ${cause.life.plan.id}`,
      );
    }
  }
}
