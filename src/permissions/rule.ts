/**
 * Permission rules in Claude Code's language: read, checked, printed.
 *
 *     Bash(npm run *)   Read(./src/**)   Edit(//tmp/**)   WebFetch(domain:example.com)   mcp__server__tool   Agent(Explore)
 *
 * A rule that could never match anything is refused where it is set: a rule that does nothing is worse than none, because
 * its author relies on it. `docs/reference/permissions.md` has the language for users.
 */
import { GreenroomError } from '../model/errors.ts';
import { guess } from '../platform/guess.ts';
import { type CommandPattern, commandPattern } from './command-pattern.ts';
import { type DomainPattern, domainPattern } from './domain-pattern.ts';
import { type PathPattern, pathPattern } from './path-pattern.ts';
import {
  ALIASES,
  BUILT_IN_TOOLS,
  EDITING_TOOLS,
  HARMLESS_TOOLS,
  READING_TOOLS,
  TOOL_NAME,
} from './tools.ts';

export type Behavior = 'allow' | 'ask' | 'deny';

/** What a rule asks of a call, besides its tool. */
export type Pattern =
  | { readonly kind: 'any' }
  | CommandPattern
  | PathPattern
  | DomainPattern
  | { readonly kind: 'agent'; readonly name: string }
  | { readonly kind: 'parameter'; readonly name: string; readonly value: RegExp };

export interface Rule {
  /** As it was written: `printRule` gives it back. */
  readonly text: string;
  /** The tools that it is about. */
  readonly tool: RegExp;
  /** The name of the tool as it was written, such as `Bash`, or a glob such as `mcp__*`. */
  readonly toolName: string;
  readonly pattern: Pattern;
}

export interface RuleContext {
  /** The list that the rule stands in. Some forms only make sense in one that denies or asks. Default: `allow`. */
  readonly behavior?: Behavior;
  /** Names of tools that are not built in. A name that looks like a misspelt built-in tool is refused otherwise. */
  readonly tools?: readonly string[];
}

/**
 * Reads one rule. Throws `invalid_settings` for a rule that could never match, with what was probably meant.
 * `printRule(parseRule(text))` is the text without white space around it.
 */
export const parseRule = (written: string, context: RuleContext = {}): Rule => {
  const text = written.trim();
  const [, toolName, spec] = /^([^()\s]*)(?:\(([\s\S]*)\))?$/.exec(text) ?? [];
  if (text === '') throw refused(written, 'it is empty');
  if (toolName === undefined) throw refused(text, shapeFault(text));
  const behavior = context.behavior ?? 'allow';
  const tool = toolMatcher(text, toolName, behavior, context.tools ?? []);
  const pattern = spec === undefined ? ANY : patternOf(text, toolName, spec, behavior);
  return { text, tool, toolName, pattern };
};

export const printRule = ({ text }: Rule): string => text;

const ANY: Pattern = { kind: 'any' };

const refused = (text: string, why: string): GreenroomError =>
  new GreenroomError(
    'invalid_settings',
    `the rule ${JSON.stringify(text)} could never match: ${why}`,
    {
      details: { rule: text },
    },
  );

const shapeFault = (text: string): string => {
  if (!text.includes('(')) return `write Tool or Tool(pattern), such as Bash(${text})`;
  if (!text.endsWith(')'))
    return text.includes(')') ? 'text follows its )' : 'its ( is never closed';
  return 'no white space stands in the name of a tool or before its (';
};

const toolMatcher = (
  text: string,
  name: string,
  behavior: Behavior,
  others: readonly string[],
): RegExp => {
  if (name.includes('*')) return globMatcher(text, name, behavior);
  if (!TOOL_NAME.test(name)) {
    const meant =
      name === '' ? 'a tool stands before the (' : 'a tool has 1-64 letters, digits, _ and -';
    throw refused(text, meant);
  }
  if (name.startsWith('mcp__')) return serverMatcher(text, name);
  if (name === 'Read') return anyOf(READING_TOOLS);
  if (name === 'Edit') return anyOf(EDITING_TOOLS);
  if (BUILT_IN_TOOLS.includes(name)) return exactly(ALIASES[name] ?? name);
  if (!others.includes(name)) {
    const alias = Object.hasOwn(ALIASES, name) ? ` (did you mean ${ALIASES[name]}?)` : '';
    const near = alias || guess(name, BUILT_IN_TOOLS, 1);
    if (near !== '') throw refused(text, `${name} is no tool${near}`);
  }
  return exactly(name);
};

