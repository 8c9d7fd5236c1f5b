/** Which files the arguments of known programs name, and which programs only read. */

import { isHarmless } from '../shell/environment.ts';
import type { SimpleCommand } from '../shell/prediction.ts';
import { isLiteral, type ShellWord } from '../shell/word.ts';
import { dangersOf, programOf } from './dangers.ts';
import { isReadingGit } from './git.ts';

/** They print, or answer by their exit code, and change nothing: no rule is needed in the working folders. */
const READING = new Set([
  ...[
    'ls',
    'cat',
    'head',
    'tail',
    'grep',
    'egrep',
    'fgrep',
    'rg',
    'find',
    'wc',
    'diff',
    'stat',
    'du',
    'cd',
    'tree',
  ],
  ...[
    'file',
    'cmp',
    'comm',
    'cut',
    'tr',
    'sort',
    'uniq',
    'nl',
    'tac',
    'rev',
    'paste',
    'column',
    'fold',
    'fmt',
    'od',
  ],
  ...[
    'strings',
    'md5sum',
    'sha1sum',
    'sha256sum',
    'cksum',
    'basename',
    'dirname',
    'realpath',
    'readlink',
    'sed',
    'jq',
  ],
  ...['hexdump', 'xxd', 'test', '[', 'df', 'awk', 'expr', 'join', 'expand'],
]);
/** Their words are no files. */
const TALKING = new Set([
  ...[
    'echo',
    'printf',
    'true',
    'false',
    ':',
    'pwd',
    'which',
    'type',
    'command',
    'date',
    'sleep',
    'seq',
    'whoami',
    'id',
  ],
  ...[
    'uname',
    'hostname',
    'exit',
    'return',
    'break',
    'continue',
    'shift',
    'wait',
    'read',
    'set',
    'unset',
    'tty',
    'nproc',
  ],
  ...['arch', 'groups', 'uptime', 'locale', 'getconf', 'numfmt', 'factor', 'yes'],
]);

/** Whether it only reads. What it reads is for the caller to judge. */
export const isReading = (command: SimpleCommand): boolean => {
  const [first] = command.words;
  if (first === undefined || command.environment.length > 0) return false;
  const { value } = first;
  if (isExporting(value))
    return command.words.slice(1).every(({ value: each }) => isHarmlessExport(each));
  if (value === 'command' && !/^-p?[vV]$/.test(command.words[1]?.value ?? '')) return false;
  const isKnown =
    value === 'git' ? isReadingGit(command.words) : READING.has(value) || TALKING.has(value);
  return isKnown && dangersOf(command).length === 0;
};

const isExporting = (name: string): boolean =>
  name === 'export' || name === 'local' || name === 'readonly';

const isHarmlessExport = (word: string): boolean => isHarmless(word.replace(/=[\s\S]*$/, ''));

/** Whether its words are text, and never files. */
export const isTalking = (program: string): boolean => TALKING.has(program);

export interface NamedFile {
  readonly access: 'read' | 'edit';
  readonly word: ShellWord;
}

/** Programs whose first operand is no file. */
const SKIPPED: Readonly<Record<string, number>> = {
  ...{ grep: 1, egrep: 1, fgrep: 1, rg: 1, sed: 1, awk: 1, jq: 1, tr: 2, expr: 9 },
};
const PATTERN_OPTION = /^(?:-\w*[ef]|--(?:regexp|file|expression|files)(?:=[\s\S]*)?)$/;

/** Their operands are files that they write, but for those of `cp`, of which the last is. */
const WRITING = new Set([
  ...[
    'tee',
    'touch',
    'mkdir',
    'rm',
    'rmdir',
    'mv',
    'ln',
    'truncate',
    'shred',
    'unlink',
    'chmod',
    'chown',
    'install',
  ],
]);
const COPYING = new Set(['cp', 'rsync', 'scp']);

/** Files as far as words name them. A word that is not known is among them. */
export const filesOf = ({ words }: SimpleCommand): readonly NamedFile[] => {
  const [first, ...args] = words;
  const name = programOf(first?.value ?? '');
  if (TALKING.has(name) || first === undefined) return [];
  if (name === 'git') return ofGit(args);
  if (name === 'dd') return args.flatMap(ofDd);
  const files = operands(name, args);
  if (WRITING.has(name)) return files.map((word) => ({ access: 'edit', word }));
  if (COPYING.has(name))
    return files.map((word, at) => ({ access: at === files.length - 1 ? 'edit' : 'read', word }));
  if (name === 'sed' && args.some(({ value }) => /^(?:-\w*i|--in-place)/.test(value)))
    return files.map((word) => ({ access: 'edit', word }));
  const isFollowed = READING.has(name);
  return isFollowed ? files.map((word) => ({ access: 'read', word })) : [];
};

/** Folders and files that `git` makes where it is told to. */
const ofGit = (args: readonly ShellWord[]): readonly NamedFile[] => {
  const [verb = '', ...rest] = args.map(({ value }) => value);
  const paths = args.slice(1).filter(({ value }) => !/^-./.test(value));
  const makes =
    verb === 'init' ||
    (verb === 'clone' && paths.length > 1) ||
    (verb === 'worktree' && rest[0] === 'add') ||
    (verb === 'bundle' && rest[0] === 'create');
  if (!makes) return [];
  const made = verb === 'init' ? paths : verb === 'clone' ? paths.slice(-1) : paths.slice(1);
  return made.map((word) => ({ access: 'edit', word }));
};

const ofDd = (word: ShellWord): readonly NamedFile[] => {
  const [, key, value = ''] = /^(if|of)=([\s\S]*)$/.exec(word.value) ?? [];
  if (key === undefined) return [];
  return [{ access: key === 'of' ? 'edit' : 'read', word: { ...word, value } }];
};

/** Operands, and the values of options where a path is written with them. */
const operands = (name: string, args: readonly ShellWord[]): readonly ShellWord[] => {
  if (name === 'find') return findFolders(args);
  const hasPattern = args.some(({ value }) => PATTERN_OPTION.test(value));
  let skipped = hasPattern ? 0 : (SKIPPED[name] ?? 0);
  const found: ShellWord[] = [];
  let isOver = false;
  for (const word of args) {
    if (word.value === '--' && !isOver) {
      isOver = true;
      continue;
    }
    if (!isOver && /^-./.test(word.value)) {
      const path = /^-[^/=]*?(=?\/[\s\S]*|=[\s\S]*)$/.exec(word.value)?.[1];
      if (path !== undefined && isPathValued(word.value))
        found.push({ ...word, value: path.replace(/^=/, '') });
    } else if (skipped > 0 && word.splits === 'no') skipped -= 1;
    else if (word.value !== '-' && !(name === '[' && word.value === ']')) found.push(word);
  }
  return found;
};

/** Not the values of options that hold patterns. */
const isPathValued = (word: string): boolean =>
  !/^--(?:include|exclude|glob|format|color|regexp|jq|iglob)/.test(word);

const findFolders = (args: readonly ShellWord[]): readonly ShellWord[] => {
  const start = args.findIndex(({ value }) => !/^-[HLPD]|^-O\d/.test(value));
  const rest = start < 0 ? [] : args.slice(start);
  const end = rest.findIndex((word) => isLiteral(word) && /^(?:-.|[!(])/.test(word.value));
  const folders = end < 0 ? rest : rest.slice(0, end);
  return folders;
};
