/**
 * The commands that the shell runs in itself, where they do more than their arguments show: they change what later
 * words mean, or evaluate text.
 */
import { isDeciding } from './environment.ts';
import { isLiteral, mayBe, mayBeOption, type ShellWord } from './word.ts';

/** They run text, or change what a name means. */
const NEVER_UNDERSTOOD = new Map([
  ...['eval', 'source', '.'].map((name) => [name, 'runs text that is not seen here'] as const),
  ...['trap', 'coproc', 'bind', 'fc'].map((name) => [name, 'runs text at another time'] as const),
  ...['exec'].map((name) => [name, 'replaces the shell or its files'] as const),
  ...['alias', 'unalias', 'enable', 'hash'].map(
    (name) => [name, 'changes what names mean'] as const,
  ),
  ...['shopt', 'let', 'getopts', 'complete', 'compopt'].map(
    (name) => [name, 'changes or evaluates more than its words show'] as const,
  ),
]);

export const DECLARES: ReadonlySet<string> = new Set([
  ...['export', 'declare', 'typeset', 'readonly', 'local'],
]);

const NAME = /^[A-Za-z_]\w*$/;
const ASSIGNED = /^[A-Za-z_]\w*\+?=/;

/** Why this built-in cannot be foreseen; `undefined` when it can, and for programs. */
export const doubtOf = (words: readonly ShellWord[]): string | undefined => {
  const [first, ...args] = words;
  const name = first?.value ?? '';
  const why = NEVER_UNDERSTOOD.get(name);
  if (why !== undefined) return `${name} ${why}`;
  if (DECLARES.has(name)) return declaring(name, args);
  switch (name) {
    case 'set':
      return args.every(isHarmlessSetting) ? undefined : 'set changes how later words are read';
    case 'printf':
      return args[0] !== undefined && mayBeOption(args[0]) && mayBe(args[0], '-v', 'beginning')
        ? 'printf -v evaluates the name that it sets'
        : undefined;
    case 'test':
    case '[':
      return testing(args);
    case 'read':
    case 'unset':
    case 'wait':
      return naming(name, args);
    case 'mapfile':
    case 'readarray':
    case 'compgen':
      return args.some((word) => mayBeOption(word) && word.value !== '-t')
        ? `${name} has options that run commands`
        : undefined;
    default:
      return undefined;
  }
};

const isHarmlessSetting = (word: ShellWord): boolean =>
  isLiteral(word) && /^(?:[-+][euxo]+|[-+]eo|pipefail|errexit|nounset|xtrace)$/.test(word.value);

const declaring = (name: string, args: readonly ShellWord[]): string | undefined => {
  for (const { value, splits } of args) {
    if (splits !== 'no') return `${name} has words that are not known`;
    if (/^[-+]/.test(value) && !/^-[axrgp]+$/.test(value))
      return `${name} ${value} changes how values are read`;
    if (!/^[-+]/.test(value) && !NAME.test(value) && !ASSIGNED.test(value))
      return `${name} evaluates the name that it sets`;
    if (isDeciding(value.replace(/\+?=[\s\S]*$/, '')))
      return `${value.replace(/\+?=[\s\S]*$/, '')} decides what later commands run`;
  }
  return undefined;
};

/** `-v` and `-R` evaluate an index. An unknown word could become either. */
const testing = (args: readonly ShellWord[]): string | undefined => {
  if (args.some((word) => word.splits !== 'no')) return 'a test has words that may be operators';
  if (args.some(({ value }) => value === '-v' || value === '-R'))
    return 'test -v evaluates the name that it asks for';
  const words = args.at(-1)?.value === ']' ? args.slice(0, -1) : args;
  return groupsOf(words).every(hasKnownOperator)
    ? undefined
    : 'the operator of a test is not known';
};

/** What stands between `-a`, `-o`, `!` and parentheses. */
const groupsOf = (words: readonly ShellWord[]): readonly (readonly ShellWord[])[] => {
  const groups: ShellWord[][] = [[]];
  for (const word of words)
    if (isLiteral(word) && /^(?:-[ao]|[!()])$/.test(word.value)) groups.push([]);
    else groups.at(-1)?.push(word);
  return groups;
};

/** Of two words the first is an operator; of three the second is. */
const hasKnownOperator = (group: readonly ShellWord[]): boolean => {
  if (group.length <= 1) return true;
  const operator = group.length === 2 ? group[0] : group[1];
  return group.length <= 3 && operator !== undefined && isLiteral(operator);
};

const naming = (name: string, args: readonly ShellWord[]): string | undefined => {
  let isValue = false;
  for (const word of args) {
    const isOption: boolean = !isValue && word.value.startsWith('-');
    if (!isLiteral(word) && !isValue) return `${name} has words that are not known`;
    if (!isValue && !isOption && !NAME.test(word.value) && !/^\d+$/.test(word.value))
      return `${name} evaluates the name that it sets`;
    if (!isValue && isDeciding(word.value)) return `${word.value} decides what later commands run`;
    isValue = name === 'read' && isOption && /^-[rseE]*[dinNptu]$/.test(word.value);
  }
  return undefined;
};

/** Variables whose values are unknown behind it. */
export const forgets = (words: readonly ShellWord[]): readonly string[] => {
  const name = words[0]?.value ?? '';
  const isSetting = ['read', 'unset', 'mapfile', 'readarray', 'wait'].includes(name);
  const names = words
    .slice(1)
    .map(({ value }) => value)
    .filter((value) => NAME.test(value));
  if (!isSetting) return [];
  return ['REPLY', 'MAPFILE', ...names];
};
