/**
 * A daemon as its users run it: a process of its own, found by `daemon.json`, ended by signals to its
 * pid. It owns its data directory: both go away with the test.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { pause } from './waiting.ts';

export const DIST = fileURLToPath(new URL('../../dist', import.meta.url));
/** A daemon that is not ready by then is given up. */
const READY_MS = 60_000;
const LOG_LENGTH = 16_000;

export interface DaemonOptions {
  /** Compiled program; default this checkout's. */
  readonly dist?: string;
  readonly dataDir?: string;
  readonly env?: Env;
}
export type Env = Readonly<Record<string, string>>;

export interface Ready {
  /** From the start of the process. */
  readonly readyMs: number;
  readonly natsUrl: string;
}

/** How a process ended. */
export interface End {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** Much of it: it worked and did not get ready. None: it waited for something. Little: others had the cores. */
const cpuSecondsOf = (pid: number): string => {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
    return String((Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND);
  } catch {
    return 'an unknown number of';
  }
};
const TICKS_PER_SECOND = 100;

export class DaemonProcess {
  readonly dataDir: string;
  readonly #options: DaemonOptions;
  #child: ChildProcess | undefined;
  #gone: Promise<End> = Promise.resolve({ code: null, signal: null });
  #end: End | undefined;
  #log = '';

  constructor(options: DaemonOptions = {}) {
    this.#options = options;
    this.dataDir = options.dataDir ?? mkdtempSync(join(tmpdir(), 'greenroom-chaos-'));
    onTestFinished(async () => {
      await this.kill();
      if (options.dataDir === undefined) rmSync(this.dataDir, { recursive: true, force: true });
    });
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  get isRunning(): boolean {
    return this.#child !== undefined && this.#end === undefined;
  }

  /** Resolves when the process is gone, by whatever. */
  get gone(): Promise<End> {
    return this.#gone;
  }

  /** What it said last. */
  get log(): string {
    return this.#log;
  }

  get file(): string {
    return join(this.dataDir, 'daemon.json');
  }

  /** Resolves when it is ready. Rejects if it ends before that, or takes too long. */
  async start(env: Env = {}): Promise<Ready> {
    const ready = await this.startOrEnd(env);
    if (ready === undefined) throw new Error(`the daemon ended before it was ready: ${this.#log}`);
    return ready;
  }

  /** Resolves when it is ready, or with undefined if it ends before that. */
  async startOrEnd(env: Env = {}): Promise<Ready | undefined> {
    const begun = performance.now();
    this.launch(env);
    while (performance.now() - begun < READY_MS) {
      const file = this.#read();
      if (file?.pid === this.pid)
        return { readyMs: performance.now() - begun, natsUrl: file.natsUrl };
      if (!this.isRunning) return undefined;
      await pause(5);
    }
    const used = cpuSecondsOf(this.pid);
    throw new Error(
      `the daemon was not ready within ${READY_MS} ms, in which it had ${used} s of CPU time: ${this.#log}`,
    );
  }

  /** Starts the process and waits for nothing. */
  launch(env: Env = {}): void {
    const { dist = DIST } = this.#options;
    const child = spawn(process.execPath, [join(dist, 'cli/main.cjs'), 'start'], {
      cwd: this.dataDir,
      env: { ...this.#env(), ...env },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    this.#child = child;
    this.#end = undefined;
    this.#log = '';
    child.stderr?.on('data', (data: Buffer) => {
      this.#log = (this.#log + data.toString()).slice(-LOG_LENGTH);
    });
    this.#gone = new Promise((resolve) => {
      child.once('close', (code, signal) => {
        this.#end = { code, signal };
        resolve(this.#end);
      });
    });
  }

  /** In this very tick. */
  signal(signal: NodeJS.Signals): void {
    if (this.isRunning) this.#child?.kill(signal);
  }

  async kill(): Promise<void> {
    this.signal('SIGKILL');
    await this.#gone;
  }

  /** Asks it to end; resolves with how it did. */
  async stop(): Promise<End> {
    this.signal('SIGTERM');
    return this.#gone;
  }

  #env(): Env {
    const { PATH = '', NATS_SERVER_BIN } = process.env;
    return {
      PATH,
      ...(NATS_SERVER_BIN === undefined ? {} : { NATS_SERVER_BIN }),
      HOME: this.dataDir,
      GREENROOM_DATA_DIR: this.dataDir,
      GREENROOM_NATS_PORT: '0',
      GREENROOM_PROVIDER: 'rehearsal',
      GREENROOM_LOG_LEVEL: 'warn',
      GREENROOM_MIN_FREE_MB: '0',
      GREENROOM_TEXT_SEARCH: 'off', // a process more that few tests need
      CLAUDE_SDK_RETRY_DELAY: '0.02',
      ...this.#options.env,
    };
  }

  #read(): { readonly pid: number; readonly natsUrl: string } | undefined {
    if (!existsSync(this.file)) return undefined;
    try {
      return JSON.parse(readFileSync(this.file, 'utf8'));
    } catch {
      return undefined; // removed between the two calls
    }
  }
}
