/** Patterns of whole paths: parts between slashes, `**` for any number of parts, `{a,b}` for either. Pure. */
import { Refusal } from '../tool/refusal.ts';
import { matchesName, type NamePattern, namePattern } from './name-pattern.ts';

export type Part = NamePattern | 'any-depth';
export type PathPattern = readonly Part[];

/** Patterns that one with braces may stand for. */
const MAX_PATTERNS = 1_000;
/** Characters of a pattern. */
export const MAX_LENGTH = 4_096;

/** `{a,b}` written out, also in one another. A brace without a comma in it, or without its other half, is a character. */
export const withoutBraces = (pattern: string): readonly string[] => {
  if (pattern.length > MAX_LENGTH)
    throw new Refusal(`A pattern has at most ${MAX_LENGTH} characters.`);
  const done: string[] = [];
  const open = [pattern];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const group = firstGroup(next);
    if (group === undefined) done.push(next);
    else open.push(...group.toReversed());
    if (done.length + open.length > MAX_PATTERNS)
      throw new Refusal(`The braces of this pattern stand for more than ${MAX_PATTERNS} patterns.`);
  }
  return done;
};

/** What the first group makes of a pattern. */
const firstGroup = (pattern: string): readonly string[] | undefined => {
  for (let open = nextOf(pattern, '{', 0); open !== -1; open = nextOf(pattern, '{', open + 1)) {
    const commas: number[] = [];
    let depth = 0;
    for (let at = open; at < pattern.length; at++) {
      const char = pattern[at];
      if (char === '\\') at += 1;
      else if (char === '{') depth += 1;
      else if (char === ',' && depth === 1) commas.push(at);
      else if (char === '}') {
        depth -= 1;
        if (depth > 0) continue;
        if (commas.length === 0) break;
        const ends = [...commas, at];
        return ends.map(
          (end, n) =>
            pattern.slice(0, open) +
            pattern.slice((n === 0 ? open : (ends[n - 1] ?? open)) + 1, end) +
            pattern.slice(at + 1),
        );
      }
    }
  }
  return undefined;
};

const nextOf = (text: string, char: string, from: number): number => {
  for (let at = from; at < text.length; at++) {
    if (text[at] === '\\') at += 1;
    else if (text[at] === char) return at;
  }
  return -1;
};

/** Of a pattern without braces. Empty parts and `.` say nothing; `..` leads out and is not one. */
export const pathPattern = (text: string): PathPattern => {
  const parts: Part[] = [];
  for (const part of text.split('/')) {
    if (part === '' || part === '.') continue;
    if (part === '..')
      throw new Refusal('`..` may stand only before the first wildcard of a pattern.');
    if (part !== '**') parts.push(namePattern(part));
    else if (parts.at(-1) !== 'any-depth') parts.push('any-depth');
  }
  return parts;
};

/**
 * Where in patterns a walk is: for each pattern, the parts that what is next may match. So a walk knows which folders
 * to enter without trying each path against each pattern.
 */
export type Positions = readonly (readonly [pattern: PathPattern, at: number])[];

export const startOf = (patterns: readonly PathPattern[]): Positions =>
  closed(patterns.map((pattern) => [pattern, 0] as const));

/** After one more part of the path. */
export const stepInto = (positions: Positions, name: string): Positions => {
  const next: (readonly [PathPattern, number])[] = [];
  for (const [pattern, at] of positions) {
    const part = pattern[at];
    if (part === undefined) continue;
    if (part === 'any-depth') next.push([pattern, at]);
    else if (matchesName(part, name)) next.push([pattern, at + 1]);
  }
  return closed(next);
};

export const isMatch = (positions: Positions): boolean =>
  positions.some(([pattern, at]) => at === pattern.length);

/** Whether something below can match. */
export const leadsOn = (positions: Positions): boolean =>
  positions.some(([pattern, at]) => at < pattern.length);

/** `**` stands for nothing, too. */
const closed = (positions: Positions): Positions => {
  const seen = new Map<PathPattern, Set<number>>();
  const all: (readonly [PathPattern, number])[] = [];
  for (const [pattern, from] of positions) {
    const known = seen.get(pattern) ?? new Set();
    seen.set(pattern, known);
    for (let at = from; ; at++) {
      if (!known.has(at)) {
        known.add(at);
        all.push([pattern, at]);
      }
      if (pattern[at] !== 'any-depth') break;
    }
  }
  return all;
};

export const matchesPath = (pattern: PathPattern, path: readonly string[]): boolean =>
  isMatch(path.reduce((positions, name) => stepInto(positions, name), startOf([pattern])));
