/**
 * The pattern of a `Bash(…)` rule: words as in a shell, where a star stands for any text, also over several words.
 *
 * 1. ` *` at the end is a word boundary: `ls *` is `ls` and `ls -la`, not `lsof`.
 * 2. `:*` at the end is the older spelling of ` *`.
 * 3. `\*` is a star, and quotes only keep words together.
 */
import { HOLE, OPERAND_HOLE, type ShellWord } from './shell/word.ts';

export interface CommandPattern {
  readonly kind: 'command';
  /** As it is written in the rule. */
  readonly text: string;
  /** Its words without their stars; a rule that has a dangerous option here allows it. */
  readonly names: readonly string[];
  /** Its words before the first that has a star. */
  readonly beginning: readonly string[];
  /** Whether it has a star. Without one it allows exactly one command. */
  readonly isExact: boolean;
  readonly matcher: RegExp;
}

/** Between two words; no word can hold it. */
const BREAK = '\0';
const STAR = '\uFFFD\uFFFF';

/** A sentence says what is wrong with the text. */
export const commandPattern = (text: string): CommandPattern | string => {
  const written = text.replace(/:\*$/, ' *');
  const words = wordsOf(written);
  if (typeof words === 'string') return words;
  if (words.length === 0) return 'it is empty: write Bash, or Bash(*), for every command';
  const firstStar = words.findIndex((word) => word.includes(STAR));
  return {
    ...{ kind: 'command', text, isExact: firstStar < 0 },
    beginning: firstStar < 0 ? words : words.slice(0, firstStar),
    names: words.map((word) => word.split(STAR)[0] ?? '').filter((name) => name !== ''),
    matcher: matcherOf(words),
  };
};

const wordsOf = (text: string): readonly string[] | string => {
  const words: string[] = [];
  let word: string | undefined;
  let quote = '';
  for (let at = 0; at < text.length; at += 1) {
    const sign = text[at] as string;
    if (quote === '' && /\s/.test(sign)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else if (quote === '' && (sign === '"' || sign === "'")) {
      quote = sign;
      word ??= '';
    } else if (sign === quote) quote = '';
    else if (sign === '\\') {
      at += 1;
      if (text[at] === undefined) return 'nothing follows its last backslash';
      word = (word ?? '') + (text[at] as string);
    } else word = (word ?? '') + (sign === '*' ? STAR : sign);
  }
  if (quote !== '') return `a ${quote} is never closed`;
  return word === undefined ? words : [...words, word];
};

const matcherOf = (words: readonly string[]): RegExp => {
  const endsOpen = words.length > 1 && words.at(-1) === STAR;
  const closed = endsOpen ? words.slice(0, -1) : words;
  const source = closed
    .join(BREAK)
    .split(STAR)
    .map((literal) => literal.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&'))
    .join('[^]*');
  return new RegExp(`^${source}${endsOpen ? `(?:${BREAK}[^]*)?` : ''}$`);
};

/** What a pattern is compared with. A hole is no text that a pattern could have, so only a star matches it. */
export const lineOf = (
  words: readonly ShellWord[],
  environment: readonly string[] = [],
): string => {
  const values = words.map(({ value, splits }) => (splits === 'fields' ? HOLE : value));
  return [...environment, ...values].join(BREAK);
};

export const lineOfText = (text: string): string => text.trim().split(/\s+/).join(BREAK);

/** Whether what is not known of a line may be the very text that the pattern wants. */
export const mayMatch = (pattern: CommandPattern, line: string): boolean => {
  if (!line.includes(HOLE) && !line.includes(OPERAND_HOLE)) return false;
  const words = line.split(BREAK);
  for (const [at, name] of pattern.beginning.entries()) {
    const word = words[at];
    if (word === undefined) return false;
    const [lead = ''] = word.split(/[\uFFFE\uFFFF]/);
    if (lead === word ? word !== name : !name.startsWith(lead)) return false;
    // It may be several words.
    if (word === HOLE) return true;
  }
  return true;
};
