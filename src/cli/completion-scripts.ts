/**
 * The completion scripts of the shells. For names they call `greenroom completion values`, which asks the daemon that
 * the line names.
 */
import type { Typed } from './completing.ts';
import { cases, choiceCases, paths, pathsWith, type Words } from './completion-words.ts';

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
  '--parent': 'session',
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
const bashValues = (
  all: readonly Words[],
): string => `  local at=$COMP_CWORD typed="\${COMP_WORDS[COMP_CWORD]}" of='' choices='' line n
  local -a where=()
  while (( at > 1 )) && [[ $typed == :* || \${COMP_WORDS[at-1]} == *: ]]; do
    at=$((at - 1)) typed="\${COMP_WORDS[at]}$typed"
  done
  case "\${COMP_WORDS[at-1]}" in
${optionCases('of')}
  esac
  case "$path \${COMP_WORDS[at-1]}" in
${choiceCases(all, 'choices')}
  esac
  if [[ -n $choices ]]; then
    COMPREPLY=($(compgen -W "$choices" -- "$typed"))
    return
  fi
  # Sessions follow the name of a command; where there may be several, also each other.
  if [[ -z $of && $typed != -* ]]; then
    case "$path" in
    ${pathsWith(all, 'one')}) [[ \${COMP_WORDS[at-1]} != "\${path##* }" ]] || of=session ;;
    ${pathsWith(all, 'several')}) [[ \${COMP_WORDS[at-1]} == -* ]] || of=session ;;
    esac
  fi
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

const zshValues = (all: readonly Words[]): string => `  local of_='' choices_='' n_
  local -a where_ lines_
  case "\${words[CURRENT-1]}" in
${optionCases('of_')}
  esac
  case "$path_ \${words[CURRENT-1]}" in
${choiceCases(all, 'choices_')}
  esac
  if [[ -n $choices_ ]]; then
    compadd -- \${=choices_}
    return
  fi
  if [[ -z $of_ && $PREFIX != -* ]]; then
    case "$path_" in
    ${pathsWith(all, 'one')}) [[ \${words[CURRENT-1]} != "\${path_##* }" ]] || of_=session ;;
    ${pathsWith(all, 'several')}) [[ \${words[CURRENT-1]} == -* ]] || of_=session ;;
    esac
  fi
  if [[ -n $of_ ]]; then
    for (( n_ = 2; n_ < CURRENT - 1; n_++ )); do
      case "\${words[n_]}" in ${WHERE}) where_+=("\${(Q)words[n_]}" "\${(Q)words[n_+1]}") ;; esac
    done
    lines_=(\${(f)"$(greenroom $where_ completion values $of_ -- "\${(Q)PREFIX}" 2>/dev/null)"})
    [[ $of_ == query ]] && compadd -S '' -- $lines_ || compadd -- $lines_
    return
  fi
`;

export function bash(all: readonly Words[]): string {
  return `# greenroom completion bash: source it, or put it into the folder of bash-completion
_greenroom() {
  local path='' word words=''
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "\${path:+$path }$word" in
      ${paths(all)}) path="\${path:+$path }$word" ;;
    esac
  done
${bashValues(all)}  case "$path" in
${cases(all)}
  esac
  COMPREPLY=($(compgen -W "$words" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _greenroom greenroom
`;
}

export function zsh(all: readonly Words[]): string {
  return `#compdef greenroom
# greenroom completion zsh: source it after compinit, or put it into a folder of fpath as _greenroom
_greenroom() {
  local path_='' word words_=''
  for word in "\${(@)words[2,CURRENT-1]}"; do
    case "\${path_:+$path_ }$word" in
      ${paths(all)}) path_="\${path_:+$path_ }$word" ;;
    esac
  done
${zshValues(all)}  case "$path_" in
${cases(all).replaceAll("words='", "words_='")}
  esac
  compadd -- \${=words_}
  _files
}
compdef _greenroom greenroom
`;
}

const fishSessions = (condition: string): string =>
  `complete -c greenroom -f -k -n '${condition}' -a '${fishValues('session')}'`;

const fishValues = (typed: Typed): string =>
  `(greenroom completion values ${typed} -- (commandline -ct) 2>/dev/null)`;

export function fish(all: readonly Words[]): string {
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
      ...words.options.map((option) => {
        const choices = words.choices.find((one) => one.option === option);
        const values = choices === undefined ? '' : ` -x -a '${choices.words}'`;
        return `complete -c greenroom -n '${is.join('; and ') || 'true'}' -l ${option.slice(2)}${values}`;
      }),
      ...(words.sessions === 'none' ? [] : [fishSessions(is.join('; and '))]),
    ];
  });
  const values = Object.entries(OPTIONS).map(
    ([option, typed]) => `complete -c greenroom -x -l ${option.slice(2)} -a '${fishValues(typed)}'`,
  );
  return `# greenroom completion fish: put it into ~/.config/fish/completions/greenroom.fish\n${[...lines, ...values].join('\n')}\n`;
}
