#!/usr/bin/env node
/** The `greenroom` program: gives the command line this process's streams, clock and daemon. */
import { once } from 'node:events';
import { connectClient } from '../client/client.ts';
import { newestSonnet } from '../session/pricing/price.ts';
import { version } from '../version.ts';
import { runCli } from './run.ts';
import type { Screen, Shell } from './shell.ts';

const screen = (stream: NodeJS.WriteStream): Screen => ({
  write: (text) => void stream.write(text),
  drained: async () => {
    if (stream.writableNeedDrain) await once(stream, 'drain');
  },
  isTerminal: stream.isTTY,
  columns: stream.isTTY ? stream.columns : undefined,
});

const shell: Shell = {
  stdout: screen(process.stdout),
  stderr: screen(process.stderr),
  stdin: process.stdin,
  env: process.env,
  cwd: process.cwd(),
  version,
  // biome-ignore lint/plugin: the command line's own process has no system to ask
  nowMs: () => Date.now(),
  // biome-ignore lint/plugin: the same
  sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
  connect: connectClient,
  // The daemon's modules are heavy: only `start` pays for them.
  // Once stopped it exits: a socket or timer that some library still holds must not keep it.
  runDaemon: async (config, log) => {
    const { runDaemon } = await import('../daemon.ts');
    return process.exit(await runDaemon(config, log));
  },
  storeCare: async () => (await import('../storage/care.ts')).storeCare,
  examineBroker: async (place) => (await import('../nats/examine-broker.ts')).examineBroker(place),
  newestModel: newestSonnet,
};

/** `greenroom … | head` closes our output early: that is no failure of ours. */
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

/** What nobody reads is not written, and stops nothing. */
process.stderr.on('error', () => undefined);

process.exitCode = await runCli(process.argv.slice(2), shell);
