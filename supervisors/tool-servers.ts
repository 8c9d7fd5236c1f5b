/** Tools that others bring: MCP servers and services on the bus. */
import type { ChildSpec } from '../src/otp/child-spec.ts';
import { supervisor } from '../src/otp/supervisor.ts';
import type { McpServerSettings } from '../src/tools/mcp/settings.ts';
import { mcp } from './mcp.ts';
import type { Parts } from './parts.ts';
import { serviceTools } from './service-tools.ts';

export interface ToolServers {
  readonly mcpServers: readonly McpServerSettings[];
  /** Names that services must not have. */
  readonly isTaken: (name: string) => boolean;
}

export const toolServers = (
  parts: Pick<Parts, 'config' | 'log'>,
  { mcpServers, isTaken }: ToolServers,
): ChildSpec =>
  supervisor({
    id: 'tool-servers',
    strategy: 'one_for_one', // each stands alone
    maxRestarts: 3,
    maxSeconds: 5,
    children: [
      mcp(parts, mcpServers), // programs and addresses that the operator has named
      serviceTools(parts, isTaken), // found on the bus
    ],
  });
