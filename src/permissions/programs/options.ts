/** Which dangerous options a program's words hold, in any spelling that it would take. */
import { isLiteral, mayBe, mayBeOption, type ShellWord } from '../shell/word.ts';

export interface Danger {
  /** What a rule must name to allow it; absent where no rule can, because a word is not known. */
  readonly flag: string | undefined;
  readonly why: string;
}

export interface OptionTable {
  /** Names behind `--`; every beginning of one counts, as GNU programs take it. */
  readonly long?: readonly string[];
  /** Letters, also in a cluster. */
  readonly short?: string;
  /** Letters that take the rest of their word as a value. */
  readonly valued?: string;
  /** Whole words with one dash, or with two, of programs that read no clusters (`find -exec`, `go -toolexec`). */
  readonly words?: readonly string[];
  /** Options of `long` that an abbreviation may mean as well. */
  readonly harmless?: readonly string[];
  readonly why: string;
}

export const dangersIn = (words: readonly ShellWord[], table: OptionTable): readonly Danger[] => {
  const found: Danger[] = [];
  for (const word of words) {
    if (word.value === '--' && table.words === undefined) break;
    if (isLiteral(word)) {
      const flag = dangerousFlag(word.value, table);
      if (flag !== undefined) found.push({ flag, why: table.why });
    } else if (mayHide(word, table))
      found.push({ flag: undefined, why: `${word.text} may be an option that ${table.why}` });
  }
  return found;
};

const dangerousFlag = (word: string, table: OptionTable): string | undefined => {
  if (table.words !== undefined) {
    const name = word.replace(/^--(?=\w)/, '-').replace(/=[\s\S]*$/, '');
    const flag = table.words.find((each) => each === name);
    if (flag !== undefined) return flag;
  }
  if (word.startsWith('--')) return longFlag(word, table);
  return /^-[^-]/.test(word) ? shortFlag(word, table) : undefined;
};

const longFlag = (word: string, { long = [], harmless = [] }: OptionTable): string | undefined => {
  const written = word.slice(2).replace(/=[\s\S]*$/, '');
  if (written === '' || harmless.includes(written)) return undefined;
  const meant =
    long.find((name) => name === written) ?? long.find((name) => name.startsWith(written));
  return meant === undefined ? undefined : `--${meant}`;
};

const shortFlag = (word: string, { short = '', valued = '' }: OptionTable): string | undefined => {
  for (const letter of word.slice(1)) {
    if (short.includes(letter)) return `-${letter}`;
    if (valued.includes(letter)) return undefined;
  }
  return undefined;
};

const mayHide = (word: ShellWord, table: OptionTable): boolean => {
  if (!mayBeOption(word)) return false;
  const { long = [], short = '', words = [] } = table;
  if (words.some((flag) => mayBe(word, flag))) return true;
  if (long.some((name) => mayBe(word, `--${name}`, 'beginning') || mayBe(word, `--${name}`)))
    return true;
  return short !== '' && /^[-\uFFFF]/.test(word.splits === 'fields' ? '-' : word.value);
};
