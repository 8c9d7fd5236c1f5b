/** Catalog rows as an older version stored them, which knew of no errors, tokens and tools: read from their heads. */
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { type CatalogRow, catalogRowOf } from '../../src/model/catalog-row.ts';
import { newHead } from '../../src/model/head.ts';
import { sessionKey } from '../../src/model/ids.ts';
import { packRow } from '../../src/storage/records/codec.ts';
import { readValue, record } from '../../src/storage/records/frame.ts';
import * as keys from '../../src/storage/records/keys.ts';
import { ROWS } from '../../src/storage/records/keys.ts';
import { LmdbTables } from '../../src/storage/tables/lmdb-tables.ts';
import { verifyInChild } from '../../src/storage/verify/verify.ts';
import { preparedGreenroom, type TestGreenroom } from '../support/greenroom.ts';
import { read } from '../support/read-journal.ts';

const IDS = ['used', 'plain'];
const AGENT = 'mcp__github__list';

/** What that version left out of the end of a row. */
const asOlder = (row: CatalogRow): CatalogRow => {
  const { errorCount: _, tokens: __, toolsUsed: ___, ...known } = row;
  return known as CatalogRow;
};

const packedLength = (row: CatalogRow): number =>
  (readValue('', record('', packRow, row)) as readonly unknown[]).length;

/** Every row of the store as that version would have written it; how many values each has. */
const makeOlder = async (test: TestGreenroom): Promise<readonly number[]> => {
  const heads = await Promise.all(
    IDS.map((id) => read(test.journal).head(sessionKey('default', id))),
  );
  await test.stop();
  const tables = new LmdbTables(join(test.dataDir, 'store'));
  const lengths = heads.map((head) => {
    if (head === undefined) throw new Error('it is not there');
    const name = keys.rowKey(keys.sessionPrefix(head.key));
    const bytes = record(name, packRow, asOlder(catalogRowOf(head)));
    tables.transaction(() => tables.put(ROWS, Buffer.from(name, 'latin1'), bytes));
    return packedLength(asOlder(catalogRowOf(head)));
  });
  await tables.close();
  return lengths;
};

let lengths: readonly number[];
let isSound: boolean;
const prepared = preparedGreenroom(async (test) => {
  await test.run('used', `[[rehearse: tool=Bash tool=${AGENT}]] [[rehearse: text=done]]`);
  await test.run('plain', 'hello');
  lengths = await makeOlder(test);
  isSound = (await verifyInChild(join(test.dataDir, 'store'))).isSound;
  await test.start();
});

it('rows of an older version are shorter than any that this one writes', async () => {
  const newest = packedLength(catalogRowOf(newHead(sessionKey('default', 'x'), 0)));
  expect(Math.max(...lengths)).toBeLessThan(newest);
});

it('a store of them is sound', () => {
  expect(isSound).toBe(true);
});

it('their sessions are found by what only their heads tell', async () => {
  const { sessions } = prepared();
  const found = async (q: string) =>
    (await sessions.search({ q, sortBy: 'createdAt', order: 'asc' })).sessions.map(
      ({ sessionId }) => sessionId,
    );
  expect(await found('tool:bash')).toEqual(['used']);
  expect(await found('tool:mcp__*')).toEqual(['used']);
  expect(await found('tokens:>0')).toEqual(IDS);
  expect(await found('-has:errors')).toEqual(IDS);
});

it('their tokens are those of their heads', async () => {
  const { sessions } = prepared();
  const all = await sessions.search();
  for (const { sessionId, tokens, errorCount } of all.sessions) {
    const { usage, errorCount: errors } = await sessions.get(sessionId);
    const { inputTokens, outputTokens, cacheReadInputTokens, cacheCreationInputTokens } = usage;
    const cached = cacheReadInputTokens + cacheCreationInputTokens;
    expect(tokens).toBe(inputTokens + outputTokens + cached);
    expect(errorCount).toBe(errors);
  }
  expect(all.sessions).toHaveLength(2);
});

it('are written anew with the next change of their session', async () => {
  const test = prepared();
  await test.sessions.tag('used', 'again');
  await test.restart();
  const { sessions } = await test.sessions.search({ q: 'tool:bash tag:again' });
  expect(sessions).toHaveLength(1);
});
