/** One command of a line, in the spelling that rules are compared with. */

import { doubtOf } from './builtins.ts';
import { isHarmless } from './environment.ts';
import type { SimpleCommand } from './prediction.ts';
import { foldersAt } from './state.ts';
import { baseName, unwrap } from './unwrap.ts';
import { isLiteral, type ShellWord } from './word.ts';

export interface Around {
  /** `NAME=value`, before the command. */
  readonly assignments: readonly ShellWord[];
  readonly folders: readonly string[] | undefined;
  readonly text: string;
  readonly home: string | undefined;
}

export interface Collected {
  readonly command: SimpleCommand;
  readonly mentioned: readonly SimpleCommand[];
  /** Text that an inner shell runs. */
  readonly scripts: readonly string[];
  readonly doubts: readonly string[];
  /** Of a `cd`: the path, absent when it is not known. */
  readonly cd: { readonly to: string | undefined } | undefined;
}

const FOLDERS_OF_PROGRAMS = new Set([
  ...[
    '/bin',
    '/sbin',
    '/usr/bin',
    '/usr/sbin',
    '/usr/local/bin',
    '/usr/local/sbin',
    '/opt/homebrew/bin',
  ],
]);

export const commandsOf = (all: readonly ShellWord[], around: Around): Collected => {
  const unwrapped = unwrap(all);
  const doubts = unwrapped.doubt === undefined ? [] : [unwrapped.doubt];
  const [program] = unwrapped.words;
  if (program === undefined || !isLiteral(program)) doubts.push('the program is not known');
  const ofBuiltin = doubtOf(unwrapped.words);
  if (ofBuiltin !== undefined) doubts.push(ofBuiltin);
  const inner = canonical(unwrapped.words, foldersIn(around.folders, unwrapped.folders, doubts));
  const assignments = [...around.assignments, ...unwrapped.assignments];
  const command: SimpleCommand = {
    words: inner.words,
    outer: all,
    program: baseName(unwrapped.words[0]?.value ?? ''),
    environment: assignments.map(({ value }) => value).filter((each) => !isHarmless(nameOf(each))),
    folders: inner.folders,
    text: around.text,
  };
  return {
    command,
    mentioned: unwrapped.mentioned.map((words) => mentioned(words, around)),
    scripts: [command.words, ...unwrapped.mentioned].flatMap(textOfShell),
    doubts,
    cd: command.words[0]?.value === 'cd' ? { to: cdTarget(command.words, around.home) } : undefined,
  };
};

const nameOf = (assignment: string): string => assignment.replace(/\+?=[\s\S]*$/, '');

const mentioned = (words: readonly ShellWord[], around: Around): SimpleCommand => {
  const { words: inner } = unwrap(words);
  const { words: spelled, folders } = canonical(inner, around.folders);
  const program = baseName(inner[0]?.value ?? '');
  return { words: spelled, outer: words, program, environment: [], folders, text: around.text };
};

const foldersIn = (
  folders: Around['folders'],
  changes: readonly ShellWord[],
  doubts: string[],
): Around['folders'] => {
  let now = folders;
  for (const word of changes) {
    if (!isLiteral(word)) doubts.push('the folder of a command is not known');
    now = isLiteral(word) ? foldersAt(now, word.value) : undefined;
  }
  return now;
};

interface Spelled {
  readonly words: readonly ShellWord[];
  readonly folders: Around['folders'];
}

const canonical = (words: readonly ShellWord[], folders: Around['folders']): Spelled => {
  const [program, ...args] = words;
  if (program === undefined) return { words, folders };
  const { value } = program;
  const isKnown = FOLDERS_OF_PROGRAMS.has(value.slice(0, value.lastIndexOf('/')));
  const name = isKnown && value.startsWith('/') ? { ...program, value: baseName(value) } : program;
  if (name.value === 'git') return gitCommand(name, args, folders);
  return { words: name === program ? words : [name, ...args], folders };
};

const HARMLESS_GIT = new Set(['--no-pager', '-P', '--no-optional-locks', '--literal-pathspecs']);
/** Settings that only change how output looks. */
const HARMLESS_SETTING =
  /^(?:color\.[\w.]+|core\.quotepath|advice\.\w+|user\.(?:name|email))(?:=|$)/i;

/** `git -C DIR x` is `git x` in DIR. */
const gitCommand = (
  name: ShellWord,
  args: readonly ShellWord[],
  from: Around['folders'],
): Spelled => {
  let [at, folders] = [0, from];
  for (;;) {
    const word = args[at];
    const value = args[at + 1];
    if (word === undefined || !isLiteral(word)) break;
    if (HARMLESS_GIT.has(word.value)) at += 1;
    else if (word.value === '-C' && value !== undefined && value.splits === 'no') {
      folders = isLiteral(value) ? foldersAt(folders, value.value) : undefined;
      at += 2;
    } else if (word.value === '-c' && value !== undefined && HARMLESS_SETTING.test(value.value))
      at += 2;
    else break;
  }
  return { words: [name, ...args.slice(at)], folders };
};

const SHELLS = new Set(['sh', 'bash', 'dash', 'zsh', 'ksh', 'ash', 'rbash']);

/** The word behind an option with a `c`, and what `eval` is given. */
const textOfShell = (words: readonly ShellWord[]): readonly string[] => {
  const program = baseName(words[0]?.value ?? '');
  if (program === 'eval')
    return [
      words
        .slice(1)
        .map(({ value }) => value)
        .join(' '),
    ];
  if (!SHELLS.has(program)) return [];
  const at = words.findIndex(({ value }, index) => index > 0 && /^-\w*c\w*$/.test(value));
  return at < 0 ? [] : words.slice(at + 1, at + 2).map(({ value }) => value);
};

const cdTarget = (words: readonly ShellWord[], home: string | undefined): string | undefined => {
  const args = words.slice(1).filter(({ value }) => value !== '--' && value !== '-L');
  const [target] = args;
  if (target === undefined) return home;
  const isPath = args.length === 1 && isLiteral(target) && !/^-|^$/.test(target.value);
  return isPath ? target.value : undefined;
};
