/** `greenroom completion`: a script that teaches a shell our commands and options, made from the commands themselves. */
import { type Command, InvalidArgumentError } from 'commander';
import { act, type Registration } from '../invocation.ts';

const SHELLS = { bash, zsh, fish } as const;
type ShellName = keyof typeof SHELLS;

export const registerCompletion = (registration: Registration): void => {
  const names = Object.keys(SHELLS).join(', ');
  registration.program
    .command('completion')
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

interface Words {
  /** The commands so far, such as `sessions tag`; empty for the program. */
  readonly path: string;
  readonly commands: readonly { readonly name: string; readonly about: string }[];
  readonly options: readonly string[];
}

const wordsOf = (command: Command, path: readonly string[] = []): readonly Words[] => [
  {
    path: path.join(' '),
    commands: command.commands.map((one) => ({ name: one.name(), about: one.description() })),
    options: [...command.options.flatMap(({ long }) => long ?? []), '--help'],
  },
  ...command.commands.flatMap((one) => wordsOf(one, [...path, one.name()])),
];

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

function bash(all: readonly Words[]): string {
  return `# greenroom completion bash: source it, or put it into the folder of bash-completion
_greenroom() {
  local path='' word words=''
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "\${path:+$path }$word" in
      ${paths(all)}) path="\${path:+$path }$word" ;;
    esac
  done
  case "$path" in
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
  case "$path_" in
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
  return `# greenroom completion fish: put it into ~/.config/fish/completions/greenroom.fish\n${lines.join('\n')}\n`;
}
