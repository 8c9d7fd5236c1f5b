/**
 * Policies: what is refused whatever the rules and the mode say. They look at structure, never at text: `git add -A` and
 * `echo 'rm -rf'` have nothing of `dd` or `rm`. They catch mistakes. No list of names holds somebody who wants to get
 * past it; the sandbox is for that.
 */
import { isWithin } from './paths.ts';
import type { Seen } from './seen.ts';
import type { SimpleCommand } from './shell/prediction.ts';
import { foldersAt } from './shell/state.ts';
import { isLiteral, type ShellWord } from './shell/word.ts';

export interface Verdict {
  readonly decision: 'deny' | 'ask';
  readonly reason: string;
}

/** Named and pure. One that throws denies. */
export interface Policy {
  readonly name: string;
  /** `undefined`: nothing to say against it. */
  judge(seen: Seen): Verdict | undefined;
}

export const DEFAULT_RESTRICTED_PATHS: readonly string[] = [
  ...['/etc/passwd', '/etc/shadow', '~/.ssh', '~/.aws/credentials'],
];
export const DEFAULT_BLOCKED_COMMANDS: readonly string[] = ['rm -rf', 'sudo rm', 'format', 'dd'];

export interface PathSettings {
  /** Absolute paths, or `~/…`; each with all that is in it. */
  readonly restricted?: readonly string[];
  readonly home?: string | undefined;
  /** Whether `A` and `a` are one file there. */
  readonly ignoresCase?: boolean;
}

/** `FileAccessPolicy`: no tool and no word of a command may name a restricted path, or a link to one. */
export const fileAccessPolicy = (settings: PathSettings = {}): Policy => {
  const { home, ignoresCase = false } = settings;
  const restricted = (settings.restricted ?? DEFAULT_RESTRICTED_PATHS).flatMap((path) => {
    if (!path.startsWith('~')) return [path];
    return home === undefined ? [] : [home + path.slice(1)];
  });
  const holds = (path: string) => restricted.find((each) => isWithin(path, each, ignoresCase));
  return {
    name: 'FileAccessPolicy',
    judge: (seen) => {
      const places = [
        ...seen.files.flatMap((file) => file.places),
        ...seen.words().flatMap((word) => word.places),
      ];
      for (const { named, real } of places) {
        const path = holds(named) ?? (named === real ? undefined : holds(real));
        if (path !== undefined)
          return { decision: 'deny', reason: `${named} is restricted (${path})` };
      }
      const unknown = seen
        .words()
        .find(({ word, command }) => restricted.some((path) => mayBeWithin(word, command, path)));
      if (unknown === undefined) return undefined;
      return { decision: 'ask', reason: `${unknown.word.text} may be a restricted path` };
    },
  };
};

/** Whether a glob may become a path there. What a variable or a command gives is not guessed at. */
const mayBeWithin = (word: ShellWord, command: SimpleCommand, path: string): boolean => {
  if (word.splits !== 'names' || isLiteral(word)) return false;
  const paths = foldersAt(command.folders, word.value) ?? [];
  return paths.some((each) => {
    const parts = each.split('/');
    return path.split('/').every((part, at) => mayBePart(parts[at], part));
  });
};

const mayBePart = (glob: string | undefined, part: string): boolean => {
  if (glob === undefined) return false;
  const pieces = glob.split(/[\uFFFE\uFFFF]/);
  const source = pieces.map((piece) => piece.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&')).join('.*');
  return new RegExp(`^${source}$`).test(part);
};

export interface CommandSettings {
  /** A program, with letters of its options (`rm -rf`), or what it starts (`sudo rm`). */
  readonly blocked?: readonly string[];
}

/** `CommandPolicy`: no command may be a blocked one, in any spelling, at any depth. */
export const commandPolicy = ({
  blocked = DEFAULT_BLOCKED_COMMANDS,
}: CommandSettings = {}): Policy => {
  const entries = blocked.map((text) => ({ text, words: wordsIn(text) }));
  return {
    name: 'CommandPolicy',
    judge: (seen) => {
      for (const command of [...seen.commands.map((each) => each.command), ...seen.mentioned]) {
        const entry = entries.find(({ words }) => isBlocked(command, words));
        if (entry !== undefined)
          return { decision: 'deny', reason: `${command.text} is blocked (${entry.text})` };
      }
      return undefined;
    },
  };
};

const isBlocked = (command: SimpleCommand, entry: readonly string[]): boolean =>
  isEntry(command.words, entry) ||
  (command.outer !== command.words && isEntry(command.outer, entry));

const baseNameOf = (word: string): string => word.slice(word.lastIndexOf('/') + 1).toLowerCase();

const isEntry = (words: readonly ShellWord[], [program, ...rest]: readonly string[]): boolean => {
  if (baseNameOf(words[0]?.value ?? '') !== program) return false;
  const args = words.slice(1);
  const flags = rest.filter((word) => word.startsWith('-'));
  const starts = rest.filter((word) => !word.startsWith('-'));
  const names = args.map(({ value }) => baseNameOf(value));
  return (
    starts.every((word) => names.includes(word.toLowerCase())) &&
    flags.every((flag) => hasFlag(args, flag))
  );
};

/** The program in small letters, as it is compared. */
const wordsIn = (text: string): readonly string[] => {
  const [program = '', ...rest] = text.trim().split(/\s+/);
  return [program.toLowerCase(), ...rest];
};

/** Long names of the letters that lists are written with. */
const LONG: Readonly<Record<string, string>> = { r: 'recursive', R: 'recursive', f: 'force' };

const hasFlag = (args: readonly ShellWord[], flag: string): boolean => {
  if (flag.startsWith('--')) return args.some(({ value }) => value.startsWith(flag));
  return [...flag.slice(1)].every((letter) => args.some(({ value }) => hasLetter(value, letter)));
};

const hasLetter = (word: string, letter: string): boolean => {
  const long = LONG[letter];
  if (word.startsWith('--'))
    return long !== undefined && word.length > 2 && long.startsWith(word.slice(2));
  const other = letter === 'r' ? 'R' : letter;
  return /^-\w/.test(word) && (word.includes(letter) || word.includes(other));
};
