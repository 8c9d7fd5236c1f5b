/**
 * Foresees what a line of bash runs: walks its syntax as the shell would, follows `cd` and variables, and collects each
 * program that may be started, each file that a redirection opens, and each place that it does not understand.
 *
 * 1. Whatever a shell may run is among `commands`, or there is a doubt.
 * 2. It never throws: what the parser cannot read is a doubt.
 * 3. What runs in a shell of its own (a subshell, a pipeline, a substitution) changes nothing outside.
 */
import {
  type AndOr,
  type Assignment,
  type Command,
  type CommandNode,
  type Coproc,
  type Function as FunctionNode,
  forEachChild,
  type ParsedScript,
  type Pipeline,
  type PipelineNode,
  parse,
  type Redirection as RedirectionNode,
  type Statement,
  type SyntaxNode,
  type TestExpression,
  type Word,
} from 'unbash';
import { DECLARES, forgets } from './builtins.ts';
import { type Collected, commandsOf } from './command.ts';
import { isDeciding } from './environment.ts';
import { type Children, checkArithmetic, type Findings, scan } from './expansions.ts';
import {
  type Doubt,
  MAX_COMMAND_LENGTH,
  type Prediction,
  type Redirection,
  type SimpleCommand,
  type Surroundings,
} from './prediction.ts';
import {
  both,
  either,
  foldersAt,
  inFolder,
  inLoop,
  type Outcome,
  type State,
  withVariable,
} from './state.ts';
import { HOLE, isLiteral, OPERAND_HOLE, type ShellWord, shellWord } from './word.ts';

/** @param children how a node's children are found; a test gives one that overlooks some. */
export const predict = (
  source: string,
  { cwd, home }: Surroundings,
  children: Children = forEachChild,
): Prediction => {
  const refusal = unreadable(source);
  if (refusal !== undefined) return { ...NOTHING, doubts: [{ reason: refusal, text: '' }] };
  const walk = new Walk(home, children);
  try {
    walk.script(parse(source), source, { folders: [cwd], variables: new Map() });
  } catch (error) {
    // Neither the parser nor the walk may end the session: a line that they cannot read is asked about.
    walk.doubt(`it cannot be read: ${error instanceof Error ? error.message : String(error)}`, '');
  }
  return walk;
};

const NOTHING = { commands: [], mentioned: [], redirections: [] } as const;

const unreadable = (source: string): string | undefined => {
  if (source.length > MAX_COMMAND_LENGTH)
    return `it has ${source.length} characters; more than ${MAX_COMMAND_LENGTH} are not looked at`;
  if (source.includes('\0')) return 'it has a NUL character';
  if (source.includes(HOLE) || source.includes(OPERAND_HOLE))
    return 'it has a character that is none';
  return undefined;
};

/** Words of a loop that are followed one by one. */
const MAX_ROUNDS = 8;
/** Nested loops are not followed any more once so many commands were found. */
const MAX_COMMANDS = 500;

const NUMERIC = /^-(?:eq|ne|lt|le|gt|ge)$/;
const NO_FILE = new Set(['/dev/null', '/dev/stdout', '/dev/stderr', '/dev/stdin', '/dev/tty']);

class Walk implements Prediction {
  readonly commands: SimpleCommand[] = [];
  readonly mentioned: SimpleCommand[] = [];
  readonly redirections: Redirection[] = [];
  readonly doubts: Doubt[] = [];
  readonly #home: string | undefined;
  readonly #children: Children;
  /** What the positions of the current script count in. */
  #source = '';

  constructor(home: string | undefined, children: Children) {
    this.#home = home;
    this.#children = children;
  }

  doubt(reason: string, text: string): void {
    this.doubts.push({ reason, text });
  }

  /** In a shell of its own. */
  script(script: ParsedScript, source: string, state: State): void {
    const outside = this.#source;
    this.#source = script.source ?? source;
    for (const { message, pos } of script.errors ?? [])
      this.doubt(`a syntax error: ${message}`, this.#source.slice(pos, pos + 40));
    this.#list(script.commands, state);
    this.#source = outside;
  }

  #list(statements: readonly Statement[], state: State): Outcome {
    let last = both(state);
    for (const statement of statements) {
      const before = either(last.ok, last.failed);
      // Behind an exit nothing runs, but the walk looks at it all the same.
      last = this.#statement(statement, before ?? state, before === undefined);
    }
    return last;
  }

