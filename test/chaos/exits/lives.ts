/**
 * Lives of a process that has a store open and ends by itself, and what is held against them: the outside ledger
 * of what it asked for and what was acknowledged, its exit code, and that the directory opens again at once.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { openStore } from '../../../src/stores/index.ts';

export interface Plan {
  readonly dir: string;
  /** Who opens the store: the main thread, or another one. */
  readonly where: 'main' | 'thread';
  readonly what: 'store' | 'greenroom';
  /** One of `WAYS` in `host-child.mjs`, `in the thread: ` and one of them, or `terminate`. */
  readonly way: string;
  /** From the last change of its session until it goes. */
  readonly afterMs: number;
  /** Whether others are changed all the time. */
  readonly isLoaded: boolean;
  /**
   * Of `terminate`: when each thread ends; milliseconds since its last change, or, since its start, parts of the time that
   * another one took from there to its last change.
   */
  readonly moments?: readonly number[];
  readonly since?: 'change' | 'start';
  /** What takes longer hangs, and is killed. Default 60,000. */
  readonly deadlineMs?: number;
}

export interface Life {
  /** Exit code, or the signal that ended it. */
  readonly end: number | string | null;
  readonly lines: readonly string[];
  /** From its last word to its end. */
  readonly endedInMs: number;
  readonly stderr: string;
}

const DEADLINE_MS = 60_000;
const HOST = fileURLToPath(new URL('./host-child.mjs', import.meta.url));

export const live = async (plan: Plan): Promise<Life> => {
  const child = spawn(process.execPath, [HOST, JSON.stringify(plan)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const { deadlineMs = DEADLINE_MS } = plan;
  const hung = setTimeout(() => child.kill('SIGKILL'), deadlineMs);
  let text = '';
  let stderr = '';
  let goneAt = 0;
  child.stdout.on('data', (bytes: Buffer) => {
    text += bytes.toString();
    if (goneAt === 0 && text.includes('\ngo\n')) goneAt = performance.now();
  });
  child.stderr.on('data', (bytes: Buffer) => {
    stderr += bytes.toString();
  });
  await once(child, 'close');
  clearTimeout(hung);
  const endedInMs = performance.now() - goneAt;
  return { end: child.signalCode ?? child.exitCode, lines: text.split('\n'), endedInMs, stderr };
};

/** What is wrong with what it left, in sentences. Opens the store. */
export const wrongIn = async ({ dir }: Plan, { lines }: Life): Promise<readonly string[]> => {
  const asked = lastOf(lines, 'ask');
  const acknowledged = lastOf(lines, 'ack');
  const store = await openStore(`lmdb:${dir}`);
  const wrong: string[] = [];
  for (const [session, last] of asked) {
    const isThere = await store.sessionExists(session);
    const found = isThere ? 1 + (await store.getMessages(session)).length : 0;
    const least = acknowledged.get(session) ?? 0;
    if (found < least || found > last)
      wrong.push(`${session} is at ${found}: ${least} was acknowledged, ${last} was asked for`);
  }
  await store.close();
  return wrong;
};

const lastOf = (lines: readonly string[], word: string): ReadonlyMap<string, number> => {
  const last = new Map<string, number>();
  for (const line of lines) {
    const [said, session, n] = line.split(' ');
    if (said === word && session !== undefined) last.set(session, Number(n));
  }
  return last;
};
