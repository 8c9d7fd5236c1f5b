import { expect, test } from 'vitest';
import { hitLine } from '../../src/cli/hit-line.ts';

const bold = { paint: (colour: string, text: string) => (colour === 'bold' ? `*${text}*` : text) };
const marks = [
  [2, 12],
  [17, 22],
] as const;
const snippet = 'A connection was reset';

test('a hit is shown with its number and the words in bold', () => {
  expect(hitLine({ seq: 7, snippet, marks }, { ...bold, width: 80 })).toBe(
    '  #7 A *connection* was *reset*\n',
  );
});

test('one in a title has no number', () => {
  expect(hitLine({ snippet, marks: [] }, { ...bold, width: 80 })).toBe(`  ${snippet}\n`);
});

test('it is cut where the line ends, and shows no control character', () => {
  expect(hitLine({ seq: 7, snippet, marks }, { ...bold, width: 20 })).toBe(
    '  #7 A *connection* w…\n',
  );
  expect(hitLine({ snippet: 'a\u001b[31m b', marks: [[7, 8]] }, { ...bold, width: 80 })).toBe(
    '  a\\u001b[31m *b*\n',
  );
});
