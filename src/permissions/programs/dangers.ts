/**
 * What programs can do besides what their name says, by program: options and arguments that run another program, or
 * write or send what was not meant. No rule with a star allows them, unless it names them.
 */
import type { SimpleCommand } from '../shell/prediction.ts';
import { isLiteral, type ShellWord } from '../shell/word.ts';
import { gitDangers } from './git.ts';
import { type Danger, dangersIn, type OptionTable } from './options.ts';
import { isHarmlessAwk, isHarmlessJq, isHarmlessSed } from './scripts.ts';

const RUNS = 'runs a program';
const WRITES = 'writes a file';

/** Shared by programs that differ in nothing that matters here. */
const INTERPRETER = { why: 'runs the text of an argument' } as const;

const TABLES: Readonly<Record<string, OptionTable>> = {
  find: {
    words: [
      ...[
        '-exec',
        '-execdir',
        '-ok',
        '-okdir',
        '-delete',
        '-fprint',
        '-fprint0',
        '-fprintf',
        '-fls',
        '-files0-from',
      ],
    ],
    why: `${RUNS}, deletes or ${WRITES}`,
  },
  sort: {
    ...{
      long: ['compress-program', 'output', 'temporary-directory', 'files0-from'],
      short: 'oT',
      valued: 'kSt',
    },
    why: `${RUNS} or ${WRITES}`,
  },
  tar: {
    long: [
      ...[
        'checkpoint-action',
        'to-command',
        'use-compress-program',
        'info-script',
        'new-volume-script',
        'rsh-command',
      ],
      ...[
        'rmt-command',
        'absolute-names',
        'transform',
        'xform',
        'directory',
        'files-from',
        'index-file',
      ],
    ],
    ...{ short: 'IFPT', valued: 'fbCgHKLNVX', harmless: ['checkpoint', 'to-stdout'] },
    why: RUNS,
  },
  rg: {
    ...{
      long: ['pre', 'hostname-bin', 'search-zip', 'config'],
      short: 'z',
      valued: 'ABCEMTdefgjmrt',
    },
    ...{ harmless: ['pre-glob', 'pr'], why: RUNS },
  },
  ssh: { short: 'oFEDLRwWJSI', valued: 'Bbceilmp', why: RUNS },
  scp: { short: 'oSFDJ', valued: 'cilP', why: RUNS },
  sftp: { short: 'oSFDJbs', valued: 'BciPR', why: RUNS },
  rsync: {
    long: ['rsh', 'rsync-path', 'daemon', 'config', 'write-batch', 'log-file'],
    short: 'e',
    why: RUNS,
  },
  curl: {
    long: [
      ...[
        'output',
        'remote-name',
        'remote-name-all',
        'remote-header-name',
        'output-dir',
        'config',
        'upload-file',
      ],
      ...[
        'dump-header',
        'trace',
        'trace-ascii',
        'cookie-jar',
        'libcurl',
        'stderr',
        'hsts',
        'alt-svc',
        'etag-save',
      ],
      ...[
        'data',
        'data-binary',
        'data-raw',
        'data-urlencode',
        'data-ascii',
        'form',
        'json',
        'netrc',
        'netrc-file',
        'variable',
      ],
    ],
    ...{ short: 'oOJKTDcdFnb', valued: 'ACEHPQUXYehmrtuwxyz', why: `${WRITES} or sends one` },
    harmless: ['head', 'cookie', 'form-string', 'trace-time'],
  },
  wget: {
    long: [
      ...[
        'output-document',
        'output-file',
        'append-output',
        'directory-prefix',
        'use-askpass',
        'execute',
        'config',
      ],
      ...['post-file', 'body-file', 'save-cookies', 'load-cookies', 'input-file', 'warc-file'],
    ],
    ...{ short: 'OoaPei', valued: 'tTwQUlABDIXR', why: `${RUNS} or ${WRITES}` },
  },
  make: {
    ...{
      long: ['eval', 'file', 'makefile', 'directory', 'include-dir'],
      short: 'EfCI',
      valued: 'jloW',
    },
    ...{ harmless: ['debug'], why: 'reads other rules' },
  },
  npm: {
    long: [
      'script-shell',
      'node-options',
      'prefix',
      'globalconfig',
      'userconfig',
      'call',
      'shell',
      'init-module',
      'git',
    ],
    ...{ short: 'Cc', why: `${RUNS}, or those of another folder` },
  },
  node: {
    ...INTERPRETER,
    long: [
      'eval',
      'print',
      'require',
      'import',
      'loader',
      'experimental-loader',
      'env-file',
      'run',
      'interactive',
    ],
    short: 'epri',
  },
  python: { ...INTERPRETER, short: 'c', valued: 'mWX' },
  perl: { ...INTERPRETER, short: 'eEMmIdx', valued: '' },
  ruby: { ...INTERPRETER, short: 'erISCx', long: ['require'] },
  php: {
    ...INTERPRETER,
    short: 'rBREFdcz',
    long: ['run', 'define', 'php-ini', 'process-begin', 'process-code'],
  },
  lua: { ...INTERPRETER, short: 'eli' },
  deno: { ...INTERPRETER, long: ['preload', 'import-map'], short: 'A' },
  sh: { ...INTERPRETER, short: 'cisl', long: ['rcfile', 'init-file', 'login'] },
  sed: {
    long: ['in-place', 'file'],
    short: 'if',
    valued: 'el',
    why: `${WRITES}, or reads its commands from one`,
  },
  awk: {
    long: ['file', 'include', 'load', 'exec', 'source', 'inplace'],
    short: 'fileE',
    valued: 'vF',
    why: RUNS,
  },
  jq: {
    long: ['from-file', 'library-path', 'slurpfile', 'rawfile'],
    short: 'fL',
    why: 'reads other files',
  },
  go: {
    words: ['-exec', '-toolexec', '-vettool', '-overlay', '-modfile', '-C', '-ldflags', '-gcflags'],
    why: RUNS,
  },
  cargo: { long: ['config'], why: RUNS },
  man: { long: ['pager', 'html', 'browser'], short: 'PHC', why: RUNS },
  less: { long: ['log-file', 'LOG-FILE'], short: 'oO', why: WRITES },
  date: {
    long: ['set', 'file'],
    short: 'sf',
    valued: 'dr',
    why: 'sets the clock, or reads a file',
  },
  tree: { short: 'oR', valued: 'LPIHT', why: WRITES },
  shuf: { long: ['output', 'random-source'], short: 'o', why: WRITES },
  split: { long: ['filter'], why: RUNS },
  iconv: { long: ['output'], short: 'o', why: WRITES },
  file: { long: ['compile', 'magic-file'], short: 'Cm', valued: 'fFPe', why: WRITES },
  sqlite3: { words: ['-cmd', '-init'], why: RUNS },
  grep: { long: [], why: RUNS },
  gh: { long: [], why: RUNS },
  diff: { long: ['paginate'], short: 'l', valued: 'CDFIUWXx', why: RUNS },
  wc: { long: ['files0-from'], why: 'reads the files that a file names' },
  du: { long: ['files0-from'], why: 'reads the files that a file names' },
};

