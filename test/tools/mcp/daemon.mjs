/**
 * A program with MCP servers, to be killed. Its arguments: the folder of the compiled program, a data directory, and the
 * file of servers. It says the numbers of the servers' processes and of their keeper when one of them has started others.
 */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const [dist, dir, file] = process.argv.slice(2);
const load = (path) => import(pathToFileURL(join(dist, path)).href);
const { startTree, System } = await load('src/otp/index.js');
const { mcp } = await load('supervisors/mcp.js');
const { mcpGroundName, mcpToolsName } = await load('src/tools/mcp/mcp-tools.js');
const { mcpServersIn } = await load('src/tools/mcp/settings.js');

const system = new System();
const log = { info: () => undefined, warn: () => undefined };
const config = { dataDir: dir, store: 'lmdb:', sessionMcpServers: 10 };
await startTree(system, mcp({ connectors: [], config, log, mcpServers: mcpServersIn(file) }));

const tools = system.fetch(mcpToolsName);
const { doors, keeper } = system.fetch(mcpGroundName);
const timer = setInterval(() => {
  if (!tools.status().every(({ state }) => state === 'connected')) return;
  clearInterval(timer);
  const call = {
    key: { tenant: 't', sessionId: 's' },
    workingDirectory: dir,
    memory: {},
    turnId: 'turn',
    toolUseId: 'toolu_1',
    name: 'mcp__test__children',
    input: {},
  };
  tools.start(call, {
    outcome: () => {
      const servers = [...doors.values()].map(({ state }) => state.connection.pid);
      process.stdout.write(`${JSON.stringify({ servers, keeper: keeper.pid })}\n`);
    },
  });
}, 5);
setInterval(() => undefined, 1_000);
