/** What one command prints, in pieces of any size, is what is read of it. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { INLINE_CHARS, Output } from '../../../src/tools/commands/output.ts';

const path = (): string => {
  const dir = mkdtempSync(join(tmpdir(), 'greenroom-output-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  return join(dir, 'a', 'b.txt');
};

const bytes = Buffer.from('é😀\0x'.repeat(9_000));
const text = bytes.toString().replaceAll('\0', '\uFFFD');

test.each([3, 1_000, 65_536])('in pieces of %i bytes the file has all of it', async (size) => {
  const file = path();
  const output = new Output(file);
  for (let at = 0; at < bytes.length; at += size) await output.take(bytes.subarray(at, at + size));
  const printed = await output.close(INLINE_CHARS);
  expect(readFileSync(file, 'utf8')).toBe(text);
  expect(printed.path).toBe(file);
  const { tail = '', left = 0 } = printed.cut ?? {};
  expect(text.startsWith(printed.text)).toBe(true);
  expect(text.endsWith(tail)).toBe(true);
  expect(printed.text.length + left + tail.length).toBe(text.length);
  expect(`${printed.text}${tail}`).not.toMatch(/\p{Cs}/u);
});

test('what two streams and a reader do at once is done one after the other', async () => {
  const output = new Output(path());
  const half = Buffer.from('x'.repeat(20_000));
  const [, , first] = await Promise.all([output.take(half), output.take(half), output.read(9)]);
  expect(first.cut?.left).toBe(30_000);
  expect(await output.close(9)).toMatchObject({ text: '' });
});

test('it takes no more than it may', async () => {
  const file = path();
  const output = new Output(file, 10);
  expect(await output.take(Buffer.from('12345'))).toBe(true);
  expect(await output.take(Buffer.from('678901'))).toBe(false);
  expect(await output.close(3)).toMatchObject({ path: file });
  expect(readFileSync(file, 'utf8')).toBe('1234567890');
});

test('a half character at the end is replaced', async () => {
  const output = new Output(path());
  await output.take(Buffer.from([0x61, 0xc3]));
  expect((await output.close(10)).text).toBe('a\uFFFD');
});
