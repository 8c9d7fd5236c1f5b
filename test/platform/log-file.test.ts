/** A log in files: what is in them when they are full, in the way, moved, or on a disk without room. */
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { LogFile } from '../../src/platform/log-file.ts';
import { folderOf } from '../support/new-folder.ts';

const fresh = (maxBytes = 100, files = 3) => {
  const folder = folderOf('log');
  const path = join(folder, 'log', 'a.log');
  const log = new LogFile({ path, maxBytes, files });
  const text = (name = 'a.log') => readFileSync(join(folder, 'log', name), 'utf8');
  const names = () => readdirSync(join(folder, 'log')).toSorted();
  return { log, path, text, names };
};

const line = (n: number): string => `{"n":${n},"text":"${'x'.repeat(n % 40)}é"}\n`;

test('a line stands whole in one file, and the files together have the newest lines in order', () => {
  const { log, text, names } = fresh();
  for (let n = 0; n < 200; n += 1) log.write(line(n));
  expect(names()).toEqual(['a.log', 'a.log.1', 'a.log.2']);
  const all = text('a.log.2') + text('a.log.1') + text();
  const numbers = all
    .trimEnd()
    .split('\n')
    .map((each) => (JSON.parse(each) as { n: number }).n);
  expect(numbers).toEqual(numbers.map((_, at) => 200 - numbers.length + at));
  for (const name of names()) expect(Buffer.byteLength(text(name))).toBeLessThanOrEqual(100);
});

test('a line that is longer than a file has one for itself', () => {
  const { log, text } = fresh();
  log.write('short\n');
  log.write(`${'long'.repeat(50)}\n`);
  log.write('short again\n');
  expect([text('a.log.2'), text('a.log.1').length, text()]).toEqual([
    'short\n',
    201,
    'short again\n',
  ]);
});

test('what an earlier process wrote is gone on with, and its owner alone can read it', () => {
  const { log, path, text } = fresh();
  log.write('before\n');
  new LogFile({ path, maxBytes: 100, files: 3 }).write('after\n');
  expect(text()).toBe('before\nafter\n');
  expect(statSync(path).mode & 0o777).toBe(0o600);
});

test('one file alone is begun again when it is full', () => {
  const { log, text, names } = fresh(10, 1);
  for (const each of ['one\n', 'two\n', 'three\n']) log.write(each);
  expect([names(), text()]).toEqual([['a.log'], 'three\n']);
});

test('a file that cannot be renamed is emptied, which it says', () => {
  const { log, path, text } = fresh(100, 2);
  mkdirSync(join(`${path}.1`, 'in-the-way'), { recursive: true });
  for (let n = 0; n < 50; n += 1) log.write(line(20));
  expect(text()).toMatch(/^\{"level":"warn".*bytes of this log were given up.*EISDIR/);
  expect(statSync(path).size).toBeLessThan(400);
});

test('where no new file can be opened the older ones stay, and the open one is emptied, which it says', () => {
  const { log, path, text, names } = fresh();
  for (let n = 0; n < 20; n += 1) log.write(line(20));
  const older = ['a.log.1', 'a.log.2'].map(text);
  mkdirSync(`${path}.new`); // as when there is no descriptor left
  for (let n = 0; n < 20; n += 1) log.write(line(20));
  expect(['a.log.1', 'a.log.2'].map(text)).toEqual(older);
  expect(text()).toMatch(/^\{"level":"warn".*bytes of this log were given up.*EISDIR/);
  rmSync(`${path}.new`, { recursive: true });
  for (let n = 0; n < 20; n += 1) log.write(line(20));
  expect(names()).toEqual(['a.log', 'a.log.1', 'a.log.2']);
});

test('a file that another program has renamed is left to it after `reopen`', () => {
  const { log, path, text, names } = fresh();
  log.write('old\n');
  renameSync(path, `${path}.yesterday`);
  log.reopen();
  log.write('new\n');
  expect([names(), text('a.log.yesterday'), text()]).toEqual([
    ['a.log', 'a.log.yesterday'],
    'old\n',
    'new\n',
  ]);
});

test.skipIf(process.platform !== 'linux')(
  'a full disk stops nothing, and what it cost is said when there is room',
  () => {
    const folder = folderOf('log');
    const path = join(folder, 'a.log');
    symlinkSync('/dev/full', path);
    const log = new LogFile({ path, maxBytes: 100, files: 2 });
    for (let n = 0; n < 7; n += 1) log.write('lost\n');
    rmSync(path);
    writeFileSync(path, '');
    log.reopen();
    log.write('there\n');
    const [told = '', there] = readFileSync(path, 'utf8').split('\n');
    expect(JSON.parse(told)).toMatchObject({
      level: 'warn',
      lost: 7,
      msg: expect.stringContaining('ENOSPC'),
    });
    expect(there).toBe('there');
  },
);

test('where the folder is gone the open file is written on', () => {
  const { log, path } = fresh();
  rmSync(join(path, '..'), { recursive: true });
  log.reopen();
  expect(() => log.write('to nobody\n')).not.toThrow();
});
