/** The command line with this process's streams, clock and daemon. */
import { randomUUID } from 'node:crypto';
import { isatty } from 'node:tty';
import { version } from '../platform/version.ts';
import { newestSonnet } from '../pricing/price.ts';
import { isAskedByShell } from './command-table.ts';
import { launchAgain } from './launcher.ts';
import { runCli } from './run.ts';
import type { Shell } from './shell.ts';
import { ask, openPager, programName, screen } from './terminal.ts';

/** Of one try, and there are two: who waits for more knows that the address is wrong. */
const CONNECT_MS = 2_500;

const isInteractive = isatty(0) && isatty(2);

const parts = async () => (await import('./daemon-parts.ts')).daemonParts;

const shellOf = (script: string): Shell => ({
  stdout: screen(process.stdout),
  stderr: screen(process.stderr),
  // Made by its first use: it takes longer than to read the settings.
  get stdin() {
    return process.stdin;
  },
  env: process.env,
  cwd: process.cwd(),
  version,
  script,
  // biome-ignore lint/plugin: what data could foresee it could also write
  mark: randomUUID(),
  // biome-ignore lint/plugin: the command line's own process has no system to ask
  nowMs: () => Date.now(),
  sleep: (ms, givenUp) =>
    new Promise((resolve) => {
      // biome-ignore lint/plugin: the same
      const timer = setTimeout(resolve, ms);
      givenUp?.addEventListener('abort', () => clearTimeout(timer), { once: true });
    }),
  connect: async (address) => {
    const { connectClient } = await import('../client/client.ts');
    const { connectTimeoutMs = CONNECT_MS } = address;
    return connectClient({ ...address, connectTimeoutMs });
  },
  program: programName(process.argv[1], process.env),
  ...(isInteractive ? { ask } : {}),
  ...(isInteractive && process.stdout.isTTY
    ? {
        readMessage: (...typed) =>
          import('./chat/line-reader.ts').then((at) => at.readMessage(...typed)),
      }
    : {}),
  openPager: () => openPager(process.stdout, process.env),
  onInterrupt: (listener) => {
    process.on('SIGINT', listener);
    return () => void process.off('SIGINT', listener);
  },
  // Once stopped it exits: a socket or timer that some library still holds must not keep it.
  runDaemon: async (...given) => process.exit(await (await parts()).runDaemon(...given)),
  launch: launchAgain(script),
  examineFiles: async (config) => (await parts()).examineFiles(config),
  storeCare: async () => (await parts()).storeCare(),
  verifyDerived: async (config) => (await parts()).verifyDerived(config),
  backupsCare: async () => (await parts()).backupsCare(),
  examineBroker: async (...given) => (await parts()).examineBroker(...given),
  newestModel: newestSonnet,
});

/** @param script the file of this program */
export const runProgram = async (script: string): Promise<void> => {
  process.exitCode = UNSETTLED;
  process.stdout.on('error', noMoreOutput);
  // What nobody reads is not written, and stops nothing.
  process.stderr.on('error', () => undefined);
  const args = process.argv.slice(2);
  process.exitCode = await runCli(args, shellOf(script));
  // A broker that does not answer keeps a socket, and with it the process, for seconds, or for as long as it hangs.
  if (process.exitCode !== 0 || isAskedByShell(args)) exitWhenWritten();
};

const exitWhenWritten = (): void => {
  process.stderr.write('', () => process.stdout.write('', () => process.exit()));
};

/** Of a call that never settles, when nothing is left to wait for: Node's own for such an `await`. */
const UNSETTLED = 13;

/** `greenroom … | head` closes our output early: that is no failure of ours. */
const noMoreOutput = (error: NodeJS.ErrnoException): void => {
  if (error.code === 'EPIPE') process.exit(0);
  process.stderr.write(`error: the output cannot be written: ${error.message}\n`);
  process.exit(1);
};
