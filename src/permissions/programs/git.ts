/** What `git` can do besides its work: run programs, write files elsewhere, change what it runs later. */
import { isLiteral, type ShellWord } from '../shell/word.ts';
import { type Danger, dangersIn, type OptionTable } from './options.ts';

const RUNS = 'runs a program or writes a file';

const OPTIONS: OptionTable = {
  long: [
    ...[
      'output',
      'ext-diff',
      'textconv',
      'upload-pack',
      'receive-pack',
      'exec',
      'open-files-in-pager',
      'template',
    ],
    ...[
      'config',
      'config-env',
      'exec-path',
      'git-dir',
      'work-tree',
      'extcmd',
      'output-directory',
      'remote',
      'smtp-server',
    ],
    ...[
      'separate-git-dir',
      'reference',
      'namespace',
      'attr-source',
      'sendmail-cmd',
      'to-cmd',
      'cc-cmd',
      'tool',
    ],
  ],
  harmless: ['remotes', 'no-ext-diff', 'no-textconv', 'to', 'tool-help'],
  why: RUNS,
};

/** Short options that run or write, by command. */
const SHORT: Readonly<Record<string, string>> = {
  ...{
    grep: 'O',
    clone: 'cu',
    fetch: 'u',
    pull: 'u',
    'ls-remote': 'u',
    rebase: 'xi',
    difftool: 'xt',
    mergetool: 't',
  },
  ...{
    archive: 'o',
    'format-patch': 'o',
    init: '',
    blame: '',
    submodule: '',
    config: 'e',
    branch: '',
    bundle: '',
  },
};

/** They run what their arguments or settings name. */
const RUNNING = new Set([
  ...[
    'config',
    'filter-branch',
    'difftool',
    'mergetool',
    'send-email',
    'daemon',
    'instaweb',
    'web--browse',
    'hook',
  ],
  ...[
    'for-each-repo',
    'help',
    'gui',
    'gitk',
    'citool',
    'p4',
    'svn',
    'cvsserver',
    'shell',
    'upload-pack',
    'receive-pack',
  ],
  ...[
    'upload-archive',
    'remote-ext',
    'remote-fd',
    'credential',
    'fast-import',
    'fast-export',
    'imap-send',
    'var',
  ],
]);

/** Any other first word may be an alias, which can be a program. */
const KNOWN = new Set([
  ...[
    'add',
    'am',
    'apply',
    'archive',
    'annotate',
    'bisect',
    'blame',
    'branch',
    'bundle',
    'cat-file',
    'check-attr',
  ],
  ...[
    'check-ignore',
    'check-mailmap',
    'check-ref-format',
    'checkout',
    'cherry',
    'cherry-pick',
    'clean',
    'clone',
  ],
  ...[
    'commit',
    'commit-tree',
    'count-objects',
    'describe',
    'diff',
    'diff-files',
    'diff-index',
    'diff-tree',
    'fetch',
  ],
  ...[
    'for-each-ref',
    'format-patch',
    'fsck',
    'gc',
    'grep',
    'hash-object',
    'init',
    'log',
    'ls-files',
    'ls-remote',
  ],
  ...[
    'ls-tree',
    'merge',
    'merge-base',
    'merge-file',
    'merge-tree',
    'mv',
    'name-rev',
    'notes',
    'pack-refs',
    'prune',
  ],
  ...[
    'pull',
    'push',
    'range-diff',
    'read-tree',
    'rebase',
    'reflog',
    'remote',
    'repack',
    'replace',
    'rerere',
    'reset',
  ],
  ...[
    'restore',
    'rev-list',
    'rev-parse',
    'revert',
    'rm',
    'shortlog',
    'show',
    'show-branch',
    'show-ref',
  ],
  ...[
    'sparse-checkout',
    'stash',
    'status',
    'stripspace',
    'submodule',
    'switch',
    'symbolic-ref',
    'tag',
    'update-index',
  ],
  ...[
    'update-ref',
    'verify-commit',
    'verify-tag',
    'version',
    'whatchanged',
    'worktree',
    'write-tree',
    '--version',
  ],
]);

export const gitDangers = (words: readonly ShellWord[]): readonly Danger[] => {
  const [, verb, ...rest] = words;
  if (verb === undefined) return [];
  if (!isLiteral(verb)) return [{ flag: undefined, why: `${verb.text} is not known` }];
  const { value } = verb;
  const own: Danger[] = isReadingConfig(words)
    ? []
    : [...verbDangers(value, rest), ...transports(rest)];
  return [
    ...own,
    ...dangersIn(withoutMessages(value, rest), { ...OPTIONS, short: SHORT[value] ?? '' }),
  ];
};

