/**
 * What does a hook cost? A function, and a command beside its process alone. The floor: the same command started by `spawn`
 * in a small process, with the same input and with both outputs read; asked in the same rounds, one at a time.
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
import { builtFile } from '../src/platform/compiled.ts';
import type { HookCall } from '../src/session/ports/hooks.ts';
import { commandEnvironment } from '../src/tools/commands/environment.ts';
import { type Bench, bySize, type Settings } from './harness/bench.ts';
import { median, ms, number, quantile } from './harness/figures.ts';
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
      const parts = {
        clock,
        table: () => table,
        switches,
        commands,
        modules,
        bus: () => undefined,
      };
      const files = { readLink: () => undefined };
      const runner = new HookRunner({ ...parts, files, home: cwd, warn: () => undefined });
      return () => runner.run(callIn(cwd));
    };
    const byFunction = asked(hooksOfFunctions({ PreToolUse: [{ hooks: [() => undefined] }] }));
    const group = { hooks: [{ type: 'command', command: COMMAND }] };
    const byCommand = asked(hooksOf({ hooks: { PreToolUse: [group] } }, cwd, { env: {} }));
    const figures = { function: [] as number[], command: [] as number[], floor: [] as number[] };
    for (const work of [byFunction, byCommand, bare.spawn]) await work(); // what is started once
    for (let round = 0; round < roundsOf(settings); round += 1)
      figures.function.push(await timed(byFunction));
    for (let round = 0; round < roundsOf(settings); round += 1) {
      figures.command.push(await timed(byCommand));
      figures.floor.push(await timed(bare.spawn));
    }
    const { runs } = await byCommand();
    bare.end();
    await Promise.all([commands.close(), modules.close()]);
    report(sheet, figures);
    sheet.check('the command runs', runs[0]?.ended === 'ok', JSON.stringify(runs));
    return sheet;
  },
};

const ON = { metrics: true, notification: true, custom: true, persistence: true };

interface Figures {
  readonly function: readonly number[];
  readonly command: readonly number[];
  readonly floor: readonly number[];
}

/** Also of the quickest tenth: what a busy machine takes from both is not in it. */
const QUANTILES = [0.5, 0.1];

const sorted = (values: readonly number[]) => Float64Array.from(values).sort();

const report = (sheet: Sheet, figures: Figures): void => {
  const rows = QUANTILES.map((q) => ({
    q,
    fn: quantile(sorted(figures.function), q),
    command: quantile(sorted(figures.command), q),
    floor: quantile(sorted(figures.floor), q),
  }));
  sheet.table(
    'One hook',
    ['of all rounds', 'a function', 'a command', 'its process alone', 'beside it'],
    rows.map(({ q, fn, command, floor }) => [
      `p${q * 100}`,
      ...[fn, command, floor, command - floor].map(ms),
    ]),
  );
  const fn = median(figures.function);
  const beside = median(figures.command) - median(figures.floor);
  sheet.goal('a function', `at most ${ms(GOAL_FUNCTION_MS)}`, ms(fn), fn <= GOAL_FUNCTION_MS);
  sheet.goal(
    'a command beside its process',
    `at most ${ms(GOAL_COMMAND_MS)}`,
    ms(beside),
    beside <= GOAL_COMMAND_MS,
  );
};

/** A process that starts the command when it is told to, and says when it has ended and its outputs are read. */
const bareSpawner = async (cwd: string) => {
  const child = fork(builtFile('bench/programs/bare-spawn.js'), [], {
    execArgv: ['--max-semi-space-size=8'],
  });
  const input = JSON.stringify(callIn(cwd).fields);
  // bash takes a socket on its standard input for a login from afar, and reads its user's files, unless it is in a shell.
  const env = { ...commandEnvironment({}), SHLVL: '1' };
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