/** Programs that are another one by another name. */
const SAME: Readonly<Record<string, string>> = {
  ...{
    gawk: 'awk',
    mawk: 'awk',
    nawk: 'awk',
    gsed: 'sed',
    gtar: 'tar',
    bsdtar: 'tar',
    gmake: 'make',
    gfind: 'find',
  },
  ...{
    bash: 'sh',
    dash: 'sh',
    zsh: 'sh',
    ksh: 'sh',
    ash: 'sh',
    rbash: 'sh',
    fish: 'sh',
    python2: 'python',
  },
  ...{
    python3: 'python',
    pypy: 'python',
    pypy3: 'python',
    nodejs: 'node',
    bun: 'node',
    luajit: 'lua',
    gsort: 'sort',
  },
};

/** They start what they are given in ways that no table follows. */
const NEVER_BY_STAR = new Set([
  ...[
    'watch',
    'setsid',
    'ionice',
    'flock',
    'script',
    'unshare',
    'nsenter',
    'chroot',
    'su',
    'sudo',
    'doas',
    'pkexec',
  ],
  ...[
    'runuser',
    'strace',
    'ltrace',
    'gdb',
    'valgrind',
    'perf',
    'busybox',
    'toybox',
    'parallel',
    'expect',
    'systemd-run',
  ],
  ...[
    'vi',
    'vim',
    'nvim',
    'view',
    'ed',
    'ex',
    'emacs',
    'nano',
    'taskset',
    'chrt',
    'at',
    'batch',
    'crontab',
    'socat',
    'nc',
  ],
  ...[
    'osascript',
    'tclsh',
    'wish',
    'gcore',
    'openssl',
    'xdg-open',
    'screen',
    'tmux',
    'entr',
    'run-parts',
  ],
]);

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
