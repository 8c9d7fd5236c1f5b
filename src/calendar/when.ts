/**
 * When something happens again and again, or once: by a pattern of cron in a time zone, after equal spans, or at a moment.
 * Pure: whoever asks brings the time along.
 *
 * Where clocks are put forward, a time that the day does not have is taken as the first moment behind the gap; where they are
 * put back, a time that the day has twice is taken once, and what happens in every hour or minute goes on.
 */
import { Cron } from 'croner';
import { GreenroomError } from '../model/errors.ts';

export type When =
  /** Five fields, or six with seconds first; `timeZone` as IANA names it. */
  | { readonly kind: 'cron'; readonly cron: string; readonly timeZone: string }
  /** `fromMs` and every so many seconds after it. */
  | { readonly kind: 'every'; readonly seconds: number; readonly fromMs: number }
  | { readonly kind: 'at'; readonly atMs: number };

const SECOND_MS = 1_000;

/** Throws `invalid_settings` for a pattern or a time zone that cannot be read, and for one that is never due. */
export const mustBeWhen = (when: When, nowMs: number): void => {
  if (when.kind === 'cron' && next(when, nowMs) === undefined)
    throw wrong('cron', 'the pattern is never due');
};

/** The first moment behind `afterMs`; undefined: there is none. */
export const next = (when: When, afterMs: number): number | undefined => {
  switch (when.kind) {
    case 'cron':
      return cronOf(when).nextRun(new Date(afterMs))?.getTime();
    case 'every': {
      const stepMs = when.seconds * SECOND_MS;
      const past = Math.floor((afterMs - when.fromMs) / stepMs) + 1;
      return when.fromMs + Math.max(0, past) * stepMs;
    }
    case 'at':
      return when.atMs > afterMs ? when.atMs : undefined;
  }
};

/** The last moments up to and including `toMs`, but for those before `fromMs`: at most `most`, oldest first. */
export const between = (
  when: When,
  fromMs: number,
  toMs: number,
  most: number,
): readonly number[] => {
  if (when.kind === 'cron') return lastOfCron(when, fromMs, toMs, most);
  return lastOf(when, toMs, most).filter((atMs) => atMs >= fromMs && atMs <= toMs);
};

/** One at a time, back to `fromMs`: each is a search of its own, and `most` may be far more than there are. */
const lastOfCron = (
  when: When & { kind: 'cron' },
  fromMs: number,
  toMs: number,
  most: number,
): readonly number[] => {
  const cron = cronOf(when);
  const found: number[] = [];
  // What comes before the next whole second is no later than this one.
  let before = new Date(Math.floor(toMs / SECOND_MS) * SECOND_MS + SECOND_MS);
  while (found.length < most) {
    const [run] = cron.previousRuns(1, before);
    if (run === undefined || run.getTime() < fromMs) break;
    found.push(run.getTime());
    before = run;
  }
  return found.toReversed();
};

const lastOf = (when: Exclude<When, { kind: 'cron' }>, toMs: number, most: number) => {
  if (when.kind === 'at') return [when.atMs];
  const stepMs = when.seconds * SECOND_MS;
  const last = Math.floor((toMs - when.fromMs) / stepMs);
  const first = Math.max(0, last - most + 1);
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, at) => {
    return when.fromMs + (first + at) * stepMs;
  });
};

/** Five fields or six: the short names that some crons know say no time zone that people could see. */
const FIELDS = /^\S+( +\S+){4,5}$/;

const cronOf = ({ cron, timeZone }: When & { kind: 'cron' }): Cron => {
  if (!FIELDS.test(cron.trim())) throw wrong('cron', 'a pattern has five fields, or six');
  mustBeZone(timeZone);
  try {
    return new Cron(cron.trim(), { timezone: timeZone });
  } catch (error) {
    // What it is called in the library says nothing to people.
    const why = (error as Error).message.replace(/^\w+: /, '');
    throw wrong('cron', `the pattern cannot be read: ${why}`);
  }
};

const mustBeZone = (timeZone: string): void => {
  try {
    new Intl.DateTimeFormat('en', { timeZone });
  } catch {
    throw wrong('timeZone', `there is no time zone ${timeZone}`);
  }
};

const wrong = (field: string, why: string): GreenroomError =>
  new GreenroomError('invalid_settings', `${field}: ${why}`, { details: { field } });
