/** Commits that were acknowledged and stand in the log alone when their process is killed. */
import {
  copyFileSync,
  cpSync,
  lstatSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { backupStore, restoreStore } from '../../src/storage/backup/care.ts';
import { openLmdbJournal } from '../../src/storage/journal/lmdb-journal.ts';
import { LOG_FILE } from '../../src/storage/log/commit-log.ts';
import { loggedGroups, readMark } from '../../src/storage/log/log-mark.ts';
import { readLog } from '../../src/storage/log/log-reader.ts';
import { LmdbTables } from '../../src/storage/tables/lmdb-tables.ts';
import { verifyInChild } from '../../src/storage/verify/verify.ts';
import { auditStore, type Ledger, runStore } from '../chaos/store/store-process.ts';
import { mutant } from '../support/mutant.ts';
import { read } from '../support/read-journal.ts';
import { folders } from './folders.ts';
import { append, keyOf, NOW, remove } from './sessions.ts';

/** Groups that the log holds and the tables lack. */
const waitingGroups = async (dir: string): Promise<number> => {
  const tables = new LmdbTables(dir, { readOnly: true });
  const groups = loggedGroups(tables, readLog(dir));
  await tables.close();
  return groups.length;
};

/** Kills a process under load until it leaves at least three groups in the log. */
const killed = async (dir: string, dist?: string): Promise<Ledger> => {
  const ledger: Ledger = new Map();
  const run = { dir, sessions: 20, ...(dist === undefined ? {} : { dist }) };
  for (let tries = 0; tries < 20; tries += 1) {
    await runStore(run, { acknowledgements: 300 + 50 * tries }, ledger);
    if ((await waitingGroups(dir)) >= 3) return ledger;
  }
  throw new Error('no kill hit a store between two checkpoints');
};

/** One that was killed, which nobody opens: each test has a copy. */
const original = mkdtempSync(join(tmpdir(), 'greenroom-'));
afterAll(() => rmSync(original, { recursive: true, force: true }));
let killing: Promise<Ledger> | undefined;

const copyOfKilled = async (dir: string): Promise<Ledger> => {
  killing ??= killed(original);
  const ledger = await killing;
  // The lock is a socket: a copy has none.
  cpSync(original, dir, { recursive: true, filter: (path) => !lstatSync(path).isSocket() });
  return structuredClone(ledger);
};

describe('a store whose process was killed between two checkpoints', () => {
  const folder = folders();

  it('has everything that was acknowledged when it is opened again', async () => {
    const dir = folder();
    const ledger = await copyOfKilled(dir);
    expect(await auditStore(dir, ledger)).toEqual([]);
    expect(await waitingGroups(dir)).toBe(0);
  });

  it('would have lost some of it without the log', async () => {
    const dir = folder();
    const dist = mutant('src/storage/log/log-mark.js', /applyGroup\(tables, group, [^;]*;/, ';');
    const ledger = await killed(dir, dist);
    await runStore({ dir, sessions: 1, dist }, { acknowledgements: 1 }, new Map());
    expect(await auditStore(dir, ledger)).not.toEqual([]);
  });

  it('is copied by a backup with all of it, and judged sound', async () => {
    const [dir, copy, back] = [folder(), folder(), folder()];
    const ledger = await copyOfKilled(dir);
    expect(await verifyInChild(dir)).toMatchObject({ isSound: true });
    await backupStore(dir, copy, NOW);
    await restoreStore(copy, back, NOW);
    expect(await auditStore(back, ledger)).toEqual([]);
    expect(await waitingGroups(dir)).toBeGreaterThan(0);
  });

  it('is not opened without its log, nor with one that is damaged, and says what to do', async () => {
    const dir = folder();
    const ledger = await copyOfKilled(dir);
    const log = join(dir, LOG_FILE);
    renameSync(log, `${log}.kept`);
    await expect(openLmdbJournal({ dir })).rejects.toMatchObject({ code: 'storage_failed' });
    await expect(openLmdbJournal({ dir })).rejects.toThrow('commits.log is missing');
    const bytes = readFileSync(`${log}.kept`);
    bytes.writeUInt8((bytes[40] ?? 0) ^ 1, 40);
    writeFileSync(log, bytes);
    await expect(openLmdbJournal({ dir })).rejects.toThrow('commits.log is damaged at byte 0');
    const verdict = await verifyInChild(dir);
    expect(verdict).toMatchObject({ isSound: false });
    expect(JSON.stringify(verdict)).toContain('commits.log is damaged');
    renameSync(`${log}.kept`, log);
    expect(await auditStore(dir, ledger)).toEqual([]);
  });

  it('is opened as it was before them with an empty log in its place', async () => {
    const dir = folder();
    await copyOfKilled(dir);
    writeFileSync(join(dir, LOG_FILE), '');
    const { journal, close } = await openLmdbJournal({ dir });
    await journal.commit(append(keyOf('later')));
    await close();
    expect(await verifyInChild(dir)).toMatchObject({ isSound: true });
  });
});

describe('a store that was closed', () => {
  const folder = folders();

  it('has nothing in its log, and opens without it', async () => {
    const dir = folder();
    const { journal, close } = await openLmdbJournal({ dir });
    await journal.commit(append(keyOf('s1')));
    await close();
    expect(await waitingGroups(dir)).toBe(0);
    rmSync(join(dir, LOG_FILE));
    const again = await openLmdbJournal({ dir });
    expect((await read(again.journal).head(keyOf('s1')))?.version).toBe(1);
    await again.close();
  });

  it('takes nothing from a log of another store, or of its own past', async () => {
    const [dir, other] = [folder(), folder()];
    await copyOfKilled(other);
    const { journal, close } = await openLmdbJournal({ dir });
    await journal.commit(append(keyOf('s1')));
    await close();
    copyFileSync(join(other, LOG_FILE), join(dir, LOG_FILE));
    const again = await openLmdbJournal({ dir });
    expect(await read(again.journal).head(keyOf('s0'))).toBeUndefined();
    await again.close();
  });
});

describe('a commit that removes something', () => {
  const folder = folders();

  it('does not wait in the log: nobody could be shown what it reached', async () => {
    const dir = folder();
    const { journal, close } = await openLmdbJournal({ dir });
    const first = append(keyOf('s1'));
    await journal.commit(first);
    await journal.commit(remove(keyOf('s1'), first.head, NOW + 1));
    expect(await waitingGroups(dir)).toBe(0);
    expect(await read(journal).head(keyOf('s1'))).toBeUndefined();
    await close();
  });
});

describe('the log’s mark', () => {
  const folder = folders();

  it('says whether a log that is missing is a loss', async () => {
    const dir = folder();
    const { close } = await openLmdbJournal({ dir });
    const tables = new LmdbTables(dir, { readOnly: true });
    expect(readMark(tables)).toMatchObject({ inUse: true });
    await close();
    tables.refresh();
    expect(readMark(tables)).toMatchObject({ inUse: false });
    await tables.close();
  });
});
