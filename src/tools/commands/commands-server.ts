/**
 * The actor behind `Bash`: it owns the launcher and what was begun with it, and registers the runner of its tools under
 * `commandsName`. Calls do not pass its mailbox.
 *
 * 1. Before it takes a call, what an earlier daemon's commands have left running is ended.
 * 2. A session that is deleted takes its commands in the background with it.
 * 3. Its end ends all commands. A dead launcher does not end it: a command could kill the launcher on purpose, and
 *    would spend the restart budget of its supervisor.
 */
import process from 'node:process';
import { z } from 'zod';
import type { ChildSpec } from '../../otp/child-spec.ts';
import { genServer, protocol, reply } from '../../otp/gen-server.ts';
import { type Name, nameOf } from '../../otp/name.ts';
import type { Ref } from '../../otp/ref.ts';
import { journalName } from '../../session/ports/journal.ts';
import { sandboxName } from '../../session/ports/tools.ts';
import { CommandRunner } from './command-runner.ts';
import { Launching } from './launching.ts';
import { endLeftover } from './leftover.ts';
import { commandsName } from './runner.ts';
import { probe } from './sandbox.ts';
import type { SandboxMode } from './wire.ts';

export interface CommandsArgs {
  /** Where the launcher leaves its trace; undefined: the store is in memory, and there is no trace. */
  readonly dataDir: string | undefined;
  /** Long output is in `<spillFolder>/<tenant>/<session>/<tool use>.txt`. Absolute. */
  readonly spillFolder: string;
  /** Default `off`. */
  readonly sandbox?: SandboxMode;
  /** Whether commands in a sandbox have a network. Default false. */
  readonly hasNetwork?: boolean;
  /** Where shells may stand and sandboxed commands write, beside each working directory. Absolute. */
  readonly folders?: readonly string[];
  /** Set for all commands, beside what is handed on of the environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** Commands at a time; default 1,024. */
  readonly maxRunning?: number;
  /** Commands that wait for one of these to end; default 10,000. */
  readonly maxWaiting?: number;
  readonly notices: {
    info(fields: object, message: string): void;
    warn(fields: object, message: string): void;
  };
}

/** For all commands to be ended. */
const SHUTDOWN_MS = 15_000;

const Status = z.object({
  /** Of the launcher; absent: no command has run yet. */
  pid: z.int().optional(),
  running: z.int(),
  waiting: z.int(),
  /** Why there is no sandbox; absent: there is one, or no command has run yet. */
  missingSandbox: z.string().optional(),
});

const commandsProtocol = protocol({ calls: { status: { request: z.void(), reply: Status } } });
type Protocol = typeof commandsProtocol;

/** The actor itself, which says what runs. */
export const commandsServerName: Name<Ref<Protocol>> = nameOf('commands-server');

interface State {
  readonly launching: Launching;
}

const CommandsServer = genServer(commandsProtocol, {
  init: async (args: CommandsArgs, self): Promise<State> => {
    const { clock } = self.system;
    const { dataDir, spillFolder, notices, sandbox = 'off', hasNetwork = false } = args;
    const { folders = [], env, maxRunning, maxWaiting } = args;
    const left = dataDir === undefined ? 0 : await endLeftover(dataDir, clock);
    if (left > 0) notices.warn({ processes: left }, 'ended what earlier commands had left running');
    const warn = notices.warn.bind(notices);
    const launching = new Launching({ clock, dataDir, env, maxRunning, maxWaiting, warn });
    self.own(() => launching.close());
    const runner = { clock, launching, spillFolder, sandbox, hasNetwork, folders, warn };
    const missing = sandbox === 'off' ? undefined : await probe(process.env['PATH']);
    self.register(sandboxName, { mode: sandbox, missing });
    const running = new CommandRunner(runner);
    self.register(commandsName, running);
    const journal = self.system.find(journalName);
    if (journal !== undefined)
      self.own(
        journal.subscribe((changes) => {
          for (const { kind, key } of changes) if (kind === 'delete') running.endTasksOf(key);
        }),
      );
    return { launching };
  },
  handleCall: { status: (_, state) => reply(statusOf(state), state) },
  terminate: (_, { launching }) => launching.close(),
  redact: statusOf,
});

function statusOf({ launching }: State): z.infer<typeof Status> {
  const { pid, running, waiting, missingSandbox } = launching.status;
  return {
    running,
    waiting,
    ...(pid === undefined ? {} : { pid }),
    ...(missingSandbox === undefined ? {} : { missingSandbox }),
  };
}

export const commands = (args: CommandsArgs): ChildSpec<Ref<Protocol>> =>
  CommandsServer.childSpec(args, {
    id: 'commands',
    name: commandsServerName,
    shutdownMs: SHUTDOWN_MS,
  });
