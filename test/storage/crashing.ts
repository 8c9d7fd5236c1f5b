/**
 * The crash harness: a child commits, the parent keeps a ledger of what was acknowledged, kills the
 * child in the middle, and compares the store with the ledger.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { compiledFile } from '../../src/compiled.ts';
import { summaryOf } from '../../src/session/summary.ts';
import type { StoredJournal } from '../../src/storage/stored-journal.ts';
import { keyOf, textOf } from './sessions.ts';

/** Versions that were acknowledged, by session. */
export type Ledger = Map<string, number>;

export interface CrashRun {
  readonly dir: string;
  readonly sessions: number;
  readonly mutant?: string;
}

/** Lets a child run until it has told of `acknowledgements` commits, kills it with SIGKILL, and notes them. */
export const crashOnce = async (
  run: CrashRun,
  acknowledgements: number,
  ledger: Ledger,
): Promise<number> => {
  compiledFile(import.meta.url, '../../src/storage/lmdb-store.js');
  const script = fileURLToPath(new URL('./crash-child.mjs', import.meta.url));
  const args = [script, run.dir, String(run.sessions), run.mutant ?? 'sound'];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  let lines = 0;
  child.stdout.setEncoding('utf8');
  child.stdout.on('data', (chunk: string) => {
    text += chunk;
    lines += chunk.split('\n').length - 1;
    if (lines >= acknowledgements) child.kill('SIGKILL');
  });
  await once(child, 'close');
  return note(text, ledger);
};

/** Whole lines only: what the kill cut short was not told. */
const note = (text: string, ledger: Ledger): number => {
  const told = text.split('\n').slice(0, -1);
  for (const line of told) {
    const [session = '', version] = line.split(' ');
    ledger.set(session, Math.max(ledger.get(session) ?? 0, Number(version)));
  }
  return told.length;
};

/** What is wrong with the store, in sentences: nothing acknowledged may be missing, nothing half there. */
export const compare = async (journal: StoredJournal, ledger: Ledger): Promise<string[]> => {
  const wrong: string[] = [];
  const rows = new Map<string, unknown>();
  await journal.scanRows((row) => rows.set(row.key.sessionId, row));
  for (const [session, version] of ledger) {
    const head = journal.head(keyOf(session));
    if (head === undefined || head.version < version) {
      wrong.push(`${session} is at ${head?.version ?? 0}, ${version} was acknowledged`);
      continue;
    }
    const entries = journal.entries(keyOf(session), { limit: head.seq });
    const bodies = entries.filter((entry) => textOf(entry).startsWith(`${session} ${entry.seq} `));
    if (bodies.length !== head.version) wrong.push(`${session} has ${bodies.length} entries`);
    const turns = journal.turns(keyOf(session), { limit: head.version + 1 });
    if (turns.length !== head.version) wrong.push(`${session} has ${turns.length} turns`);
    if (JSON.stringify(rows.get(session)) !== JSON.stringify(summaryOf(head)))
      wrong.push(`the row of ${session} differs from its head`);
  }
  return wrong;
};
