/**
 * The index's file through what may happen to it: it is broken, old, of another scope, missing; its process dies; sessions
 * are deleted. What it says afterwards is what the journal has.
 */

import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type Database from 'libsql';
import { expect, it, onTestFinished } from 'vitest';
import { EMPTY_DIGEST, nextDigest } from '../../src/claude-code/digest.ts';
import { systemClock } from '../../src/otp/system-clock.ts';
import { IndexProcess } from '../../src/text/index-process.ts';
import { ownGreenroom, type TestGreenroom } from '../support/greenroom.ts';
import { until } from '../support/until.ts';
import { caughtUp } from './caught-up.ts';

const library = createRequire(import.meta.url)('libsql') as typeof Database;

const folderOf = ({ dataDir }: TestGreenroom) => join(dataDir, 'text');
const fileOf = (test: TestGreenroom) => join(folderOf(test), 'index.db');

const withTwo = async () => {
  const test = await ownGreenroom({ textSearch: 'talk' });
  await test.sessions.create('a', { title: 'harbour' });
  await test.sessions.append('a', [{ role: 'user', content: 'a lighthouse' }]);
  await test.sessions.create('b');
  await test.sessions.append('b', [{ role: 'user', content: 'a lighthouse keeper' }]);
  await caughtUp(test);
  return test;
};

const found = async (test: TestGreenroom, q: string) => {
  const { sessions } = await test.sessions.search({ q });
  return sessions.map(({ sessionId }) => sessionId).toSorted();
};

const isAsTheJournal = async (test: TestGreenroom) => {
  await caughtUp(test);
  expect(await found(test, 'lighthouse')).toEqual(['a', 'b']);
  expect(await found(test, 'keeper')).toEqual(['b']);
  expect(await found(test, 'harbour')).toEqual(['a']);
};

const inFile = <T>(test: TestGreenroom, work: (db: Database.Database) => T): T => {
  const db = new library(fileOf(test));
  try {
    return work(db);
  } finally {
    db.close();
  }
};

/** The numbers of the sessions' rows: a file that was begun again has counted from 1. */
const rewritten = (test: TestGreenroom) => {
  inFile(test, (db) => db.exec(`UPDATE session SET digest = 'marked'`));
  return () =>
    inFile(test, (db) =>
      db.prepare(`SELECT count(*) AS n FROM session WHERE digest = 'marked'`).get(),
    );
};

it('a process that was told to close takes nothing that was sent behind that', async () => {
  const path = join(mkdtempSync(join(tmpdir(), 'greenroom-index-')), 'index.db');
  onTestFinished(() => rmSync(dirname(path), { recursive: true, force: true }));
  const index = new IndexProcess({ path, storeId: 'store', scope: 'talk' }, systemClock);
  expect(await index.opened).toMatchObject({ type: 'ready' });
  const closed = index.close();
  const late = [index.call('flush', []), index.call('erase', [])];
  await closed;
  for (const answer of late) await expect(answer).rejects.toMatchObject({ code: 'unavailable' });
});

it('goes on with the file that it left', async () => {
  const test = await withTwo();
  await test.stop();
  const marked = rewritten(test);
  await test.start();
  await isAsTheJournal(test);
  await test.stop();
  expect(marked()).toMatchObject({ n: 2 });
});

it.each([
  ['is missing', (test: TestGreenroom) => rmSync(folderOf(test), { recursive: true })],
  [
    'is no database',
    (test: TestGreenroom) => writeFileSync(fileOf(test), 'nonsense'.repeat(5_000)),
  ],
  ['is empty', (test: TestGreenroom) => writeFileSync(fileOf(test), '')],
  [
    'is of another schema',
    (test: TestGreenroom) => inFile(test, (db) => db.exec('PRAGMA user_version = 7')),
  ],
  [
    'is of another store',
    (test: TestGreenroom) => inFile(test, (db) => db.exec(`UPDATE meta SET storeId = 'other'`)),
  ],
  ['has lost a table', (test: TestGreenroom) => inFile(test, (db) => db.exec('DROP TABLE words'))],
])('a file that %s is built again by itself', async (_, harm) => {
  const test = await withTwo();
  await test.stop();
  const marked = rewritten(test);
  harm(test);
  await test.start();
  await isAsTheJournal(test);
  await test.stop();
  expect(marked()).toMatchObject({ n: 0 });
});

