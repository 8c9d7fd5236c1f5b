import fc from 'fast-check';
import { expect, it } from 'vitest';
import { bytesOfAll, pieceOf } from '../../../src/session/memory/mapped.ts';

const text = fc.string({ unit: 'grapheme', maxLength: 2_000 });

it('gives each text its bytes, in one piece of memory or in many', () => {
  fc.assert(
    fc.property(fc.array(text, { maxLength: 60 }), (texts) => {
      expect(bytesOfAll(texts).map(String)).toEqual(
        texts.map((each) => Buffer.from(each).toString()),
      );
    }),
  );
});

it('puts texts that are large together into one piece that holds nothing else', () => {
  const texts = Array.from({ length: 80 }, (_, at) => `${at} `.repeat(300));
  const all = bytesOfAll(texts);
  expect(new Set(all.map(({ buffer }) => buffer)).size).toBe(1);
  expect(all[0]?.buffer.byteLength).toBe(Buffer.byteLength(texts.join('')));
});

it('gives pieces of every size', () => {
  for (const size of [0, 1, 4_096, 32_767, 32_768, 1_000_000])
    expect(pieceOf(size).byteLength).toBe(size);
});
