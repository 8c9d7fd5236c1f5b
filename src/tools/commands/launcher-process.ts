/**
 * The launcher's process as its owner sees it. It owns the process, and not what that starts.
 *
 * 1. It sees nothing of this process's keys and options, and is in a session of its own: what kills our group leaves it
 *    the time to end the commands.
 * 2. It ends when its channel does. It keeps a program that has nothing else to do alive only while a command runs.
 */
import { type ChildProcess, fork } from 'node:child_process';
import type { Socket } from 'node:net';
import type { Clock } from '../../otp/clock.ts';
import { childEnvironment } from '../../platform/child-environment.ts';

const HEAP = ['--max-semi-space-size=8', '--max-old-space-size=512'];
/** For all commands to be ended: two graces and a sweep. */
const CLOSE_MS = 10_000;
const LAST_WORDS_LENGTH = 2_000;

/** What it is told in any case: to end all that it runs, and then itself. */
interface Close {
  readonly type: 'close';
}

/** @typeParam To what it is told. @typeParam From what it says. */
export class LauncherProcess<To extends object, From> {
  readonly mark: string;
  readonly #clock: Clock;
  readonly #child: ChildProcess;
  /** Resolves with why it has ended. */
  readonly ended: Promise<Error>;
  #hasEnded = false;
  #lastWords = '';

  /** Throws when it cannot be started. @param file its compiled program. */
  constructor(file: string, mark: string, clock: Clock, hear: (message: From) => void) {
    this.mark = mark;
    this.#clock = clock;
    this.#child = start(file, mark);
    this.#child.on('message', hear);
    this.#child.stderr?.on('data', (bytes: Buffer) => {
      this.#lastWords = (this.#lastWords + bytes.toString()).slice(-LAST_WORDS_LENGTH);
    });
    this.ended = new Promise((resolve) => {
      this.#child.once('error', resolve);
      this.#child.once('exit', (code, signal) => resolve(this.#endedBy(signal ?? `code ${code}`)));
    });
    void this.ended.then(() => {
      this.#hasEnded = true;
    });
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Its end is heard: what cannot be sent is lost by that. */
  send(message: To | Close): void {
    if (this.#child.connected) this.#child.send(message, () => undefined);
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }

  /** Has it end all commands, and then itself. */
  async close(): Promise<void> {
    if (this.#hasEnded) return;
    const timer = this.#clock.setTimeout(() => this.kill(), CLOSE_MS);
    this.send({ type: 'close' });
    await this.ended;
    timer.cancel();
  }

  #endedBy(how: string): Error {
    const words = this.#lastWords.trim();
    return new Error(`the launcher has ended with ${how}${words === '' ? '' : `: ${words}`}`);
  }
}

const start = (file: string, mark: string): ChildProcess => {
  const child = fork(file, [mark], {
    execArgv: HEAP,
    env: childEnvironment(),
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    detached: true,
  });
  child.unref();
  child.channel?.unref();
  (child.stderr as Socket | null)?.unref();
  return child;
};
