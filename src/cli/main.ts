#!/usr/bin/env node
/** The `greenroom` program: gives the command line this process's streams, clock and daemon. */
import { randomUUID } from 'node:crypto';
import { connectClient } from '../client/client.ts';
import { version } from '../platform/version.ts';
import { newestSonnet } from '../pricing/price.ts';
import { launchAgain } from './launcher.ts';
import { runCli } from './run.ts';
import type { Shell } from './shell.ts';
import { ask, openPager, programName, screen } from './terminal.ts';

/** Of one try, and there are two: who waits for more knows that the address is wrong. */
const CONNECT_MS = 2_500;

const isInteractive = Boolean(process.stdin.isTTY && process.stderr.isTTY);

const shell: Shell = {
  stdout: screen(process.stdout),
  stderr: screen(process.stderr),
  stdin: process.stdin,
  env: process.env,
  cwd: process.cwd(),
  version,
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
  connect: (address) => connectClient({ ...address, connectTimeoutMs: CONNECT_MS }),
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
  // The daemon's modules are heavy: only `start` pays for them.
  // Once stopped it exits: a socket or timer that some library still holds must not keep it.
  runDaemon: async (config, log, again) => {
    const { runDaemon } = await import('../app/daemon.ts');
    return process.exit(await runDaemon(config, log, again));
  },
  launch: launchAgain(process.argv[1] ?? ''),
  examineFiles: async (config) => (await import('../app/settings-files.ts')).faultsOfFiles(config),
  storeCare: async () => (await import('../storage/backup/care.ts')).storeCare,
  examineBroker: async (place, storeDir) => {
    const { readStoreFile } = await import('../storage/verify/store-file.ts');
    const { examineBroker } = await import('../nats/examine-broker.ts');
    return examineBroker({ ...place, storeId: readStoreFile(storeDir)?.storeId });
  },
  newestModel: newestSonnet,
};

/** `greenroom … | head` closes our output early: that is no failure of ours. */
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  process.stderr.write(`error: the output cannot be written: ${error.message}\n`);
  process.exit(1);
});

/** What nobody reads is not written, and stops nothing. */
process.stderr.on('error', () => undefined);

process.exitCode = await runCli(process.argv.slice(2), shell);
