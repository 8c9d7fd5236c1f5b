/**
 * The rehearsal server as a child process: `node main.js [--port N]`.
 *
 * 1. Prints one line of JSON when it is ready: `{"ready":true,"url":"http://127.0.0.1:PORT"}`.
 * 2. Ends when its stdin closes, so it cannot outlive the process that started it, and on SIGTERM.
 */
import { parseArgs } from 'node:util';
import { type Rehearsal, startRehearsal } from './server.ts';

const portOf = (args: readonly string[]): number => {
  const { values } = parseArgs({ args: [...args], options: { port: { type: 'string' } } });
  const port = Number(values.port ?? 0);
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw new Error(`--port must be 0 to 65535, not ${values.port}`);
  return port;
};

const endWith = (rehearsal: Rehearsal): void => {
  const end = (): void => void rehearsal.close().then(() => process.exit(0));
  process.once('SIGTERM', end);
  process.once('SIGINT', end);
  process.stdin.once('end', end);
  process.stdin.once('close', end);
  process.stdin.once('error', end);
  process.stdin.resume();
};

const run = async (): Promise<void> => {
  const rehearsal = await startRehearsal({ port: portOf(process.argv.slice(2)) });
  endWith(rehearsal);
  process.stdout.on('error', () => undefined); // nobody reads: the closing stdin ends us
  process.stdout.write(`${JSON.stringify({ ready: true, url: rehearsal.url })}\n`);
};

run().catch((error: unknown) => {
  process.stderr.write(`rehearsal: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
