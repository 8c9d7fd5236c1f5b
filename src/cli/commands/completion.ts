/**
 * `greenroom completion`: a script that teaches a shell our commands and options, made from the commands themselves. For the
 * values of some options the script calls `greenroom completion values`, which asks the daemon, and says nothing where none
 * answers at once.
 */
import { type Command, InvalidArgumentError } from 'commander';
import { type Completing, completing, offered, TYPED, type Typed } from '../completing.ts';
import { act, type Invocation, type Registration } from '../invocation.ts';
import { parseWord } from '../values.ts';

const SHELLS = { bash, zsh, fish } as const;
type ShellName = keyof typeof SHELLS;

/** Whoever presses a key waits for this. */
const ANSWER_MS = 500;
const MAX_NAMES = 1_000;
/** Known to the scripts only. */
const VALUES = 'values';

export const registerCompletion = (registration: Registration): void => {
  const names = Object.keys(SHELLS).join(', ');
  const command = registration.program.command('completion');
  command
    .command(VALUES, { hidden: true })
    .argument('<of>', TYPED.join(', '), parseWord(TYPED))
    .argument('[text]', 'what was typed of it', '')
    .action(
      act<[Typed, string]>(registration, async (run, [typed, text]) => {
        const wanted = completing(typed, text);
        const lines = offered(wanted, await namesFor(run, wanted));
        run.out.text(lines.map((line) => `${line}\n`).join(''));
      }),
    );
  command
    .argument('<shell>', names, (text) => {
      if (Object.hasOwn(SHELLS, text)) return text;
      throw new InvalidArgumentError(`Write one of ${names}.`);
    })
    .description('a completion script for bash, zsh or fish, to be sourced by it')
    .action(
      act<[ShellName]>(registration, async (run, [name]) => {
        run.out.text(SHELLS[name](wordsOf(registration.program)));
      }),
    );
};

