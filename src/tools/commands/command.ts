/**
 * One command, as the launcher runs it: a shell that leads a group and a session of its own. It owns the group.
 *
 * 1. It ends once, and is reported when its shell, its group and its output have ended.
 * 2. What the shell leaves running in its group ends with it, after a moment for what it had printed.
 * 3. What is not read is not taken: a command that prints faster than its file is written waits.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { realpath, stat } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import type { Clock, Timer } from '../../otp/clock.ts';
import type { Groups } from './group.ts';
import { FAILURE_CHARS, INLINE_CHARS, Output } from './output.ts';
import { choose, wallsOf } from './sandbox.ts';
import { folderSaid, SHELL, shellArgs } from './shell.ts';
import type { CommandSpec, Ended, Ending, FromLauncher, Printed } from './wire.ts';

/** Between the polite signal and the other one. */
const GRACE_MS = 2_000;
/** The same for what a shell left running. */
const OTHERS_GRACE_MS = 500;
/** For output that comes behind the shell's end, such as that of a `>(tee log)`; and behind the end of its group. */
const LINGER_MS = 1_000;
const LONGEST_WORDS = 8 * 1024;

type Why = Extract<Ending['type'], 'timed_out' | 'cancelled' | 'too_much'>;

export interface Ground {
  readonly clock: Clock;
  readonly groups: Groups;
  /** Why there is no sandbox, once that is known. */
  readonly missing: Promise<string | undefined>;
  tell(message: FromLauncher): void;
}

export class Command {
  readonly id: number;
  readonly #spec: CommandSpec;
  readonly #ground: Ground;
  readonly #output: Output;
  #child: ChildProcess | undefined;
  #deadline: Timer | undefined;
  #why: Why | undefined;
  #words = '';
  /** Resolves when nothing more can come. */
  #read: Promise<void> = Promise.resolve();
  #isInside = false;
  #hasEnded = false;

  constructor(id: number, spec: CommandSpec, ground: Ground) {
    this.id = id;
    this.#spec = spec;
    this.#ground = ground;
    this.#output = new Output(spec.spillPath);
  }

  /** Of its shell, and of its group. */
  get pid(): number | undefined {
    return this.#hasEnded ? undefined : this.#child?.pid;
  }

