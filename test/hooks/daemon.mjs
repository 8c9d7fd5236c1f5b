/**
 * A program that runs hooks, to be killed. Its arguments: the folder of the compiled program, a folder for hooks to run in,
 * and their commands as JSON. It says the launcher's number when all have begun.
 */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const [dist, dir, commandsJson] = process.argv.slice(2);
const load = (path) => import(pathToFileURL(join(dist, 'src', path)).href);
const { startTree, supervisor, System } = await load('otp/index.js');
const { hooksServer, hooksServerName } = await load('hooks/hooks-server.js');
const { hooksOf } = await load('hooks/settings.js');
const { hooksName } = await load('session/ports/hooks.js');

const commands = JSON.parse(commandsJson);
const hooks = commands.map((command) => ({ type: 'command', command }));
const system = new System();
const child = hooksServer({
  table: () => hooksOf({ hooks: { Stop: [{ hooks }] } }, dir, { env: {} }),
  switches: { audit: true, metrics: true, notification: true, custom: true, persistence: true },
  traceFolder: join(dir, 'trace'),
  home: dir,
  notices: { warn: () => undefined },
});
await startTree(system, supervisor({ id: 'root', strategy: 'one_for_one', children: [child] }));
void system.fetch(hooksName).run({
  event: 'Stop',
  key: { tenant: 't', sessionId: 's' },
  cwd: dir,
  permissionMode: 'default',
  fields: {},
});

const timer = setInterval(async () => {
  const { pid, running } = await system.fetch(hooksServerName).call('status');
  if (pid === undefined || running < commands.length) return;
  clearInterval(timer);
  process.stdout.write(`${pid}\n`);
}, 5);
setInterval(() => undefined, 1_000);
