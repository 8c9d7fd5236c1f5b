/** Tools that others bring: MCP servers, and services on the bus. */
import type { ChildSpec } from '../src/otp/child-spec.ts';
import { supervisor } from '../src/otp/supervisor.ts';
import { mcp } from './mcp.ts';
import type { Parts } from './parts.ts';
import { serviceTools } from './service-tools.ts';

export const toolServers = (
  parts: Pick<Parts, 'config' | 'log' | 'mcpServers' | 'connectors'>,
): ChildSpec =>
  supervisor({
    id: 'servers',
    strategy: 'one_for_one', // each stands alone
    maxRestarts: 3,
    maxSeconds: 5,
    children: [
      mcp(parts), // programs and addresses that the operator has named
      serviceTools(parts), // found on the bus
    ],
  });
