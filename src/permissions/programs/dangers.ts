/**
 * What programs can do besides what their name says, by program: options and arguments that run another program, or
 * write or send what was not meant. No rule with a star allows them, unless it names them.
 */
import type { SimpleCommand } from '../shell/prediction.ts';
import { isLiteral, type ShellWord } from '../shell/word.ts';
import { NEVER_BY_STAR, RUNS, SAME, TABLES } from './danger-tables.ts';
import { gitDangers } from './git.ts';
import { type Danger, dangersIn } from './options.ts';
import { isHarmlessAwk, isHarmlessJq, isHarmlessSed } from './scripts.ts';

export const programOf = (name: string): string =>
  SAME[name] ?? name.replace(/^python[23]\.\d+$/, 'python');

export const dangersOf = ({ words }: SimpleCommand): readonly Danger[] => {
  const [first, ...args] = words;
  if (first === undefined) return [];
  const name = programOf(first.value);
  if (name === 'git') return gitDangers(words);
  if (NEVER_BY_STAR.has(name)) return [{ flag: name, why: `${name} starts other programs` }];
  const table = Object.hasOwn(TABLES, name) ? TABLES[name] : undefined;
  return [...(table === undefined ? [] : dangersIn(args, table)), ...argumentDangers(name, args)];
};

/** What stands in arguments that are no options. */
const argumentDangers = (name: string, args: readonly ShellWord[]): readonly Danger[] => {
  switch (name) {
    case 'sed':
      return unless(
        scriptsOf(args, /^(?:-[nErsuz]*e|--expression)(?:=|$)/),
        isHarmlessSed,
        'a script of sed',
      );
    case 'awk':
      return unless(scriptsOf(args, /^$/, /^-[vF]$/), isHarmlessAwk, 'a program of awk');
    case 'jq':
      return unless(args.slice(), isHarmlessJq, 'a filter of jq');
    case 'tar':
      return oldTar(args);
    case 'make':
      return args
        .filter(({ value }) => /^[^-]*=[\s\S]*[$`\uFFFF]|^SHELL/.test(value))
        .map(flagged(RUNS));
    case 'sh':
    case 'python':
    case 'node':
    case 'perl':
    case 'ruby':
    case 'php':
    case 'lua':
      return readsInput(args) ? [{ flag: '-', why: `${name} runs what it reads` }] : [];
    case 'sqlite3':
      return args
        .filter(({ value }) => /^\s*\.|writefile|load_extension|edit\s*\(|\uFFFF/m.test(value))
        .map(flagged(RUNS));
    case 'uniq':
    case 'xxd':
      return operandsOf(args).length > 1
        ? [{ flag: undefined, why: `the second file of ${name} is written` }]
        : [];
    case 'hostname':
      return operandsOf(args).length > 0
        ? [{ flag: undefined, why: 'it sets the name of the machine' }]
        : [];
    case 'rsync':
      return [];
    default:
      return [];
  }
};

const flagged =
  (why: string) =>
  ({ value }: ShellWord): Danger => ({ flag: value, why });

const operandsOf = (args: readonly ShellWord[]): readonly ShellWord[] =>
  args.filter(({ value }) => !/^-./.test(value));

const readsInput = (args: readonly ShellWord[]): boolean => {
  const operands = args.filter(({ value }) => !/^-./.test(value));
  const isVersion = args.some(({ value }) => /^(?:-V|-v|--version|--help|-h)$/.test(value));
  return (
    !isVersion &&
    (operands[0]?.value ?? '-') === '-' &&
    !args.some(({ value }) => /^-[ce]|^-m/.test(value))
  );
};

/** `tar xIf` has its letters without a dash. */
const oldTar = ([first]: readonly ShellWord[]): readonly Danger[] =>
  first !== undefined && /^[a-zA-Z]*[IFT]/.test(first.value)
    ? [{ flag: first.value, why: RUNS }]
    : [];

/** The words that hold a script: those behind `-e`, or else the first operand. */
const scriptsOf = (
  args: readonly ShellWord[],
  expression: RegExp,
  valued = /^$/,
): readonly ShellWord[] => {
  const found: ShellWord[] = [];
  for (const [at, word] of args.entries()) {
    if (!expression.test(word.value)) continue;
    const inside = /^(?:-\w*e|--expression=?)([\s\S]*)$/.exec(word.value)?.[1] ?? '';
    const next = args[at + 1];
    if (inside !== '') found.push({ ...word, value: inside });
    else if (next !== undefined) found.push(next);
  }
  // `-es/a/b/` has it in the same word.
  const joined = args.filter(
    ({ value }) => expression.source !== '^$' && /^-[nErsuz]*e./.test(value),
  );
  found.push(...joined.map((word) => ({ ...word, value: word.value.replace(/^-[nErsuz]*e/, '') })));
  if (found.length > 0) return found;
  const first = args.find(
    ({ value }, at) => !/^-./.test(value) && !valued.test(args[at - 1]?.value ?? ''),
  );
  return first === undefined ? [] : [first];
};

const unless = (
  scripts: readonly ShellWord[],
  isHarmless: (text: string) => boolean,
  what: string,
): readonly Danger[] =>
  scripts
    .filter((word) => !isLiteral(word) || !isHarmless(word.value))
    .map((word) => ({ flag: undefined, why: `${word.text} is ${what} that may run or write` }));
