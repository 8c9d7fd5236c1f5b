/** Runs one of our scripts in a process of its own: what it says, and how it ended if not well. */
import { spawn } from 'node:child_process';

export interface ChildResult {
  readonly out: string;
  /** null when it ended well; else how it ended, and its last words. */
  readonly failure: string | null;
}

export const runChild = (script: string, args: readonly string[]): Promise<ChildResult> =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [script, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    let out = '';
    let said = '';
    child.stdout.on('data', (bytes: Buffer) => {
      out += bytes.toString();
    });
    child.stderr.on('data', (bytes: Buffer) => {
      said += bytes.toString();
    });
    child.on('error', reject);
    child.on('close', (code, signal) => {
      const failure = code === 0 ? null : `${signal ?? `code ${code}`}: ${lastWords(said)}`;
      resolve({ out, failure });
    });
  });

/** Of a crash report: the line that names the error; else the last one. */
const lastWords = (text: string): string => {
  const lines = text.trim().split('\n');
  return lines.find((line) => /^\w*Error\b/.test(line)) ?? lines.at(-1) ?? '';
};