  /** Resolves when it has ended and was reported. */
  async run(): Promise<void> {
    const roots = await this.#roots();
    const isMoved = !(await isFolder(this.#spec.cwd));
    const cwd = isMoved ? this.#spec.workingDirectory : this.#spec.cwd;
    const ending = (await this.#refusal(cwd)) ?? (await this.#play(cwd));
    const others = this.#child?.pid === undefined ? false : await this.#endOthers();
    const limit = this.#isFine(ending) ? INLINE_CHARS : FAILURE_CHARS;
    const said = folderSaid(this.#words);
    const ended: Ended = {
      ...{ type: 'ended', id: this.id, ending, roots, isMoved, hadOthers: others },
      printed: await this.#output.close(limit),
      ...(said === undefined ? {} : { cwd: said }),
    };
    this.#hasEnded = true;
    this.#ground.tell(ended);
  }

  /** Does nothing to one that has ended. */
  end(why: Why): void {
    const { pid } = this;
    this.#why ??= why;
    if (pid !== undefined) void this.#ground.groups.end(pid, GRACE_MS);
  }

  read(): Promise<Printed> {
    return this.#output.read(INLINE_CHARS);
  }

  async #refusal(cwd: string): Promise<Ending | undefined> {
    const missing = await this.#ground.missing;
    const place = choose(this.#spec.sandbox, missing);
    if (place === 'refused')
      return notStarted(`commands must run in a sandbox, and there is no sandbox: ${missing}`);
    this.#isInside = place === 'inside';
    if (!(await isFolder(cwd))) return notStarted(`the working directory ${cwd} is not there`);
    return this.#why === undefined ? undefined : { type: this.#why };
  }

  async #play(cwd: string): Promise<Ending> {
    if (this.#spec.isBackground) await this.#output.open();
    const { clock, tell } = this.#ground;
    let child: ChildProcess;
    try {
      child = this.#start(cwd);
    } catch (error) {
      return notStarted(`it cannot be started: ${(error as Error).message}`);
    }
    this.#child = child;
    if (typeof child.pid === 'number') tell({ type: 'started', id: this.id, pid: child.pid });
    this.#deadline = clock.setTimeout(() => this.end('timed_out'), this.#spec.timeoutMs);
    if (this.#why !== undefined) this.end(this.#why); // while it started
    this.#read = this.#readAll(child);
    const ending = await endOf(child);
    this.#deadline.cancel();
    await this.#linger();
    return this.#why === undefined ? ending : { type: this.#why };
  }

  #start(cwd: string): ChildProcess {
    const { env, folders, workingDirectory, hasNetwork, command } = this.#spec;
    const writable = [...new Set([workingDirectory, ...folders])];
    const walls = wallsOf({ folders: writable, cwd, hasNetwork });
    const shell = shellArgs(command);
    const args = this.#isInside ? [...walls, SHELL, ...shell] : shell;
    return spawn(this.#isInside ? 'bwrap' : SHELL, args, {
      ...{ cwd, env: { ...env }, detached: true },
      stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    });
  }

  async #readAll(child: ChildProcess): Promise<void> {
    const [, out, err, words] = (child.stdio ?? []) as (Readable | null)[];
    await Promise.all([this.#readOutput(out), this.#readOutput(err), this.#readWords(words)]);
  }

  async #readOutput(stream: Readable | null | undefined): Promise<void> {
    try {
      for await (const chunk of stream ?? [])
        if (!(await this.#output.take(chunk as Buffer))) return this.end('too_much');
    } catch {
      // Its end is heard.
    }
  }

  async #readWords(stream: Readable | null | undefined): Promise<void> {
    try {
      for await (const chunk of stream ?? [])
        this.#words = (this.#words + String(chunk)).slice(-LONGEST_WORDS);
    } catch {
      // Its end is heard.
    }
  }

  async #endOthers(): Promise<boolean> {
    const { groups } = this.#ground;
    const pid = this.#child?.pid;
    const hadOthers = pid !== undefined && (await groups.isThere(pid));
    if (hadOthers) await groups.end(pid, OTHERS_GRACE_MS);
    if (hadOthers) await this.#linger();
    for (const stream of this.#child?.stdio ?? []) stream?.destroy();
    return hadOthers && this.#why === undefined;
  }

  /** What has left the group may hold the pipes for ever. */
  async #linger(): Promise<void> {
    const { clock } = this.#ground;
    await new Promise<void>((resolve) => {
      const timer = clock.setTimeout(resolve, LINGER_MS);
      void this.#read.then(() => {
        timer.cancel();
        resolve();
      });
    });
  }

  #isFine(ending: Ending): boolean {
    if (ending.type !== 'exited') return false;
    return ending.code === 0 || (ending.code === 1 && this.#spec.isOneFine);
  }

  async #roots(): Promise<readonly string[]> {
    const { workingDirectory, folders } = this.#spec;
    const all = [workingDirectory, ...folders];
    return Promise.all(all.map((folder) => realpath(folder).catch(() => folder)));
  }
}

const notStarted = (why: string): Ending => ({ type: 'not_started', why });

const endOf = (child: ChildProcess): Promise<Ending> =>
  new Promise((resolve) => {
    child.once('error', (error) => resolve(notStarted(`it cannot be started: ${error.message}`)));
    child.once('exit', (code, signal) =>
      resolve(
        signal === null ? { type: 'exited', code: code ?? 0 } : { type: 'signalled', signal },
      ),
    );
  });

const isFolder = async (path: string): Promise<boolean> => {
  try {
    return (await stat(path)).isDirectory();
  } catch {
    return false;
  }
};
