/** A daemon as its users run it: a process of its own, found by `daemon.json`, ended with SIGKILL. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
/** The daemon is given up when it is not ready by then. */
const READY_MS = 30_000;

export interface DaemonOptions {
  readonly dataDir: string;
  /** Compiled program; default this checkout's `dist`. */
  readonly dist?: string;
  readonly env?: Readonly<Record<string, string>>;
}

export class DaemonProcess {
  readonly #options: DaemonOptions;
  #child: ChildProcess | undefined;
  #log = '';

  constructor(options: DaemonOptions) {
    this.#options = options;
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  get log(): string {
    return this.#log.slice(-8_000);
  }

  /** Resolves with the time from the start of the process until it was ready. */
  async start(
    env: Readonly<Record<string, string>> = {},
  ): Promise<{ readyMs: number; natsUrl: string }> {
    const { dataDir, dist = join(ROOT, 'dist') } = this.#options;
    const begun = performance.now();
    const child = spawn(process.execPath, [join(dist, 'src/cli/main.js'), 'start'], {
      env: {
        PATH: process.env['PATH'],
        HOME: dataDir,
        GREENROOM_DATA_DIR: dataDir,
        GREENROOM_NATS_PORT: '0',
        GREENROOM_PROVIDER: 'rehearsal',
        GREENROOM_LOG_LEVEL: 'warn',
        ...this.#options.env,
        ...env,
      },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    this.#child = child;
    child.stderr?.on('data', (data: Buffer) => {
      this.#log = (this.#log + data.toString()).slice(-16_000);
    });
    while (performance.now() - begun < READY_MS) {
      const file = this.#file();
      if (file !== undefined && file.pid === child.pid)
        return { readyMs: performance.now() - begun, natsUrl: file.natsUrl };
      if (child.exitCode !== null || child.signalCode !== null)
        return { readyMs: Number.NaN, natsUrl: '' };
      await pause(5);
    }
    throw new Error(`the daemon was not ready within ${READY_MS} ms: ${this.log}`);
  }

  get isRunning(): boolean {
    const child = this.#child;
    return child !== undefined && child.exitCode === null && child.signalCode === null;
  }

  /** Resolves when the process is gone, by whatever. */
  gone(): Promise<void> {
    const child = this.#child;
    if (child === undefined || !this.isRunning) return Promise.resolve();
    return new Promise((resolve) => void child.once('exit', () => resolve()));
  }

  async kill(signal: 'SIGKILL' | 'SIGTERM' = 'SIGKILL'): Promise<void> {
    if (this.isRunning) this.#child?.kill(signal);
    await this.gone();
  }

  #file(): { pid: number; natsUrl: string } | undefined {
    const path = join(this.#options.dataDir, 'daemon.json');
    if (!existsSync(path)) return undefined;
    try {
      return JSON.parse(readFileSync(path, 'utf8'));
    } catch {
      return undefined;
    }
  }
}

/** Real time: these tests are about real processes. */
export const pause = (ms: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, ms));

/** Polls until it holds; throws with `what` after `limitMs`. */
export const until = async (
  holds: () => boolean | Promise<boolean>,
  what: string,
  limitMs = 20_000,
): Promise<void> => {
  const due = performance.now() + limitMs;
  while (!(await holds())) {
    if (performance.now() > due) throw new Error(`waited ${limitMs} ms for ${what}`);
    await pause(20);
  }
};
