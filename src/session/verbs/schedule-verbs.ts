/** Verbs on schedules: when tasks run by themselves. */
import { z } from 'zod';
import { mustBeWhen, next, type When } from '../../calendar/when.ts';
import { GreenroomError } from '../../model/errors.ts';
import { given } from '../../model/given.ts';
import { iso } from '../../model/moment.ts';
import { Schedule, type StoredSchedule } from '../tasks/records.ts';
import {
  Deleted,
  ListRequest,
  Named,
  nowOf,
  putShape,
  timesOf,
  viewOf,
  viewShape,
} from './definitions.ts';
import { nextCursor } from './reply-schemas.ts';
import { schedules } from './schedules.ts';
import { tasks } from './template-verbs.ts';
import { type SessionsWork, sessionsVerb } from './verb.ts';

const moment = z.iso.datetime();

export const ScheduleView = z.strictObject({
  ...viewShape,
  ...Schedule.shape,
  isPaused: z.boolean(),
  /** When it runs next; absent: never again, or not while it is paused. */
  nextAt: moment.exactOptional(),
  /** Runs that it has begun. */
  runs: z.int().min(0),
  /** Moments that passed without a run. */
  skipped: z.int().min(0),
  /** The run that it began last. */
  last: z.strictObject({ dueAt: moment, sessionId: z.string() }).exactOptional(),
  /** Why the last of those moments passed. */
  lastSkipped: z.strictObject({ dueAt: moment, why: z.string() }).exactOptional(),
});
export type ScheduleView = Readonly<z.output<typeof ScheduleView>>;

type Known = Awaited<ReturnType<typeof schedules.get>>;

const view = (known: Known): ScheduleView => {
  const { name, version, createdAt, updatedAt, when, last, lastSkipped, ...rest } = viewOf(known);
  const { task, variables, description, everySeconds, misfire, catchUp, overlap } = rest;
  return given<ScheduleView>({
    ...{ name, version, createdAt, updatedAt, task, variables, description },
    ...whenView(when),
    ...{ everySeconds, misfire, catchUp, overlap },
    ...{ isPaused: rest.isPaused, runs: rest.runs, skipped: rest.skipped },
    nextAt: known.dueMs === undefined ? undefined : iso(known.dueMs),
    last: last && { dueAt: iso(last.dueMs), sessionId: last.sessionId },
    lastSkipped: lastSkipped && { dueAt: iso(lastSkipped.dueMs), why: lastSkipped.why },
  });
};

const whenView = (when: When) => ({
  cron: when.kind === 'cron' ? when.cron : undefined,
  timeZone: when.kind === 'cron' ? when.timeZone : undefined,
  from: when.kind === 'every' ? iso(when.fromMs) : undefined,
  at: when.kind === 'at' ? iso(when.atMs) : undefined,
});

const reply = z.strictObject({ schedule: ScheduleView });

const put = sessionsVerb('schedules.put', {
  request: z.strictObject({ ...putShape, ...Schedule.shape }),
  reply,
  run: async (work, { name, expectedVersion, ...asked }) => {
    await tasks.get(work, asked.task);
    const nowMs = nowOf(work);
    const stored = await schedules.put(work, { name, expectedVersion }, (before) => {
      const record = recordOf(asked, before, nowMs);
      return { record, dueMs: record.isPaused ? undefined : dueOf(record.when, nowMs) };
    });
    return { schedule: view(stored) };
  },
});

/** What it has done, and whether it is paused, stays. */
const recordOf = (
  { cron, timeZone, from, ...rest }: z.output<typeof Schedule>,
  before: Known | undefined,
  nowMs: number,
): StoredSchedule => {
  const when = whenOf({ cron, timeZone, from, ...rest }, nowMs);
  mustBeWhen(when, nowMs);
  const { isPaused = false, runs = 0, skipped = 0, last, lastSkipped } = before?.record ?? {};
  return {
    ...rest,
    ...{ when, isPaused, runs, skipped, last, lastSkipped },
    ...timesOf(before, nowMs),
  };
};

/** Throws `invalid_settings` unless it says exactly one of them. */
const whenOf = (
  { cron, timeZone, everySeconds, from, at }: z.output<typeof Schedule>,
  nowMs: number,
): When => {
  const said = [cron, everySeconds, at].filter((each) => each !== undefined);
  if (said.length !== 1) throw wrong('cron', 'say one of cron, everySeconds and at');
  if (timeZone !== undefined && cron === undefined) throw wrong('timeZone', 'it is of cron');
  if (from !== undefined && everySeconds === undefined)
    throw wrong('from', 'it is of everySeconds');
  if (cron !== undefined) return { kind: 'cron', cron, timeZone: timeZone ?? 'UTC' };
  if (everySeconds !== undefined)
    return {
      kind: 'every',
      seconds: everySeconds,
      fromMs: from ? Date.parse(from) : Math.floor(nowMs),
    };
  return { kind: 'at', atMs: Date.parse(at ?? '') };
};

const dueOf = (when: When, nowMs: number): number => {
  const dueMs = next(when, nowMs);
  if (dueMs === undefined) throw wrong('at', 'it is past');
  return dueMs;
};

const wrong = (field: string, why: string): GreenroomError =>
  new GreenroomError('invalid_settings', `${field}: ${why}`, { details: { field } });

const get = sessionsVerb('schedules.get', {
  request: Named,
  reply,
  run: async (work, { name }) => ({ schedule: view(await schedules.get(work, name)) }),
});

const list = sessionsVerb('schedules.list', {
  request: ListRequest,
  reply: z.strictObject({ schedules: z.array(ScheduleView), nextCursor }),
  run: async (work, page) => {
    const { found, ...next } = await schedules.list(work, page);
    return { schedules: found.map(view), ...next };
  },
});

const remove = sessionsVerb('schedules.delete', {
  request: Named,
  reply: Deleted,
  run: (work, { name }) => schedules.remove(work, name),
});

/** Moments that pass while it is paused are not made up for. */
const setPaused = async (work: SessionsWork, name: string, isPaused: boolean) => {
  const found = await schedules.get(work, name);
  const nowMs = nowOf(work);
  const dueMs = isPaused ? undefined : next(found.record.when, nowMs);
  const record = { ...found.record, isPaused, updatedAtMs: nowMs };
  const isSame = found.record.isPaused === isPaused;
  const stored = isSame ? found : await schedules.store(work, found, { record, dueMs });
  return { schedule: view(stored) };
};

const pause = sessionsVerb('schedules.pause', {
  request: Named,
  reply,
  run: (work, { name }) => setPaused(work, name, true),
});

const resume = sessionsVerb('schedules.resume', {
  request: Named,
  reply,
  run: (work, { name }) => setPaused(work, name, false),
});

export const scheduleVerbs = {
  ...{ 'schedules.put': put, 'schedules.get': get, 'schedules.list': list },
  ...{ 'schedules.delete': remove, 'schedules.pause': pause, 'schedules.resume': resume },
};