/** None where they cannot be had at once, for whatever reason: nobody has asked for a message. */
const namesFor = async (
  run: Invocation,
  { names, start }: Completing,
): Promise<readonly string[]> => {
  if (names === undefined) return [];
  const narrowed = names === 'tag' && start !== '' ? { tagPrefix: start.replace(/^"/, '') } : {};
  const isOver = new AbortController();
  const asked = run
    .withDaemon(
      (daemon) => daemon.sessions('facets', { ...narrowed, by: names, limit: MAX_NAMES }),
      { meanwhile: 'no names', connectTimeoutMs: ANSWER_MS },
    )
    .catch(() => NONE);
  const late = run.shell.sleep(ANSWER_MS, isOver.signal).then(() => NONE);
  const { facets } = await Promise.race([asked, late]);
  isOver.abort();
  return facets.map(({ value }) => value);
};

const NONE: { readonly facets: readonly { readonly value: string }[] } = { facets: [] };

interface Words {
  /** The commands so far, such as `sessions tag`; empty for the program. */
  readonly path: string;
  readonly commands: readonly { readonly name: string; readonly about: string }[];
  readonly options: readonly string[];
}

const wordsOf = (command: Command, path: readonly string[] = []): readonly Words[] => [
  {
    path: path.join(' '),
    commands: shown(command).map((one) => ({ name: one.name(), about: one.description() })),
    options: [...command.options.flatMap(({ long }) => long ?? []), '--help'],
  },
  ...shown(command).flatMap((one) => wordsOf(one, [...path, one.name()])),
];

const shown = ({ commands }: Command): readonly Command[] =>
  commands.filter((one) => one.name() !== VALUES);

/** What may follow: the commands below, or the options, with those that every command takes. */
const after = (words: Words, all: readonly Words[]): string => {
  const global = all[0]?.options ?? [];
  return [
    ...new Set([...words.commands.map(({ name }) => name), ...words.options, ...global]),
  ].join(' ');
};

const cases = (all: readonly Words[]): string =>
  all.map((words) => `    '${words.path}') words='${after(words, all)}' ;;`).join('\n');

/** The longest row of words that is a command: what else is typed between them are arguments. */
const paths = (all: readonly Words[]): string =>
  all.flatMap(({ path }) => (path === '' ? [] : [`'${path}'`])).join('|');

/** Options whose values are asked for, and as what. */
const OPTIONS: Readonly<Record<string, Typed>> = {
  '--query': 'query',
  '--tag': 'tag',
  '--all-tags': 'tag',
  '--without-tag': 'tag',
  '--tag-prefix': 'tag',
  '--model': 'model',
  '--tool': 'tool',
  '--owner': 'owner',
};

/** Options that say which daemon is meant. */
const WHERE = '--data|--config|--servers|--creds|--inbox-prefix|--prefix|--tenant';

const optionCases = (variable: string): string =>
  Object.entries(OPTIONS)
    .map(([option, typed]) => `    ${option}) ${variable}=${typed} ;;`)
    .join('\n');

/**
 * Bash parts words at colons, and puts what it is given behind the last one: so the parts are joined, and what it has
 * already is taken off again. Within quotation marks it does neither.
 */
const bashValues = `  local at=$COMP_CWORD typed="\${COMP_WORDS[COMP_CWORD]}" of='' line n
  local -a where=()
  while (( at > 1 )) && [[ $typed == :* || \${COMP_WORDS[at-1]} == *: ]]; do
    at=$((at - 1)) typed="\${COMP_WORDS[at]}$typed"
  done
  case "\${COMP_WORDS[at-1]}" in
${optionCases('of')}
  esac
  if [[ -n $of ]]; then
    for (( n = 1; n < at - 1; n++ )); do
      case "\${COMP_WORDS[n]}" in ${WHERE}) where+=("\${COMP_WORDS[n]}" "\${COMP_WORDS[n+1]}") ;; esac
    done
    local quote='' had=''
    case "$typed" in
      \\'* | \\"*) quote="\${typed:0:1}" typed="\${typed:1}" ;;
      *:*) had="\${typed%"\${typed##*:}"}" ;;
    esac
    COMPREPLY=()
    while IFS= read -r line; do
      line="\${line#"$had"}"
      [[ -n $quote ]] || line="$(printf %q "$line")"
      [[ $quote != '"' ]] || line="\${line//'"'/'\\"'}"
      COMPREPLY+=("$line")
    done < <(greenroom "\${where[@]}" completion values "$of" -- "$typed" 2>/dev/null)
    # Behind a single one the quotation marks would be closed.
    if [[ -n $quote && \${#COMPREPLY[@]} == 1 && \${COMPREPLY[0]} == *: ]]; then
      COMPREPLY+=("\${COMPREPLY[0]} ")
    fi
    [[ $of != query ]] || compopt -o nospace 2>/dev/null
    return
  fi
`;

const zshValues = `  local of_='' n_
  local -a where_ lines_
  case "\${words[CURRENT-1]}" in
${optionCases('of_')}
  esac
  if [[ -n $of_ ]]; then
    for (( n_ = 2; n_ < CURRENT - 1; n_++ )); do
      case "\${words[n_]}" in ${WHERE}) where_+=("\${(Q)words[n_]}" "\${(Q)words[n_+1]}") ;; esac
    done
    lines_=(\${(f)"$(greenroom $where_ completion values $of_ -- "\${(Q)PREFIX}" 2>/dev/null)"})
    [[ $of_ == query ]] && compadd -S '' -- $lines_ || compadd -- $lines_
    return
  fi
`;

function bash(all: readonly Words[]): string {
  return `# greenroom completion bash: source it, or put it into the folder of bash-completion
_greenroom() {
  local path='' word words=''
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "\${path:+$path }$word" in
      ${paths(all)}) path="\${path:+$path }$word" ;;
    esac
  done
${bashValues}  case "$path" in
${cases(all)}
  esac
  COMPREPLY=($(compgen -W "$words" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _greenroom greenroom
`;
}

function zsh(all: readonly Words[]): string {
  return `#compdef greenroom
# greenroom completion zsh: source it after compinit, or put it into a folder of fpath as _greenroom
_greenroom() {
  local path_='' word words_=''
  for word in "\${(@)words[2,CURRENT-1]}"; do
    case "\${path_:+$path_ }$word" in
      ${paths(all)}) path_="\${path_:+$path_ }$word" ;;
    esac
  done
${zshValues}  case "$path_" in
${cases(all).replaceAll("words='", "words_='")}
  esac
  compadd -- \${=words_}
  _files
}
compdef _greenroom greenroom
`;
}

function fish(all: readonly Words[]): string {
  const names = (words: Words): string => words.commands.map(({ name }) => name).join(' ');
  const lines = all.flatMap((words) => {
    const seen = words.path === '' ? [] : words.path.split(' ');
    const is = seen.map((word) => `__fish_seen_subcommand_from ${word}`);
    const not =
      words.commands.length === 0 ? [] : [`not __fish_seen_subcommand_from ${names(words)}`];
    const condition = [...is, ...not].join('; and ') || 'true';
    return [
      ...words.commands.map(
        ({ name, about }) =>
          `complete -c greenroom -f -n '${condition}' -a ${name} -d '${about.replaceAll("'", "\\'")}'`,
      ),
      ...words.options.map(
        (option) =>
          `complete -c greenroom -n '${is.join('; and ') || 'true'}' -l ${option.slice(2)}`,
      ),
    ];
  });
  const values = Object.entries(OPTIONS).map(
    ([option, typed]) =>
      `complete -c greenroom -x -l ${option.slice(2)} -a '(greenroom completion values ${typed} -- (commandline -ct) 2>/dev/null)'`,
  );
  return `# greenroom completion fish: put it into ~/.config/fish/completions/greenroom.fish\n${[...lines, ...values].join('\n')}\n`;
}
