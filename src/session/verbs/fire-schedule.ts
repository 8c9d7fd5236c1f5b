/**
 * A schedule is due: its runs begin, and it is due again later.
 *
 * 1. A run is named by its schedule and the moment that it is for. So it begins once, however often the schedule is rung: the
 *    ledger knows its turn (P3), also where the process died before the schedule was stored.
 * 2. The schedule is stored behind its runs: what is due in the index has not begun, or has begun and is not noted yet.
 */
import { hash } from 'node:crypto';
import { type DefinitionKey, definitionOf } from '../../model/definition.ts';
import { codeOf, ERRORS, type ErrorCode } from '../../model/errors.ts';
import type { SessionId, SessionKey, TurnId } from '../../model/ids.ts';
import { newTraceId } from '../../model/request-context.ts';
import { hasEnded } from '../../model/words.ts';
import { crashpoint } from '../../platform/crashpoint.ts';
import { type Plan, planRuns } from '../tasks/plan-runs.ts';
import type { LastRun, NotRun, StoredSchedule } from '../tasks/records.ts';
import { nowOf } from './definitions.ts';
import { beginRun, sessionOfRun, type TaskRun } from './run-task.ts';
import { schedules } from './schedules.ts';
import type { Ground } from './verb.ts';

/** How often a change that others made meanwhile is looked at. */
const MAX_CONFLICTS = 3;

/** Resolves when all that is due has begun, or waits for the run before. Rejects with what may be tried again. */
export const fireSchedule = async (ground: Ground, due: SessionKey): Promise<void> => {
  const key = definitionOf(due);
  if (key === undefined) return;
  for (let conflicts = 0; ; conflicts += 1) {
    try {
      return await fire(ground, key);
    } catch (error) {
      if (codeOf(error) !== 'version_conflict' || conflicts === MAX_CONFLICTS) throw error;
    }
  }
};

const fire = async (ground: Ground, key: DefinitionKey): Promise<void> => {
  const found = await schedules.find(ground, key);
  const nowMs = nowOf(ground);
  if (found?.dueMs === undefined || found.dueMs > nowMs) return;
  const { record } = found;
  const plan = planRuns(record, found.dueMs, nowMs);
  const isBusy = record.overlap !== 'allow' && (await isRunning(ground, key, record.last));
  if (isBusy && record.overlap === 'wait' && plan.runs.length > 0) return; // it stays due
  crashpoint('schedule.due');
  const begun = await beginAll(ground, key, record, isBusy ? [] : plan.runs);
  if (begun.runs > 0) crashpoint('schedule.begun');
  const { dueMs, ...noted } = after(record, plan, begun, isBusy);
  await schedules.store(ground, found, { record: { ...record, ...noted }, dueMs });
};

/** What became of the runs that were to begin. */
interface Begun {
  readonly runs: number;
  readonly last: LastRun | undefined;
  readonly failed: NotRun | undefined;
  readonly failures: number;
  /** Those that have to wait for the one that has begun. */
  readonly left: readonly number[];
}

const beginAll = async (
  ground: Ground,
  key: DefinitionKey,
  schedule: StoredSchedule,
  moments: readonly number[],
): Promise<Begun> => {
  const begun = { runs: 0, failures: 0 };
  let last: LastRun | undefined;
  let failed: NotRun | undefined;
  for (const [at, dueMs] of moments.entries()) {
    const run = runOf(key, schedule, dueMs);
    const why = await refusalOf(ground, run, failed ?? schedule.lastSkipped);
    if (why === undefined) {
      begun.runs += 1;
      last = { dueMs, sessionId: sessionOfRun(run).sessionId };
      if (schedule.overlap !== 'allow')
        return { ...begun, last, failed, left: moments.slice(at + 1) };
    } else {
      begun.failures += 1;
      failed = { dueMs, why };
    }
  }
  return { ...begun, last, failed, left: [] };
};

