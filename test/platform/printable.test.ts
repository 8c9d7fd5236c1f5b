import { expect, test } from 'vitest';
import { CleanScreen, painted } from '../../src/cli/clean-screen.ts';
import { cut, oneLine, widthOf } from '../../src/cli/width.ts';
import { jsonText, printable } from '../../src/platform/printable.ts';

test.each([
  ['\u001b[2J', '\\u001b[2J'],
  ['a\u0008\u007f\u009b', 'a\\u0008\\u007f\\u009b'],
  ['\u202eabc\u2069', '\\u202eabc\\u2069'],
  ['a\u200bb\u2060\ufeff\u00ad', 'a\\u200bb\\u2060\\ufeff\\u00ad'],
  ['\u2028\u2029', '\\u2028\\u2029'],
  ['half \ud83d', 'half \\ud83d'],
  ['hidden \u{e0041}', 'hidden \\udb40\\udc41'],
  ['over\rwritten', 'over\\u000dwritten'],
])('%j is shown as %j', (text, shown) => {
  expect(printable(text)).toBe(shown);
});

test.each(['two\nlines\tand a tab', 'Größe 日本語 ü', '👩‍💻 ❤️ 1️⃣ 👍🏽', 'می‌خواهم', 'क्‍ष'])(
  '%j stays as it is',
  (text) => expect(printable(text)).toBe(text),
);

test('a line end of Windows is a line end', () => {
  expect(printable('a\r\nb')).toBe('a\nb');
});

test('an invisible joiner between letters of no joining script hides in them', () => {
  expect(printable('pay\u200dpal')).toBe('pay\\u200dpal');
});

test('escaping again changes nothing', () => {
  const once = printable('\u001b\u202e\ud83d👩‍💻');
  expect(printable(once)).toBe(once);
});

test('JSON without hidden characters says the same', () => {
  const value = { '\u202e': ['\u009b\u007f\u2028', '👩‍💻', '\ud83d', 'ü'] };
  const text = jsonText(value);
  expect(text).not.toMatch(/[\p{Cc}\p{Default_Ignorable_Code_Point}\u2028]/u);
  expect(JSON.parse(text)).toEqual(value);
});

test('our own colours pass, those in the data do not', () => {
  const said: string[] = [];
  const write = (text: string) => void said.push(text);
  const raw = { write, exactly: write, isTerminal: true, columns: 80 };
  const screen = new CleanScreen(raw, 'MARK');
  screen.write(`${painted('red', 'no \u001b[32m', 'MARK')} \u001b[0m`);
  expect(said.join('')).toBe('\u001b[31mno \\u001b[32m\u001b[0m \\u001b[0m');
});

test('a text is as wide as a terminal shows it', () => {
  expect(['abc', 'ü', 'e\u0301', '日本', '👩‍💻', '❤️'].map(widthOf)).toEqual([3, 1, 1, 4, 2, 2]);
});

test('what is cut fits, never in the middle of a character', () => {
  expect([cut('日本語', 6), cut('日本語', 5), cut('日本語', 4)]).toEqual([
    '日本語',
    '日本…',
    '日…',
  ]);
  expect(cut('ab👩‍💻cd', 4)).toBe('ab…');
});

test('line breaks do not break a table', () => {
  expect(oneLine('two\n  lines', 20)).toBe('two lines');
});
