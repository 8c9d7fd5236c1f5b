/** Values as people type them: moments, spans, money, counts. What cannot be read is a usage error. */
import { InvalidArgumentError } from 'commander';
import type { Thinking } from '../model/answering.ts';
import { momentMs } from '../model/moment.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const UNIT_MS: Readonly<Record<string, number>> = {
  s: 1_000,
  m: 60_000,
  h: HOUR_MS,
  d: DAY_MS,
  w: 7 * DAY_MS,
};

const SPAN = /^(\d+(?:\.\d+)?)(s|m|h|d|w)$/;

const spanMs = (text: string): number | undefined => {
  const [, number, unit] = SPAN.exec(text) ?? [];
  return unit === undefined ? undefined : Number(number) * (UNIT_MS[unit] ?? Number.NaN);
};

/** `30d`, `12h`, `2w`: in days. */
export const parseDays = (text: string): number => {
  const ms = spanMs(text);
  if (ms !== undefined) return ms / DAY_MS;
  throw new InvalidArgumentError('Write a span such as 30d, 12h or 2w.');
};

/** `3 days ago`, and `7d ago`, as it is said. */
const AGO = /^(\d+(?:\.\d+)?) ?(s|m|h|d|w|seconds?|minutes?|hours?|days?|weeks?) ago$/;

const agoMs = (text: string): number | undefined => {
  const [, number, unit = ''] = AGO.exec(text) ?? [];
  return spanMs(number === undefined ? text : `${number}${unit.slice(0, 1)}`);
};

/** The beginning of a day that has a name, on the clock of this machine, as in queries. */
const namedDayMs = (text: string, nowMs: number): number | undefined => {
  if (text !== 'today' && text !== 'yesterday') return undefined;
  const day = new Date(nowMs);
  day.setHours(0, 0, 0, 0);
  if (text === 'yesterday') day.setDate(day.getDate() - 1);
  return day.getTime();
};

/** `2026-11-20` (its beginning, UTC), RFC 3339, `today` or `yesterday` (its beginning, here), or `7d` ago; as RFC 3339. */
export const parseMoment =
  (nowMs: () => number) =>
  (text: string): string => {
    const ago = agoMs(text);
    const atMs = ago === undefined ? Number.NaN : nowMs() - ago;
    if (atMs >= 0) return new Date(atMs).toISOString();
    const ms = namedDayMs(text, nowMs()) ?? momentMs(text);
    if (ms !== undefined) return new Date(ms).toISOString();
    throw new InvalidArgumentError(
      'Write a date such as 2026-11-20, a time such as 2026-11-20T08:00:00Z, today, yesterday, or 7d for seven days ago.',
    );
  };

/** A moment to come: the same, but `7d` is in seven days. */
export const parseAhead =
  (nowMs: () => number) =>
  (text: string): string => {
    const ms = momentMs(text) ?? nowMs() + (spanMs(text) ?? Number.NaN);
    if (Number.isFinite(ms) && Math.abs(ms) <= LAST_MS) return new Date(ms).toISOString();
    throw new InvalidArgumentError(
      'Write a time such as 2026-11-20T08:00:00Z, a date such as 2026-11-20, or 12h for in twelve hours.',
    );
  };

/** The last moment that has a date. */
const LAST_MS = 8_640_000_000_000_000;

/** Dollars: `0.5` or `$0.5`. */
export const parseMoney = (text: string): number => {
  const dollars = /^\$?\d+(\.\d+)?$/.test(text) ? Number(text.replace('$', '')) : Number.NaN;
  if (Number.isFinite(dollars)) return dollars;
  throw new InvalidArgumentError('Write an amount of dollars such as 0.50.');
};

const MAX_SECONDS = 86_400;

export const parseSeconds = (text: string): number => {
  const value = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
  if (value <= MAX_SECONDS) return value;
  throw new InvalidArgumentError(`Write a number of seconds from 0 to ${MAX_SECONDS}.`);
};

export const parseCount = (text: string): number => {
  if (/^\d{1,9}$/.test(text) && Number(text) > 0) return Number(text);
  throw new InvalidArgumentError('Write a whole number from 1.');
};

/** `adaptive`, `off`, or the tokens that a model may think. */
export const parseThinking = (text: string): Thinking => {
  if (text === 'adaptive') return { type: 'adaptive' };
  if (text === 'off') return { type: 'disabled' };
  if (/^\d{1,7}$/.test(text)) return { type: 'enabled', budgetTokens: Number(text) };
  throw new InvalidArgumentError('Write adaptive, off, or a number of tokens from 1024.');
};

/** What reads a value of few, with those that there are: shells complete them. */
interface WordParser {
  (text: string): string;
  readonly words: readonly string[];
}

/** One of the words that there are. */
export const parseWord = (words: readonly string[]): WordParser =>
  Object.assign(
    (text: string): string => {
      if (words.includes(text)) return text;
      throw new InvalidArgumentError(`Write one of ${words.join(', ')}.`);
    },
    { words },
  );

/** The same for an option that may be given several times, or with several words and commas between. */
export const collectWord = (words: readonly string[]) =>
  Object.assign(
    (text: string, before: readonly string[] = []) => [
      ...before,
      ...text.split(',').map(parseWord(words)),
    ],
    { words },
  );

/** The words that an option takes, of one that is read by these. */
export const wordsOf = (parser: unknown): readonly string[] =>
  (parser as Partial<WordParser> | undefined)?.words ?? [];

/** A JSON object. */
export const parseJsonObject = (text: string): Record<string, unknown> => {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value))
      return value as Record<string, unknown>;
  } catch {}
  throw new InvalidArgumentError('Write a JSON object such as {"command":"ls"}.');
};

/** A tool that the API runs: its type, or the API's form of it; several times. */
export const collectServerTools = (
  text: string,
  before: readonly object[] = [],
): readonly object[] => [...before, text.startsWith('{') ? serverTool(text) : { type: text }];

const serverTool = (text: string): object => {
  try {
    return parseJsonObject(text);
  } catch {
    throw new InvalidArgumentError(
      'Write a type such as web_search_20260318, or JSON such as {"type":"web_search_20250305","max_uses":3}.',
    );
  }
};

/** For options that may be given several times. */
export const collect = (text: string, before: readonly string[] = []): readonly string[] => [
  ...before,
  text,
];

/** The same, where one may also name several at once, with commas between. */
export const collectNames = (text: string, before: readonly string[] = []): readonly string[] => [
  ...before,
  ...text.split(',').filter((name) => name !== ''),
];
