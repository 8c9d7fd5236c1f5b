/** Values in the words of people: money, times, spans, sizes. Pure. */

/** Dollars; undefined and null are unknown. */
export const money = (usd: number | null | undefined): string => {
  if (usd === null || usd === undefined) return '?';
  if (usd === 0) return '$0';
  if (usd < 0.01) return `$${usd.toFixed(4)}`;
  return `$${usd.toLocaleString('en-US', { minimumFractionDigits: 2, maximumFractionDigits: 2 })}`;
};

/** What a session has cost, as far as that is known. */
export const costOf = (session: {
  readonly totalCostUsd: number | null;
  readonly knownCostUsd?: number;
}): string =>
  session.totalCostUsd === null
    ? `≥ ${money(session.knownCostUsd ?? 0)}`
    : money(session.totalCostUsd);

export const count = (value: number): string => value.toLocaleString('en-US');

/** A large number in four characters. */
export const short = (value: number): string => {
  if (value < 1_000) return String(value);
  if (value < 1_000_000) return `${trimmed(value / 1_000)}k`;
  if (value < 1_000_000_000) return `${trimmed(value / 1_000_000)}M`;
  return `${trimmed(value / 1_000_000_000)}G`;
};
const trimmed = (value: number): string =>
  value < 10 ? value.toFixed(1).replace(/\.0$/, '') : String(Math.round(value));

export const bytes = (value: number | null): string =>
  value === null ? '?' : `${short(value)}B`.replace('kB', ' kB').replace(/([MG])B/, ' $1B');

const UNITS: readonly (readonly [number, string])[] = [
  [86_400_000, 'd'],
  [3_600_000, 'h'],
  [60_000, 'min'],
  [1_000, 's'],
];

/** A span in its largest unit. */
export const span = (ms: number): string => {
  if (ms < 1_000) return `${Math.max(0, Math.round(ms))} ms`;
  const [size, unit] = UNITS.find(([size]) => ms >= size) ?? [1_000, 's'];
  const value = ms / size;
  return `${unit === 's' && value < 10 ? value.toFixed(1) : Math.floor(value)} ${unit}`;
};

export const ago = (at: string, nowMs: number): string => {
  const ms = nowMs - Date.parse(at);
  return ms < 5_000 ? 'now' : `${span(ms)} ago`;
};

/** How long until then; 'now' for what is past. */
export const until = (at: string, nowMs: number): string => {
  const ms = Date.parse(at) - nowMs;
  return ms <= 0 ? 'now' : span(ms);
};

const CLOCK = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' });
export const moment = (at: string): string => CLOCK.format(new Date(at));

/** Tags as people type them: with commas between them, because a tag may have blanks. */
export const tagsOf = (text: string): string[] => [
  ...new Set(
    text
      .split(',')
      .map((tag) => tag.trim())
      .filter((tag) => tag !== ''),
  ),
];

/** The last part of a path: what people call a folder. */
export const folder = (path: string): string => path.replace(/\/+$/, '').split('/').pop() ?? path;

/** Each with as many of the folders above it as tell it from the others. */
export const foldersOf = (paths: readonly string[]): readonly string[] =>
  paths.map((path) => {
    const parts = path.split('/').filter((part) => part !== '');
    const others = paths.filter((other) => other !== path).map((other) => `/${other}`);
    for (let size = 1; size <= parts.length; size += 1) {
      const name = parts.slice(-size).join('/');
      if (!others.some((other) => other.replace(/\/+$/, '').endsWith(`/${name}`))) return name;
    }
    return path;
  });
