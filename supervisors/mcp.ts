/** MCP servers as tools of sessions. Their tools stay listed while a server is away, so what callers hold stands before the servers. */
import { join } from 'node:path';
import type { ChildSpec } from '../src/otp/child-spec.ts';
import { dynamicSupervisor } from '../src/otp/dynamic-supervisor.ts';
import { supervisor } from '../src/otp/supervisor.ts';
import { TOOL_OUTPUT } from '../src/storage/files/session-folders.ts';
import { mcpServer } from '../src/tools/mcp/mcp-server.ts';
import { McpToolsServer } from '../src/tools/mcp/mcp-tools.ts';
import { McpStarter, mcpSupervisorName } from '../src/tools/mcp/starting.ts';
import type { Parts } from './parts.ts';

export const mcp = ({
  config,
  log,
  mcpServers: servers,
  connectors,
}: Pick<Parts, 'config' | 'log' | 'mcpServers' | 'connectors'>): ChildSpec =>
  supervisor({
    id: 'mcp',
    strategy: 'rest_for_one',
    maxRestarts: 3,
    maxSeconds: 5,
    children: [
      McpToolsServer.childSpec(
        {
          servers,
          connectors: connectors.map(({ name }) => name),
          sessionHosts: config.sessionMcpHosts?.split(',') ?? [],
          maxSessionServers: config.sessionMcpServers,
          dataDir: config.store === 'memory:' ? undefined : config.dataDir,
          spillFolder: join(config.dataDir, TOOL_OUTPUT),
          notices: log,
        },
        { id: 'tools', shutdownMs: 15_000 }, // what sessions see: it ends what servers leave
      ),
      dynamicSupervisor({
        id: 'servers',
        name: mcpSupervisorName,
        maxChildren: 1 + servers.length + 2 * config.sessionMcpServers, // those that are being stopped count too
        maxRestarts: 10, // of one server; one that goes on failing is given up after five minutes
        maxSeconds: 1_800,
        backoff: { firstMs: 1_000, factor: 2, maxMs: 60_000 },
        child: mcpServer,
      }),
      McpStarter.childSpec(
        { servers: servers.flatMap(({ name, isPerSession }) => (isPerSession ? [] : [name])) },
        { id: 'starter' },
      ), // all of them, and again those that were given up
    ],
  });
