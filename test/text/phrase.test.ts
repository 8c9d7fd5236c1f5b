import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { indexed, matchOf, placesOf, wantedBy } from '../../src/text/phrase.ts';
import { tokensOf } from '../../src/text/tokens.ts';
import { anyText } from '../support/any-text.ts';
import { rounds } from '../support/rounds.ts';

/** As the index would find it: some way stands in some run of the text. */
const isIn = (asked: string, text: string): boolean => {
  const { words, names } = tokensOf(text);
  return wantedBy(asked).some((phrase) =>
    [words, ...names].some((run) => placesOf(phrase, run).length > 0),
  );
};

describe('a text is found by', () => {
  test.each([
    ['a word', 'reset', 'Connection RESET.'],
    ['words behind each other', 'connection reset', 'connection\n-- reset'],
    ['the beginning of a word', 'conn*', 'a connection'],
    ['the beginning of the last of them', 'a conn*', 'a connection'],
    ['a file as a whole', 'foo_bar.ts', 'in src/foo_bar.ts:12'],
    ['a part of it', 'bar', 'in src/foo_bar.ts:12'],
    ['a name as it is', 'getUserName', 'getUserName()'],
    ['a name in small letters', 'getusername', 'getUserName()'],
    ['a part of a name', 'user', 'getUserName()'],
    ['parts of a name', 'userName', 'getUserName()'],
    ['its parts in the words of a file', 'user_name', 'getUserName()'],
    ['any stretch of characters', '本語検', '日本語検索'],
    ['one of them', '索', '日本語検索'],
    ['the end of such a stretch and a word', '検索 now', '全文検索 now'],
    ['a word and the beginning of such a stretch', 'now 検', 'now 検索'],
  ])('%s', (_, asked, text) => expect(isIn(asked, text)).toBe(true));

  test.each([
    ['words in another order', 'reset connection', 'connection reset'],
    ['a part of a word', 'set', 'reset'],
    ['the beginning without a star', 'conn', 'connection'],
    ['characters that stand apart', '日語', '日本語'],
    ['the end of one text and the beginning of the next', 'b c', 'ab cd'],
  ])('but not by %s', (_, asked, text) => expect(isIn(asked, text)).toBe(false));
});

test('no phrase passes from one piece to the next, nor into the names', () => {
  const line = indexed(['one two', 'three getName']);
  expect(line.split(/[ ]+/)).toEqual([
    'one',
    'two',
    '\uf8ff',
    'three',
    'getname',
    '\uf8ff',
    'get',
    'name',
  ]);
});

test('every word of a text finds it, and so does every stretch of its words', () => {
  fc.assert(
    fc.property(
      fc.array(fc.string({ minLength: 1, maxLength: 6, unit: 'grapheme' }), {
        minLength: 1,
        maxLength: 6,
      }),
      fc.nat(5),
      fc.nat(5),
      (parts, from, length) => {
        const asked = parts.slice(from, from + length + 1).join(' ');
        if (!/[\p{L}\p{N}]/u.test(asked)) return;
        expect(isIn(asked, parts.join(' '))).toBe(true);
      },
    ),
    { numRuns: rounds(1_000) },
  );
});

test('nothing that is asked for is read as the syntax of FTS5', () => {
  expect(matchOf(wantedBy('a" OR "b'))).toBe('"a or b"');
  expect(matchOf(wantedBy('text:x NEAR(a b) ^c*'))).toBe('"text x near a b c" *');
  fc.assert(
    fc.property(anyText(), (asked) => {
      const match = matchOf(wantedBy(asked));
      if (match !== '') expect(match).toMatch(/^"[^"]+"( \*)?( OR "[^"]+"( \*)?)?$/);
    }),
  );
});
