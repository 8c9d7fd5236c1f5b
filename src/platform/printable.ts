/**
 * Text as a terminal may be given it: what would move its cursor, change its settings, turn the order
 * of its text or hide in it is shown escaped, as JSON escapes it. Data decides on none of that.
 */

/** Control characters, what turns the direction of text, what nobody sees, and halves of surrogate pairs. */
const HIDDEN = String.raw`[\p{Cc}\p{Default_Ignorable_Code_Point}\p{Zl}\p{Zp}\p{Cs}\ufff9-\ufffb]`;

/** Scripts that join their letters: there the two joiners are spelling. */
const JOINING = String.raw`[\p{scx=Arab}\p{scx=Syrc}\p{scx=Mong}\p{scx=Deva}\p{scx=Beng}\p{scx=Guru}\p{scx=Gujr}\p{scx=Orya}\p{scx=Taml}\p{scx=Telu}\p{scx=Knda}\p{scx=Mlym}\p{scx=Sinh}\p{scx=Khmr}\p{scx=Mymr}]`;

/** Hidden characters that belong to what is seen: the lines of a text, parts of an emoji, joined letters. */
const SEEN = [
  String.raw`[\n\t]`,
  String.raw`(?<=\p{Emoji})[\ufe0e\ufe0f]`,
  String.raw`(?<=\p{Extended_Pictographic}[\ufe0f\u{1f3fb}-\u{1f3ff}]?)\u200d(?=\p{Extended_Pictographic})`,
  `(?<=${JOINING})[\\u200c\\u200d](?=${JOINING})`,
].join('|');

const ANY_HIDDEN = new RegExp(HIDDEN, 'u');
const EVERY_HIDDEN = new RegExp(HIDDEN, 'gu');
const SEEN_OR_HIDDEN = new RegExp(`(${SEEN})|${HIDDEN}`, 'gu');

/** For people. Escaping twice changes nothing. */
export const printable = (text: string): string =>
  ANY_HIDDEN.test(text)
    ? text
        .replaceAll('\r\n', '\n')
        .replace(SEEN_OR_HIDDEN, (found, seen?: string) => seen ?? escaped(found))
    : text;

/** For programs: JSON on one line that says the same, without a hidden character in it. */
export const jsonText = (value: unknown): string =>
  (JSON.stringify(value) ?? 'null').replace(EVERY_HIDDEN, escaped);

const escaped = (text: string): string =>
  text
    .split('')
    .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
    .join('');
