/**
 * Patterns for what an archive leaves out. Pure. `node_modules` means that name at any depth; a pattern with a slash is
 * compared with the whole path, from the root; `*` and `?` stand for characters of one name, `**` for any number of steps.
 */
import { GreenroomError } from '../../model/errors.ts';

const MAX_PATTERNS = 100;
const MAX_LENGTH = 500;

export type Excludes = (path: string, name: string) => string | undefined;

/** @returns by which pattern a path is left out. Throws `invalid_settings` for too many, or too long ones. */
export const excluding = (patterns: readonly string[]): Excludes => {
  if (patterns.length > MAX_PATTERNS)
    throw wrong(`at most ${MAX_PATTERNS} patterns may leave something out`);
  const all = patterns.map((pattern) => ({ pattern, ...compiled(pattern) }));
  return (path, name) =>
    all.find(({ isWhole, test }) => matches(test, isWhole ? path.split('/') : [name]))?.pattern;
};

/** Of a path; of a name, where it is not `**`. */
type Step = string;

const compiled = (
  pattern: string,
): { readonly isWhole: boolean; readonly test: readonly Step[] } => {
  const bare = pattern.replace(/^\.?\//, '').replace(/\/+$/, '');
  if (bare === '' || pattern.length > MAX_LENGTH)
    throw wrong(`a pattern has 1 to ${MAX_LENGTH} characters`);
  const isWhole = bare.includes('/') || pattern.startsWith('/');
  return { isWhole, test: bare.split('/') };
};

/** Step by step, remembering which places of the pattern can be reached: linear in the path for each step of the pattern. */
const matches = (test: readonly Step[], steps: readonly string[]): boolean => {
  let places = closed(test, new Set([0]));
  for (const step of steps) {
    const next = new Set<number>();
    for (const at of places) {
      const wanted = test[at];
      if (wanted === '**') next.add(at);
      else if (wanted !== undefined && fits(wanted, step)) next.add(at + 1);
    }
    if (next.size === 0) return false;
    places = closed(test, next);
  }
  return places.has(test.length);
};

/** `*` and `?` in one name: at a mismatch the last star takes one character more, so it takes as long as both are, multiplied. */
const fits = (pattern: string, name: string): boolean => {
  let [at, star, from] = [0, -1, 0];
  for (let place = 0; place < name.length; ) {
    const wanted = pattern[at];
    if (wanted === '*') [star, from, at] = [at, place, at + 1];
    else if (wanted === '?' || wanted === name[place]) [at, place] = [at + 1, place + 1];
    else if (star === -1) return false;
    else {
      from += 1;
      [at, place] = [star + 1, from];
    }
  }
  while (pattern[at] === '*') at += 1;
  return at === pattern.length;
};

/** `**` may stand for nothing. */
const closed = (test: readonly Step[], places: Set<number>): Set<number> => {
  for (const at of places) if (test[at] === '**') places.add(at + 1);
  return places;
};

const wrong = (message: string): GreenroomError =>
  new GreenroomError('invalid_settings', message, { details: { field: 'exclude' } });
