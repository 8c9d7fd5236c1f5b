/** Hooks that are commands. */
import type { HookCommands } from './commands/hook-commands.ts';
import type { Ended } from './commands/wire.ts';
import type { Work } from './hook.ts';
import { couldNotStart, messageOf, type Run } from './runner.ts';
import type { Outcome } from './word.ts';

export const runCommand = async (
  commands: HookCommands,
  { command, args }: Extract<Work, { kind: 'command' }>,
  { call, json, signal }: Run,
): Promise<Outcome> => {
  const env = { CLAUDE_PROJECT_DIR: call.projectFolder ?? call.cwd };
  try {
    const end = await commands.run({ command, args, cwd: call.cwd, env, input: json }, signal);
    switch (end.type) {
      case 'full':
        return couldNotStart('too many hooks run or wait already');
      case 'lost':
        return killed('the process that runs hooks has ended');
      case 'ended':
        return outcomeOf(end);
    }
  } catch (error) {
    return couldNotStart(messageOf(error));
  }
};

const outcomeOf = ({ ending, stdout, stderr, isCut }: Ended): Outcome => {
  switch (ending.type) {
    case 'exited':
      return { kind: 'exited', code: ending.code, stdout, stderr, isCut };
    case 'signalled':
      return killed(`it was ended by ${ending.signal}`);
    case 'ended':
      return killed('it was ended');
    case 'too_much':
      return { kind: 'failed', ended: 'bad_output', why: 'it printed more than 64 MiB' };
    case 'not_started':
      return couldNotStart(ending.why);
  }
};

const killed = (why: string): Outcome => ({ kind: 'failed', ended: 'killed', why });
