/** The `greenroom` command: one call from its arguments to its exit code. Never throws, never exits. */
import { Command, CommanderError, InvalidArgumentError } from 'commander';
import { guess } from '../platform/guess.ts';
import { CleanScreen } from './clean-screen.ts';
import { commandsFor } from './command-table.ts';
import {
  asTyped,
  type CliError,
  type ExitCode,
  type Failure,
  failureJson,
  failureOf,
  failureText,
  usageError,
} from './failure.ts';
import { inTypedWords } from './flag-names.ts';
import type { Registration } from './invocation.ts';
import type { Shell } from './shell.ts';
import { programHere, type Whereabouts } from './typed-here.ts';

/** `args` without node and the script. */
export const runCli = async (args: readonly string[], outside: Shell): Promise<number> => {
  const shell = withCleanScreens(outside);
  let exitCode = 0;
  const isJson = asksForJson(args);
  let program: Command | undefined;
  try {
    program = await buildProgram(shell, args, (code) => {
      exitCode = code;
    });
    await program.parseAsync(args, { from: 'user' });
    return exitCode;
  } catch (error) {
    const here = programHere(shell.program, program?.opts<Whereabouts>() ?? {});
    return report(error, shell, { args, program: here, isJson });
  }
};

/** Over it rather than a copy of it, as its streams are made by their first use. */
const withCleanScreens = (shell: Shell): Shell =>
  Object.create(shell, {
    stdout: { value: new CleanScreen(shell.stdout, shell.mark) },
    stderr: { value: new CleanScreen(shell.stderr, shell.mark) },
  });

const buildProgram = async (
  shell: Shell,
  args: readonly string[],
  finish: (exitCode: number) => void,
): Promise<Command> => {
  const isJson = asksForJson(args);
  const program = new Command('greenroom')
    .description('Keeps Claude agent sessions alive: supervised, durable, reachable over NATS.')
    .version(shell.version)
    .option('--json', 'JSON instead of text: one object, or one per line')
    .option('--data <dir>', 'data directory of the daemon')
    .option('--config <file>', 'configuration file (default: greenroom.config.json)')
    .option('--servers <urls>', 'broker to use')
    .option('--creds <file>', 'credentials for that broker')
    .option('--inbox-prefix <subject>', 'where answers come, if not below _INBOX')
    .option('--prefix <token>', 'first token of every subject')
    .option('--tenant <id>', 'tenant to work for')
    .option('--log-level <level>', 'trace, debug, info, warn, error, fatal or silent')
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      writeOut: (text) => shell.stdout.write(text),
      // A wrong call that asked for JSON is told by `report`.
      writeErr: (text) => isJson || shell.stderr.write(text),
      getOutHelpWidth: () => shell.stdout.columns ?? 100,
      getErrHelpWidth: () => shell.stderr.columns ?? 100,
    })
    .showHelpAfterError(`  next: ${ADD_HELP}`)
    .exitOverride();
  program.on('command:*', ([name = '']: readonly string[]) => {
    throw unknownCommand(program, name);
  });
  const registration: Registration = { program, shell, finish };
  for (const register of await commandsFor(args)) register(registration);
  return program;
};

/** Where the word is a command of a group, that one is meant; else one that is spelt nearly so. */
const unknownCommand = (program: Command, name: string): CliError => {
  const groups = program.commands.filter(({ commands }) =>
    commands.some((below) => below.name() === name),
  );
  const meant = groups.map((group) => `greenroom ${group.name()} ${name}`).join(', or ');
  const near = guess(
    name,
    program.commands.map((command) => command.name()),
  );
  return usageError(`there is no command ${name}${near}`, meant === '' ? ADD_HELP : meant);
};

const typedHere = (failure: Failure, program: string): Failure => ({
  ...failure,
  nextStep: failure.nextStep && asTyped(failure.nextStep, program),
});

/** Behind `--` stand names and prompts, whatever they look like. */
const asksForJson = (args: readonly string[]): boolean => {
  const end = args.indexOf('--');
  return (end === -1 ? args : args.slice(0, end)).includes('--json');
};

const ADD_HELP = 'add --help to see how it is used';

const wrongCall = ({ message }: CommanderError): CliError =>
  usageError(message.replace(/^error: /, '').replaceAll('\n', ' '), ADD_HELP);

interface Typed {
  readonly args: readonly string[];
  readonly program: string;
  readonly isJson: boolean;
}

const report = (error: unknown, shell: Shell, { args, program, isJson }: Typed): ExitCode => {
  // Commander has printed help that was asked for, and what is wrong with a call unless JSON was asked for. It has not seen
  // what a command itself could not read.
  const isPrinted = error instanceof CommanderError && !(error instanceof InvalidArgumentError);
  if (isPrinted && (error.exitCode === 0 || !isJson)) return error.exitCode === 0 ? 0 : 2;
  const told = error instanceof CommanderError ? wrongCall(error) : error;
  const failure = typedHere(inTypedWords(failureOf(told), args), program);
  shell.stderr.write(isJson ? failureJson(failure) : failureText(failure));
  return failure.exitCode;
};
