/**
 * The program of the process that starts hooks, so that no fork stops the loop of its owner. Its argument: its mark.
 *
 * 1. It ends when its channel does, and nothing that it started outlives it: it ends all groups, then sweeps what has
 *    left them.
 * 2. Signals that are meant for its owner reach it too: it does not heed them.
 */
import process from 'node:process';
import { systemClock as clock } from '../../otp/system-clock.ts';
import { Groups } from '../../tools/commands/group.ts';
import { Pipes, removePipes } from '../../tools/commands/pipes.ts';
import { Strays, sweep } from '../../tools/commands/sweep.ts';
import { Command } from './command.ts';
import { ReadyStreams } from './streams.ts';
import type { FromLauncher, ToLauncher } from './wire.ts';

const mark = process.argv[2] ?? '';
/** Between the polite signal and the other one, when the owner is gone. */
const GRACE_MS = 500;

const groups = new Groups(clock);
const strays = new Strays(mark, clock);
const streams = new ReadyStreams(mark, new Pipes(mark));
const commands = new Map<number, Command>();

const tell = (message: FromLauncher): void => {
  if (process.connected) process.send?.(message, undefined, undefined, () => undefined);
};

const run = async ({ id, spec }: Extract<ToLauncher, { type: 'run' }>): Promise<void> => {
  const command = new Command(id, spec, { clock, groups, streams, strays, tell });
  commands.set(id, command);
  try {
    await command.run();
  } finally {
    commands.delete(id);
  }
};

const endAll = async (): Promise<never> => {
  const pids = [...commands.values()].flatMap(({ pid }) => pid ?? []);
  await Promise.all(pids.map((pid) => groups.end(pid, GRACE_MS)));
  await sweep(mark, clock);
  removePipes(mark);
  process.exit(0);
};

const hear = (message: ToLauncher | { readonly type: 'close' }): void => {
  switch (message.type) {
    case 'run':
      void run(message);
      return;
    case 'end':
      commands.get(message.id)?.end('ended');
      return;
    case 'close':
      void endAll();
  }
};

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);
process.on('disconnect', () => void endAll());
if (!process.connected) process.exit(0);
process.on('message', hear);