  #statement({ command, background }: Statement, state: State, isDead: boolean): Outcome {
    const outcome = this.#node(command, state);
    if (isDead) return both(undefined);
    return background === true ? both(state) : outcome;
  }

  #node(node: PipelineNode | AndOr, state: State): Outcome {
    switch (node.type) {
      case 'AndOr':
        return this.#andOr(node, state);
      case 'Pipeline':
        return this.#pipeline(node, state);
      default:
        return this.#command(node, state);
    }
  }

  #andOr({ commands, operators }: AndOr, state: State): Outcome {
    const [first, ...rest] = commands;
    let outcome = first === undefined ? both(state) : this.#node(first, state);
    for (const [at, node] of rest.entries()) {
      const isAnd = operators[at] === '&&';
      const before = isAnd ? outcome.ok : outcome.failed;
      const after = this.#node(node, before ?? state);
      const then = before === undefined ? both(undefined) : after;
      outcome = isAnd
        ? { ok: then.ok, failed: either(outcome.failed, then.failed) }
        : { ok: either(outcome.ok, then.ok), failed: then.failed };
    }
    return outcome;
  }

  #pipeline({ commands, prefixes }: Pipeline, state: State): Outcome {
    const [only] = commands;
    const isNegated = prefixes.some(({ type }) => type === 'Negation');
    if (commands.length === 1 && only !== undefined) {
      const { ok, failed } = this.#node(only, state);
      return isNegated ? { ok: failed, failed: ok } : { ok, failed };
    }
    for (const command of commands) this.#node(command, state);
    return both(state);
  }

  #command(node: CommandNode, state: State): Outcome {
    switch (node.type) {
      case 'Command':
        return this.#simple(node, state);
      case 'Redirected':
        for (const redirect of node.redirects) this.#redirect(redirect, state);
        return this.#command(node.command, state);
      case 'BraceGroup':
        return this.#list(node.body.commands, state);
      case 'Subshell':
        this.#list(node.body.commands, state);
        return both(state);
      case 'If':
        return this.#if(node, state);
      case 'For':
        return this.#for(node, state);
      case 'While': {
        const inside = inLoop(state, this.#textOf(node));
        const { ok, failed } = this.#list(node.clause.commands, inside);
        const within = node.kind === 'while' ? ok : failed;
        this.#list(node.body.commands, within ?? inside);
        return both(inside);
      }
      case 'Case': {
        this.#scan(node.word, state);
        const outcomes = node.items.map((item) => {
          for (const pattern of item.pattern) this.#scan(pattern, state);
          const { ok, failed } = this.#list(item.body.commands, inLoop(state, this.#textOf(node)));
          return either(ok, failed);
        });
        return both(outcomes.reduce(either, state));
      }
      case 'TestCommand':
        this.#test(node.expression, state);
        return both(state);
      case 'ArithmeticCommand':
        if (node.expression === undefined)
          this.doubt('arithmetic that is not understood', node.body);
        else checkArithmetic(node.expression, state.variables, this.#findings(state));
        this.#scan(node, state);
        return both(state);
      case 'ArithmeticFor':
      case 'Select':
        this.doubt('a loop that is not followed', this.#textOf(node));
        this.#list(node.body.commands, inLoop(state, this.#textOf(node)));
        return both(inLoop(state, this.#textOf(node)));
      case 'Function':
      case 'Coproc':
        return this.#defined(node, state);
    }
  }

  #if(node: Extract<CommandNode, { type: 'If' }>, state: State): Outcome {
    let { ok, failed } = this.#list(node.clause.commands, state);
    const branches = [this.#list(node.then.commands, ok ?? state)];
    if (ok === undefined) branches.pop();
    for (const branch of node.elif) {
      const before = failed;
      ({ ok, failed } = this.#list(branch.clause.commands, before ?? state));
      branches.push(this.#list(branch.then.commands, ok ?? state));
    }
    if (node.else === undefined) branches.push(both(failed));
    else branches.push(this.#list(node.else.commands, failed ?? state));
    return {
      ok: branches.map((one) => one.ok).reduce(either, undefined),
      failed: branches.map((one) => one.failed).reduce(either, undefined),
    };
  }

  #for(node: Extract<CommandNode, { type: 'For' }>, state: State): Outcome {
    const name = node.name.value;
    const words = (node.wordlist ?? []).map((word) => this.#word(word, state));
    if (isDeciding(name)) this.doubt(`${name} decides what later commands run`, name);
    const inside = inLoop(state, this.#textOf(node));
    // A loop over a few known words is walked once for each; any other once, for all.
    const rounds = words.length <= MAX_ROUNDS && words.every(isLiteral) ? words : [];
    for (const { value } of rounds) this.#round(node, withVariable(inside, name, value));
    if (rounds.length === 0) this.#round(node, withVariable(inside, name, oneOf(words)));
    return both(withVariable(inside, name, undefined));
  }

  #round(node: Extract<CommandNode, { type: 'For' }>, state: State): void {
    if (this.commands.length > MAX_COMMANDS) this.doubt('it runs too many commands', '');
    else this.#list(node.body.commands, state);
  }

  #defined(node: FunctionNode | Coproc, state: State): Outcome {
    const isFunction = node.type === 'Function';
    this.doubt(
      isFunction ? 'a function gives a name another meaning' : 'a coprocess',
      this.#textOf(node),
    );
    if (node.body.type === 'CompoundList') this.#list(node.body.commands, state);
    else this.#command(node.body, state);
    return both(inLoop(state, this.#textOf(node)));
  }

  #test(node: TestExpression, state: State): void {
    switch (node.type) {
      case 'TestUnary':
        if (node.operator === '-v' || node.operator === '-R')
          this.doubt('test -v evaluates the name that it asks for', node.operand.text);
        return this.#scan(node.operand, state);
      case 'TestBinary':
        for (const word of [node.left, node.right]) {
          const { value } = shellWord(word, { variables: state.variables, home: this.#home });
          if (NUMERIC.test(node.operator) && !/^(?:-?\d+|\uFFFE)$/.test(value))
            this.doubt('a value is evaluated as arithmetic, which may run commands', word.text);
          this.#scan(word, state, true);
        }
        return;
      case 'TestLogical':
        for (const operand of node.operands) this.#test(operand, state);
        return;
      case 'TestNot':
        return this.#test(node.operand, state);
      case 'TestGroup':
        return this.#test(node.expression, state);
    }
  }

  #simple(node: Command, state: State): Outcome {
    for (const redirect of node.redirects) this.#redirect(redirect, state);
    const assignments = node.prefix.filter((each) => each.type === 'Assignment');
    for (const each of assignments) this.#scan(each, state);
    if (node.name === undefined) return this.#assign(assignments, state);
    const words = [
      this.#word(node.name, state),
      ...node.args.map((arg) => this.#argument(arg, state)),
    ];
    const collected = commandsOf(words, {
      ...{ assignments: assignments.map((each) => this.#assignment(each, state)) },
      ...{ folders: state.folders, text: this.#textOf(node), home: this.#home },
    });
    this.#keep(collected, state);
    return this.#after(collected, node, state);
  }

  #keep({ command, mentioned, doubts, scripts }: Collected, state: State): void {
    this.commands.push(command);
    this.mentioned.push(...mentioned);
    for (const reason of doubts) this.doubt(reason, command.text);
    for (const text of scripts) this.#mention(text, state);
  }

  /** The text of `sh -c`: what is in it matters to denies. */
  #mention(text: string, state: State): void {
    const inner = new Walk(this.#home, this.#children);
    inner.script(parse(text), text, state);
    this.mentioned.push(...inner.commands, ...inner.mentioned);
  }

  #after({ command, cd }: Collected, node: Command, state: State): Outcome {
    const { program, words } = command;
    if (program === 'exit' || program === 'return') return both(undefined);
    if (program === 'break' || program === 'continue') return both(undefined);
    if (cd !== undefined) return { ok: inFolder(state, cd.to), failed: state };
    if (program === 'cd' || program === 'pushd' || program === 'popd')
      return { ok: inFolder(state, undefined), failed: state };
    const forgotten = forgets(words).reduce(
      (now, name) => withVariable(now, name, undefined),
      state,
    );
    if (!DECLARES.has(program)) return both(forgotten);
    return this.#assign(
      node.args.filter((each) => each.type === 'Assignment'),
      forgotten,
    );
  }

  #assign(assignments: readonly Assignment[], state: State): Outcome {
    let after = state;
    for (const each of assignments) {
      if (isDeciding(each.name))
        this.doubt(`${each.name} decides what later commands run`, each.text);
      if (each.index !== undefined && !/^\d+$/.test(each.index.text))
        this.doubt('an index is evaluated, which may run commands', each.text);
      const isPlain =
        each.value.type === 'Word' && each.append !== true && each.index === undefined;
      const word = isPlain ? this.#assignment(each, after) : undefined;
      const value =
        word !== undefined && isLiteral(word) ? word.value.slice(each.name.length + 1) : undefined;
      after = withVariable(after, each.name, value);
    }
    return both(after);
  }

  /** `NAME=value` as one word. Values are not split, and a `~` behind a colon is expanded too. */
  #assignment(each: Assignment, state: State): ShellWord {
    if (each.value.type !== 'Word' || /:~/.test(each.text))
      return { text: each.text, value: `${each.name}=${HOLE}`, splits: 'no' };
    const { value } = shellWord(each.value, { variables: state.variables, home: this.#home });
    return { text: each.text, value: `${each.name}=${value}`, splits: 'no' };
  }

  #argument(arg: Word | Assignment, state: State): ShellWord {
    if (arg.type === 'Word') return this.#word(arg, state);
    this.#scan(arg, state);
    return this.#assignment(arg, state);
  }

  #word(word: Word, state: State): ShellWord {
    // Most words have no parts: nothing in them expands.
    if (word.parts !== undefined) this.#scan(word, state);
    return shellWord(word, { variables: state.variables, home: this.#home });
  }

  /** @param isPattern in `[[ ]]`, where extended globs are always read. */
  #scan(node: SyntaxNode, state: State, isPattern = false): void {
    scan(node, state.variables, this.#children, this.#findings(state, isPattern));
  }

  #findings(state: State, isPattern = false): Findings {
    return {
      script: (script) => this.script(script, this.#source, state),
      doubt: (reason, text) => {
        if (!isPattern || !reason.startsWith('an extended glob')) this.doubt(reason, text);
      },
    };
  }

  #redirect(node: RedirectionNode, state: State): void {
    if (node.type === 'HereDoc') return this.#scan(node.body, state);
    if (node.descriptor?.type === 'FileDescriptorVariable')
      this.doubt('a variable is set to the number of a file', this.#textOf(node));
    if (node.target === undefined) return;
    const target = this.#word(node.target, state);
    if (node.type === 'HereString') return;
    const isCopy = /^[<>]&$/.test(node.operator) && /^\d*-?$/.test(target.value);
    if (isCopy || NO_FILE.has(target.value)) return;
    if (!isLiteral(target))
      return this.doubt('the file of a redirection is not known', node.target.text);
    if (/^\/dev\/(?:tcp|udp)\//.test(target.value))
      return this.doubt('a redirection that opens a connection', node.target.text);
    const access = node.operator === '<' || node.operator === '<&' ? 'read' : 'edit';
    const isKnown = foldersAt(state.folders, target.value) !== undefined;
    if (!isKnown) return this.doubt('the folder of a redirection is not known', node.target.text);
    this.redirections.push({ access, path: target.value, folders: state.folders });
  }

  #textOf({ pos, end }: { readonly pos: number; readonly end: number }): string {
    return this.#source.slice(pos, end);
  }
}

/** What a loop's variable is known to be: its only word, or any word that is no option. */
const oneOf = (words: readonly ShellWord[]): string | undefined => {
  const [first] = words;
  if (first === undefined || !words.every((word) => word.splits !== 'fields')) return undefined;
  if (words.length === 1) return first.value;
  const isOperand = ({ value }: ShellWord) => value !== '' && !/^[-\uFFFF]/.test(value);
  const isOneWord = words.every((word) => isLiteral(word) && !/\s/.test(word.value));
  return isOneWord && words.every(isOperand) ? OPERAND_HOLE : undefined;
};
