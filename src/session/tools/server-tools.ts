/**
 * Tools that the API runs itself (web search, web fetch, code execution): a session names them, and they only pass through.
 * Pure. No call of theirs comes here, so none can be asked about: what a rule denies, or wants asked, about our tools for the web
 * holds for them where the API can be told so, and where it cannot they are not offered.
 */
import {
  domainParts,
  isServerTool,
  type ServerToolSettings,
  serverToolName,
} from '../../model/server-tools.ts';
import type { Rule } from '../../permissions/rule.ts';
import {
  type KeepingRules,
  type KeptTool,
  keptBy,
  type PlacedRule,
  placedRules,
} from './placed-rules.ts';

/** As a request has it. */
export type ServerTool = ServerToolSettings & { readonly name: string };

export interface ServerToolWish {
  readonly tools?: readonly string[] | undefined;
  readonly serverTools?: readonly ServerToolSettings[] | undefined;
  readonly disallowedTools?: readonly string[] | undefined;
}

/** As a request has them, in the order of their names. @param daemon rules that hold for all sessions. */
export const serverTools = (wish: ServerToolWish, daemon: KeepingRules): readonly ServerTool[] =>
  judged(wish, daemon).flatMap((tool) => ('rule' in tool ? [] : [tool]));

/** Those that rules keep from being offered, each with the first rule that does. */
export const keptServerTools = (wish: ServerToolWish, daemon: KeepingRules): readonly KeptTool[] =>
  judged(wish, daemon).flatMap((tool) => ('rule' in tool ? [tool] : []));

/**
 * Of several versions of one, the newest; but one that is named with options goes before those that are named without: what
 * keeps it within bounds is not lost to a newer one.
 */
export const namedServerTools = ({
  tools = [],
  serverTools: given = [],
}: Pick<ServerToolWish, 'tools' | 'serverTools'>): readonly ServerTool[] => {
  const byName = new Map<string, ServerTool>();
  const plain = tools.filter(isServerTool).map((type) => ({ type }));
  for (const tool of [...plain.toSorted(byType), ...given]) {
    const name = serverToolName(tool.type);
    if (name !== undefined) byName.set(name, { ...tool, name });
  }
  return [...byName.values()].toSorted(byType);
};

const byType = (one: { readonly type: string }, other: { readonly type: string }) =>
  one.type < other.type ? -1 : 1;

const judged = (wish: ServerToolWish, daemon: KeepingRules): readonly (ServerTool | KeptTool)[] => {
  const wanted = namedServerTools(wish);
  if (wanted.length === 0) return [];
  const rules = placedRules(daemon, wish.disallowedTools);
  return wanted.map((tool) => within(tool, rules));
};

/** As the rules leave it. */
const within = (tool: ServerTool, rules: readonly PlacedRule[]): ServerTool | KeptTool => {
  const denied = new Map<string, PlacedRule>();
  for (const placed of rules) {
    const denial = placed.rule === undefined ? 'all' : denialOf(placed.rule, tool);
    if (denial === 'all') return keptBy(tool.type, placed);
    if (denial !== 'none') denied.set(denial.domain, placed);
  }
  const domains = [...denied.keys()];
  const { allowed_domains: allowed, blocked_domains: blocked = [], ...rest } = tool;
  if (allowed === undefined) {
    const all = new Set([...blocked.map(plain), ...domains]);
    return all.size === 0 ? rest : { ...rest, blocked_domains: [...all].toSorted() };
  }
  // The API takes one of both lists. One that is allowed and has a denied one below it cannot be said in this one.
  const left = allowed.map(plain).filter((each) => !domains.some((domain) => touch(each, domain)));
  const last = domains.at(-1);
  if (left.length === 0 && last !== undefined)
    return keptBy(tool.type, denied.get(last) as PlacedRule);
  return { ...rest, allowed_domains: [...new Set(left)].toSorted() };
};

/** As the API compares it, and as rules have it. */
const plain = (domain: string): string => {
  const { host, path } = domainParts(domain) ?? { host: domain, path: '' };
  return `${host}${path}`;
};

/** One is the other, or below it. */
const touch = (allowed: string, denied: string): boolean => {
  const host = allowed.replace(/\/.*$/s, '');
  return host === denied || host.endsWith(`.${denied}`) || denied.endsWith(`.${host}`);
};

/** Our tool for the same, by whose name rules speak of it. */
const OURS: Readonly<Record<string, string>> = {
  web_search: 'WebSearch',
  web_fetch: 'WebFetch',
  code_execution: 'CodeExecution',
};

/** What a rule denies it; `all` also where the API has no form for it. */
type Denial = 'none' | 'all' | { readonly domain: string };

const denialOf = ({ tool, pattern }: Rule, { type, name }: ServerTool): Denial => {
  const isOwn = [type, name, OURS[name] ?? name].some((each) => tool.test(each));
  const isOfFetch = name !== 'code_execution' && tool.test('WebFetch');
  if (isOwn && pattern.kind === 'any') return 'all';
  if (!isOwn && !(isOfFetch && pattern.kind !== 'any')) return 'none';
  return pattern.kind === 'domain' ? domainIn(pattern.host) : 'all';
};

/** The API keeps it from all below a domain too; other stars it does not know. */
const domainIn = (host: string): Denial => {
  const domain = host.replace(/^\*\./, '');
  return domain.includes('*') ? 'all' : { domain };
};
