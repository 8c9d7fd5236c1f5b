import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { hasWord } from '../../src/model/words.ts';
import { MAX_TOKEN_LENGTH, nameLines, tokensOf, wordLine } from '../../src/text/tokens.ts';
import { anyText } from '../support/any-text.ts';
import { rounds } from '../support/rounds.ts';

const words = (text: string) => tokensOf(text).words.map((token) => token.text);
const names = (text: string) => tokensOf(text).names.map((name) => name.map(({ text }) => text));

describe('the words of a text are', () => {
  test.each([
    ['runs of letters and digits', "It's 3 o'clock, x2!", ['it', 's', '3', 'o', 'clock', 'x2']],
    ['the words of a path or a name', '/src/foo_bar.ts', ['src', 'foo', 'bar', 'ts']],
    ['the same in any case', 'ΟΔΟΣ Straße STRASSE', ['οδοσ', 'strasse', 'strasse']],
    ['the same in compatible forms', 'ﬁne Ｗｉｄｅ é e\u0301', ['fine', 'wide', 'é', 'é']],
    [
      'the same with soft hyphens',
      'Ge\xadsamt\xadkon\xadzept Stra\xadẞe x\xad \xady',
      ['gesamtkonzept', 'strasse', 'x', 'y'],
    ],
    ['pairs where no spaces are written, and the last alone', '日本語', ['日本', '本語', '語']],
    ['one character that stands alone', 'の a', ['の', 'a']],
    ['stretches of both kinds apart', 'v2検索bar', ['v2', '検索', '索', 'bar']],
    ['none among signs', '… -- 🙂 !', []],
    ['cut when they are no words', 'a'.repeat(100), ['a'.repeat(MAX_TOKEN_LENGTH)]],
  ])('%s', (_, text, wanted) => expect(words(text)).toEqual(wanted));
});

describe('a name in humps has parts', () => {
  test.each([
    ['camelCase', 'call getUserName()', [['get', 'user', 'name']]],
    ['behind capitals', 'HTTPServer', [['http', 'server']]],
    ['with digits', 'sha256Sum', [['sha256', 'sum']]],
    ['in a path', 'src/fooBar_baz.ts', [['src', 'foo', 'bar', 'baz', 'ts']]],
    [
      'each by itself',
      'GitHub, TypeScript',
      [
        ['git', 'hub'],
        ['type', 'script'],
      ],
    ],
    ['none in plain words', 'Plain WORDS here', []],
  ])('%s', (_, text, wanted) => expect(names(text)).toEqual(wanted));
});

const texts = fc
  .array(
    fc.oneof(
      fc.constantFrom('foo_bar.ts', 'getUserName', ' ', '検索', '、', 'ß', 'İ', '½', 'ﷺ', 'กขค'),
      fc.string({ maxLength: 8, unit: 'grapheme' }),
      anyText({ maxLength: 4 }),
      fc.string({ maxLength: 100, unit: fc.constantFrom('a', 'B', '9', '-', ' ', 'é') }),
    ),
    { maxLength: 8 },
  )
  .map((parts) => parts.join(''));

test('the fast way to all words is the same as the exact one', () => {
  fc.assert(
    fc.property(texts, (text) => {
      expect(wordLine(text).split(/ +/).filter(Boolean)).toEqual(words(text));
      expect(nameLines(text)).toEqual(names(text).map((name) => name.join(' ')));
    }),
    { numRuns: rounds(300) },
  );
});

test('a token has no space, no sign and no capital, and stands where it says', () => {
  fc.assert(
    fc.property(texts, (text) => {
      const { words: all, names: parts } = tokensOf(text);
      for (const token of [...all, ...parts.flat()]) {
        expect(token.text).toMatch(/^[\p{L}\p{M}\p{N}]+$/u);
        expect(token.text).not.toMatch(/[A-Z]/);
        expect(token.start).toBeLessThan(token.end);
        expect(token.end).toBeLessThanOrEqual(text.length);
      }
      const starts = all.map(({ start }) => start);
      expect(starts).toEqual(starts.toSorted((a, b) => a - b));
    }),
    { numRuns: rounds(300) },
  );
});

test('what was folded stays as it is', () => {
  fc.assert(
    fc.property(texts, (text) => {
      for (const word of words(text).filter((one) => /^(?=[\p{L}\p{N}])[\0-\u0dff]+$/u.test(one)))
        expect(words(word)).toEqual([word]);
    }),
    { numRuns: rounds(500) },
  );
});

test('what was folded stays as it is, character by character', () => {
  const changed: string[] = [];
  for (let code = 0; code < 0xe00; code += 1) {
    const once = words(String.fromCodePoint(code));
    if (once.flatMap((word) => words(word)).join() !== once.join()) changed.push(code.toString(16));
  }
  expect(changed).toEqual([]);
});

test('whatever may be asked for has a word, character by character', () => {
  const without: string[] = [];
  for (let code = 0; code < 0x2_0000; code += 1) {
    if (code >= 0xd800 && code < 0xe000) continue;
    const text = String.fromCodePoint(code);
    if (hasWord(text) && words(text).length === 0) without.push(code.toString(16));
  }
  expect(without).toEqual([]);
});
