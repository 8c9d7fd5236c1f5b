/** How many columns of a terminal a text takes, and a text cut to so many. */
import { printable } from '../platform/printable.ts';

/** Characters of two columns: East Asian wide ones, and emoji. */
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\ua4cf\ua960-\ua97c\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}|\ufe0f/u;

/** What a reader takes for one character. */
const characters = (text: string): readonly string[] =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: ASCII needs no splitting
  /^[\x00-\x7f]*$/.test(text)
    ? text.split('')
    : [...new Intl.Segmenter().segment(text)].map(({ segment }) => segment);

const widthOfOne = (character: string): number => (WIDE.test(character) ? 2 : 1);

export const widthOf = (text: string): number =>
  characters(text).reduce((sum, each) => sum + widthOfOne(each), 0);

/** What does not fit is cut, and an ellipsis says so. */
export const cut = (text: string, width: number): string => {
  if (widthOf(text) <= width) return text;
  let left = width - 1;
  const kept: string[] = [];
  for (const each of characters(text)) {
    left -= widthOfOne(each);
    if (left < 0) break;
    kept.push(each);
  }
  return `${kept.join('')}…`;
};

/** One line, however many the text has, cut to `width` columns. */
export const oneLine = (text: string, width = Number.POSITIVE_INFINITY): string =>
  cut(printable(text.replace(/\s+/g, ' ').trim()), Math.max(1, width));
