/** What is derived from the journal, the snapshot of the catalog and the text index, is compared with it, and each fault of theirs is found. */
import { copyFileSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'libsql';
import { describe, expect, it } from 'vitest';
import { verifyDerived } from '../../src/app/verify-derived.ts';
import { sessionKey } from '../../src/model/ids.ts';
import { programFile } from '../../src/platform/compiled.ts';
import { fillCatalog } from '../../src/search/catalog/fill-catalog.ts';
import { readHeader, writeSnapshot } from '../../src/search/catalog/snapshot-file.ts';
import { runChild } from '../../src/storage/files/child.ts';
import { JournalBeside } from '../../src/storage/journal/journal-beside.ts';
import { verifyIndex } from '../../src/text/verify-index.ts';
import { type TestGreenroom, testGreenroom } from '../support/greenroom.ts';
import { caughtUp } from '../text/caught-up.ts';

const TALK = { textSearch: 'talk' } as const;
const TRANSCRIPT = new URL(
  '../fixtures/transcripts/d-kimuson__claude-code-viewer/sample-project/1af7fc5e-8455-4414-9ccd-011d40f70b2a.jsonl',
  import.meta.url,
);

/** Sessions with words of many kinds, an index of them, and a snapshot. */
const filled = async (): Promise<TestGreenroom> => {
  const test = await testGreenroom(TALK);
  const session = { title: 'Das Übel des getUserName', tags: ['a', 'B'] };
  await test.run('first', 'foo_bar.ts is 中文字 and getUserName, says Ärger', { session });
  await test.run('first', 'the same words, the same words again');
  await test.run('second', 'nothing');
  await test.run('gone', 'soon deleted');
  const lines = readFileSync(TRANSCRIPT, 'utf8').trimEnd().split('\n');
  await test.greenroom.api.session('imported', 'import', {
    ...{ externalKey: 'elsewhere', fromLine: 0, lines },
  });
  await test.sessions.delete('gone');
  await caughtUp(test);
  return test;
};

const snapshotOf = ({ dataDir }: TestGreenroom) => join(dataDir, 'catalog.snapshot');
const indexOf = ({ dataDir }: TestGreenroom) => join(dataDir, 'text', 'index.db');
const verified = ({ dataDir }: TestGreenroom) => verifyDerived({ dataDir, ...TALK });

const writeAnother = async (test: TestGreenroom): Promise<void> => {
  const script = programFile('app/snapshot-child');
  const args = [join(test.dataDir, 'store'), snapshotOf(test)];
  expect(await runChild(script, args, 60_000)).toMatchObject({ failure: null });
};

/** What is found of a copy of the index that was changed behind its owner's back. */
const foundOf = async (test: TestGreenroom, sql: string) => {
  const path = `${indexOf(test)}.changed`;
  for (const end of ['', '-wal', '-shm']) rmSync(path + end, { force: true });
  for (const end of ['', '-wal'])
    if (existsSync(indexOf(test) + end)) copyFileSync(indexOf(test) + end, path + end);
  const db = new Database(path);
  expect(db.prepare(sql).run().changes).toBeGreaterThan(0);
  db.pragma('wal_checkpoint(TRUNCATE)');
  db.close();
  const journal = new JournalBeside(join(test.dataDir, 'store'));
  const { storeId } = journal.identity;
  const found = await verifyIndex({ path, storeId, scope: 'talk' }, journal);
  // Common words are read place by place: that comes to the same.
  expect(await verifyIndex({ path, storeId, scope: 'talk' }, journal, 1)).toEqual(found);
  await journal.close();
  return found;
};

describe('what is derived', () => {
  it('is looked over beside its daemon, and word by word when that is away', async () => {
    const test = await filled();
    await writeAnother(test);
    expect(await verified(test)).toMatchObject({
      index: { is: 'read', sessions: 3, behind: 0, wrong: 0 },
      snapshot: { is: 'read', sessions: 3, wrong: 0 },
    });
    const { index } = await verified(test);
    if (index.is !== 'read') throw new Error('it was not read');
    expect(index.rows).toBeGreaterThan(10);
    await test.stop();
    const row = `(SELECT (number << 24) + 2 FROM session WHERE sessionId = 'first')`;
    expect(await foundOf(test, `DELETE FROM words WHERE rowid = ${row}`)).toMatchObject({
      wrong: 1,
      named: [{ sessionId: 'first', why: 'the words of entry 2 are missing' }],
    });
    const other = `REPLACE INTO words(rowid, text) SELECT ${row}, 'other words'`;
    expect(await foundOf(test, other)).toMatchObject({
      named: [{ sessionId: 'first', why: 'the words of entry 2 are other ones' }],
    });
    const more = `INSERT INTO words(rowid, text) SELECT ${row} + 900, 'nobody said it'`;
    expect(await foundOf(test, more)).toMatchObject({
      named: [{ sessionId: 'first', why: 'there are words of entry 902, which is not there' }],
    });
    const stray = `INSERT INTO words(rowid, text) VALUES((999 << 24) + 1, 'stray')`;
    expect(await foundOf(test, stray)).toMatchObject({ wrong: 1 });
    const late = `UPDATE session SET version = version - 1 WHERE sessionId = 'second'`;
    expect(await foundOf(test, late)).toMatchObject({ behind: 1, wrong: 0 });
    expect(await foundOf(test, 'DELETE FROM meta')).toMatchObject({ is: 'useless' });
  });

  it('has the order of words looked at, not only the words', async () => {
    const test = await filled();
    await test.stop();
    const db = new Database(indexOf(test), { readonly: true });
    db.exec(`CREATE VIRTUAL TABLE temp.places USING fts5vocab('main', 'words', 'instance')`);
    const row = `(SELECT (number << 24) FROM session WHERE sessionId = 'first')`;
    const said = db
      .prepare(`SELECT term FROM temp.places WHERE doc = ${row} ORDER BY offset`)
      .all()
      .map((each) => (each as { readonly term: string }).term);
    db.close();
    expect(said.length).toBeGreaterThan(3);
    const [first, second, ...rest] = said;
    const text = [second, first, ...rest].join(' ');
    const sql = `REPLACE INTO words(rowid, text) SELECT ${row}, '${text}'`;
    expect(await foundOf(test, sql)).toMatchObject({
      named: [{ sessionId: 'first', why: 'the words of its title are other ones' }],
    });
  });

  it('has each row of the snapshot compared, and is said to be of no use where its files are broken', async () => {
    const test = await filled();
    await writeAnother(test);
    await test.stop();
    const journal = new JournalBeside(join(test.dataDir, 'store'));
    const { storeId } = journal.identity;
    const source = {
      scanRows: journal.scanRows.bind(journal),
      row: journal.row.bind(journal),
      changedSince: journal.changedSince.bind(journal),
      info: () => ({ storeId }),
    };
    const header = await readHeader(snapshotOf(test));
    if (header === undefined) throw new Error('there is no snapshot');
    const catalog = await fillCatalog(source, {
      ...{ snapshot: undefined, notices: undefined, nowMs: () => 0, pause: async () => {} },
      ...{ onFault: () => undefined, follow: () => () => undefined },
    });
    const [first, second, imported] = ['first', 'second', 'imported'].map((name) =>
      journal.row(sessionKey('default', name)),
    );
    if (first === undefined || second === undefined || imported === undefined)
      throw new Error('a session is missing');
    catalog.put({ ...first, tags: ['a'], costNanoUsd: first.costNanoUsd + 1 });
    catalog.delete(second.key);
    catalog.put({ ...imported, key: sessionKey('default', 'made-up') });
    catalog.settle();
    writeSnapshot(snapshotOf(test), header, catalog);
    await journal.close();
    const { snapshot } = await verified(test);
    if (snapshot.is !== 'read') throw new Error('it was not read');
    expect(snapshot.named.map(({ sessionId, why }) => `${sessionId} ${why}`).toSorted()).toEqual([
      'first is another one in it: tags, costNanoUsd',
      'made-up is in it, and not in the journal',
      'second is missing in it',
    ]);
    expect(snapshot.wrong).toBe(3);
    for (const end of ['-wal', '-shm']) rmSync(indexOf(test) + end, { force: true });
    writeFileSync(indexOf(test), Buffer.alloc(8_192, 'x'));
    writeFileSync(snapshotOf(test), 'nonsense');
    expect(await verified(test)).toMatchObject({
      index: { is: 'useless', why: expect.stringContaining('broken') },
      snapshot: { is: 'useless' },
    });
  });
});
