/**
 * One outside program: its process, its lines, its end. It owns the pipes; its owner ends it.
 *
 * Under guard, a shell starts the program and a watcher beside it reads our pipe: when that closes, because we
 * closed it or because we were killed, the watcher ends the program. The shell tells the program's own pid on
 * descriptor 3 and exits as the program did.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import type { Clock } from './clock.ts';

export interface Command {
  readonly command: string;
  readonly args?: readonly string[];
  /** Added to this process's environment. */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Another user to run it as; only root may. */
  readonly user?: { readonly uid: number; readonly gid: number };
}

export interface OutsideOptions {
  /** From SIGTERM to SIGKILL. */
  readonly graceMs: number;
  readonly guard: boolean;
}

/** `$1` is the grace in tenths of a second; the rest is the command line. */
export const GUARD = `
tenths=$1; shift
exec 4<&0
"$@" </dev/null 3>&- 4<&- &
program=$!
echo "$program" >&3
exec 3>&-
{
  while read -r line; do :; done
  kill -TERM "$program"
  while [ "$tenths" -gt 0 ] && kill -0 "$program"; do sleep 0.1; tenths=$((tenths - 1)); done
  kill -KILL "$program"
} <&4 >/dev/null 2>&1 &
watcher=$!
exec 4<&-
trap 'kill -TERM "$program"' TERM INT
wait "$program"; status=$?
while kill -0 "$program" 2>/dev/null; do wait "$program"; status=$?; done
kill "$watcher" 2>/dev/null
exit "$status"
`;

const LAST_LINES = 20;
/** What the watcher may take beyond the grace. */
const WATCHER_MS = 500;

export class OutsideProgram {
  readonly command: Command;
  /** Why it ended; never rejects. */
  readonly exited: Promise<Error>;
  /** Of the program itself, also under guard. Rejects if there is none. */
  readonly pid: Promise<number>;
  readonly lastLines: string[] = [];
  onLine: ((line: string) => void) | undefined = undefined;
  readonly #clock: Clock;
  readonly #options: OutsideOptions;
  readonly #child: ChildProcess;
  /** The program's own pid, under guard. */
  #guarded: number | undefined = undefined;
  #gone = false;

  constructor(clock: Clock, command: Command, options: OutsideOptions) {
    this.command = command;
    this.#clock = clock;
    this.#options = options;
    this.#child = this.#spawn();
    this.#child.stdin?.on('error', () => {}); // it closed its end: its exit says the rest
    this.exited = this.#awaitExit();
    this.pid = this.#readPid();
    this.pid.catch(() => {}); // `exited` says why
    for (const stream of [this.#child.stdout, this.#child.stderr]) this.#readLines(stream);
  }

  /** Asks it to end, insists after the grace; resolves when it is gone. */
  async end(): Promise<void> {
    if (this.#gone) return;
    const { guard, graceMs } = this.#options;
    if (guard) this.#child.stdin?.end();
    else this.#child.kill('SIGTERM');
    const insistMs = guard ? graceMs + WATCHER_MS : graceMs;
    const insist = this.#clock.setTimeout(() => void this.kill(), insistMs);
    await this.exited;
    insist.cancel();
  }

  /** Ends it at once; resolves when it is gone. */
  async kill(): Promise<void> {
    if (this.#gone) return;
    this.#signal(this.#guarded ?? -(this.#child.pid ?? 0)); // a guard ends when it has seen the end of what it guards
    await this.exited;
  }

  /** A process group of its own: the terminal's Ctrl-C is for us, who end the program in order. */
  #spawn(): ChildProcess {
    const { command, args = [], env, cwd, user } = this.command;
    const { guard, graceMs } = this.#options;
    const tenths = String(Math.ceil(graceMs / 100));
    const file = guard ? '/bin/sh' : command;
    const given = guard ? ['-c', GUARD, 'guard', tenths, command, ...args] : [...args];
    return spawn(file, given, {
      stdio: ['pipe', 'pipe', 'pipe', guard ? 'pipe' : 'ignore'],
      env: { ...process.env, ...env },
      cwd,
      ...user,
      detached: true,
    });
  }

  #awaitExit(): Promise<Error> {
    const { command } = this.command;
    return new Promise((resolve) => {
      const gone = (how: string, cause?: Error) => {
        this.#gone = true;
        this.#child.stdin?.destroy();
        this.#signal(-(this.#child.pid ?? 0)); // whatever it has left behind
        const words = [`${command} ${how}`, ...this.lastLines].join('\n');
        resolve(new Error(words, { cause }));
      };
      this.#child.once('error', (error) => gone('could not be run', error));
      this.#child.once('exit', (code, signal) =>
        gone(signal === null ? `exited with code ${code}` : `was ended by ${signal}`),
      );
    });
  }

  async #readPid(): Promise<number> {
    const { pid } = this.#child;
    if (pid === undefined) throw await this.exited;
    if (!this.#options.guard) return pid;
    const pipe = this.#child.stdio[3] as Readable;
    for await (const line of createInterface({ input: pipe })) {
      this.#guarded = Number(line);
      return this.#guarded;
    }
    throw await this.exited;
  }

  #readLines(stream: Readable | null): void {
    if (stream === null) return;
    createInterface({ input: stream }).on('line', (line) => {
      this.lastLines.push(line);
      if (this.lastLines.length > LAST_LINES) this.lastLines.shift();
      this.onLine?.(line);
    });
  }

  /** A process, or with a negative number a whole group; 0 would be our own. */
  #signal(target: number): void {
    if (target === 0) return;
    try {
      process.kill(target, 'SIGKILL');
    } catch {
      // it is gone already
    }
  }
}
