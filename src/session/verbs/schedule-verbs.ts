/** Verbs on schedules: when tasks run by themselves. */
import { z } from 'zod';
import { mustBeWhen, next, type When } from '../../calendar/when.ts';
import { GreenroomError } from '../../model/errors.ts';
import { given } from '../../model/given.ts';
import { iso } from '../../model/moment.ts';
import { Schedule, type StoredSchedule } from '../tasks/records.ts';
import { rendered } from '../tasks/render.ts';
import { definitionVerbs } from './definition-verbs.ts';
import { Named, nowOf, timesOf, viewOf, viewShape } from './definitions.ts';
import { schedules } from './schedules.ts';
import { tasks, templates } from './template-verbs.ts';
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

const definitions = definitionVerbs({
  kind: 'schedule',
  stored: schedules,
  asked: Schedule.shape,
  View: ScheduleView,
  view,
  made: async (work, asked) => {
    const { record: task, key } = await tasks.get(work, asked.task);
    const template = task.template && (await templates.get(work, task.template));
    rendered(key.name, task, template ? template.record : undefined, asked.variables ?? {});
    const nowMs = nowOf(work);
    return (before) => {
      const record = recordOf(asked, before, nowMs);
      return { record, dueMs: record.isPaused ? undefined : dueOf(record.when, nowMs) };
    };
  },
  mayGo: async () => undefined,
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

/** Moments that pass while it is paused are not made up for. */
const setPaused = async (work: SessionsWork, name: string, isPaused: boolean) => {
  const stored = await schedules.change(work, name, ({ record }) => {
    if (record.isPaused === isPaused) return undefined;
    const nowMs = nowOf(work);
    const dueMs = isPaused ? undefined : next(record.when, nowMs);
    return { record: { ...record, isPaused, updatedAtMs: nowMs }, dueMs };
  });
  return { schedule: view(stored) };
};

const pausing = (verb: 'pause' | 'resume') =>
  sessionsVerb(`schedules.${verb}`, {
    request: Named,
    reply: z.strictObject({ schedule: ScheduleView }),
    run: (work, { name }) => setPaused(work, name, verb === 'pause'),
  });

export const scheduleVerbs = {
  ...definitions,
  ...{ 'schedules.pause': pausing('pause'), 'schedules.resume': pausing('resume') },
};
