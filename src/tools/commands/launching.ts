/**
 * Runs commands by a launcher, and sees each of them to its end. It owns the launcher, and starts the next one when it
 * has died.
 *
 * 1. Each command that is given to `run` is answered once: its end, that it was refused, or that it is lost.
 * 2. So many run at a time, so many wait in the order in which they came; one more is refused.
 * 3. A launcher is started for the first command. What a dead one has left running is ended before its commands are
 *    called lost and before the next one starts.
 * 4. A launcher that keeps a command beyond its time, or a question about one, is killed, and that is as any other end.
 */
import type { Clock, Timer } from '../../otp/clock.ts';
import { programFile } from '../../platform/compiled.ts';
import { roomFor } from './descriptors.ts';
import { commandEnvironment } from './environment.ts';
import type { LauncherProcess } from './launcher-process.ts';
import { clearAfter, startMarked } from './marked-launcher.ts';
import { marksOf } from './sweep.ts';
import type { CommandSpec, Ended, FromLauncher, Printed, ToLauncher } from './wire.ts';

type Launcher = LauncherProcess<ToLauncher, FromLauncher>;

export const MAX_RUNNING = 1_024;
export const MAX_WAITING = 10_000;
/** Beyond a command's own time: for its graces, its output and a busy machine. */
const OVERTIME_MS = 60_000;

/** The launcher adds what a command sees of the environment. */
export type WantedCommand = Omit<CommandSpec, 'env'>;

export type Answer =
  | Ended
  /** Nothing of it has run. */
  | { readonly type: 'refused'; readonly why: string }
  /** Ended before it had begun. */
  | { readonly type: 'withdrawn' }
  | { readonly type: 'lost' };

const STOPPING: Answer = { type: 'refused', why: 'Greenroom is stopping' };

export interface Running {
  /** Does nothing to one that has been answered. */
  end(): void;
  /** What it has printed since the last look; undefined: it has not begun, or has ended. */
  read(): Promise<Printed | undefined>;
}

export interface LaunchingOptions {
  readonly clock: Clock;
  /** Where the launcher's trace is; undefined: nowhere, so what outlives both stays. */
  readonly dataDir: string | undefined;
  /** Set for all commands. */
  readonly env?: Readonly<Record<string, string>> | undefined;
  readonly maxRunning?: number | undefined;
  readonly maxWaiting?: number | undefined;
  /** For tests: default 60,000. */
  readonly overtimeMs?: number | undefined;
  readonly warn: (fields: object, message: string) => void;
}

interface Job {
  readonly id: number;
  readonly wanted: WantedCommand;
  readonly answer: (answer: Answer) => void;
  /** The launcher has it. */
  isSent: boolean;
  pid?: number;
  overtime?: Timer;
}

interface Asked {
  readonly resolve: (printed: Printed | undefined) => void;
  readonly overtime: Timer;
}

export class Launching {
  readonly #options: LaunchingOptions;
  readonly #running = new Map<number, Job>();
  readonly #waiting = new Map<number, Job>();
  readonly #asked = new Map<number, Asked>();
  #launcher: Launcher | undefined;
  /** Resolves when nothing is left of the launcher before. */
  #isClean: Promise<unknown> = Promise.resolve();
  #isClosed = false;
  #lastId = 0;
  #missing: string | undefined;
  readonly #maxRunning: number;

  constructor(options: LaunchingOptions) {
    this.#options = options;
    this.#maxRunning = roomFor(options.maxRunning ?? MAX_RUNNING);
  }

