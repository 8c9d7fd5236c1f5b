import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isWellFormed } from '../../src/model/bounds.ts';
import { wantedBy } from '../../src/text/phrase.ts';
import { cutFrom } from '../../src/text/snippet.ts';

const cut = (pieces: readonly string[], ...asked: readonly string[]) =>
  cutFrom(pieces, asked.map(wantedBy));
const marked = (found: ReturnType<typeof cut>) =>
  found?.marks.map(([from, to]) => found.snippet.slice(from, to));

test('a short text is shown whole, on one line', () => {
  expect(cut(['A connection\n  was RESET.'], 'reset', 'connection')).toEqual({
    snippet: 'A connection was RESET.',
    marks: [
      [2, 12],
      [17, 22],
    ],
  });
});

test('of a long one a stretch around the hit, cut between words', () => {
  const found = cut([`${'before '.repeat(50)}the needle ${'after '.repeat(50)}`], 'needle');
  expect(found?.snippet).toMatch(/^…before .*the needle after .*after…$/);
  expect(found?.snippet.length).toBeLessThan(170);
  expect(marked(found)).toEqual(['needle']);
});

test('where most of the words stand together', () => {
  const far = 'x '.repeat(200);
  const found = cut([`tea ${far} milk ${far} tea with milk`, 'tea'], 'tea', 'milk');
  expect(found?.snippet).toMatch(/tea with milk$/);
  expect(marked(found)).toEqual(['tea', 'milk']);
});

test('a phrase is marked as one, and a part of a name in its name', () => {
  expect(marked(cut(['a connection -- reset'], 'connection reset'))).toEqual([
    'connection -- reset',
  ]);
  expect(marked(cut(['getUserName()'], 'user'))).toEqual(['User']);
  expect(marked(cut(['日本語検索です'], '検索'))).toEqual(['検索']);
});

test('nothing is cut from what has none of it', () => {
  expect(cut(['tea'], 'coffee')).toBeUndefined();
  expect(cut([], 'tea')).toBeUndefined();
});

test('marks are in order, apart, within the snippet, and never split a character', () => {
  const words = fc.constantFrom(
    'tea',
    'milk',
    'a',
    '検索',
    '🙂',
    ' ',
    '\n',
    'getTea',
    'x'.repeat(90),
  );
  fc.assert(
    fc.property(fc.array(words, { maxLength: 60 }), (parts) => {
      const found = cut([parts.join(' ')], 'tea', 'mi*', '索');
      let at = 0;
      for (const [from, to] of found?.marks ?? []) {
        expect(from).toBeGreaterThanOrEqual(at);
        expect(to).toBeGreaterThan(from);
        at = to;
      }
      expect(at).toBeLessThanOrEqual(found?.snippet.length ?? 0);
      expect(isWellFormed(found?.snippet ?? '')).toBe(true);
    }),
  );
});
