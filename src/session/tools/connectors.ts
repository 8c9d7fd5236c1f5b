/**
 * Tools of MCP servers that the API calls by itself (its MCP connector): a session names a server of the daemon's file, or single
 * tools of one. Pure. No call of theirs comes here, so none can be asked about, and which tools a server has is not known here.
 * So what a rule denies, or wants asked, is not offered: of a server that is named as a whole, nothing, once a rule may be about
 * any of its tools.
 */
import { plainToolName } from '../../model/plain-tool-name.ts';
import type { Rule } from '../../permissions/rule.ts';
import { type KeepingRules, type KeptTool, keptBy, placedRules } from './placed-rules.ts';

/** As a request has them, beside the server itself. */
export interface Toolset {
  readonly type: 'mcp_toolset';
  readonly mcp_server_name: string;
  /** Absent: all that it has. */
  readonly default_config?: { readonly enabled: false };
  readonly configs?: Readonly<Record<string, { readonly enabled: true }>>;
}

export interface ConnectorWish {
  readonly tools?: readonly string[] | undefined;
  readonly disallowedTools?: readonly string[] | undefined;
}

export interface Connected {
  readonly sets: readonly Toolset[];
  /** As the session names them. */
  readonly names: readonly string[];
  readonly kept: readonly KeptTool[];
}

const NOTHING: Connected = { sets: [], names: [], kept: [] };

/** @param servers of the daemon's file, in the order of their names. @param daemon rules that hold for all sessions. */
export const connectedTools = (
  { tools = [], disallowedTools }: ConnectorWish,
  servers: readonly string[],
  daemon: KeepingRules,
): Connected => {
  const named = servers.flatMap((server) => {
    const names = tools.filter((tool) => isOf(tool, server));
    return names.length === 0 ? [] : [{ server, names }];
  });
  if (named.length === 0) return NOTHING;
  const rules = placedRules(daemon, disallowedTools);
  const parts = named.map(({ server, names }): Connected => {
    const kept = names.flatMap((name) => {
      const by = rules.find(({ rule }) => rule === undefined || mayBeAbout(rule, name, server));
      return by === undefined ? [] : [keptBy(name, by)];
    });
    const left = names.filter((name) => !kept.some(({ type }) => type === name)).toSorted();
    return { sets: left.length === 0 ? [] : [toolset(server, left)], names: left, kept };
  });
  return {
    sets: parts.flatMap(({ sets }) => sets),
    names: parts.flatMap(({ names }) => names),
    kept: parts.flatMap(({ kept }) => kept),
  };
};

/** Whether a session means one of these servers by it. */
export const isConnected = (tool: string, servers: readonly string[]): boolean =>
  servers.some((server) => isOf(tool, server));

const wholeOf = (server: string): string => `mcp__${plainToolName(server)}`;

const isOf = (tool: string, server: string): boolean =>
  tool === wholeOf(server) ||
  (tool.startsWith(`${wholeOf(server)}__`) && tool !== `${wholeOf(server)}__`);

const toolset = (server: string, names: readonly string[]): Toolset => {
  const set = { type: 'mcp_toolset', mcp_server_name: server } as const;
  const whole = wholeOf(server);
  if (names.includes(whole)) return set;
  const tools = names.map((name) => [name.slice(whole.length + 2), { enabled: true }] as const);
  return { ...set, default_config: { enabled: false }, configs: Object.fromEntries(tools) };
};

/** A pattern for its input counts as all of it: nothing sees the input beforehand. */
const mayBeAbout = ({ tool, toolName }: Rule, name: string, server: string): boolean => {
  const whole = wholeOf(server);
  if (name !== whole) return tool.test(plainToolName(name));
  const first = `${whole}__`;
  if (!toolName.includes('*')) return toolName === whole || toolName.startsWith(first);
  const literal = toolName.replace(/\*.*$/s, '');
  return literal.startsWith(first) || first.startsWith(literal);
};
