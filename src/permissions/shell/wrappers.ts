/** Programs that start another one that stands in their arguments, and the options before it. */

export interface Wrapper {
  /** Letters of options without a value, and with one. */
  readonly flags: string;
  readonly valued: string;
  readonly longFlags: readonly string[];
  readonly longValued: readonly string[];
  /** How many words stand between the options and the program. */
  readonly operands: number;
  /** `NAME=value` words may stand before the program. */
  readonly assigns: boolean;
  /** Whether the program runs with the rights and files that it would have without the wrapper. */
  readonly isTransparent: boolean;
}

const wrapper = (parts: Partial<Wrapper>): Wrapper => ({
  ...{ flags: '', valued: '', longFlags: [], longValued: [], operands: 0, assigns: false },
  ...{ isTransparent: true },
  ...parts,
});

export const WRAPPERS: ReadonlyMap<string, Wrapper> = new Map([
  ['command', wrapper({ flags: 'p' })],
  ['builtin', wrapper({})],
  ['nohup', wrapper({})],
  ['time', wrapper({ flags: 'pv', longFlags: ['portability', 'verbose'] })],
  ['nice', wrapper({ flags: '0123456789', valued: 'n', longValued: ['adjustment'] })],
  [
    'timeout',
    wrapper({
      ...{ flags: 'v', valued: 'ks', operands: 1, longValued: ['kill-after', 'signal'] },
      longFlags: ['preserve-status', 'foreground', 'verbose'],
    }),
  ],
  ['stdbuf', wrapper({ valued: 'ioe', longValued: ['input', 'output', 'error'] })],
  [
    'env',
    wrapper({
      ...{ flags: 'i0v', valued: 'uC', longFlags: ['ignore-environment', 'null', 'debug'] },
      ...{ longValued: ['unset', 'chdir'], assigns: true },
    }),
  ],
  [
    'xargs',
    wrapper({
      ...{ flags: '0rtx', valued: 'nPLIdsaE' },
      longFlags: ['null', 'no-run-if-empty', 'verbose', 'exit'],
      longValued: ['max-args', 'max-procs', 'max-chars', 'delimiter', 'arg-file'],
    }),
  ],
  [
    'sudo',
    wrapper({
      ...{ flags: 'AbEHKknPSVi', valued: 'CDghprRtTuU', assigns: true, isTransparent: false },
      longFlags: ['non-interactive', 'preserve-env', 'set-home', 'stdin', 'background', 'login'],
      longValued: ['user', 'group', 'prompt', 'host', 'chdir'],
    }),
  ],
  ['doas', wrapper({ flags: 'nL', valued: 'Cu', isTransparent: false })],
  ['setsid', wrapper({ flags: 'cfw', longFlags: ['ctty', 'fork', 'wait'], isTransparent: false })],
  ['ionice', wrapper({ flags: 't', valued: 'cn', isTransparent: false })],
  ['taskset', wrapper({ flags: 'a', valued: 'c', operands: 1, isTransparent: false })],
]);

/** They start what stands somewhere in their arguments. Only denies look there. */
export const RUNNERS: ReadonlySet<string> = new Set([
  ...[
    'busybox',
    'toybox',
    'strace',
    'ltrace',
    'gdb',
    'valgrind',
    'perf',
    'unshare',
    'nsenter',
    'chroot',
    'proot',
  ],
  ...[
    'script',
    'watch',
    'flock',
    'parallel',
    'su',
    'runuser',
    'pkexec',
    'systemd-run',
    'fakeroot',
    'chrt',
    'prlimit',
  ],
  ...['ssh', 'xvfb-run'],
  ...[
    'setarch',
    'linux64',
    'cpulimit',
    'rlwrap',
    'unbuffer',
    'screen',
    'tmux',
    'expect',
    'entr',
    'start-stop-daemon',
  ],
]);
export const RUNNER_PATTERN = /^ld(?:-linux[\w.-]*|\.so[\w.-]*)$/;
