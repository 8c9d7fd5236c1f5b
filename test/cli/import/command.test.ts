import { statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { bytes } from '../../../src/cli/format.ts';
import { greenroom, jsonLines } from '../run-cli.ts';
import { FakeStore } from './fake-store.ts';
import { assistantLine, folderOf, userLine } from './transcripts.ts';

const ID = '11111111-1111-4111-8111-111111111111';
const FILES = { [`${ID}.jsonl`]: [userLine(ID, 1), assistantLine(ID, 2, 'm1')] };

test('the summary says what came in and what it cost', async () => {
  const daemon = new FakeStore().client;
  const { code, out, err } = await greenroom(['import', folderOf(FILES)], { daemon });
  expect([code, err]).toEqual([0, '']);
  expect(out).toBe(
    [
      'sessions  1 new, 0 grown, 0 unchanged',
      'files     1',
      'lines     2 added of 2',
      'tokens    100 in, 10 out',
      'cost      $0.0008',
      '',
    ].join('\n'),
  );
});

test('--json gives a line per file and the summary last', async () => {
  const daemon = new FakeStore().client;
  const { out } = await greenroom(['import', '--json', folderOf(FILES)], { daemon });
  const [file, last] = jsonLines(out);
  expect(file).toMatchObject({ status: 'new', sessionId: ID, costUsd: 0.00075 });
  expect(last).toMatchObject({ summary: { files: 1, sessions: { new: 1 }, refused: [] } });
});

test('a terminal shows a progress bar and takes it away', async () => {
  const daemon = new FakeStore().client;
  const { err } = await greenroom(['import', folderOf(FILES)], { daemon, isTerminal: true });
  expect(err).toMatch(/█* *\d+ % of .+B/);
  expect(err.endsWith('\r\u001b[K')).toBe(true);
});

test('the progress bar counts the bytes that the files have', async () => {
  const daemon = new FakeStore().client;
  const folder = folderOf(FILES);
  const size = statSync(join(folder, `${ID}.jsonl`)).size;
  const { err } = await greenroom(['import', folder], { daemon, isTerminal: true });
  expect(err).toContain(` % of ${bytes(size)}\r`);
});

test('a reason that only some of the refused files have is not told of all of them', async () => {
  const pi = { type: 'session', version: 3, id: ID, timestamp: '2026-11-20T09:00:00Z', cwd: '/' };
  const other = ['not a transcript'];
  const several = { ...FILES, 'a.jsonl': other, 'b.jsonl': [JSON.stringify(pi)] };
  const mixed = await greenroom(['import', folderOf(several)], { daemon: new FakeStore().client });
  expect(mixed.err).toContain('error: 2 of 3 files were refused\n');
  const same = { ...FILES, 'a.jsonl': other, 'b.jsonl': other };
  const alike = await greenroom(['import', folderOf(same)], { daemon: new FakeStore().client });
  expect(alike.err).toMatch(/error: 2 of 3 files were refused: .+\n/);
});

test('when everything is refused the exit code says so', async () => {
  const folder = folderOf({ 'a.jsonl': ['not a transcript'] });
  const { code, out } = await greenroom(['import', folder], { daemon: new FakeStore().client });
  expect(code).toBe(4);
  expect(out).toContain('refused   1\n');
});

test('a path that is not there, or holds no transcripts, is not found', async () => {
  const daemon = new FakeStore().client;
  expect((await greenroom('import /nowhere/at/all', { daemon })).code).toBe(3);
  expect((await greenroom(['import', folderOf({})], { daemon })).code).toBe(3);
});
