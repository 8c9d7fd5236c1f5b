/**
 * The actor behind hooks: it owns the process that starts their commands and the threads of their modules, and registers
 * what sessions ask under `hooksName`. Runs do not pass its mailbox.
 *
 * 1. Before a hook runs, what an earlier daemon's hooks have left running is ended.
 * 2. Its end ends all hooks. A launcher or a thread that dies does not end it.
 */
import { z } from 'zod';
import type { PerSession } from '../model/per-session.ts';
import type { ChildSpec } from '../otp/child-spec.ts';
import { genServer, protocol, reply } from '../otp/gen-server.ts';
import { type Name, nameOf } from '../otp/name.ts';
import type { Ref } from '../otp/ref.ts';
import { readLink } from '../platform/links.ts';
import { busName } from '../session/ports/bus.ts';
import { hooksName } from '../session/ports/hooks.ts';
import { endLeftover } from '../tools/commands/leftover.ts';
import { HookCommands } from './commands/hook-commands.ts';
import type { HookTable } from './hook.ts';
import { HookRunner, type HookSwitches } from './hook-runner.ts';
import { Modules } from './modules.ts';

export interface HooksArgs {
  /** Asked at each event. */
  readonly table: () => HookTable;
  /** Beside the table, of single sessions. */
  readonly lent?: PerSession<{ readonly hooks: HookTable }> | undefined;
  readonly switches: HookSwitches;
  /** A folder for the trace of what is started; undefined: the store is in memory, and there is no trace. */
  readonly traceFolder: string | undefined;
  /** Absolute; for `~` in `if` rules. */
  readonly home: string | undefined;
  /** Commands at a time; default 64. */
  readonly maxRunning?: number | undefined;
  /** Commands that wait for one of these to end; default 10,000. */
  readonly maxWaiting?: number | undefined;
  readonly notices: { warn(fields: object, message: string): void };
}

/** For all commands to be ended. */
const SHUTDOWN_MS = 15_000;

const Status = z.object({
  /** Of the launcher; absent: no command has run yet. */
  pid: z.int().optional(),
  running: z.int(),
  waiting: z.int(),
  threads: z.int(),
});

const hooksProtocol = protocol({ calls: { status: { request: z.void(), reply: Status } } });
type Protocol = typeof hooksProtocol;

/** The actor itself, which says what runs. */
export const hooksServerName: Name<Ref<Protocol>> = nameOf('hooks-server');

interface State {
  readonly commands: HookCommands;
  readonly modules: Modules;
}

const HooksServer = genServer(hooksProtocol, {
  init: async (args: HooksArgs, self): Promise<State> => {
    const { system } = self;
    const { clock } = system;
    const { table, lent, switches, traceFolder, home, maxRunning, maxWaiting, notices } = args;
    const warn = notices.warn.bind(notices);
    if (!switches.persistence)
      warn(
        {},
        'ENABLE_PERSISTENCE_HOOK is off, which has no effect: what is acknowledged is stored',
      );
    const left = traceFolder === undefined ? 0 : await endLeftover(traceFolder, clock);
    if (left > 0) warn({ processes: left }, 'ended what earlier hooks had left running');
    const commands = new HookCommands({ clock, traceFolder, maxRunning, maxWaiting, warn });
    const modules = new Modules(clock);
    const state = { commands, modules };
    self.own(() => closeAll(state));
    const bus = () => system.find(busName);
    const files = { readLink };
    const parts = { clock, table, lent, switches, commands, modules, bus, files, home, warn };
    self.register(hooksName, new HookRunner(parts));
    return state;
  },
  handleCall: { status: (_, state) => reply(statusOf(state), state) },
  terminate: (_, state) => closeAll(state),
  redact: statusOf,
});

const closeAll = async ({ commands, modules }: State): Promise<void> => {
  await Promise.all([commands.close(), modules.close()]);
};

function statusOf({ commands, modules }: State): z.infer<typeof Status> {
  const { pid, running, waiting } = commands.status;
  return { running, waiting, threads: modules.threads, ...(pid === undefined ? {} : { pid }) };
}

export const hooksServer = (args: HooksArgs): ChildSpec<Ref<Protocol>> =>
  HooksServer.childSpec(args, { id: 'hooks', name: hooksServerName, shutdownMs: SHUTDOWN_MS });
