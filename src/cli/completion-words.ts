/** What may follow each command, as the completion scripts of shells list it: made from the commands themselves. */
import type { Command } from 'commander';
import { wordsOf } from './values.ts';

/** Known to the scripts only: the command that they call for the values of options. */
export const VALUES = 'values';

export interface Words {
  /** The commands so far, such as `sessions tag`; empty for the program. */
  readonly path: string;
  readonly commands: readonly { readonly name: string; readonly about: string }[];
  readonly options: readonly string[];
  /** Options that take one of few words. */
  readonly choices: readonly { readonly option: string; readonly words: string }[];
  /** What follows is a session, or are sessions. */
  readonly sessions: 'none' | 'one' | 'several';
}

export const allWords = (command: Command, path: readonly string[] = []): readonly Words[] => [
  {
    path: path.join(' '),
    commands: shown(command).map((one) => ({ name: one.name(), about: one.description() })),
    options: [...command.options.flatMap(({ long }) => long ?? []), '--help'],
    choices: command.options.flatMap(({ long, parseArg }) => {
      const words = wordsOf(parseArg).join(' ');
      return words === '' ? [] : [{ option: long ?? '', words }];
    }),
    sessions: sessionsOf(command),
  },
  ...shown(command).flatMap((one) => allWords(one, [...path, one.name()])),
];

const sessionsOf = ({ registeredArguments: [first] }: Command): Words['sessions'] => {
  if (first?.name() === 'sessions') return 'several';
  return first?.name() === 'session' ? 'one' : 'none';
};

const shown = ({ commands }: Command): readonly Command[] =>
  commands.filter((one) => one.name() !== VALUES);

/** What may follow: the commands below, or the options, with those that every command takes. */
const after = (words: Words, all: readonly Words[]): string => {
  const global = all[0]?.options ?? [];
  return [
    ...new Set([...words.commands.map(({ name }) => name), ...words.options, ...global]),
  ].join(' ');
};

export const cases = (all: readonly Words[]): string =>
  all.map((words) => `    '${words.path}') words='${after(words, all)}' ;;`).join('\n');

/** The longest row of words that is a command: what else is typed between them are arguments. */
export const paths = (all: readonly Words[]): string =>
  all.flatMap(({ path }) => (path === '' ? [] : [`'${path}'`])).join('|');

/** The same words behind an option, of each command that has them: `'sessions list --sort') words='…' ;;`. */
export const choiceCases = (all: readonly Words[], variable: string): string => {
  const places = new Map<string, string[]>();
  for (const { path, choices } of all)
    for (const { option, words } of choices)
      places.set(words, [...(places.get(words) ?? []), `'${path} ${option}'`]);
  return [...places]
    .map(([words, at]) => `    ${at.join('|')}) ${variable}='${words}' ;;`)
    .join('\n');
};

export const pathsWith = (all: readonly Words[], sessions: Words['sessions']): string =>
  all.flatMap((words) => (words.sessions === sessions ? [`'${words.path}'`] : [])).join('|');
