/** Runs one of our scripts in a process of its own: what it says, and how it ended if not well. */
import { spawn } from 'node:child_process';
import { statSync } from 'node:fs';
import { systemClock } from '../../otp/system-clock.ts';
import { atExit } from '../../platform/at-exit.ts';

export interface ChildResult {
  readonly out: string;
  /** null when it ended well; else how it ended, and its last words. */
  readonly failure: string | null;
}

/** What even a small store gets: the machine may be busy. */
const LEAST_MS = 10 * 60_000;
/** Slower than any disk that a store should be on. */
const LEAST_BYTES_PER_MS = 5_000;

/** How long a child may take that reads the whole of this file. */
export const patienceFor = (path: string): number =>
  LEAST_MS + (statSync(path, { throwIfNoEntry: false })?.size ?? 0) / LEAST_BYTES_PER_MS;

/**
 * It ends with this process, which may be told to end meanwhile.
 * @param timeoutMs after which the child is killed, and has failed.
 * @param signal kills it too.
 */
export const runChild = (
  script: string,
  args: readonly string[],
  timeoutMs: number,
  signal?: AbortSignal,
): Promise<ChildResult> =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [script, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    let out = '';
    let said = '';
    let isLate = false;
    const kill = () => void child.kill('SIGKILL');
    const outlive = atExit(kill);
    signal?.addEventListener('abort', kill);
    if (signal?.aborted) kill();
    const timer = systemClock.setTimeout(() => {
      isLate = true;
      child.kill('SIGKILL');
    }, timeoutMs);
    // As text: a character may come in two parts.
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      out += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
    const over = (): void => {
      timer.cancel();
      outlive();
      signal?.removeEventListener('abort', kill);
    };
    child.on('error', (error) => {
      over();
      reject(error);
    });
    child.on('close', (code, signal) => {
      over();
      resolve({ out, failure: failureOf(code, signal, said, isLate ? timeoutMs : undefined) });
    });
  });

const failureOf = (
  code: number | null,
  signal: string | null,
  said: string,
  lateMs: number | undefined,
): string | null => {
  if (lateMs !== undefined) return `no end after ${Math.round(lateMs / 1_000)} seconds`;
  return code === 0 ? null : `${signal ?? `code ${code}`}: ${lastWords(said)}`;
};

/** Of a crash report: the line that names the error; else the last one. */
const lastWords = (text: string): string => {
  const lines = text.trim().split('\n');
  return lines.find((line) => /^\w*Error\b/.test(line)) ?? lines.at(-1) ?? '';
};
