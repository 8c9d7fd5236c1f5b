/**
 * How bash is started for a command: with nothing of a user's start files, and with a last word about where it stands.
 */

/** Where the shell says it: out of the way of descriptors that scripts use. */
const LAST_WORD_FD = 197;

/**
 * Both outputs are one, so that lines keep their order. The command comes as the first argument and is run by `eval` as
 * it is, which is how bash runs the text of `-c` too; `shift` takes it away again, so that it sees no arguments.
 */
const PRELUDE = [
  `exec ${LAST_WORD_FD}>&3 3>&- 2>&1`,
  `trap '{ builtin pwd -P; } 2>/dev/null >&${LAST_WORD_FD}' EXIT`,
  'eval "shift; $1"',
].join('; ');

export const SHELL = 'bash';

export const shellArgs = (command: string): readonly string[] => [
  ...['--noprofile', '--norc', '-c', PRELUDE, SHELL, command],
];

/** A folder that the shell has named; anything else is not believed. */
export const folderSaid = (words: string): string | undefined => /^(\/[^\n]*)\n$/.exec(words)?.[1];
