/** What a query says of the agents, servers and account that it works with. */
import { mcpToolsName } from '../tools/mcp/mcp-tools.ts';
import type { AgentHost } from './host.ts';
import type { AccountInfo, AgentInfo, McpServerStatus } from './messages.ts';
import type { CheckedOptions } from './options.ts';

export const agentInfos = (agents: CheckedOptions['room']['agents']): AgentInfo[] => [
  { name: 'general-purpose', description: 'for work of any kind' },
  ...Object.entries(agents).map(([name, agent]) => {
    const { description = '', model } = agent as Partial<AgentInfo>;
    return { name, description, ...(model === undefined ? {} : { model }) };
  }),
];

export const serversOf = (host: AgentHost): McpServerStatus[] =>
  (host.system.find(mcpToolsName)?.status() ?? []).map(({ name, state, why }) => ({
    ...{ name, status: SERVER_STATUS[state] },
    ...(why === undefined ? {} : { error: why }),
  }));

export const accountOf = (host: AgentHost | undefined): AccountInfo =>
  host?.status().provider === 'anthropic'
    ? { apiKeySource: 'ANTHROPIC_API_KEY', apiProvider: 'firstParty' }
    : { apiKeySource: 'none' };

const SERVER_STATUS = {
  connected: 'connected',
  starting: 'pending',
  down: 'failed',
  failed: 'failed',
} as const;
