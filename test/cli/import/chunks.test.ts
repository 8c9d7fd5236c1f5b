import { expect, test } from 'vitest';
import { type Chunk, ChunkPacker } from '../../../src/cli/import/chunks.ts';

const pack = (lines: readonly Uint8Array[], maxPayloadBytes = 1024 * 1024): Chunk[] => {
  const packer = new ChunkPacker(0, maxPayloadBytes);
  const chunks = lines.map((line) => packer.add(line));
  return [...chunks, packer.flush()].filter((chunk) => chunk !== undefined);
};

const text = (length: number) => Buffer.alloc(length, 'a');

test('lines that fit go together, in order', () => {
  expect(pack([text(1), text(2)])).toEqual([{ fromLine: 0, lines: ['a', 'aa'], base64: false }]);
});

test('a chunk ends where the next line would not fit into a message', () => {
  const chunks = pack([text(3_000), text(3_000), text(3_000)], 12_000);
  expect(chunks.map(({ fromLine, lines }) => [fromLine, lines.length])).toEqual([
    [0, 2],
    [2, 1],
  ]);
  for (const chunk of chunks) expect(JSON.stringify(chunk).length).toBeLessThan(12_000);
});

test('quotes count as they travel, escaped', () => {
  const quotes = Buffer.alloc(4_000, '"');
  expect(pack([quotes, quotes], 16_000)).toHaveLength(2);
});

test('bytes that are no text travel as base64, in chunks of their own', () => {
  const chunks = pack([text(1), Buffer.from([0xff, 0xfe]), text(1)]);
  expect(chunks).toEqual([
    { fromLine: 0, lines: ['a'], base64: false },
    { fromLine: 1, lines: ['//4='], base64: true },
    { fromLine: 2, lines: ['a'], base64: false },
  ]);
});

test('a line larger than a message is refused with its number and the remedy', () => {
  expect(() => pack([text(1), text(20_000)], 12_000)).toThrow(
    /line 2 takes 20003 bytes .* raise max_payload/,
  );
});