  get status() {
    const { pid } = this.#launcher ?? {};
    const [running, waiting] = [this.#running.size, this.#waiting.size];
    return { pid, running, waiting, missingSandbox: this.#missing };
  }

  run(wanted: WantedCommand, answer: (answer: Answer) => void): Running {
    this.#lastId += 1;
    const job: Job = { id: this.#lastId, wanted, answer, isSent: false };
    const { maxWaiting = MAX_WAITING } = this.#options;
    if (this.#isClosed) answer(STOPPING);
    else if (this.#hasRoom()) this.#begin(job);
    else if (this.#waiting.size < maxWaiting) this.#waiting.set(job.id, job);
    else answer({ type: 'refused', why: `${maxWaiting} commands wait already: try again later` });
    return { end: () => this.#endJob(job), read: () => this.#read(job) };
  }

  /** Ends all commands, and the launcher. What waits is refused. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const job of this.#waiting.values()) job.answer(STOPPING);
    this.#waiting.clear();
    await this.#launcher?.close();
    await this.#isClean;
  }

  #hasRoom(): boolean {
    return this.#running.size < this.#maxRunning;
  }

  #begin(job: Job): void {
    this.#running.set(job.id, job);
    void this.#isClean.then(() => this.#send(job));
  }

  #send(job: Job): void {
    if (!this.#running.has(job.id)) return; // ended meanwhile
    if (this.#isClosed) return this.#settle(job, STOPPING);
    try {
      this.#launcher ??= this.#start();
    } catch (error) {
      const why = `the launcher cannot be started: ${(error as Error).message}`;
      this.#options.warn({ err: error }, 'commands cannot be run');
      return this.#settle(job, { type: 'refused', why });
    }
    const { clock, env: more, overtimeMs = OVERTIME_MS } = this.#options;
    const launcher = this.#launcher;
    job.overtime = clock.setTimeout(() => launcher.kill(), job.wanted.timeoutMs + overtimeMs);
    job.isSent = true;
    const env = commandEnvironment(marksOf(launcher.mark, job.id), more);
    launcher.send({ type: 'run', id: job.id, spec: { ...job.wanted, env } });
  }

  #start(): Launcher {
    const file = programFile('tools/commands/launcher-child');
    const launcher: Launcher = startMarked(file, this.#ground, (said: FromLauncher) =>
      this.#hear(said),
    );
    void launcher.ended.then((why) => this.#isOver(launcher, why));
    return launcher;
  }

  get #ground() {
    const { clock, dataDir: traceFolder } = this.#options;
    return { clock, traceFolder };
  }

  #hear(message: FromLauncher): void {
    switch (message.type) {
      case 'ready':
        this.#missing = message.missing;
        return;
      case 'started': {
        const job = this.#running.get(message.id);
        if (job !== undefined) job.pid = message.pid;
        return;
      }
      case 'printed':
        return this.#tell(message.ask, message.printed);
      case 'ended': {
        const job = this.#running.get(message.id);
        if (job !== undefined) this.#settle(job, message);
        return;
      }
    }
  }

  #isOver(launcher: Launcher, why: Error): void {
    if (!this.#isClosed)
      this.#options.warn({ err: why, commands: this.#running.size }, 'the launcher has died');
    launcher.kill(); // it may only have lost its channel
    this.#launcher = undefined;
    this.#isClean = this.#clean(launcher.mark, [...this.#running.values()]);
  }

  async #clean(mark: string, lost: readonly Job[]): Promise<void> {
    const pids = lost.map(({ pid }) => pid);
    await clearAfter(mark, pids, this.#ground, (error) =>
      this.#options.warn({ err: error }, 'what commands left running cannot be looked for'),
    );
    for (const ask of this.#asked.keys()) this.#tell(ask, undefined);
    for (const job of lost) this.#settle(job, { type: 'lost' });
  }

  #settle(job: Job, answer: Answer): void {
    if (!this.#running.delete(job.id)) return;
    job.overtime?.cancel();
    job.answer(answer);
    this.#next();
  }

  #next(): void {
    for (const [id, job] of this.#waiting) {
      if (!this.#hasRoom()) return;
      this.#waiting.delete(id);
      this.#begin(job);
    }
  }

  #endJob(job: Job): void {
    if (this.#waiting.delete(job.id)) job.answer({ type: 'withdrawn' });
    else if (!job.isSent) this.#settle(job, { type: 'withdrawn' });
    else if (this.#running.has(job.id)) this.#launcher?.send({ type: 'end', id: job.id });
  }

  #read(job: Job): Promise<Printed | undefined> {
    const launcher = this.#launcher;
    if (launcher === undefined || !job.isSent || !this.#running.has(job.id))
      return Promise.resolve(undefined);
    this.#lastId += 1;
    const ask = this.#lastId;
    const { clock, overtimeMs = OVERTIME_MS } = this.#options;
    return new Promise((resolve) => {
      const overtime = clock.setTimeout(() => launcher.kill(), overtimeMs);
      this.#asked.set(ask, { resolve, overtime });
      launcher.send({ type: 'read', id: job.id, ask });
    });
  }

  #tell(ask: number, printed: Printed | undefined): void {
    const asked = this.#asked.get(ask);
    this.#asked.delete(ask);
    asked?.overtime.cancel();
    asked?.resolve(printed);
  }
}
