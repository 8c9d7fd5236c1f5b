/** Which files of a tree a search is about: `glob` and `type` of `Grep`. Pure. */
import { Refusal } from '../tool/refusal.ts';
import { FILE_TYPES } from './file-types.ts';
import { type IgnoreRules, ignoreRules, verdictOf } from './ignore-rules.ts';
import { matchesName, namePattern } from './name-pattern.ts';
import { withoutBraces } from './path-pattern.ts';

export interface FileFilter {
  /** @param path its parts, from the folder that is searched. */
  wantsFile(path: readonly string[]): boolean;
  wantsFolder(path: readonly string[]): boolean;
}

export const fileFilter = (glob: string | undefined, type: string | undefined): FileFilter => {
  const globs = glob === undefined ? [] : globsIn(glob);
  const rules: IgnoreRules = ignoreRules(globs.join('\n'));
  const isOnlyWithout = globs.every((one) => one.startsWith('!'));
  const names = type === undefined ? undefined : namesOf(type).map(namePattern);
  return {
    wantsFile: (path) => {
      const name = path.at(-1) ?? '';
      if (names !== undefined && !names.some((pattern) => matchesName(pattern, name))) return false;
      const verdict = verdictOf(rules, path, false);
      return verdict === undefined ? isOnlyWithout : verdict === 'ignored';
    },
    wantsFolder: (path) => verdictOf(rules, path, true) !== 'kept',
  };
};

/** Several stand behind one another with spaces or commas; those in braces belong to them. */
const globsIn = (text: string): readonly string[] =>
  separated(text).flatMap((glob) => {
    const isWithout = glob.startsWith('!');
    const patterns = withoutBraces(isWithout ? glob.slice(1) : glob);
    return patterns.map((one) => (isWithout ? `!${one}` : one.replace(/^#/, '\\#')));
  });

const separated = (text: string): readonly string[] => {
  const parts: string[] = [];
  let [part, depth] = ['', 0];
  for (const char of text) {
    if (char === '{') depth += 1;
    if (char === '}') depth = Math.max(0, depth - 1);
    if (depth === 0 && /[\s,]/.test(char)) {
      parts.push(part);
      part = '';
    } else part += char;
  }
  return [...parts, part].filter((one) => one !== '');
};

const namesOf = (type: string): readonly string[] => {
  const names = Object.hasOwn(FILE_TYPES, type) ? FILE_TYPES[type] : undefined;
  if (names !== undefined) return names;
  throw new Refusal(
    `There is no type ${type}. Known are ${Object.keys(FILE_TYPES).join(', ')}; for others use glob.`,
  );
};
