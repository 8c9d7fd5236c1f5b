/**
 * A program that runs commands, to be killed. Its arguments: the folder of the compiled program, a data directory, and
 * the commands as JSON. It says the launcher's number when it has begun all of them.
 */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const [dist, dir, commandsJson] = process.argv.slice(2);
const load = (path) => import(pathToFileURL(join(dist, 'src', path)).href);
const { startTree, supervisor, System } = await load('otp/index.js');
const { commands, commandsServerName } = await load('tools/commands/commands-server.js');
const { commandsName } = await load('tools/commands/runner.js');

const system = new System();
const notices = { info: () => undefined, warn: () => undefined };
const child = commands({ dataDir: dir, spillFolder: join(dir, 'tool-output'), notices });
await startTree(system, supervisor({ id: 'root', strategy: 'one_for_one', children: [child] }));

const runner = system.fetch(commandsName);
for (const [at, command] of JSON.parse(commandsJson).entries())
  runner.start(
    {
      key: { tenant: 't', sessionId: 's' },
      workingDirectory: join(dir, 'work'),
      memory: {},
      turnId: 'turn',
      toolUseId: `toolu_${at}`,
      name: 'Bash',
      input: { command, run_in_background: at % 2 === 0 },
    },
    { outcome: () => undefined },
  );

const timer = setInterval(async () => {
  const { pid } = await system.fetch(commandsServerName).call('status');
  if (pid === undefined) return;
  clearInterval(timer);
  process.stdout.write(`${pid}\n`);
}, 5);
setInterval(() => undefined, 1_000);