/** These say that the run has begun before. */
const BEGUN: readonly ErrorCode[] = ['session_deleted', 'turn_id_reused'];

/** Why a run cannot begin; undefined: it has begun. Rejects with what may be tried again. */
const refusalOf = async (
  ground: Ground,
  run: TaskRun,
  before: NotRun | undefined,
): Promise<string | undefined> => {
  try {
    await beginRun(ground, run);
    return undefined;
  } catch (error) {
    const code = codeOf(error);
    if (ERRORS[code].retryable || code === 'internal') throw error;
    if (BEGUN.includes(code)) return undefined;
    const why = `${code}: ${(error as Error).message}`.slice(0, 500);
    if (!wasTold(why, run, before)) report(ground, run, error);
    return why;
  }
};

/** One that is refused each second tells its reason once in a minute of the clock. */
const wasTold = (why: string, { scheduled }: TaskRun, before: NotRun | undefined): boolean =>
  before?.why === why && minuteOf(before.dueMs) === minuteOf(scheduled?.dueMs ?? 0);

const minuteOf = (atMs: number): number => Math.floor(atMs / 60_000);

/** Nobody has asked for the run, so nobody hears that it cannot begin: the log does. */
const report = ({ caller }: Ground, { tenant, task, scheduled }: TaskRun, error: unknown): void =>
  caller.system.report({
    ...{ kind: 'fault', actor: 'alarms', error },
    during: `a run of ${tenant}/${task} by the schedule ${scheduled?.scheduleId}`,
  });

const NAME_LENGTH = 50;

/** The moment in the turn's id is for people; what makes it the only one is all of it. */
const runOf = (
  { tenant, name }: DefinitionKey,
  { task, variables = {}, createdAtMs }: StoredSchedule,
  dueMs: number,
): TaskRun => {
  const moment = new Date(dueMs).toISOString().replaceAll(/[-:]|\.\d+/g, '');
  const rest = hash('sha256', `${name}\0${createdAtMs}\0${dueMs}`).slice(0, 12);
  const turnId = `${name.slice(0, NAME_LENGTH)}-${moment}-${rest}` as TurnId;
  const scheduled = { scheduleId: name, dueMs };
  return { tenant, task, variables, turnId, traceId: newTraceId(), scheduled };
};

const isRunning = async (
  { caller }: Ground,
  { tenant }: DefinitionKey,
  last: LastRun | undefined,
): Promise<boolean> => {
  if (last === undefined) return false;
  const head = await caller.head({ tenant, sessionId: last.sessionId as SessionId });
  return head !== undefined && !hasEnded(head) && head.status !== 'parked';
};

/** What the schedule says afterwards. */
const after = (
  record: StoredSchedule,
  plan: Plan,
  { runs, last, failed, failures, left }: Begun,
  isBusy: boolean,
): Partial<StoredSchedule> & { readonly dueMs: number | undefined } => {
  const busy = isBusy ? plan.runs : left;
  const waits = record.overlap === 'wait' && !isBusy;
  const passed = waits ? [] : busy;
  const skipped = skippedOf(plan, failed, passed.at(-1));
  return {
    runs: record.runs + runs,
    skipped: record.skipped + plan.missed + failures + passed.length,
    ...(last === undefined ? {} : { last }),
    ...(skipped === undefined ? {} : { lastSkipped: skipped }),
    dueMs: (waits ? left[0] : undefined) ?? plan.nextMs,
  };
};

const MISSED = 'it was missed';
const BUSY = 'the run before had not ended';

const skippedOf = (
  { lastMissedMs }: Plan,
  failed: NotRun | undefined,
  busyMs: number | undefined,
): NotRun | undefined => {
  if (busyMs !== undefined) return { dueMs: busyMs, why: BUSY };
  if (failed !== undefined) return failed;
  return lastMissedMs === undefined ? undefined : { dueMs: lastMissedMs, why: MISSED };
};
