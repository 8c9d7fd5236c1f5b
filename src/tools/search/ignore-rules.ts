/** The language of `.gitignore`: which paths below a folder are left out. The last rule that matches decides. Pure. */

import { matchesName, type NamePattern, namePattern } from './name-pattern.ts';
import { matchesPath, type PathPattern, pathPattern } from './path-pattern.ts';

interface Rule {
  /** A name at any depth, which most rules are, or a path. */
  readonly pattern: { readonly name: NamePattern } | { readonly path: PathPattern };
  /** `!`: what is taken in again. */
  readonly isKept: boolean;
  /** `/` at its end. */
  readonly isForFolders: boolean;
}

/** The last line first. */
export type IgnoreRules = readonly Rule[];

/** Rules of one file; more are not read. */
const MAX_RULES = 10_000;

export const ignoreRules = (text: string): IgnoreRules =>
  text
    .replace(/^\ufeff/, '')
    .split(/\r?\n/)
    .slice(0, MAX_RULES)
    .flatMap((line) => ruleOf(line))
    .reverse();

const ruleOf = (line: string): readonly Rule[] => {
  const text = withoutSpaces(line);
  if (text === '' || text.startsWith('#')) return [];
  const isKept = text.startsWith('!');
  const rest = isKept ? text.slice(1) : text;
  const isForFolders = rest.endsWith('/');
  const path = isForFolders ? rest.slice(0, -1) : rest;
  if (path === '' || path.split('/').includes('..')) return [];
  return [{ pattern: patternOf(path), isKept, isForFolders }];
};

/** Those at the end say nothing, unless a backslash stands before the last. */
const withoutSpaces = (line: string): string => {
  let end = line.length;
  while (end > 0 && line[end - 1] === ' ' && line[end - 2] !== '\\') end -= 1;
  return line.slice(0, end);
};

/** With a slash before its end it counts from the folder of the file, else it is a name at any depth. */
const patternOf = (path: string): Rule['pattern'] => {
  if (!path.includes('/')) return { name: namePattern(path) };
  const pattern = pathPattern(path);
  // `a/**` is all that is in `a` and not `a` itself.
  return { path: path.endsWith('/**') ? [...pattern, namePattern('*')] : pattern };
};

/** undefined: no rule is about it. @param path its parts, from the folder of the rules. */
export const verdictOf = (
  rules: IgnoreRules,
  path: readonly string[],
  isFolder: boolean,
): 'ignored' | 'kept' | undefined => {
  for (const { pattern, isKept, isForFolders } of rules) {
    if (isForFolders && !isFolder) continue;
    const isIt =
      'name' in pattern
        ? matchesName(pattern.name, path.at(-1) ?? '')
        : matchesPath(pattern.path, path);
    if (isIt) return isKept ? 'kept' : 'ignored';
  }
  return undefined;
};
