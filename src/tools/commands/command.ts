/**
 * One command, as the launcher runs it: a shell that leads a group and a session of its own. It owns the group.
 *
 * 1. It ends once, and is reported when its shell, its group and its output have ended.
 * 2. What the shell leaves running in its group ends with it, after a moment for what it had printed. Of one that is made
 *    to end, so does what has left the group.
 * 3. What is not read is not taken: a command that prints faster than its file is written waits.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync } from 'node:fs';
import { realpath, stat } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import type { Clock, Timer } from '../../otp/clock.ts';
import type { Groups } from './group.ts';
import { FAILURE_CHARS, INLINE_CHARS, Output } from './output.ts';
import type { Pipes } from './pipes.ts';
import { choose, wallsOf } from './sandbox.ts';
import { folderSaid, SHELL, shellArgs } from './shell.ts';
import type { Strays } from './sweep.ts';
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
  readonly pipes: Pipes;
  readonly strays: Strays;
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
  #outputs: readonly Readable[] = [];
  #lastWord: Readable | undefined;
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
    const { cwd: wanted, workingDirectory } = this.#spec;
    const isMoved = wanted !== workingDirectory && !(await isFolder(wanted));
    const cwd = isMoved ? workingDirectory : wanted;
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
      child = await this.#start(cwd);
    } catch (error) {
      return notStarted(`it cannot be started: ${(error as Error).message}`);
    }
    this.#child = child;
    if (typeof child.pid === 'number') tell({ type: 'started', id: this.id, pid: child.pid });
    this.#deadline = clock.setTimeout(() => this.end('timed_out'), this.#spec.timeoutMs);
    if (this.#why !== undefined) this.end(this.#why); // while it started
    this.#read = this.#readAll();
    const ending = await endOf(child);
    this.#deadline.cancel();
    await this.#linger();
    return this.#why === undefined ? ending : { type: this.#why };
  }

  async #start(cwd: string): Promise<ChildProcess> {
    const { env, command } = this.#spec;
    const shell = shellArgs(command);
    const [program, args] = this.#isInside
      ? ['bwrap', [...this.#walls(cwd), SHELL, ...shell]]
      : [SHELL, shell];
    const pipe = await this.#ground.pipes.take();
    const output = pipe?.writer ?? 'pipe';
    try {
      const child = spawn(program, args, {
        ...{ cwd, env: { ...env }, detached: true },
        stdio: ['ignore', output, output, 'pipe'],
      });
      const [, out, err, words] = (child.stdio ?? []) as (Readable | null | undefined)[];
      this.#outputs = [pipe?.reader, out, err].filter(isStream);
      this.#lastWord = words ?? undefined;
      return child;
    } catch (error) {
      pipe?.reader.destroy();
      throw error;
    } finally {
      if (pipe !== undefined) closeSync(pipe.writer);
    }
  }

  #walls(cwd: string): readonly string[] {
    const { folders, workingDirectory, hasNetwork } = this.#spec;
    return wallsOf({ folders: [...new Set([workingDirectory, ...folders])], cwd, hasNetwork });
  }

  async #readAll(): Promise<void> {
    const outputs = this.#outputs.map((stream) => this.#readOutput(stream));
    await Promise.all([...outputs, this.#readWords(this.#lastWord)]);
  }

  async #readOutput(stream: Readable): Promise<void> {
    try {
      for await (const chunk of stream)
        if (!(await this.#output.take(chunk as Buffer))) return this.end('too_much');
    } catch {
      // Its end is heard.
    }
  }

  async #readWords(stream: Readable | undefined): Promise<void> {
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
    if (this.#why !== undefined) await this.#ground.strays.end(this.id);
    if (hadOthers) await this.#linger();
    for (const stream of [...this.#outputs, this.#lastWord]) stream?.destroy();
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

const isStream = (stream: Readable | null | undefined): stream is Readable =>
  stream !== null && stream !== undefined;

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
