/**
 * One hook's process, as the launcher runs it: it leads a group and a session of its own. It owns the group.
 *
 * 1. It is reported once, when it has ended and what it printed is read; what it left running does not hold that up.
 * 2. What it left running has a while to end by itself. Of one that is made to end, all goes, also what left the group.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { stat } from 'node:fs/promises';
import process from 'node:process';
import { type Clock, pause } from '../../otp/clock.ts';
import { type Groups, signalGroup } from '../../tools/commands/group.ts';
import type { Strays } from '../../tools/commands/sweep.ts';
import { Printed } from './printed.ts';
import { closeAll, closeOurs, type ReadyStreams, type Streams } from './streams.ts';
import type { CommandSpec, Ended, Ending, FromLauncher } from './wire.ts';

/** Between the polite signal and the other one. */
const GRACE_MS = 2_000;
/** For output that comes behind the end, of a program that it had not waited for. */
const LINGER_MS = 200;
/** For what it left running, such as a sound that is played. */
const OTHERS_MS = 5_000;

type Why = Extract<Ending['type'], 'too_much' | 'ended'>;

export interface Ground {
  readonly clock: Clock;
  readonly groups: Groups;
  readonly streams: ReadyStreams;
  readonly strays: Strays;
  tell(message: FromLauncher): void;
}

interface Started {
  readonly child: ChildProcess;
  readonly ended: Promise<Ending>;
}

export class Command {
  readonly id: number;
  readonly #spec: CommandSpec;
  readonly #ground: Ground;
  #child: ChildProcess | undefined;
  #stdout: Printed | undefined;
  #stderr: Printed | undefined;
  #why: Why | undefined;

  constructor(id: number, spec: CommandSpec, ground: Ground) {
    this.id = id;
    this.#spec = spec;
    this.#ground = ground;
  }

  /** Of its process, and of its group. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Resolves when it was reported and nothing of it is left. */
  async run(): Promise<void> {
    const ending = await this.#play();
    const { clock, strays, tell } = this.#ground;
    if (this.#why !== undefined) await strays.end(this.id);
    tell(this.#ended(this.#why === undefined ? ending : { type: this.#why }));
    for (const printed of [this.#stdout, this.#stderr]) printed?.destroy();
    if (this.pid === undefined || !signalGroup(this.pid, 0)) return;
    await pause(clock, OTHERS_MS);
    await strays.end(this.id);
  }

  end(why: Why): void {
    this.#why ??= why;
    if (this.pid !== undefined) void this.#ground.groups.end(this.pid, GRACE_MS);
  }

  #ended(ending: Ending): Ended {
    return {
      type: 'ended',
      id: this.id,
      ending,
      stdout: this.#stdout?.text ?? '',
      stderr: this.#stderr?.text ?? '',
      isCut: this.#stdout?.isCut ?? false,
    };
  }

  async #play(): Promise<Ending> {
    let started: Started;
    try {
      started = await this.#start();
    } catch (error) {
      return this.#notStarted((error as Error).message);
    }
    const { child, ended } = started;
    this.#child = child;
    // On Linux what a dead launcher has left is found without it.
    if (process.platform !== 'linux' && child.pid !== undefined)
      this.#ground.tell({ type: 'started', id: this.id, pid: child.pid });
    if (this.#why !== undefined) this.end(this.#why); // while it started
    this.#ground.streams.prepare();
    const ending = await ended;
    await this.#linger();
    return ending;
  }

  async #start(): Promise<Started> {
    const { command, args, cwd, env, input } = this.#spec;
    const [program, words] = args === undefined ? ['bash', ['-c', command]] : [command, args];
    const streams = await this.#ground.streams.take(input);
    try {
      const child: ChildProcess = spawn(program, words, {
        ...{ cwd, env: { ...env }, detached: true },
        stdio: [streams.input, streams.stdout?.writer ?? 'pipe', streams.stderr?.writer ?? 'pipe'],
      });
      const ended = this.#endOf(child); // at once: it is soon told that it could not be started
      this.#read(child, streams);
      closeOurs(streams);
      return { child, ended };
    } catch (error) {
      closeAll(streams);
      throw error;
    }
  }

  #read(child: ChildProcess, streams: Streams): void {
    const tooMuch = () => this.end('too_much');
    const [stdout, stderr] = [
      streams.stdout?.reader ?? child.stdout,
      streams.stderr?.reader ?? child.stderr,
    ];
    if (stdout) this.#stdout = new Printed(stdout, tooMuch);
    if (stderr) this.#stderr = new Printed(stderr, tooMuch);
  }

  #endOf(child: ChildProcess): Promise<Ending> {
    return new Promise((resolve) => {
      child.once('error', (error) => void this.#notStarted(error.message).then(resolve));
      child.once('exit', (code, signal) =>
        resolve(
          signal === null ? { type: 'exited', code: code ?? 0 } : { type: 'signalled', signal },
        ),
      );
    });
  }

  /** A missing folder looks like a missing program. */
  async #notStarted(message: string): Promise<Ending> {
    const { cwd } = this.#spec;
    const isThere = await stat(cwd).then(
      (found) => found.isDirectory(),
      () => false,
    );
    const why = isThere ? message : `the working directory ${cwd} is not there`;
    return { type: 'not_started', why };
  }

  /** What it left running may hold its outputs for ever. */
  async #linger(): Promise<void> {
    const { clock } = this.#ground;
    const isRead = Promise.all([this.#stdout?.ended, this.#stderr?.ended]);
    await new Promise<void>((resolve) => {
      const timer = clock.setTimeout(resolve, LINGER_MS);
      void isRead.then(() => {
        timer.cancel();
        resolve();
      });
    });
  }
}
