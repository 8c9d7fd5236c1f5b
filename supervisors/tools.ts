/** Where tools run. The toolbox ends with those that it gives calls to: so a session whose call is lost learns it from one DOWN. */
import { join } from 'node:path';
import { onlyIf } from '../src/otp/only-if.ts';
import { supervisor } from '../src/otp/supervisor.ts';
import { TOOL_OUTPUT } from '../src/storage/files/session-folders.ts';
import { AgentsServer, agentsName } from '../src/tools/agents/agents-server.ts';
import { commands } from '../src/tools/commands/commands-server.ts';
import { commandsName } from '../src/tools/commands/runner.ts';
import { mcpToolsName } from '../src/tools/mcp/mcp-tools.ts';
import { functionTools, functionToolsName } from '../src/tools/own/function-tools.ts';
import { serviceToolsName } from '../src/tools/services/service-tools.ts';
import { ToolboxServer } from '../src/tools/toolbox.ts';
import {
  fileTools,
  fileToolsName,
  moduleTools,
  moduleToolsName,
  ToolsPool,
  webTools,
  webToolsName,
} from '../src/tools/tools-pool.ts';
import type { Parts } from './parts.ts';
import { toolServers } from './tool-servers.ts';

export const tools = (parts: Parts) => {
  const { config, log, sessions, agentTypes, ownTools, lent } = parts;
  return supervisor({
    id: 'tools',
    strategy: 'rest_for_one',
    maxRestarts: 3,
    maxSeconds: 5,
    children: [
      ToolsPool.childSpec(fileTools, { id: 'files' }), // threads for tools that read and write files
      ToolsPool.childSpec(webTools({ privateHosts: config.webPrivateHosts?.split(',') ?? [] }), {
        id: 'web',
      }), // a thread for tools that wait for the network
      commands({
        dataDir: config.store === 'memory:' ? undefined : config.dataDir,
        spillFolder: join(config.dataDir, TOOL_OUTPUT),
        sandbox: config.sandbox,
        notices: log,
      }), // the launcher of shell commands
      AgentsServer.childSpec(
        {
          sessions,
          types: agentTypes,
          maxDepth: config.agentDepth,
          maxPerTurn: config.agentsPerTurn,
          connectors: parts.connectors.map(({ name }) => name),
        },
        { id: 'agents' },
      ), // sub-agents: turns in sessions of their own
      functionTools({ tools: ownTools.functions, lent }), // functions of the program that this runs in
      ToolsPool.childSpec(moduleTools(ownTools.modules), { id: 'modules' }), // threads for tools that modules bring
      onlyIf(config.tools === 'on', toolServers(parts)), // tools that others bring
      ToolboxServer.childSpec(
        {
          lent:
            config.tools === 'off'
              ? undefined
              : (system) => [system.fetch(mcpToolsName), system.fetch(functionToolsName)],
          runners: (system) =>
            config.tools === 'off'
              ? []
              : [
                  system.fetch(fileToolsName), // what is built in has its names first
                  system.fetch(webToolsName),
                  system.fetch(commandsName),
                  system.fetch(agentsName),
                  system.fetch(functionToolsName),
                  system.fetch(moduleToolsName),
                  system.fetch(mcpToolsName),
                  system.fetch(serviceToolsName),
                ],
        },
        { id: 'toolbox' },
      ), // gives each call to one of these
    ],
  });
};
