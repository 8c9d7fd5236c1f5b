/**
 * Tools that the API runs itself (web search, web fetch, code execution): a session names them by their types, and they only pass
 * through. Pure. No call of theirs comes here, so none can be asked about: what a rule denies, or wants asked, about our tools for
 * the web holds for them where the API can be told so, and where it cannot they are not offered.
 */
import { type Behavior, parseRule, type Rule } from '../../permissions/rule.ts';
import type { RuleSet } from '../../permissions/rule-set.ts';

/** As a request has it. */
export interface ServerTool {
  /** As sessions name it too. */
  readonly type: string;
  readonly name: string;
  /** With all below them. Absent: none. */
  readonly blocked_domains?: readonly string[];
}

/** Our tool for the same, by whose name rules speak of it. */
const OURS: Readonly<Record<string, string>> = {
  web_search: 'WebSearch',
  web_fetch: 'WebFetch',
  code_execution: 'CodeExecution',
};

/** Of any date: the API has new ones every few months. */
const TYPE = /^(web_search|web_fetch|code_execution)_\d{8}$/;

export const isServerTool = (type: string): boolean => TYPE.test(type);

/** Of several versions of one, the newest. */
const named = (tools: readonly string[]): readonly ServerTool[] => {
  const byName = new Map<string, ServerTool>();
  for (const type of tools.toSorted()) {
    const [, name] = TYPE.exec(type) ?? [];
    if (name !== undefined) byName.set(name, { type, name });
  }
  return [...byName.values()];
};

export interface ServerToolWish {
  readonly tools?: readonly string[] | undefined;
  readonly disallowedTools?: readonly string[] | undefined;
}

/** As a request has them, in the order of their names. @param daemon rules that hold for all sessions. */
export const serverTools = (
  { tools = [], disallowedTools = [] }: ServerToolWish,
  daemon: Pick<RuleSet, 'ask' | 'deny'>,
): readonly ServerTool[] => {
  const wanted = named(tools);
  if (wanted.length === 0) return [];
  const own = disallowedTools.map((text) => readable(text, 'deny'));
  const rules = [...daemon.deny, ...daemon.ask, ...own];
  return wanted.flatMap((tool) => {
    const domains = blockedFor(tool, rules);
    if (domains === undefined) return [];
    return [domains.length === 0 ? tool : { ...tool, blocked_domains: domains }];
  });
};

/** The domains that the API is told to keep it from; undefined: it is denied, or a rule cannot be told to the API. */
const blockedFor = (
  { type, name }: ServerTool,
  rules: readonly (Rule | undefined)[],
): readonly string[] | undefined => {
  const isOfWeb = name !== 'code_execution';
  const domains = new Set<string>();
  for (const rule of rules) {
    if (rule === undefined) return undefined; // older stores may hold any text
    const { tool, pattern } = rule;
    const isOwn = [type, name, OURS[name] ?? name].some((each) => tool.test(each));
    const isOfFetch = isOfWeb && tool.test('WebFetch');
    if (isOwn && pattern.kind === 'any') return undefined;
    if (!isOwn && !(isOfFetch && pattern.kind !== 'any')) continue;
    const domain = pattern.kind === 'domain' ? domainIn(pattern.host) : undefined;
    if (domain === undefined) return undefined;
    domains.add(domain);
  }
  return [...domains].toSorted();
};

/** The API keeps it from all below a domain too; other stars it does not know. */
const domainIn = (host: string): string | undefined => {
  const domain = host.replace(/^\*\./, '');
  return domain.includes('*') ? undefined : domain;
};

const readable = (text: string, behavior: Behavior): Rule | undefined => {
  try {
    return parseRule(text, { behavior, tools: [text.replace(/\(.*$/s, '')] });
  } catch {
    return undefined;
  }
};
