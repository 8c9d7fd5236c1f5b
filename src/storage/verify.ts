/**
 * Reads everything of a store and checks every record: what `doctor --verify` does, and what decides
 * about a data file that looks cut off. A damaged file can crash whoever reads it, so it is read in a
 * child process.
 */
import { spawn } from 'node:child_process';
import { compiledFile } from '../compiled.ts';
import { payloadOf } from './codec.ts';
import { headKey, type Key, ROWS, SESSIONS, TABLES, type Table } from './keys.ts';
import type { ReadTables } from './store.ts';

const PAGE = 1_000;
/** Broken records that a report names. */
const MAX_NAMED = 100;

export interface VerifyReport {
  readonly records: number;
  readonly sessions: number;
  readonly broken: number;
  /** Keys of broken records, 100 at most. */
  readonly brokenKeys: readonly string[];
  /** What is wrong with the pages of the data file, in words. */
  readonly fileFault?: string;
}

export type Verdict =
  | { readonly isSound: true; readonly report: VerifyReport }
  | { readonly isSound: false; readonly why: string; readonly report?: VerifyReport };

/** Checks every record of tables that are open; also that no session has lost its head. */
export const verifyTables = (tables: ReadTables): VerifyReport => {
  const broken: string[] = [];
  let records = 0;
  let sessions = 0;
  const check = (key: Key, isSound: () => boolean) => {
    records += 1;
    if (!isSound()) broken.push(key);
  };
  for (const [number] of TABLES.entries()) {
    const table = number as Table;
    for (const { key, value } of allOf(tables, table)) {
      check(key, () => isRecord(key, value));
      if (table !== ROWS) continue;
      sessions += 1;
      const head = headKey(key);
      if (tables.get(SESSIONS, head) === undefined) broken.push(head);
    }
  }
  return {
    records,
    sessions,
    broken: broken.length,
    brokenKeys: broken.slice(0, MAX_NAMED).map((key) => JSON.stringify(key)),
  };
};

function* allOf(tables: ReadTables, table: Table): Generator<{ key: Key; value: Buffer }> {
  let start = '\0';
  for (;;) {
    const page = tables.range(table, { start, end: '\xff', limit: PAGE });
    yield* page;
    const last = page.at(-1);
    if (last === undefined || page.length < PAGE) return;
    start = `${last.key}\0`;
  }
}

const isRecord = (key: Key, value: Buffer): boolean => {
  try {
    payloadOf(key, value);
    return true;
  } catch {
    return false;
  }
};

/** Reads a store from disk; whatever is wrong with it ends the child and not us. */
export const verifyInChild = async (dir: string): Promise<Verdict> => {
  const { text, end } = await runChild(compiledFile(import.meta.url, './verify-child.js'), dir);
  if (end !== null)
    return { isSound: false, why: `reading it ended with ${end}: ${lastLine(text)}` };
  const report = JSON.parse(text) as VerifyReport;
  if (report.fileFault !== undefined) return { isSound: false, why: report.fileFault, report };
  if (report.broken === 0) return { isSound: true, report };
  return { isSound: false, why: `${report.broken} records are broken`, report };
};

/** `end` is null when the child ended well. */
const runChild = (script: string, dir: string): Promise<{ text: string; end: string | null }> =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [script, dir], { stdio: ['ignore', 'pipe', 'pipe'] });
    let text = '';
    child.stdout.on('data', (bytes: Buffer) => {
      text += bytes.toString();
    });
    child.stderr.on('data', (bytes: Buffer) => {
      text += bytes.toString();
    });
    child.on('error', reject);
    child.on('close', (code, signal) =>
      resolve({ text, end: code === 0 ? null : (signal ?? `code ${code}`) }),
    );
  });

const lastLine = (text: string): string => text.trim().split('\n').at(-1) ?? '';
