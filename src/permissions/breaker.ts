/** Removals that no rule and no mode may wave through: of the root, of what lies in it, of the home and working folders. */
import { dirname } from 'node:path/posix';
import { isWithin } from './paths.ts';
import type { Ground, Seen } from './seen.ts';
import { isLiteral } from './shell/word.ts';

/** A sentence, or `undefined`. */
export const destroys = (seen: Seen, { cwd, home }: Ground): string | undefined => {
  for (const { command, word, places } of seen.words()) {
    if (command.program !== 'rm' && command.program !== 'rmdir') continue;
    // `"$VAR"/*` is `/*` where the variable is empty.
    if (!isLiteral(word) && /^[\uFFFE\uFFFF]\/[\uFFFE\uFFFF]?$/.test(word.value))
      return `${word.text} may be everything`;
    const isBroad = places.some(({ named, real }) =>
      [named, real].some((path) => isVast(path, cwd, home)),
    );
    if (isBroad && !word.value.startsWith('-'))
      return `${command.text} removes more than files of the work`;
  }
  return undefined;
};

const isVast = (path: string, cwd: string, home: string | undefined): boolean =>
  path === '/' ||
  dirname(path) === '/' ||
  isWithin(cwd, path) ||
  (home !== undefined && isWithin(home, path));