const exactly = (name: string): RegExp => new RegExp(`^${name}$`);

/** `Read` is about every tool that reads files, `Edit` about every tool that changes them. */
const anyOf = (names: ReadonlySet<string>): RegExp => new RegExp(`^(?:${[...names].join('|')})$`);

/** `mcp__server` is all its tools. */
const serverMatcher = (text: string, name: string): RegExp => {
  const [, server = '', tool] = /^mcp__(.*?)(?:__(.*))?$/.exec(name) ?? [];
  if (server === '' || tool === '')
    throw refused(text, 'write mcp__server, mcp__server__* or mcp__server__tool');
  return tool === undefined ? new RegExp(`^mcp__${server}__.+$`) : exactly(name);
};

const globMatcher = (text: string, name: string, behavior: Behavior): RegExp => {
  if (!/^[a-zA-Z0-9_*-]+$/.test(name)) throw refused(text, 'a tool has letters, digits, _ and -');
  if (behavior === 'allow' && !/^mcp__[^*]+?__/.test(name))
    throw refused(text, 'an allow rule names its tool, or a server: mcp__server__*');
  return new RegExp(`^${name.replaceAll('*', '.*')}$`);
};

const patternOf = (text: string, tool: string, spec: string, behavior: Behavior): Pattern => {
  if (spec.trim() === '*') return ANY;
  const parameter = parameterOf(tool, spec);
  const read = parameter ?? specOf(tool, spec);
  if (typeof read === 'string') throw refused(text, read);
  if (read.kind === 'parameter' && behavior === 'allow')
    throw refused(text, 'only deny and ask rules look at a parameter');
  return read;
};

const specOf = (tool: string, spec: string): Pattern | string => {
  if (tool === 'Bash') return commandPattern(spec);
  if (tool === 'Read' || tool === 'Edit' || tool === 'Cd') return pathPattern(spec);
  if (READING_TOOLS.has(tool)) return `paths of ${tool} are those of Read(${spec})`;
  if (EDITING_TOOLS.has(tool)) return `paths of ${tool} are those of Edit(${spec})`;
  if (tool === 'WebFetch') return webPattern(spec);
  if (tool === 'Agent' || tool === 'Task')
    return /^[\w-]+$/.test(spec)
      ? { kind: 'agent', name: spec }
      : 'an agent has letters, digits, _ and -';
  return `${tool} has no pattern: write ${tool} alone`;
};

const webPattern = (spec: string): Pattern | string => {
  if (spec.startsWith('domain:')) return domainPattern(spec.slice('domain:'.length));
  const host = spec.replace(/^[a-z]+:\/\//i, '').split('/')[0];
  return `it names a domain: write WebFetch(domain:${host})`;
};

/** They have patterns of their own, which look at every spelling. */
const OWN_PATTERNS = /^(?:command|file_path|path|notebook_path|url|domain)$/;

/** `Tool(param:value)`, for a parameter of its input. */
const parameterOf = (tool: string, spec: string): Pattern | undefined => {
  const [, name = '', value = ''] = /^([a-z_]+):([\s\S]+)$/.exec(spec) ?? [];
  // An address, not a parameter.
  if (value.startsWith('//')) return undefined;
  const isOwn = OWN_PATTERNS.test(name) || ['Bash', 'Read', 'Edit', 'Cd'].includes(tool);
  if (name === '' || isOwn || HARMLESS_TOOLS.has(tool)) return undefined;
  const source = value.replace(/[.+?^${}()|[\]\\/]/g, '\\$&').replaceAll('*', '[^]*');
  return { kind: 'parameter', name, value: new RegExp(`^${source}$`) };
};
