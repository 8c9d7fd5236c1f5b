/**
 * Runs the commands of hooks by a process that starts them, and sees each of them to its end. It owns that process, and
 * starts the next one when it has died.
 *
 * 1. So many run at a time, so many wait in the order in which they came; one more could not start.
 * 2. The launcher is started for the first command. What a dead one has left running is ended before the next one starts.
 * 3. A command whose time is over is ended with its group, and keeps its place until it has. A launcher that does not
 *    see to that is killed.
 */
import type { Clock } from '../../otp/clock.ts';
import { programFile } from '../../platform/compiled.ts';
import { Slots } from '../../platform/slots.ts';
import { commandEnvironment } from '../../tools/commands/environment.ts';
import type { LauncherProcess } from '../../tools/commands/launcher-process.ts';
import { clearAfter, startMarked } from '../../tools/commands/marked-launcher.ts';
import { marksOf } from '../../tools/commands/sweep.ts';
import type { CommandSpec, Ended, FromLauncher, ToLauncher } from './wire.ts';

export const MAX_RUNNING = 64;
export const MAX_WAITING = 10_000;
/** For the two graces and the sweep of one that is ended. */
const END_MS = 15_000;

export type CommandEnd = Ended | { readonly type: 'full' } | { readonly type: 'lost' };

export interface HookCommandsOptions {
  readonly clock: Clock;
  /** Where the launcher's trace is; undefined: nowhere, so what outlives both stays. */
  readonly traceFolder: string | undefined;
  readonly maxRunning?: number | undefined;
  readonly maxWaiting?: number | undefined;
  readonly warn: (fields: object, message: string) => void;
}

interface Job {
  readonly settle: (end: CommandEnd) => void;
  pid?: number;
}

type Launcher = LauncherProcess<ToLauncher, FromLauncher>;

export class HookCommands {
  readonly #options: HookCommandsOptions;
  readonly #slots: Slots;
  readonly #jobs = new Map<number, Job>();
  #launcher: Launcher | undefined;
  /** Resolves when nothing is left of the launcher before. */
  #isClean: Promise<unknown> = Promise.resolve();
  #isClosed = false;
  #lastId = 0;

  constructor(options: HookCommandsOptions) {
    this.#options = options;
    const { maxRunning = MAX_RUNNING, maxWaiting = MAX_WAITING } = options;
    this.#slots = new Slots(maxRunning, maxWaiting);
  }

  get status() {
    return { pid: this.#launcher?.pid, running: this.#slots.taken, waiting: this.#slots.waiting };
  }

  /**
   * Rejects when the launcher cannot be started. @param wanted with what it sees of the environment besides what is handed
   * on of ours. @param signal its time is over: it is ended.
   */
  async run(wanted: CommandSpec, signal: AbortSignal): Promise<CommandEnd> {
    if (!(await this.#slots.take(signal))) return { type: 'full' };
    try {
      await this.#whenClean();
      if (this.#isClosed || signal.aborted) return { type: 'lost' };
      return await this.#play(wanted, signal);
    } finally {
      this.#slots.give();
    }
  }

  /** Ends all commands, and the launcher. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#launcher?.close();
    await this.#isClean;
  }

  /** A launcher may die while nothing is left of the one before. */
  async #whenClean(): Promise<void> {
    let seen: Promise<unknown> | undefined;
    while (seen !== this.#isClean) {
      seen = this.#isClean;
      await seen;
    }
  }

  #play(wanted: CommandSpec, signal: AbortSignal): Promise<CommandEnd> {
    this.#launcher ??= this.#start();
    const launcher = this.#launcher;
    this.#lastId += 1;
    const id = this.#lastId;
    const env = commandEnvironment(marksOf(launcher.mark, id), wanted.env);
    return new Promise((resolve) => {
      const end = () => this.#end(launcher, id);
      const settle = (how: CommandEnd) => {
        signal.removeEventListener('abort', end);
        this.#jobs.delete(id);
        resolve(how);
      };
      this.#jobs.set(id, { settle });
      signal.addEventListener('abort', end);
      launcher.send({ type: 'run', id, spec: { ...wanted, env } });
    });
  }

  #end(launcher: Launcher, id: number): void {
    launcher.send({ type: 'end', id });
    this.#options.clock.setTimeout(() => {
      if (this.#jobs.has(id)) launcher.kill();
    }, END_MS);
  }

  #start(): Launcher {
    const file = programFile('hooks/commands/hook-launcher-child');
    const launcher: Launcher = startMarked(file, this.#options, (said: FromLauncher) =>
      this.#hear(said),
    );
    void launcher.ended.then((why) => {
      this.#isClean = this.#clean(launcher, why);
    });
    return launcher;
  }

  #hear(message: FromLauncher): void {
    const job = this.#jobs.get(message.id);
    if (job === undefined) return;
    if (message.type === 'started') job.pid = message.pid;
    else job.settle(message);
  }

  async #clean(launcher: Launcher, why: Error): Promise<void> {
    const { warn } = this.#options;
    const lost = [...this.#jobs.values()];
    if (!this.#isClosed) warn({ err: why, hooks: lost.length }, 'the launcher of hooks has died');
    launcher.kill(); // it may only have lost its channel
    this.#launcher = undefined;
    const pids = lost.map(({ pid }) => pid);
    await clearAfter(launcher.mark, pids, this.#options, (error) =>
      warn({ err: error }, 'what hooks left running cannot be looked for'),
    );
    for (const { settle } of lost) settle({ type: 'lost' });
  }
}
