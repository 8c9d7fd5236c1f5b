/** A record that is whole on disk and cannot be shown, as an older version may have stored it, costs itself alone. */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { catalogRowOf } from '../../src/model/catalog-row.ts';
import type { Head } from '../../src/model/head.ts';
import { sessionKey, type TurnId } from '../../src/model/ids.ts';
import { backupStore, restoreStore } from '../../src/storage/backup/care.ts';
import { packHead, packRow, packTurn } from '../../src/storage/records/codec.ts';
import { record } from '../../src/storage/records/frame.ts';
import * as keys from '../../src/storage/records/keys.ts';
import { ROWS, SESSIONS } from '../../src/storage/records/keys.ts';
import { LmdbTables } from '../../src/storage/tables/lmdb-tables.ts';
import { verifyInChild } from '../../src/storage/verify/verify.ts';
import { preparedGreenroom, type TestGreenroom } from '../support/greenroom.ts';
import { read } from '../support/read-journal.ts';
import { until } from '../support/until.ts';

const NO_MOMENT = 8_640_000_000_000_001;
const bytes = (text: string) => Buffer.from(text, 'latin1');

/** What the heads of sessions `odd0`, `odd1`, … say, and nobody can show. */
const HEADS: readonly object[] = [
  { createdAtMs: NO_MOMENT },
  { updatedAtMs: Number.NaN },
  { model: null },
  { provider: {} },
  { tags: 'x' },
  { status: 'asleep' },
  { title: 5 },
];
const ids = HEADS.map((_, at) => `odd${at}`);
/** Their rows say nothing wrong. */
const isListed = (fields: object): boolean => 'provider' in fields || 'model' in fields;
const listed = ids.filter((_, at) => isListed(HEADS[at] ?? {}));

const prefixOf = (id: string) => keys.sessionPrefix(sessionKey('default', id));

const withOddHead = (tables: LmdbTables, id: string, head: Head): void => {
  const [headKey, rowKey] = [keys.headKey(prefixOf(id)), keys.rowKey(prefixOf(id))];
  tables.put(SESSIONS, bytes(headKey), record(headKey, packHead, { head, epoch: 1 }));
  tables.put(ROWS, bytes(rowKey), record(rowKey, packRow, catalogRowOf(head)));
};

const withOddRow = (tables: LmdbTables, id: string, head: Head): void => {
  const rowKey = keys.rowKey(prefixOf(id));
  const odd = { ...catalogRowOf(head), createdAtMs: NO_MOMENT };
  tables.put(ROWS, bytes(rowKey), record(rowKey, packRow, odd));
};

const withOddTurn = (tables: LmdbTables, id: string, turnId: string): void => {
  const turnKey = keys.turnKey(prefixOf(id), turnId as TurnId);
  const turn = { turnId, status: 'completed', finishedAtMs: NO_MOMENT } as never;
  tables.put(SESSIONS, bytes(turnKey), record(turnKey, packTurn, turn));
};

const alter = async (test: TestGreenroom): Promise<void> => {
  const heads = await Promise.all(
    [...ids, 'row'].map((id) => read(test.journal).head(sessionKey('default', id))),
  );
  await test.stop();
  const tables = new LmdbTables(join(test.dataDir, 'store'));
  tables.transaction(() => {
    for (const [at, fields] of HEADS.entries())
      withOddHead(tables, `odd${at}`, { ...heads[at], ...fields } as Head);
    withOddRow(tables, 'row', heads.at(-1) as Head);
    withOddTurn(tables, 'turn', 't1');
  });
  await tables.close();
};

/** What reading everything finds before the store is opened again, and what a backup of it notes. */
const examined = async ({ dataDir }: TestGreenroom) => {
  const [store, copy, back] = ['store', 'copy', 'back'].map((name) => join(dataDir, name));
  const verdict = await verifyInChild(store ?? '');
  const noted = await backupStore(store ?? '', copy ?? '', 1);
  return { verdict, noted, restored: await restoreStore(copy ?? '', back ?? '', 1) };
};

let found: Awaited<ReturnType<typeof examined>>;

const prepared = preparedGreenroom(async (test) => {
  for (const id of ['well', 'row', ...ids]) await test.run(id, 'hello', { tags: ['x'] });
  for (const turnId of ['t1', 't2']) await test.run('turn', 'hello', { tags: ['x'], turnId });
  await alter(test);
  found = await examined(test);
  await test.start();
});

describe('a session whose head cannot be shown', () => {
  it('is left out of lists and counts', async () => {
    const test = prepared();
    const { sessions } = await test.sessions.search({ tags: ['x'], sortBy: 'createdAt' });
    const shown = ['well', 'row', 'turn', ...listed].toSorted();
    expect(sessions.map(({ sessionId }) => sessionId).toSorted()).toEqual(shown);
    expect(await test.sessions.count()).toMatchObject({ count: shown.length });
  });

  it.each([...HEADS.entries()])('is named, and refused by itself: %s %j', async (at, fields) => {
    const [test, id] = [prepared(), `odd${at}`];
    await expect(test.sessions.get(id)).rejects.toMatchObject({
      code: 'corrupt_record',
      message: expect.stringContaining(Object.keys(fields)[0] ?? ''),
    });
    await expect(test.run(id, 'wake up')).rejects.toMatchObject({ code: 'corrupt_record' });
    await expect(test.sessions.tag(id, 'y')).rejects.toMatchObject({ code: 'corrupt_record' });
    expect(test.reports.filter(({ kind }) => kind === 'parked')).toEqual([]);
    await test.run('well', 'goes on');
  });

  it('is found by reading everything, and a backup is made that names it', () => {
    const named = expect.arrayContaining(
      HEADS.map((fields, at) =>
        expect.objectContaining({
          session: { tenant: 'default', sessionId: `odd${at}` },
          why: expect.stringContaining(Object.keys(fields)[0] ?? ''),
        }),
      ),
    );
    const { verdict, noted, restored } = found;
    expect(verdict).toMatchObject({ isSound: false, report: { problems: named } });
    expect(noted).toMatchObject({ sessions: ids.length + 3, problems: named });
    expect(restored).toEqual(noted);
  });
});

it('a row that cannot be shown is made anew from its head', async () => {
  const test = prepared();
  const { sessions } = await test.sessions.search({ tags: ['x'] });
  expect(sessions.map(({ sessionId }) => sessionId)).toContain('row');
  expect((await test.sessions.get('row')).numTurns).toBe(1);
});

it('a turn that cannot be shown is left out of the list of turns, and named', async () => {
  const test = prepared();
  const { turns } = await test.sessions.turns('turn', { limit: 1 });
  expect(turns.map(({ turnId }) => turnId)).toEqual(['t2']);
  expect((await test.sessions.turns('turn')).turns.map(({ turnId }) => turnId)).toEqual(['t2']);
  await until(() => test.reports.some(({ kind }) => kind === 'fault'));
  await expect(test.sessions.turnStatus('turn', 't1')).rejects.toMatchObject({
    code: 'corrupt_record',
  });
});
