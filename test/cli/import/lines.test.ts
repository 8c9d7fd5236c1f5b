import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readLines } from '../../../src/cli/import/lines.ts';
import { folderOf } from './transcripts.ts';

const read = async (content: string | Buffer, size = Buffer.byteLength(content)) => {
  const path = `${folderOf({ 'a.jsonl': content })}/a.jsonl`;
  const lines: string[] = [];
  let isCut = false;
  for await (const batch of readLines(path, size)) {
    lines.push(...batch.lines.map((line) => Buffer.from(line).toString('latin1')));
    isCut = batch.isCut;
  }
  return { lines, isCut };
};

test('lines come without their newlines, empty ones too', async () => {
  expect(await read('a\n\nb\n')).toEqual({ lines: ['a', '', 'b'], isCut: false });
});

test('a last line without its newline is marked', async () => {
  expect(await read('a\nb')).toEqual({ lines: ['a', 'b'], isCut: true });
});

test('the return of a Windows newline is no part of the line', async () => {
  expect((await read('a\r\nb\r\n')).lines).toEqual(['a', 'b']);
});

test('an empty file has no lines', async () => {
  expect(await read('')).toEqual({ lines: [], isCut: false });
});

test('what was appended after the start is not read', async () => {
  expect(await read('first\nsecond\n', 8)).toEqual({ lines: ['first', 'se'], isCut: true });
});

test('lines across several reads are whole', async () => {
  const long = 'x'.repeat(2_500_000);
  const { lines } = await read(`a\n${long}\nb\n`);
  expect(lines.map((line) => line.length)).toEqual([1, 2_500_000, 1]);
});

test('any bytes come through: joined by newlines the lines are the file', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (bytes) => {
      const text = Buffer.from(bytes).toString('latin1').replaceAll('\r', '');
      const { lines, isCut } = await read(Buffer.from(text, 'latin1'));
      expect(lines.map((line) => `${line}\n`).join('')).toBe(isCut ? `${text}\n` : text);
    }),
    { numRuns: 50 },
  );
});
