/** Takes wrappers off a command: finds the program that is really started, by the table of their options. */

import { HOLE, isLiteral, literalWord, mayBeOption, type ShellWord } from './word.ts';
import { RUNNER_PATTERN, RUNNERS, WRAPPERS, type Wrapper } from './wrappers.ts';

export interface Unwrapped {
  readonly words: readonly ShellWord[];
  /** `NAME=value`, with holes. */
  readonly assignments: readonly ShellWord[];
  /** `env -C DIR`, from the outside in. */
  readonly folders: readonly ShellWord[];
  /** What only denies look at: the words behind a wrapper that gives other rights. */
  readonly mentioned: readonly (readonly ShellWord[])[];
  /** An option that is not in the table: it is not known where the program stands. */
  readonly doubt: string | undefined;
}

const ASSIGNMENT = /^[A-Za-z_]\w*=/;

export const baseName = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

export const unwrap = (all: readonly ShellWord[]): Unwrapped => {
  const assignments: ShellWord[] = [];
  const folders: ShellWord[] = [];
  let words = all;
  for (;;) {
    const program = baseName(words[0]?.value ?? '');
    const wrapper = WRAPPERS.get(program);
    if (wrapper === undefined || (program === 'command' && asksWhere(words)))
      return { words, assignments, folders, mentioned: startedBy(words), doubt: undefined };
    const inner = innerOf(program, wrapper, words);
    const { doubt } = inner;
    const mentioned = doubt === undefined ? [] : suffixes(words);
    if (doubt !== undefined) return { words, assignments, folders, mentioned, doubt };
    if (inner.words.length === 0)
      return { words, assignments, folders, mentioned: [], doubt: undefined };
    if (!wrapper.isTransparent)
      return { words, assignments, folders, mentioned: suffixes(words), doubt: undefined };
    assignments.push(...inner.assignments);
    folders.push(...inner.folders);
    words = inner.words;
  }
};

/** `command -v ls` starts nothing. */
const asksWhere = (words: readonly ShellWord[]): boolean =>
  words[1] !== undefined && isLiteral(words[1]) && /^-p?[vV]$/.test(words[1].value);

/** Every place where a program may begin, but for the first. */
const suffixes = (words: readonly ShellWord[]): readonly (readonly ShellWord[])[] =>
  words.flatMap((word, at) =>
    at > 0 && isLiteral(word) && !word.value.startsWith('-') ? [words.slice(at)] : [],
  );

const startedBy = (words: readonly ShellWord[]): readonly (readonly ShellWord[])[] => {
  const program = baseName(words[0]?.value ?? '');
  if (RUNNERS.has(program) || RUNNER_PATTERN.test(program)) return suffixes(words);
  if (program !== 'find') return [];
  return words.flatMap(({ value }, at) =>
    /^-(?:exec|ok)(?:dir)?$/.test(value) ? [words.slice(at + 1)] : [],
  );
};

interface Inner {
  readonly words: readonly ShellWord[];
  readonly assignments: readonly ShellWord[];
  readonly folders: readonly ShellWord[];
  readonly doubt: string | undefined;
}

const doubtful = (doubt: string): Inner => ({ words: [], assignments: [], folders: [], doubt });

const innerOf = (program: string, wrapper: Wrapper, words: readonly ShellWord[]): Inner => {
  const options = optionsOf(program, wrapper, words);
  if (typeof options === 'string') return doubtful(options);
  let at = options.next;
  const assignments: ShellWord[] = [];
  while (wrapper.assigns && ASSIGNMENT.test(words[at]?.value ?? '')) {
    assignments.push(words[at] as ShellWord);
    at += 1;
  }
  if (words.slice(at, at + wrapper.operands).some((word) => word.splits !== 'no'))
    return doubtful(`${program} has a word that may be several`);
  const inner = words.slice(at + wrapper.operands);
  const given = options.values;
  const folders =
    program === 'env' ? given.flatMap(([key, value]) => (isChdir(key) ? [value] : [])) : [];
  return {
    words: program === 'xargs' ? withInput(inner, given) : inner,
    ...{ assignments, folders, doubt: undefined },
  };
};

const isChdir = (key: string): boolean => key === 'C' || key === 'chdir';

/** What `xargs` reads stands behind the arguments, or in the place of the word that `-I` names. */
const withInput = (words: readonly ShellWord[], given: Options['values']): readonly ShellWord[] => {
  const replaced = given.findLast(([key]) => key === 'I')?.[1];
  const command = words.length === 0 ? [literalWord('echo')] : words;
  if (replaced === undefined)
    return [...command, { text: '…', value: HOLE, splits: 'fields' as const }];
  if (!isLiteral(replaced) || replaced.value === '')
    return [{ text: replaced.text, value: HOLE, splits: 'fields' }];
  return command.map((word) => ({ ...word, value: word.value.replaceAll(replaced.value, HOLE) }));
};

interface Options {
  readonly next: number;
  readonly values: readonly (readonly [string, ShellWord])[];
}

/** A sentence, when an option is unknown. */
const optionsOf = (
  program: string,
  wrapper: Wrapper,
  words: readonly ShellWord[],
): Options | string => {
  const values: (readonly [string, ShellWord])[] = [];
  let at = 1;
  for (;;) {
    const word = words[at];
    if (word === undefined) return { next: at, values };
    if (!isLiteral(word) && mayBeOption(word))
      return `${program} has an unknown word before its command`;
    if (!isLiteral(word) || !word.value.startsWith('-')) return { next: at, values };
    at += 1;
    if (word.value === '--') return { next: at, values };
    const option = readOption(wrapper, word.value, program);
    if (option === undefined) return `${program} ${word.value} is not understood`;
    if (option.key === undefined) continue;
    const value = option.value === undefined ? words[at] : literalWord(option.value);
    if (value === undefined) return { next: at, values };
    if (value.splits !== 'no')
      return `${program} ${word.value} has a value that may be several words`;
    if (option.value === undefined) at += 1;
    values.push([option.key, value]);
  }
};

interface Option {
  /** Of an option that has a value. */
  readonly key?: string;
  /** Absent where it is the next word. */
  readonly value?: string | undefined;
}

const readOption = (wrapper: Wrapper, word: string, program: string): Option | undefined => {
  if (word === '-') return program === 'env' ? {} : undefined;
  return word.startsWith('--') ? readLong(wrapper, word) : readShort(wrapper, word);
};

/** GNU programs take every beginning of a name that is not ambiguous. */
const readLong = (wrapper: Wrapper, word: string): Option | undefined => {
  const [, written = '', value] = /^--([^=]*)(?:=([\s\S]*))?$/.exec(word) ?? [];
  const names = [...wrapper.longFlags, ...wrapper.longValued];
  const exact = names.find((name) => name === written);
  const meant = exact === undefined ? names.filter((name) => name.startsWith(written)) : [exact];
  const [key] = meant;
  if (key === undefined || meant.length > 1) return undefined;
  if (wrapper.longValued.includes(key)) return { key, value };
  // `--preserve-env=LIST` has its value in the same word, if any.
  return {};
};

const readShort = (wrapper: Wrapper, word: string): Option | undefined => {
  for (let at = 1; at < word.length; at += 1) {
    const letter = word[at] as string;
    if (wrapper.valued.includes(letter))
      return { key: letter, value: at + 1 < word.length ? word.slice(at + 1) : undefined };
    if (!wrapper.flags.includes(letter)) return undefined;
  }
  return {};
};