it.each([
  ['all but the first page', () => 8_192],
  ['its second half', (length: number) => length >> 1],
])(
  'a file of which %s is nonsense is built again, and sessions go on meanwhile',
  async (_, from) => {
    const test = await withTwo();
    await test.stop();
    const bytes = readFileSync(fileOf(test));
    bytes.fill(0xa5, from(bytes.length));
    writeFileSync(fileOf(test), bytes);
    await test.start();
    await test.sessions.append('a', [{ role: 'user', content: 'still here' }]);
    await until(() =>
      found(test, 'lighthouse').then(
        ({ length }) => length === 2,
        () => false,
      ),
    );
    await isAsTheJournal(test);
    expect(await found(test, '"still here"')).toEqual(['a']);
  },
);

it('with another scope it is built again, for tools too', async () => {
  const test = await withTwo();
  await test.sessions.append('a', [
    {
      role: 'assistant',
      content: [{ type: 'tool_use', id: 't', name: 'Bash', input: { command: 'dig' } }],
    },
    { role: 'user', content: [{ type: 'tool_result', tool_use_id: 't', content: 'lobster' }] },
  ]);
  await caughtUp(test);
  expect(await found(test, 'dig OR lobster')).toEqual([]);
  await test.restart({ textSearch: 'all' });
  await isAsTheJournal(test);
  expect(await found(test, 'dig lobster')).toEqual(['a']);
});

it('what was changed and deleted while it was away is noticed', async () => {
  const test = await withTwo();
  await test.restart({ textSearch: 'off' });
  await expect(test.sessions.search({ q: 'lighthouse' })).rejects.toMatchObject({
    code: 'text_search_unavailable',
  });
  await test.sessions.delete('b', { release: true });
  await test.sessions.append('a', [{ role: 'user', content: 'a buoy' }]);
  await test.restart({ textSearch: 'talk' });
  await caughtUp(test);
  expect(await found(test, 'lighthouse')).toEqual(['a']);
  expect(await found(test, 'buoy')).toEqual(['a']);
  expect(await found(test, 'keeper')).toEqual([]);
});

it('a session that was replaced, or deleted and made again, is found by nothing of before', async () => {
  const test = await withTwo();
  await test.greenroom
    .store()
    .saveSession(
      'a',
      [{ role: 'user', content: 'a kettle', id: null, timestamp: '2026-11-20T09:00:00Z' }],
      {},
    );
  await test.sessions.delete('b', { release: true });
  await test.sessions.create('b', { title: 'a teapot' });
  await caughtUp(test);
  expect(await found(test, 'lighthouse OR keeper')).toEqual([]);
  expect(await found(test, 'kettle OR teapot')).toEqual(['a', 'b']);
});

it('a session that was imported anew while it was away, with the times of before, is found by nothing of before', async () => {
  const test = await withTwo();
  const lines: string[] = [];
  for await (const piece of test.sessions.exportSession('b')) lines.push(piece);
  await test.restart({ textSearch: 'off' });
  await test.sessions.delete('b', { release: true });
  const text = lines.join('').replaceAll('lighthouse keeper', 'censored passage');
  const others = text.trimEnd().split('\n').slice(0, -1);
  const digest = others.reduce((sum, line) => nextDigest(sum, Buffer.from(line)), EMPTY_DIGEST);
  const end = JSON.stringify({ type: 'end', lines: others.length, digest });
  await test.sessions.importSession(inPieces(`${[...others, end].join('\n')}\n`));
  await test.restart({ textSearch: 'talk' });
  await caughtUp(test);
  expect(await found(test, 'keeper')).toEqual([]);
  expect(await found(test, 'censored')).toEqual(['b']);
});

