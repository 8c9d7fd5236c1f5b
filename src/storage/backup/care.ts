/**
 * Copies of a whole store: made while somebody writes to it, put back where there is none. Both are
 * judged by reading everything before they count.
 *
 * 1. A backup is of one moment: LMDB copies what one reading transaction sees, writers go on.
 * 2. `backup.json` is written last: a folder without it is no backup, however much lies in it.
 * 3. A record that cannot be read costs itself: it is copied as it is, and the note names it.
 * 4. A restore goes to its place by one rename; before that nothing is there, after it everything.
 * 5. What stands beside the store and belongs to it (`BESIDE`) goes along: it is put back before the store is, where there is
 *    none of that name.
 */
import { createHash, hash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { cp } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { z } from 'zod';
import { examineServer } from '../../classic/stores/examine-server.ts';
import { folderFault } from '../../config/folder-fault.ts';
import { StorageError } from '../../model/errors.ts';
import { programFile } from '../../platform/compiled.ts';
import { makeFolder } from '../../platform/make-folder.ts';
import { patienceFor, runChild } from '../files/child.ts';
import { DATA_FILE } from '../files/data-file.ts';
import { syncFile, syncFolder, writeDurably } from '../files/durable-files.ts';
import { StoreLock } from '../files/store-lock.ts';
import { keepStoreFile, type StoreFile } from '../verify/store-file.ts';
import { verifyInChild } from '../verify/verify.ts';
import type { VerifyReport } from '../verify/verify-tables.ts';

const NOTE = 'backup.json';
/** Small files of the data directory, written whole or not at all. */
const BESIDE = ['budgets.json'];

const count = z.int().min(0);
const Problem = z.object({
  ...{ key: z.string(), why: z.string() },
  session: z.object({ tenant: z.string(), sessionId: z.string() }).optional(),
});
const BackupNote = z.object({
  ...{ storeId: z.string(), formatVersion: count, madeAt: z.string() },
  ...{ records: count, sessions: count, entries: count },
  /** Records that cannot be read or do not fit to the others, and the first hundred by name. */
  broken: count.default(0),
  problems: z.array(Problem).default([]),
});

/** What a backup says of itself; counts and identity are checked when it is restored. */
export type BackupNote = Readonly<z.output<typeof BackupNote>>;

/** A record that is broken keeps nobody from copying the others: the note's `problems` name whose it is. Copies the store in `storeDir` to the folder `dir`, which must be empty or missing. */
export const backupStore = async (
  storeDir: string,
  dir: string,
  nowMs: number,
  signal?: AbortSignal,
): Promise<BackupNote> => {
  if (!existsSync(join(storeDir, DATA_FILE))) throw wrongFolder(`there is no store in ${storeDir}`);
  mustBeEmpty(dir);
  await makeFolder(dir);
  const script = programFile('storage/backup/copy-child');
  const { out, failure } = await runChild(
    script,
    [resolve(storeDir), resolve(dir)],
    patienceFor(join(storeDir, DATA_FILE)),
    signal,
  );
  signal?.throwIfAborted();
  if (failure !== null) throw new StorageError(`copying the store ended with ${failure}`);
  const { records, sessions, entries, broken, problems } = await wholeReport(dir);
  const { storeId, formatVersion } = JSON.parse(out) as StoreFile;
  const madeAt = new Date(nowMs).toISOString();
  const note = BackupNote.parse({
    ...{ storeId, formatVersion, madeAt, records, sessions, entries, broken, problems },
  });
  rmSync(join(dir, LOCK_FILE), { force: true });
  syncFile(join(dir, DATA_FILE));
  takeAlong(dirname(resolve(storeDir)), dir);
  writeDurably(dir, NOTE, `${JSON.stringify(note)}\n`);
  return note;
};

/** Puts a backup into `storeDir`, which must be empty or missing, and used by nobody. */
export const restoreStore = async (
  dir: string,
  storeDir: string,
  nowMs: number,
): Promise<BackupNote> => {
  const note = readNote(dir);
  mustHaveNoStore(storeDir);
  await makeFolder(storeDir);
  const lock = await StoreLock.take(storeDir, nowMs);
  try {
    mustHaveNoStore(storeDir);
    const draft = `${resolve(storeDir)}.restoring`;
    rmSync(draft, { recursive: true, force: true });
    mkdirSync(draft, { mode: 0o700 });
    await cp(join(dir, DATA_FILE), join(draft, DATA_FILE));
    mustMatch(note, await wholeReport(draft), dir);
    syncFile(join(draft, DATA_FILE));
    takeAlong(dir, dirname(resolve(storeDir)));
    renameSync(join(draft, DATA_FILE), join(storeDir, DATA_FILE));
    syncFolder(storeDir);
    const { storeId, formatVersion } = note;
    keepStoreFile(storeDir, null, {
      storeId,
      formatVersion,
      copy: copyOf(storeId, storeDir, nowMs),
    });
    rmSync(draft, { recursive: true, force: true });
  } finally {
    await lock.release();
  }
  return note;
};

/** Of no other copy: that would be one to the same place at the same moment. */
const copyOf = (storeId: string, storeDir: string, nowMs: number): string =>
  hash('sha256', [storeId, hostname(), resolve(storeDir), nowMs].join('\0')).slice(0, 32);

/** What is there already stays. */
const takeAlong = (from: string, to: string): void => {
  for (const name of BESIDE)
    if (existsSync(join(from, name)) && !existsSync(join(to, name)))
      writeDurably(to, name, readFileSync(join(from, name), 'utf8'));
};

/** Of all that goes along with a copy of the store of this data directory. */
export const besideHash = (dataDir: string): string => {
  const hash = createHash('sha256');
  for (const path of BESIDE.map((name) => join(dataDir, name)))
    hash.update(existsSync(path) ? readFileSync(path) : 'none').update('\0');
  return hash.digest('hex');
};

/** The three together, for the command line. */
export const storeCare = {
  verify: verifyInChild,
  backup: backupStore,
  restore: restoreStore,
  examineServer,
};

const LOCK_FILE = 'lock.mdb';
const SOCKET_FILE = 'lock';

/** Throws `invalid_request` for a folder with anything in it, other than who holds it. */
export const mustHaveNoStore = (storeDir: string): void => mustBeEmpty(storeDir, SOCKET_FILE);

const mustBeEmpty = (dir: string, ...exempt: readonly string[]): void => {
  const fault = folderFault(dir);
  if (fault !== undefined) throw wrongFolder(`${fault}: name another folder`);
  if (!existsSync(dir)) return;
  const found = readdirSync(dir).filter((name) => !exempt.includes(name));
  if (found.length > 0) throw wrongFolder(`${dir} is not empty (${found[0]}): name another folder`);
};

/** Nothing has failed and nothing was done: another folder is to be named. */
const wrongFolder = (message: string): StorageError =>
  new StorageError(message, {}, 'invalid_request');

const readNote = (dir: string): BackupNote => {
  const path = join(dir, NOTE);
  if (!existsSync(dir)) throw wrongFolder(`there is no folder ${dir}`);
  if (!existsSync(path)) throw wrongFolder(`${dir} is no finished backup: it has no ${NOTE}`);
  try {
    return BackupNote.parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch (cause) {
    throw new StorageError(`${path} is no note of a backup`, { cause }, 'invalid_request');
  }
};

/** Of a copy whose file was read to its end, whatever single records are like. */
const wholeReport = async (dir: string): Promise<VerifyReport> => {
  const verdict = await verifyInChild(dir);
  const { report } = verdict;
  if (report !== undefined && report.fileFault === undefined) return report;
  throw notSound(dir, verdict.isSound ? 'it cannot be read' : verdict.why);
};

const notSound = (dir: string, why: string): StorageError =>
  new StorageError(`the copy in ${dir} is not sound: ${why}`);

const mustMatch = (note: BackupNote, report: VerifyReport, dir: string): void => {
  const [first] = report.problems;
  if (note.broken !== report.broken)
    throw notSound(
      dir,
      `${report.broken} records are broken, ${note.broken} were (${first?.key} ${first?.why})`,
    );
  for (const count of ['records', 'sessions', 'entries'] as const)
    if (note[count] !== report[count])
      throw new StorageError(`${dir} has ${report[count]} ${count}, it should have ${note[count]}`);
};