const HAS_MESSAGE = new Set(['commit', 'tag', 'merge', 'stash', 'notes']);

/** What stands behind `-m` is text, whatever it looks like. */
const withoutMessages = (verb: string, words: readonly ShellWord[]): readonly ShellWord[] =>
  words.filter((word, at) => {
    const before = words[at - 1]?.value ?? '';
    return !(
      HAS_MESSAGE.has(verb) &&
      word.splits === 'no' &&
      /^(?:-[a-z]*m|--message)$/.test(before)
    );
  });

const verbDangers = (verb: string, rest: readonly ShellWord[]): readonly Danger[] => {
  const runs = { flag: verb, why: `git ${verb} runs what its settings or arguments name` };
  if (RUNNING.has(verb)) return [runs];
  if (!KNOWN.has(verb))
    return [{ ...runs, why: `git ${verb} may be an alias, or an option that ${RUNS}` }];
  const second = rest.find(({ value }) => !value.startsWith('-'))?.value;
  const isLoop =
    (verb === 'bisect' && second === 'run') || (verb === 'submodule' && second === 'foreach');
  return isLoop ? [{ flag: second ?? verb, why: `git ${verb} ${second} runs a program` }] : [];
};

/** `ext::` runs a program as a transport. */
const transports = (words: readonly ShellWord[]): readonly Danger[] =>
  words
    .filter(({ value }) => /(?:^|=)(?:ext|fd)::/.test(value))
    .map(({ value }) => ({ flag: value, why: 'this transport runs a program' }));

const isReadingConfig = (words: readonly ShellWord[]): boolean => {
  const [, verb, ...rest] = words;
  if (verb?.value !== 'config' || !words.every(isLiteral)) return false;
  const args = rest
    .map(({ value }) => value)
    .filter((each) => !/^--(?:global|local|system|worktree)$/.test(each));
  const [first = ''] = args;
  return (
    /^(?:--get(?:-all|-regexp)?|--list|-l|list|get)$/.test(first) ||
    (args.length === 1 && !first.startsWith('-'))
  );
};

const READING = new Set([
  ...[
    'status',
    'diff',
    'log',
    'show',
    'rev-parse',
    'ls-files',
    'ls-tree',
    'blame',
    'annotate',
    'describe',
    'shortlog',
  ],
  ...[
    'cat-file',
    'rev-list',
    'merge-base',
    'name-rev',
    'for-each-ref',
    'check-ignore',
    'check-attr',
    'diff-tree',
  ],
  ...[
    'diff-index',
    'diff-files',
    'count-objects',
    'grep',
    'show-ref',
    'whatchanged',
    'cherry',
    'range-diff',
  ],
  ...['version', '--version', 'show-branch', 'verify-commit', 'verify-tag'],
]);

/** Whether it only reads the repository that it runs in. */
export const isReadingGit = (words: readonly ShellWord[]): boolean => {
  const [, verb, ...rest] = words;
  if (verb === undefined || !isLiteral(verb)) return false;
  // Files outside of the repository are not git's to read unasked.
  if (rest.some(({ value }) => /^(?:[/~]|\.\.(?:\/|$)|--(?:no-index|contents))/.test(value)))
    return false;
  if (READING.has(verb.value)) return true;
  if (verb.value === 'config') return isReadingConfig(words);
  const args = rest.map(({ value }) => value);
  const [first = ''] = args;
  if (!rest.every(isLiteral)) return false;
  const isListing = (flags: RegExp) => args.every((each) => flags.test(each));
  switch (verb.value) {
    case 'branch':
      return isListing(
        /^(?:-[avrl]+|-vv|--(?:all|remotes|list|verbose|show-current|no-color|merged|no-merged))$/,
      );
    case 'tag':
      return isListing(/^(?:-l|--list|-n\d*)$/) || first === '-l' || first === '--list';
    case 'remote':
      return isListing(/^(?:-v|--verbose)$/) || first === 'get-url';
    case 'stash':
      return first === 'list' || first === 'show';
    case 'worktree':
      return first === 'list';
    case 'reflog':
      return args.length === 0 || first === 'show' || first.startsWith('-');
    default:
      return false;
  }
};
