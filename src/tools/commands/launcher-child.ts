/**
 * The program of the launcher's process: it starts all commands, so that no fork stops the loop of its owner. Its
 * argument: its mark.
 *
 * 1. It ends when its channel does, and nothing that it started outlives it: it ends all groups, then sweeps what has
 *    left them.
 * 2. Signals that are meant for its owner reach it too: it does not heed them.
 * 3. A command holds no thread.
 */
import process from 'node:process';
import { pause } from '../../otp/clock.ts';
import { systemClock as clock } from '../../otp/system-clock.ts';
import { Command } from './command.ts';
import { Groups } from './group.ts';
import { Pipes, removePipes } from './pipes.ts';
import { probe } from './sandbox.ts';
import { Strays, sweep } from './sweep.ts';
import type { FromLauncher, Printed, ToLauncher } from './wire.ts';

const mark = process.argv[2] ?? '';
/** Between the polite signal and the other one, when the owner is gone. */
const GRACE_MS = 500;
const LOOK_MS = 10;

const groups = new Groups(clock);
const pipes = new Pipes(mark);
const strays = new Strays(mark, clock);
const commands = new Map<number, Command>();

/** What is on its way to the owner. */
const unsent = new Set<FromLauncher>();

const tell = (message: FromLauncher): void => {
  if (!process.connected) return;
  unsent.add(message);
  process.send?.(message, undefined, undefined, () => unsent.delete(message));
};

const missing = probe(process.env['PATH']);

const run = async ({ id, spec }: Extract<ToLauncher, { type: 'run' }>): Promise<void> => {
  const command = new Command(id, spec, { clock, groups, pipes, strays, missing, tell });
  commands.set(id, command);
  try {
    await command.run();
  } finally {
    commands.delete(id);
  }
};

const groupsNow = (): readonly number[] => [...commands.values()].flatMap(({ pid }) => pid ?? []);

const endAll = async (): Promise<never> => {
  await Promise.all(groupsNow().map((pid) => groups.end(pid, GRACE_MS)));
  await sweep(mark, clock);
  removePipes(mark);
  process.exit(0);
};

const close = async (): Promise<void> => {
  for (const command of commands.values()) command.end('cancelled');
  while (commands.size > 0 || unsent.size > 0) await pause(clock, LOOK_MS);
  await endAll();
};

/** Of one that has ended the owner has all. */
const read = async (id: number): Promise<Printed> =>
  (await commands.get(id)?.read()) ?? { text: '' };

const hear = (message: ToLauncher): void => {
  switch (message.type) {
    case 'run':
      void run(message);
      return;
    case 'end':
      commands.get(message.id)?.end('cancelled');
      return;
    case 'read':
      void read(message.id).then((printed) => tell({ type: 'printed', ask: message.ask, printed }));
      return;
    case 'close':
      void close();
  }
};

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);
process.on('disconnect', () => void endAll());
if (!process.connected) process.exit(0);
process.on('message', hear);
void missing.then((why) =>
  tell(why === undefined ? { type: 'ready' } : { type: 'ready', missing: why }),
);
