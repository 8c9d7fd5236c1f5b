/** A record that is whole on disk and cannot be shown, as an older version may have stored it, costs itself alone. */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Head } from '../../src/session/head.ts';
import { sessionKey, type TurnId } from '../../src/session/ids.ts';
import { summaryOf } from '../../src/session/summary.ts';
import { backupStore, restoreStore } from '../../src/storage/care.ts';
import { packHead, packRow, packTurn, record } from '../../src/storage/codec.ts';
import * as keys from '../../src/storage/keys.ts';
import { ROWS, SESSIONS } from '../../src/storage/keys.ts';
import { LmdbTables } from '../../src/storage/lmdb-tables.ts';
import { verifyInChild } from '../../src/storage/verify.ts';
import { type TestGreenroom, testGreenroom } from '../support/greenroom.ts';
import { until } from '../support/until.ts';

const NO_MOMENT = 8_640_000_000_000_001;
const key = sessionKey('default', 'odd');
const prefix = keys.sessionPrefix(key);
const bytes = (text: string) => Buffer.from(text, 'latin1');

const altered = async (
  test: TestGreenroom,
  work: (tables: LmdbTables, head: Head) => void,
): Promise<void> => {
  const head = test.journal.head(key);
  await test.stop();
  const tables = new LmdbTables(join(test.dataDir, 'store'));
  tables.transaction(() => work(tables, head as Head));
  await tables.close();
};

/** Head and row of the session say what nobody can read. */
const withOddHead = (test: TestGreenroom, fields: object) =>
  altered(test, (tables, head) => {
    const odd = { ...head, ...fields } as Head;
    const [headKey, rowKey] = [keys.headKey(prefix), keys.rowKey(prefix)];
    tables.put(SESSIONS, bytes(headKey), record(headKey, packHead, { head: odd, epoch: 1 }));
    tables.put(ROWS, bytes(rowKey), record(rowKey, packRow, summaryOf(odd)));
  });

const two = async (): Promise<TestGreenroom> => {
  const test = await testGreenroom();
  await test.run('well', 'hello', { tags: ['x'] });
  await test.run('odd', 'hello', { tags: ['x'], turnId: 't1' });
  await test.run('odd', 'and more', { turnId: 't2' });
  return test;
};

describe('a session whose head cannot be shown', () => {
  it.each([
    { createdAtMs: NO_MOMENT },
    { updatedAtMs: Number.NaN },
    { model: null },
    { provider: {} },
    { tags: 'x' },
    { status: 'asleep' },
    { title: 5 },
  ])('is left out of lists and counts, named, and refused by itself: %j', async (fields) => {
    const test = await two();
    await withOddHead(test, fields);
    await test.start();
    const isShown = 'provider' in fields || 'model' in fields; // its row says nothing wrong
    const { sessions } = await test.sessions.search({ tags: ['x'], sortBy: 'createdAt' });
    expect(sessions.map(({ sessionId }) => sessionId).filter((id) => id !== 'odd')).toEqual([
      'well',
    ]);
    expect(await test.sessions.count()).toMatchObject({ count: isShown ? 2 : 1 });
    await expect(test.sessions.get('odd')).rejects.toMatchObject({
      code: 'corrupt_record',
      message: expect.stringContaining(Object.keys(fields)[0] ?? ''),
    });
    await expect(test.run('odd', 'wake up')).rejects.toMatchObject({ code: 'corrupt_record' });
    await expect(test.sessions.tag('odd', 'y')).rejects.toMatchObject({ code: 'corrupt_record' });
    expect(test.reports.filter(({ kind }) => kind === 'parked')).toEqual([]);
    await test.run('well', 'goes on');
  });

  it('is found by reading everything, and a backup is made that names it', async () => {
    const test = await two();
    await withOddHead(test, { createdAtMs: NO_MOMENT });
    const store = join(test.dataDir, 'store');
    const named = expect.arrayContaining([
      expect.objectContaining({
        session: { tenant: 'default', sessionId: 'odd' },
        why: expect.stringContaining('createdAtMs'),
      }),
    ]);
    expect(await verifyInChild(store)).toMatchObject({
      isSound: false,
      report: { problems: named },
    });
    const [copy, back] = [join(test.dataDir, 'copy'), join(test.dataDir, 'back')];
    const note = await backupStore(store, copy, 1);
    expect(note).toMatchObject({ sessions: 2, problems: named });
    expect(await restoreStore(copy, back, 1)).toEqual(note);
  });
});

it('a row that cannot be shown is made anew from its head', async () => {
  const test = await two();
  await altered(test, (tables, head) => {
    const rowKey = keys.rowKey(prefix);
    const odd = { ...summaryOf(head), createdAtMs: NO_MOMENT };
    tables.put(ROWS, bytes(rowKey), record(rowKey, packRow, odd));
  });
  await test.start();
  expect((await test.sessions.search({ tags: ['x'] })).sessions).toHaveLength(2);
  expect((await test.sessions.get('odd')).numTurns).toBe(2);
});

it('a turn that cannot be shown is left out of the list of turns, and named', async () => {
  const test = await two();
  await altered(test, (tables) => {
    const turnKey = keys.turnKey(prefix, 't1' as TurnId);
    const turn = { turnId: 't1', status: 'completed', finishedAtMs: NO_MOMENT } as never;
    tables.put(SESSIONS, bytes(turnKey), record(turnKey, packTurn, turn));
  });
  await test.start();
  const { turns } = await test.sessions.turns('odd', { limit: 1 });
  expect(turns.map(({ turnId }) => turnId)).toEqual(['t2']);
  expect((await test.sessions.turns('odd')).turns.map(({ turnId }) => turnId)).toEqual(['t2']);
  await until(() => test.reports.some(({ kind }) => kind === 'fault'));
  await expect(test.sessions.turnStatus('odd', 't1')).rejects.toMatchObject({
    code: 'corrupt_record',
  });
});
