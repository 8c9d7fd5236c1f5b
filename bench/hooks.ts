/**
 * What does a hook cost? A function, and a command beside its process alone. The floor: the same command started by the
 * launcher's own means, `spawn` in a small process, with the same input and with both outputs read; asked in the same
 * rounds, one at a time.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { HookCommands } from '../src/hooks/commands/hook-commands.ts';
import type { HookTable } from '../src/hooks/hook.ts';
import { HookRunner } from '../src/hooks/hook-runner.ts';
import { Modules } from '../src/hooks/modules.ts';
import { hooksOf, hooksOfFunctions } from '../src/hooks/settings.ts';
import type { SessionId, Tenant, TurnId } from '../src/model/ids.ts';
import { systemClock as clock } from '../src/otp/system-clock.ts';
import { compiledFile } from '../src/platform/compiled.ts';
import type { HookCall } from '../src/session/ports/hooks.ts';
import { commandEnvironment } from '../src/tools/commands/environment.ts';
import { type Bench, bySize, type Settings } from './harness/bench.ts';
import { median, ms, number } from './harness/figures.ts';
import { describeComputer } from './harness/machine.ts';
import { Sheet } from './harness/sheet.ts';

const GOAL_FUNCTION_MS = 0.2;
const GOAL_COMMAND_MS = 1;
const COMMAND = 'read -r line; exit 0';

const roundsOf = (settings: Settings): number =>
  bySize(settings, { smoke: 20, normal: 500, full: 3_000 });

const timed = async (work: () => Promise<unknown>): Promise<number> => {
  const began = process.hrtime.bigint();
  await work();
  return Number(process.hrtime.bigint() - began) / 1e6;
};

const callIn = (cwd: string): HookCall => ({
  event: 'PreToolUse',
  key: { tenant: 't' as Tenant, sessionId: 's' as SessionId },
  turnId: 'turn' as TurnId,
  cwd,
  permissionMode: 'default',
  subject: 'Bash',
  fields: { tool_name: 'Bash', tool_input: { command: 'npm test' }, tool_use_id: 'toolu_1' },
});

export const hooks: Bench = {
  name: 'hooks',
  question: 'What does a hook cost?',
  run: async (settings) => {
    const sheet = new Sheet();
    describeComputer(sheet);
    const cwd = join(settings.scratch, 'hooks');
    mkdirSync(cwd, { recursive: true });
    sheet.configure('command', COMMAND);
    sheet.configure('rounds', number(roundsOf(settings)));
    const commands = new HookCommands({ clock, traceFolder: cwd, warn: () => undefined });
    const modules = new Modules(clock);
    const bare = await bareSpawner(cwd);
    const asked = (table: HookTable) => {
      const switches = { ...ON, audit: true };
      const parts = { clock, table, switches, commands, modules, bus: () => undefined };
      const files = { readLink: () => undefined };
      const runner = new HookRunner({ ...parts, files, home: cwd, warn: () => undefined });
      return () => runner.run(callIn(cwd));
    };
    const byFunction = asked(hooksOfFunctions({ PreToolUse: [{ hooks: [() => undefined] }] }));
    const group = { hooks: [{ type: 'command', command: COMMAND }] };
    const byCommand = asked(hooksOf({ hooks: { PreToolUse: [group] } }, cwd, { env: {} }));
    const figures = { function: [] as number[], command: [] as number[], floor: [] as number[] };
    for (const work of [byFunction, byCommand, bare.spawn]) await work(); // what is started once
    for (let round = 0; round < roundsOf(settings); round += 1) {
      figures.function.push(await timed(byFunction));
      figures.command.push(await timed(byCommand));
      figures.floor.push(await timed(bare.spawn));
    }
    const { runs } = await byCommand();
    bare.end();
    await Promise.all([commands.close(), modules.close()]);
    const [fn, command, floor] = [figures.function, figures.command, figures.floor].map(median);
    report(sheet, { fn: fn ?? 0, command: command ?? 0, floor: floor ?? 0 });
    sheet.check('the command runs', runs[0]?.ended === 'ok', JSON.stringify(runs));
    return sheet;
  },
};

const ON = { metrics: true, notification: true, custom: true, persistence: true };

interface Medians {
  readonly fn: number;
  readonly command: number;
  readonly floor: number;
}

const report = (sheet: Sheet, { fn, command, floor }: Medians): void => {
  sheet.table(
    'One hook, p50',
    ['hook', 'takes', 'its process alone', 'beside it'],
    [
      ['a function', ms(fn), '', ms(fn)],
      ['a command', ms(command), ms(floor), ms(command - floor)],
    ],
  );
  sheet.goal('a function', `at most ${ms(GOAL_FUNCTION_MS)}`, ms(fn), fn <= GOAL_FUNCTION_MS);
  sheet.goal(
    'a command beside its process',
    `at most ${ms(GOAL_COMMAND_MS)}`,
    ms(command - floor),
    command - floor <= GOAL_COMMAND_MS,
  );
};

/** A process that starts the command when it is told to, and says when it has ended and its outputs are read. */
const bareSpawner = async (cwd: string) => {
  const child = fork(compiledFile(import.meta.url, './programs/bare-spawn.js'), [], {
    execArgv: ['--max-semi-space-size=8'],
  });
  const input = JSON.stringify(callIn(cwd).fields);
  const env = commandEnvironment({});
  await once(child, 'message');
  return {
    spawn: async () => {
      const done = once(child, 'message');
      child.send({ command: COMMAND, cwd, env, input });
      await done;
    },
    end: () => void child.disconnect(),
  };
};
