/** MCP servers that the API calls by itself: what it refuses of them, in its own words where these are known. */
import { type Json, objectsOf } from './request-json.ts';

type Refuse = (message: string) => never;

/** Under one of these alone does the API take them. */
const BETAS = ['mcp-client-2025-11-20', 'mcp-client-2026-09-15'];

const BLOCKS = ['mcp_tool_use', 'mcp_tool_result'];

export const hasConnectorBeta = (betas: readonly string[]): boolean =>
  BETAS.some((beta) => betas.includes(beta));

/** Without the beta its blocks are of no known type. */
export const isConnectorBlock = (type: unknown): boolean => BLOCKS.includes(String(type));

export const checkConnectors = (body: Json, betas: readonly string[], refuse: Refuse): void => {
  const { mcp_servers: servers } = body;
  const sets = objectsOf(body.tools).filter(({ type }) => type === 'mcp_toolset');
  if (servers === undefined && sets.length === 0) return;
  if (!hasConnectorBeta(betas)) refuse('mcp_servers: Extra inputs are not permitted');
  if (servers !== undefined && !Array.isArray(servers))
    refuse('mcp_servers: Input should be a valid list');
  const names = objectsOf(servers).map((server, i) => nameOf(server, i, refuse));
  const used = sets.map(({ mcp_server_name: name }) => name);
  for (const [i, name] of used.entries()) {
    if (!names.includes(String(name)))
      refuse(`tools: MCP server '${String(name)}' not found in mcp_servers definition`);
    if (used.indexOf(name) !== i)
      refuse(`tools: MCP server '${String(name)}' is referenced by more than one MCP toolset`);
  }
  for (const name of names)
    if (!used.includes(name))
      refuse(`mcp_servers: MCP server '${name}' is not referenced by any MCP toolset`);
};

const nameOf = ({ type, name, url }: Json, index: number, refuse: Refuse): string => {
  const at = `mcp_servers.${index}`;
  if (type !== 'url') refuse(`${at}.type: Input should be 'url'`);
  if (typeof name !== 'string' || name === '') return refuse(`${at}.name: Field required`);
  if (typeof url !== 'string' || !url.startsWith('https://'))
    refuse(`${at}.url: URL must start with https://`);
  return name;
};
