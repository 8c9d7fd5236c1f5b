/** A data directory is made, or is ours, or is empty; a folder of another program is left as it is. */
import { mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { makeDataDir } from '../../../src/storage/files/data-dir.ts';
import { folders } from '../folders.ts';

const folder = folders();
const modeOf = (path: string): number => statSync(path).mode & 0o777;

test('a new folder, an empty one and one of ours are for their owner alone', () => {
  const fresh = join(folder(), 'a', 'b');
  makeDataDir(fresh);
  const empty = join(folder(), 'empty');
  mkdirSync(empty, { mode: 0o755 });
  mkdirSync(join(empty, 'lost+found'));
  makeDataDir(empty);
  const ours = join(folder(), 'ours');
  mkdirSync(join(ours, 'store'), { recursive: true, mode: 0o755 });
  writeFileSync(join(ours, 'notes.txt'), 'of an operator');
  makeDataDir(ours);
  expect([fresh, empty, ours].map(modeOf)).toEqual([0o700, 0o700, 0o700]);
});

test('a folder of another program is refused, and stays as it was', () => {
  const other = join(folder(), 'other');
  mkdirSync(other, { mode: 0o755 });
  mkdirSync(join(other, 'nats'));
  writeFileSync(join(other, 'passwd'), 'root');
  expect(() => makeDataDir(other)).toThrow(
    expect.objectContaining({
      code: 'invalid_settings',
      message: expect.stringMatching(/has files of its own \(passwd\) and no store: name an empty/),
    }),
  );
  expect(modeOf(other)).toBe(0o755);
  expect(readdirSync(other)).toEqual(['nats', 'passwd']);
});
