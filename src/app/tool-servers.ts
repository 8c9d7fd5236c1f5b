/** The MCP servers of a running Greenroom, as the verbs of the daemon ask about them. */
import { GreenroomError } from '../model/errors.ts';
import type { System } from '../otp/system.ts';
import type { DaemonFace } from '../session/verbs/daemon-verbs.ts';
import { type McpTools, mcpToolsName } from '../tools/mcp/mcp-tools.ts';

/** @param connectors servers that the API calls. */
export const toolServersOf = (
  system: System,
  connectors: readonly string[] = [],
): Pick<DaemonFace, 'toolServers' | 'changedTool' | 'acceptTool'> => ({
  toolServers: () => [
    ...(system.find(mcpToolsName)?.allStatus() ?? []),
    ...connectors.map((name) => ({ name, state: 'ofApi' as const, tools: 0, changed: [] })),
  ],
  changedTool: (server, tool) => mustHave(system, server, tool).seen,
  acceptTool: ({ server, tool, hash }, by) => {
    const { seen, servers } = mustHave(system, server, tool);
    if (seen.hash !== hash)
      throw invalid('hash', `${tool} of ${server} says something else than what was read`);
    servers.accept(server, tool, by);
  },
});

const mustHave = (system: System, server: string, tool: string) => {
  const servers: McpTools | undefined = system.find(mcpToolsName);
  const seen = servers?.changedTool(server, tool);
  if (servers === undefined || seen === undefined)
    throw invalid('tool', `no changed tool ${tool} of a server ${server} waits to be accepted`);
  return { servers, seen };
};

const invalid = (field: string, why: string): GreenroomError =>
  new GreenroomError('invalid_request', `${field}: ${why}`, { details: { field } });
