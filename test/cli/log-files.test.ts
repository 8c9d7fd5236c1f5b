/** The log's files as one: their last lines, and what comes to them while they are renamed. */
import { appendFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { LogReader } from '../../src/cli/daemon/log-files.ts';
import { LogFile } from '../../src/platform/log-file.ts';
import { greenroom, newFolder } from './run-cli.ts';

const logIn = (maxBytes = 200, files = 4) => {
  const path = join(newFolder(), 'a.log');
  return { path, log: new LogFile({ path, maxBytes, files }) };
};

const all = (reader: LogReader): string[] => {
  const lines: string[] = [];
  for (let more = reader.more(); more.length > 0; more = reader.more()) lines.push(...more);
  return lines;
};

const numbered = (from: number, to: number): string[] =>
  Array.from({ length: to - from }, (_, at) => `line ${from + at}`);

test.each([1, 7, 20, 40])('the last %i lines are found over all files', (count) => {
  const { path, log } = logIn();
  for (const line of numbered(0, 60)) log.write(`${line}\n`);
  expect(all(new LogReader(path, count))).toEqual(numbered(60 - count, 60));
});

test('more lines than there are give all of them', () => {
  const { path, log } = logIn(10_000);
  for (const line of numbered(0, 5)) log.write(`${line}\n`);
  expect(all(new LogReader(path, 50))).toEqual(numbered(0, 5));
});

test('lines longer than a block are counted as lines', () => {
  const { path, log } = logIn(10_000_000);
  const long = (n: number) => `${n}${'é'.repeat(70_000)}`;
  for (let n = 0; n < 4; n += 1) log.write(`${long(n)}\n`);
  expect(all(new LogReader(path, 2))).toEqual([long(2), long(3)]);
});

test('a reader that keeps up misses no line and sees none twice, however often the file is renamed', () => {
  const { path, log } = logIn(100, 4);
  log.write('line 0\n');
  const reader = new LogReader(path, 10);
  const seen = all(reader);
  for (let n = 1; n < 500; n += 1) {
    log.write(`line ${n}\n`);
    if (n % 29 === 0 || n % 7 === 0) seen.push(...all(reader));
  }
  expect([...seen, ...all(reader)]).toEqual(numbered(0, 500));
});

test('a line without its end is shown when it has one', () => {
  const { path } = logIn();
  writeFileSync(path, 'whole\nha');
  const reader = new LogReader(path, 10);
  expect(all(reader)).toEqual(['whole']);
  appendFileSync(path, 'lf\n');
  expect(all(reader)).toEqual(['half']);
});

test('a file that was emptied is read from its beginning', () => {
  const { path } = logIn();
  writeFileSync(path, 'one\ntwo\n');
  const reader = new LogReader(path, 10);
  expect(all(reader)).toEqual(['one', 'two']);
  truncateSync(path);
  appendFileSync(path, 'six\n');
  expect(all(reader)).toEqual(['six']);
});

const shown = async (words: string, lines: readonly string[]) => {
  const folder = newFolder();
  const path = join(folder, 'log', 'greenroom.log');
  const log = new LogFile({ path, maxBytes: 1_000_000, files: 2 });
  for (const line of lines) log.write(`${line}\n`);
  return greenroom(`${words} --data ${folder}`);
};

const LINE =
  '{"level":"warn","time":"2026-11-21T12:30:01.123Z","pid":7,"sessionId":"demo","msg":"woken"}';

test('`logs` shows lines as people read them, and with --json as they are', async () => {
  const { out } = await shown('logs --last 2', ['{"level":"info"}', LINE, 'not ours']);
  expect(out).toBe('2026-11-21 12:30:01 warn  woken  sessionId=demo\nnot ours\n');
  expect((await shown('logs --last 1 --json', [LINE])).out).toBe(`${LINE}\n`);
});

test('`logs` says where it looked when there is none', async () => {
  const folder = newFolder();
  const { code, err } = await greenroom(`logs --data ${folder}`);
  expect(code).toBe(3);
  expect(err).toContain(`there is no log ${join(folder, 'log', 'greenroom.log')}`);
});

test('`logs --follow` waits for lines and shows them as they come', async () => {
  const folder = newFolder();
  const log = new LogFile({ path: join(folder, 'log', 'greenroom.log'), maxBytes: 60, files: 3 });
  let looks = 0;
  // Left as Ctrl-C leaves it: from outside.
  const left = new Error('left');
  const { out, err } = await greenroom(`logs --follow --data ${folder}`, {
    sleep: async () => {
      looks += 1;
      if (looks > 20) throw left;
      log.write(`line ${looks}\n`);
    },
  });
  expect(out).toBe(
    numbered(1, 21)
      .map((line) => `${line}\n`)
      .join(''),
  );
  expect(err).toContain('left');
});
