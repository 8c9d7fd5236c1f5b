/** Exports before a deletion: whole, private, and nowhere but in their own file. */
import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { type SessionId, sessionKey, type Tenant } from '../../../src/model/ids.ts';
import { keepCopy } from '../../../src/storage/files/kept-copies.ts';

const key = sessionKey('t' as Tenant, 'a' as SessionId);
async function* pages(...texts: readonly string[]) {
  yield* texts;
}

const setUp = () => {
  const root = mkdtempSync(join(tmpdir(), 'greenroom-copies-'));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  const folder = join(root, 'kept');
  const file = join(folder, 't', 'a.greenroom.jsonl');
  return { root, folder, file };
};

test('what a kill has left of an earlier one is not part of it', async () => {
  const { folder, file } = setUp();
  await keepCopy(folder, key, pages('one\n', 'two\n'));
  writeFileSync(`${file}.new`, 'half of a much longer one\n'.repeat(9));
  await keepCopy(folder, key, pages('three\n'));
  expect(readFileSync(file, 'utf8')).toBe('three\n');
  expect(lstatSync(file).mode & 0o777).toBe(0o600);
  expect(readdirSync(join(folder, 't'))).toEqual(['a.greenroom.jsonl']);
});

test.each(['', '.new'])('a link that stands in its place is not followed (%s)', async (end) => {
  const { root, folder, file } = setUp();
  mkdirSync(join(folder, 't'), { recursive: true });
  const other = join(root, 'other');
  writeFileSync(other, 'of another program');
  symlinkSync(other, file + end);
  await keepCopy(folder, key, pages('mine\n'));
  expect(readFileSync(other, 'utf8')).toBe('of another program');
  expect(lstatSync(file).isFile()).toBe(true);
  expect(readFileSync(file, 'utf8')).toBe('mine\n');
});

test('one that cannot be written leaves what was there, and no half', async () => {
  const { folder, file } = setUp();
  await keepCopy(folder, key, pages('whole\n'));
  const broken = (async function* () {
    yield 'half\n';
    throw new Error('the store is away');
  })();
  await expect(keepCopy(folder, key, broken)).rejects.toThrow('the store is away');
  expect(readFileSync(file, 'utf8')).toBe('whole\n');
  expect(readdirSync(join(folder, 't'))).toEqual(['a.greenroom.jsonl']);
});
