/**
 * Processes on a store: one that commits until it is killed, of whose acknowledgements a ledger is kept
 * out here, and one that reads everything, which is compared with the ledger.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { builtFile } from '../../../src/platform/compiled.ts';

/** Versions that were acknowledged, by session. */
export type Ledger = Map<string, number>;

export interface StoreRun {
  readonly dir: string;
  readonly sessions: number;
  /** Another compiled program. */
  readonly dist?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** When a process is killed: after so many acknowledgements, or so long after its start; else it ends by itself. */
export interface Kill {
  readonly acknowledgements?: number;
  readonly afterMs?: number;
}

export interface Life {
  /** Lines that the process got out whole. */
  readonly told: readonly string[];
  readonly acknowledged: number;
  /** Exit code, or the signal that ended it. */
  readonly end: number | string | null;
}

const script = (name: string): string => {
  builtFile('src/storage/lmdb/lmdb-store.js');
  return fileURLToPath(new URL(name, import.meta.url));
};

/** Lets a process commit until it ends, and notes what it acknowledged. */
export const runStore = async (run: StoreRun, kill: Kill, ledger: Ledger): Promise<Life> => {
  const { dir, sessions, dist, env = {} } = run;
  const { acknowledgements = Number.POSITIVE_INFINITY, afterMs } = kill;
  const child = spawn(process.execPath, [script('./store-child.mjs'), dir, String(sessions)], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, ...env, ...(dist === undefined ? {} : { GREENROOM_DIST: dist }) },
  });
  const timer =
    afterMs === undefined ? undefined : setTimeout(() => child.kill('SIGKILL'), afterMs);
  let text = '';
  let lines = -1; // the first line says that the store is open
  child.stdout.setEncoding('utf8');
  child.stdout.on('data', (chunk: string) => {
    text += chunk;
    lines += chunk.split('\n').length - 1;
    if (lines >= acknowledgements) child.kill('SIGKILL');
  });
  await once(child, 'close');
  clearTimeout(timer);
  const told = text.split('\n').slice(0, -1); // what the kill cut short was not told
  return { told, acknowledged: note(told, ledger), end: child.exitCode ?? child.signalCode };
};

/** Writes down what was acknowledged; gives how much that was. */
export const note = (told: readonly string[], ledger: Ledger): number => {
  let count = 0;
  for (const line of told) {
    const [, session, version] = /^(s\d+) (\d+)$/.exec(line) ?? [];
    if (session === undefined) continue;
    ledger.set(session, Math.max(ledger.get(session) ?? 0, Number(version)));
    count += 1;
  }
  return count;
};

/** What is wrong with a store, in sentences: nothing acknowledged may be missing, nothing half there. */
export const auditStore = async (dir: string, ledger: Ledger): Promise<readonly string[]> => {
  const child = spawn(process.execPath, [script('./audit-child.mjs'), dir], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  child.stdout.setEncoding('utf8');
  child.stdout.on('data', (chunk: string) => {
    text += chunk;
  });
  await once(child, 'close');
  const lines = text.split('\n');
  const found: Ledger = new Map();
  note(lines, found);
  const wrong = lines.filter((line) => line.startsWith('wrong: '));
  if (child.exitCode !== 0)
    wrong.push(`the reader ended with ${child.signalCode ?? child.exitCode}`);
  for (const [session, version] of ledger) {
    const stored = found.get(session) ?? 0;
    if (stored < version) wrong.push(`${session} is at ${stored}, ${version} was acknowledged`);
  }
  return wrong;
};