async function* inPieces(...pieces: readonly string[]) {
  yield* pieces;
}

it('a fork is found by what it shares, also when its parent is gone', async () => {
  const test = await withTwo();
  await test.sessions.fork('a', { newSessionId: 'f' });
  await test.sessions.append('f', [{ role: 'user', content: 'a ferry' }]);
  await test.sessions.delete('a', { release: true });
  await caughtUp(test);
  expect(await found(test, 'lighthouse')).toEqual(['b', 'f']);
  expect(await found(test, 'ferry')).toEqual(['f']);
});

/** Files of the index that have these bytes. */
const filesWith = (test: TestGreenroom, word: string): string[] =>
  readdirSync(folderOf(test)).filter((name) =>
    readFileSync(join(folderOf(test), name)).includes(word),
  );

it('deletes the words of a deleted session from its files, running and after a restart', async () => {
  const test = await ownGreenroom({ textSearch: 'talk' });
  for (const [id, word] of [
    ['a', 'xylophonist'],
    ['b', 'zeppelinfield'],
    ['c', 'quicksandbox'],
  ] as const) {
    await test.sessions.create(id, { title: `${word}title` });
    await test.sessions.append(id, [{ role: 'user', content: `${word} and more` }]);
  }
  await caughtUp(test);
  await until(() => filesWith(test, 'xylophonist').length > 0);
  await test.sessions.delete('a', { release: true });
  await until(() => filesWith(test, 'xylophonist').length === 0);
  expect(filesWith(test, 'zeppelinfield').length).toBeGreaterThan(0);
  await test.restart({ textSearch: 'off' });
  await test.sessions.delete('b', { release: true });
  expect(filesWith(test, 'zeppelinfield').length).toBeGreaterThan(0);
  await test.restart({ textSearch: 'talk' });
  await until(() => filesWith(test, 'zeppelinfield').length === 0);
  expect(filesWith(test, 'quicksandbox').length).toBeGreaterThan(0);
  expect(await found(test, 'more')).toEqual(['c']);
});

it('deletes a title from its files when it has become another one', async () => {
  const test = await ownGreenroom({ textSearch: 'talk' });
  await test.sessions.create('a', { title: 'xylophonist' });
  await test.sessions.create('b', { title: 'zeppelinfield' });
  await caughtUp(test);
  await until(() => filesWith(test, 'xylophonist').length > 0);
  await test.sessions.update('a', { title: 'quicksandbox' });
  await until(() => filesWith(test, 'xylophonist').length === 0);
  expect(filesWith(test, 'zeppelinfield').length).toBeGreaterThan(0);
  expect(await found(test, 'quicksandbox')).toEqual(['a']);
});

it('a cleanup by words deletes what they find, and nothing while there are words that it does not know', async () => {
  const test = await withTwo();
  const order = { q: '-keeper', maxAgeDays: 0 };
  await test.sessions.append('a', [{ role: 'user', content: 'a keeper as well' }]);
  const early = await test.sessions.cleanup(order).catch((error: { code: string }) => error.code);
  expect(typeof early === 'string' ? early : early.count).toBeOneOf(['unavailable', 0]);
  await caughtUp(test);
  expect((await test.sessions.cleanup(order)).count).toBe(0);
  const swept = await test.sessions.cleanup({ q: 'harbour', maxAgeDays: 0 });
  expect(swept.sessions.map(({ sessionId }) => sessionId)).toEqual(['a']);
});

it('in memory there is none, and the refusal says what it needs', async () => {
  const test = await ownGreenroom({ textSearch: 'talk', store: 'memory:' });
  await expect(test.sessions.search({ q: 'words' })).rejects.toMatchObject({
    code: 'text_search_unavailable',
    message: expect.stringContaining('lmdb:'),
  });
  expect(existsSync(folderOf(test))).toBe(false);
});
