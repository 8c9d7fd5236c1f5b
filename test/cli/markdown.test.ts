/** An answer's Markdown as a chat shows it, in whatever pieces it comes. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MarkdownStyle } from '../../src/cli/chat/markdown.ts';

const styled = (pieces: readonly string[]): string => {
  const style = new MarkdownStyle((colour, text) => `<${colour}>${text}</>`);
  return [...pieces.map((piece) => style.add(piece)), style.end()].join('');
};
/** Neighbours of one colour, as one: how a text was cut does not matter. */
const joined = (text: string): string =>
  text.replace(/<\/><(bold|dim)>/g, (whole, colour: string, at: number) =>
    text.lastIndexOf(`<${colour}>`, at - 1) > text.lastIndexOf('</>', at - 1) ? '' : whole,
  );

describe('Markdown at a terminal', () => {
  test.each([
    ['plain words', 'plain words'],
    ['a **bold** word', 'a <bold>bold</> word'],
    ['run `npm test` now', 'run <dim>npm test</> now'],
    ['# Title\ntext', '<bold>Title</>\ntext'],
    ['```ts\nconst a = 1;\n```\nafter', '<dim>const a = 1;</>\nafter'],
    ['2 * 3 ** 4 in `a ** b`', '2 * 3 <bold> 4 in `a </> b`'],
    ['a * b', 'a * b'],
    ['**never closed\nnext line', '<bold>never closed</>\nnext line'],
    ['```\nnever closed', '<dim>never closed</>'],
    ['#5 is no heading', '#5 is no heading'],
    ['', ''],
  ])('%j', (text, shown) => {
    expect(joined(styled([text]))).toBe(shown);
  });

  test('looks the same however it is cut', () => {
    const word = fc.constantFrom('a', '**', '`', '```', '\n', '# ', '*', ' ', 'b c', '~~~');
    fc.assert(
      fc.property(
        fc.array(word, { maxLength: 20 }),
        fc.integer({ min: 1, max: 4 }),
        (words, size) => {
          const text = words.join('');
          const pieces = text.match(new RegExp(`[\\s\\S]{1,${size}}`, 'g')) ?? [];
          expect(joined(styled(pieces))).toBe(joined(styled([text])));
        },
      ),
    );
  });

  test('keeps every character that is no mark', () => {
    const plain = fc.stringMatching(/^[^`*#~]*$/);
    fc.assert(
      fc.property(plain, (text) => {
        expect(styled([...text])).toBe(text);
      }),
    );
  });

  test('shows a word at once, and waits only with what may be a mark', () => {
    const style = new MarkdownStyle((colour, text) => `<${colour}>${text}</>`);
    expect(style.add('Hello')).toBe('Hello');
    expect(style.add(' *')).toBe(' ');
    expect(style.add('* x')).toBe('<bold> x</>');
  });
});
