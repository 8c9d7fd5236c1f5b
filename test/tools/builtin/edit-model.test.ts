/** The change of an `Edit` against a naive one, over random texts. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { bytesOf, exactText } from '../../../src/tools/files/file-text.ts';
import { replaceText, snippetOf } from '../../../src/tools/files/replace-text.ts';
import { isFull } from '../../chaos/size.ts';
import { rounds } from '../../support/rounds.ts';

const numRuns = isFull() ? 100_000 : rounds(1_000);
const text = (maxLength: number) =>
  fc
    .array(fc.constantFrom('a', 'b', '$&', '\\n', '\n', '.', '😀'), { maxLength })
    .map((parts) => parts.join(''));

/** Place by place, none of which overlaps the one before. */
const naive = (given: string, from: string, to: string) => {
  let [result, at, places] = ['', 0, 0];
  while (at < given.length)
    if (given.startsWith(from, at)) {
      result += to;
      at += from.length;
      places += 1;
    } else {
      result += given[at];
      at += 1;
    }
  return { text: result, places };
};

it('is what a naive one makes of it', () => {
  const old = text(3).filter((part) => part !== '');
  fc.assert(
    fc.property(text(12), old, text(3), fc.boolean(), (given, oldText, newText, isForAll) => {
      const expected = naive(given, oldText, newText);
      const edit = () => replaceText(given, { oldText, newText, isForAll });
      if (expected.places === 0) expect(edit).toThrow('is not in the file');
      else if (expected.places > 1 && !isForAll)
        expect(edit).toThrow(`is in the file ${expected.places} times`);
      else {
        const { at, length } = edit();
        expect(edit()).toMatchObject(expected);
        expect(expected.text.slice(at, at + length)).toBe(newText);
        expect(snippetOf(edit())).toMatch(/^ +\d+\t/);
      }
    }),
    { numRuns },
  );
});

it('a text that is read exactly is written back byte for byte', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 12 }),
      fc.constantFrom('', '\xff\xfe', '\xef\xbb\xbf'),
      (bytes, mark) => {
        const given = Buffer.concat([Buffer.from(mark, 'latin1'), bytes]);
        const exact = exactText(given);
        if (exact !== undefined) expect(Buffer.from(bytesOf(exact))).toEqual(given);
      },
    ),
    { numRuns },
  );
});
