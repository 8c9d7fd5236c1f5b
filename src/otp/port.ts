/**
 * A port: an outside program under an actor. The actor starts it, waits until it is ready, publishes a face under a
 * name, crashes when the program exits, and ends it when it ends itself, however it ends.
 *
 * Invariants: (1) the program does not outlive the actor, nor this process: its standard input is a pipe from here, and
 * either the program ends when that closes or a small shell stands guard and ends it (`guard`); (2) the name is
 * registered only while the program is ready.
 */
import type { ChildOptions, ChildSpec } from './child-spec.ts';
import { genServer, IGNORE } from './gen-server.ts';
import type { Name } from './name.ts';
import { type Command, OutsideProgram } from './outside-program.ts';
import { protocol } from './protocol.ts';
import type { System } from './system.ts';

/** What is known of a program that is ready. */
export interface RunningProgram {
  readonly pid: number;
  /** The line that said so, if it was a line. */
  readonly readyLine: string | undefined;
}

export interface PortOptions<Face> extends ChildOptions {
  /** Where `face` is found while the program is ready. */
  readonly name?: Name<Face>;
  /** The command line; asked for at every start, so that it may choose a free port. `IGNORE`: not wanted. */
  readonly launch: (system: System) => Command | typeof IGNORE | Promise<Command | typeof IGNORE>;
  /** True for the line on stdout or stderr that says that the program is ready. */
  readonly ready?: (line: string) => boolean;
  /** Resolves when the program answers; aborted when it exits first. Default, without `ready` too: ready at once. */
  readonly probe?: (signal: AbortSignal) => Promise<void>;
  /** From SIGTERM to SIGKILL, in milliseconds. Default 5,000. */
  readonly graceMs?: number;
  /** For programs that do not end when their standard input closes. Default false. */
  readonly guard?: boolean;
  /** Makes the face that others hold, at each start. */
  readonly face: (program: RunningProgram) => Face;
  /** Every line that the program writes. */
  readonly onLine?: (line: string) => void;
}

const GRACE_MS = 5_000;
const portProtocol = protocol({ calls: {} });

/** Declares an outside program as a child. It starts when the program is ready, within `initTimeoutMs`. */
export function portServer<Face>(options: PortOptions<Face>): ChildSpec {
  const { name: _, graceMs = GRACE_MS, ...child } = options;
  return portActor<Face>().childSpec(options, { shutdownMs: graceMs + 1_000, ...child });
}

const portActor = <Face>() =>
  genServer(portProtocol, {
    init: async (options: PortOptions<Face>, self) => {
      const command = await options.launch(self.system);
      if (command === IGNORE) return IGNORE;
      const { graceMs = GRACE_MS, guard = false } = options;
      const program = new OutsideProgram(self.system.clock, command, { graceMs, guard });
      self.own(() => program.kill());
      const readyLine = await readiness(program, options);
      void program.exited.then((why) => self.exit({ crashed: why }));
      const face = options.face({ pid: await program.pid, readyLine });
      if (options.name !== undefined) self.register(options.name, face);
      return program;
    },
    handleCall: {},
    terminate: (_reason, program) => program.end(),
    redact: ({ command, lastLines }) => ({ command: command.command, lastLines }),
  });

/** Resolves when the program is ready, with the line that said so; rejects if it exits first. */
async function readiness<Face>(
  program: OutsideProgram,
  { ready, probe, onLine }: PortOptions<Face>,
): Promise<string | undefined> {
  const abort = new AbortController();
  const exited = program.exited.then((why) => {
    abort.abort(why);
    throw why;
  });
  const said = new Promise<string | undefined>((resolve) => {
    if (ready === undefined) resolve(undefined);
    program.onLine = (line) => {
      if (ready?.(line)) resolve(line);
      onLine?.(line);
    };
  });
  const line = await Promise.race([said, exited]);
  if (probe !== undefined) await Promise.race([probe(abort.signal), exited]);
  return line;
}
