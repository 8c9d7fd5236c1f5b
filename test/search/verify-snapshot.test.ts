/** The catalog's snapshot, looked over: each session of which it says something else than the journal is named. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { CatalogRow } from '../../src/model/catalog-row.ts';
import { MAX_NAMED } from '../../src/model/derived.ts';
import type { Tenant } from '../../src/model/ids.ts';
import { MemoryCatalog } from '../../src/search/catalog/catalog.ts';
import { writeSnapshot } from '../../src/search/catalog/snapshot-file.ts';
import { type VerifySource, verifySnapshot } from '../../src/search/catalog/verify-snapshot.ts';
import { rowOf, tenant } from './summary-row.ts';

const MARK = { epoch: 1, count: 7, token: 99 };
const LATER = { epoch: 1, count: 8, token: 99 };

let dir = '';
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'greenroom-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));
const path = () => join(dir, 'catalog.snapshot');

const write = (rows: readonly CatalogRow[]): void => {
  const catalog = new MemoryCatalog();
  for (const row of rows) catalog.put(row);
  writeSnapshot(path(), { storeId: 'here', mark: MARK, sessions: rows.length }, catalog);
};

/** Of a journal with these rows. @param given what else it says. */
const look = (stored: readonly CatalogRow[], given: Partial<VerifySource> = {}) => {
  const journal: VerifySource = {
    info: () => ({ storeId: 'here' }),
    row: () => undefined,
    changeMark: () => LATER as never,
    changedSince: async () => [],
    scanRows: async (visit) => stored.forEach((row) => void visit(row)),
    ...given,
  };
  return verifySnapshot(journal, path(), async () => undefined);
};

const nothingWrong = (sessions: number) => ({ is: 'read', sessions, wrong: 0, named: [] });
const fault = (sessionId: string, why: string) => ({ tenant, sessionId, why });

test('where there is none, that is said', async () => {
  expect(await look([])).toEqual({
    ...{ is: 'none', why: 'there is none: the catalog is small, or new' },
  });
});

test('one that a start would not use is useless, and it is said why', async () => {
  writeFileSync(path(), '');
  expect(await look([])).toEqual({ is: 'useless', why: 'it is cut short' });
});

test('a session that it lacks, has too many, or has otherwise is named with what is wrong', async () => {
  write([rowOf('a'), rowOf('b', { title: 'B', owner: 'ann' }), rowOf('d')]);
  expect(await look([rowOf('a'), rowOf('b', { title: 'C' }), rowOf('c')])).toEqual({
    ...{ is: 'read', sessions: 3, wrong: 3 },
    named: [
      fault('b', 'is another one in it: title, owner'),
      fault('c', 'is missing in it'),
      fault('d', 'is in it, and not in the journal'),
    ],
  });
});

test('sessions of one name are told apart by their tenants', async () => {
  const other = (fields = {}) =>
    rowOf('a', { key: { ...rowOf('a').key, tenant: 'other' as Tenant }, ...fields });
  write([rowOf('a'), other()]);
  expect(await look([rowOf('a'), other()])).toEqual(nothingWrong(2));
  const found = await look([rowOf('a', { title: 'A' }), other({ title: 'A' })]);
  expect(found).toMatchObject({ wrong: 2 });
});

test('a field of which it knows nothing is told too', async () => {
  write([rowOf('a')]);
  expect(await look([rowOf('a', { later: 1 } as object)])).toMatchObject({
    named: [fault('a', 'is another one in it: later')],
  });
});

test('the order of tools is nobody’s, and what a session offers is known by none', async () => {
  write([rowOf('a', { toolsUsed: ['Read', 'Bash'] }), rowOf('b')]);
  const stored = [
    rowOf('a', { toolsUsed: ['Bash', 'Read'], offers: ['x'] as never }),
    rowOf('b', { toolsUsed: undefined }),
  ];
  expect(await look(stored)).toEqual(nothingWrong(2));
  const [, b = rowOf('b')] = stored;
  expect(await look([rowOf('a', { toolsUsed: ['Bash'] }), b])).toMatchObject({
    named: [fault('a', 'is another one in it: toolsUsed')],
  });
});

test('what has changed since the look began is no fault', async () => {
  write([rowOf('a'), rowOf('b'), rowOf('c')]);
  const asked: unknown[] = [];
  const changedSince: VerifySource['changedSince'] = async (mark) => {
    asked.push(mark);
    return mark === LATER ? [rowOf('a').key, rowOf('b').key] : [];
  };
  const stored = [rowOf('a', { title: 'new' }), rowOf('c', { title: 'other' })];
  expect(await look(stored, { changedSince })).toMatchObject({
    ...{ wrong: 1, named: [fault('c', 'is another one in it: title')] },
  });
  expect(asked).toEqual([MARK, LATER]);
});

test('a journal that keeps no list of changes is looked at all the same', async () => {
  write([rowOf('a')]);
  expect(await look([rowOf('a')], { changeMark: () => undefined })).toEqual(nothingWrong(1));
  const changedSince: VerifySource['changedSince'] = async (mark) =>
    mark === LATER ? undefined : [];
  expect(await look([rowOf('a')], { changedSince })).toEqual(nothingWrong(1));
});

test('of many faults the first are named, and all are counted', async () => {
  write([]);
  const rows = Array.from({ length: MAX_NAMED + 5 }, (_, n) => rowOf(`s${n}`));
  const found = await look(rows);
  expect(found).toMatchObject({ is: 'read', sessions: rows.length, wrong: rows.length });
  const named = 'named' in found ? found.named.map(({ sessionId }) => sessionId) : [];
  expect(named).toEqual(rows.slice(0, MAX_NAMED).map(({ key }) => key.sessionId));
});
