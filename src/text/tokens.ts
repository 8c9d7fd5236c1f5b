/**
 * Text as words. The same for what is stored and for what is asked, and the only place that knows what a word is: the
 * index sees nothing but these tokens.
 *
 * 1. A word is a run of letters, marks and digits, folded so that case and forms of one character are the same. Soft hyphens
 *    within it are no part of it.
 * 2. `foo_bar.ts` is three words behind each other: it is found by each of them, and as a whole as a phrase.
 * 3. A name like `getUserName` is one word, and once more the phrase of its parts, which stands apart from the text.
 * 4. In scripts without spaces each character makes a token with the one behind it, and the last of a run one alone. So
 *    any stretch of characters is a phrase, and one character is the beginning of a token.
 */

export interface Token {
  readonly text: string;
  /** Where it stands in the text, in UTF-16 units. */
  readonly start: number;
  readonly end: number;
  /** The last character of a run without spaces: what is asked does not know yet what comes behind it. */
  readonly isTail?: true;
}

export interface Tokens {
  readonly words: readonly Token[];
  /** Names that have parts, each as these. */
  readonly names: readonly (readonly Token[])[];
}

/** What is longer is cut: no word, but a number or something encoded. */
export const MAX_TOKEN_LENGTH = 64;

/** A soft hyphen only says where a word may be broken. */
const WORD = /[\p{L}\p{N}](?:[\p{L}\p{M}\p{N}]|\xad(?=[\p{L}\p{N}]))*/gu;
const NO_WORD = /[^\p{L}\p{M}\p{N}]/gu;

/** The first script without spaces begins here. */
const MAY_BE_SPACELESS = /[^\0-\u0dff]/;
const SPACELESS_SCRIPTS = String.raw`\p{scx=Han}\p{scx=Hira}\p{scx=Kana}\p{scx=Hang}\p{scx=Thai}\p{scx=Laoo}\p{scx=Khmr}\p{scx=Mymr}`;
/** A mark goes with the letter before it: many are of several scripts. */
const STRETCH = new RegExp(
  `(?<spaceless>(?:(?=[${SPACELESS_SCRIPTS}])[\\p{L}\\p{Nl}\\p{No}]\\p{M}*)+)|(?:(?:(?![${SPACELESS_SCRIPTS}])[\\p{L}\\p{N}]|\\p{Nd})\\p{M}*\\xad?)+`,
  'gu',
);

const HAS_PARTS = /\p{Ll}\p{N}{0,4}\p{Lu}|\p{Lu}\p{Lu}\p{Ll}/u;
/** The same in text that is nothing but ASCII, many times faster. */
const HAS_ASCII_PARTS = /[a-z][0-9]{0,4}[A-Z]|[A-Z][A-Z][a-z]/;
const BETWEEN_PARTS = /(?<=\p{Ll}\p{N}{0,4})(?=\p{Lu})|(?<=\p{Lu})(?=\p{Lu}\p{Ll})/u;
/** What holds the words of one name together. */
const JOINT = /^[_\-./\\:@#$~]{1,2}$/;

export const tokensOf = (text: string): Tokens => {
  const words: Token[] = [];
  const spans: Span[] = [];
  for (let at = 0; at < text.length; ) {
    const start = at;
    let isAscii = true;
    for (let code = text.charCodeAt(at); isOfRun(code); code = text.charCodeAt(at)) {
      if (code > 0x7f) isAscii = false;
      at += 1;
    }
    if (at === start) at += 1;
    else if (isAscii) {
      const run = text.slice(start, at);
      spans.push(addWord(words, run, start, run.toLowerCase()));
    } else addRun(words, spans, text.slice(start, at), start);
  }
  return { words, names: partsIn(text).test(text) ? namesIn(text, spans) : [] };
};

/** The texts of `tokensOf(text).words` with white space between, many times faster: for what is not shown. */
export const wordLine = (text: string): string => {
  const lines: string[] = [];
  let at = 0;
  for (;;) {
    const beyond = indexBeyondAscii(text, at);
    if (beyond === -1) return lines.concat(asciiLine(text.slice(at))).join(' ');
    let start = beyond;
    while (start > at && isOfRun(text.charCodeAt(start - 1))) start -= 1;
    let end = beyond + 1;
    while (end < text.length && isOfRun(text.charCodeAt(end))) end += 1;
    const words: Token[] = [];
    addRun(words, [], text.slice(start, end), start);
    lines.push(asciiLine(text.slice(at, start)), ...words.map((word) => word.text));
    at = end;
  }
};

const partsIn = (text: string): RegExp =>
  indexBeyondAscii(text, 0) === -1 ? HAS_ASCII_PARTS : HAS_PARTS;

const indexBeyondAscii = (text: string, from: number): number => {
  for (let at = from; at < text.length; at += 1) if (text.charCodeAt(at) > 0x7f) return at;
  return -1;
};

const SPACE = 0x20;
/** What each character of ASCII becomes: a small letter, a digit or a space. */
const SMALL = Uint8Array.from({ length: 0x80 }, (_, code) =>
  /[0-9a-z]/i.test(String.fromCharCode(code))
    ? String.fromCharCode(code).toLowerCase().charCodeAt(0)
    : SPACE,
);

const isOfRun = (code: number): boolean => code > 0x7f || (SMALL[code] ?? SPACE) !== SPACE;

const asciiLine = (text: string): string => {
  const line = Buffer.from(text, 'latin1');
  let length = 0;
  let wordLength = 0;
  for (let at = 0; at < line.length; at += 1) {
    const small = SMALL[line[at] ?? 0] ?? SPACE;
    wordLength = small === SPACE ? 0 : wordLength + 1;
    if (wordLength > MAX_TOKEN_LENGTH) continue;
    line[length] = small;
    length += 1;
  }
  return line.toString('latin1', 0, length);
};

/** The same for the parts of its names: only what may belong to one is looked at. */
export const nameLines = (text: string): readonly string[] => {
  const lines: string[] = [];
  const parts = partsIn(text);
  const hump = new RegExp(parts, `g${parts.flags}`);
  for (let found = hump.exec(text); found !== null; found = hump.exec(text)) {
    let start = found.index;
    while (start > 0 && isOfName(text.charCodeAt(start - 1))) start -= 1;
    let end = hump.lastIndex;
    while (end < text.length && isOfName(text.charCodeAt(end))) end += 1;
    for (const name of tokensOf(text.slice(start, end)).names)
      lines.push(name.map((part) => part.text).join(' '));
    hump.lastIndex = end;
  }
  return lines;
};

const isOfName = (code: number): boolean => isOfRun(code) || JOINT.test(String.fromCharCode(code));

/** A word of the text as it is written. */
interface Span {
  readonly start: number;
  readonly end: number;
}

const addWord = (words: Token[], written: string, start: number, folded: string): Span => {
  const end = start + written.length;
  if (folded !== '') words.push({ text: cut(folded), start, end });
  return { start, end };
};

const cut = (word: string): string =>
  word.length <= MAX_TOKEN_LENGTH
    ? word
    : word.slice(0, MAX_TOKEN_LENGTH).replace(/[\ud800-\udbff]$/, '');

const addRun = (words: Token[], spans: Span[], run: string, at: number): void => {
  for (const { 0: word, index } of run.matchAll(WORD)) {
    const start = at + index;
    if (MAY_BE_SPACELESS.test(word)) addStretches(words, spans, word, start);
    else spans.push(addWord(words, word, start, folded(word)));
  }
};

const addStretches = (words: Token[], spans: Span[], word: string, at: number): void => {
  for (const { 0: stretch, index, groups } of word.matchAll(STRETCH)) {
    const start = at + index;
    if (groups?.['spaceless'] === undefined)
      spans.push(addWord(words, stretch, start, folded(stretch)));
    else addPairs(words, stretch, start);
  }
};

const addPairs = (words: Token[], stretch: string, start: number): void => {
  const plain = stretch.normalize('NFKC') === stretch;
  const characters = [...(plain ? stretch : folded(stretch))];
  let at = start;
  for (const [n, character] of characters.entries()) {
    const next = characters[n + 1];
    const from = plain ? at : start;
    at += character.length;
    const to = plain ? at + (next?.length ?? 0) : start + stretch.length;
    if (next === undefined) words.push({ text: character, start: from, end: to, isTail: true });
    else words.push({ text: character + next, start: from, end: to });
  }
};

/**
 * Case and compatible forms are one. A small letter may be several capitals (`ß`), and so may a capital whose small letter
 * is such a one (`ẞ`): so all go down, up and down again.
 */
const folded = (word: string): string =>
  word
    .normalize('NFKC')
    .toLowerCase()
    .toUpperCase()
    .toLowerCase()
    .normalize('NFKC')
    .replaceAll('ς', 'σ')
    .replaceAll(NO_WORD, '');

const namesIn = (text: string, spans: readonly Span[]): readonly (readonly Token[])[] => {
  const names: Token[][] = [];
  for (let first = 0; first < spans.length; ) {
    let last = first;
    while (areJoined(text, spans[last], spans[last + 1])) last += 1;
    const name = spans.slice(first, last + 1);
    first = last + 1;
    const from = name[0]?.start ?? 0;
    const written = text.slice(from, name.at(-1)?.end);
    if (HAS_PARTS.test(written)) names.push(name.flatMap((span) => partsOf(text, span)));
  }
  return names;
};

const areJoined = (text: string, one: Span | undefined, next: Span | undefined): boolean =>
  one !== undefined &&
  next !== undefined &&
  next.start - one.end <= 2 &&
  JOINT.test(text.slice(one.end, next.start));

const partsOf = (text: string, { start, end }: Span): Token[] => {
  if (end - start > MAX_TOKEN_LENGTH) return [];
  const parts: Token[] = [];
  let at = start;
  for (const part of text.slice(start, end).split(BETWEEN_PARTS)) {
    addWord(parts, part, at, folded(part));
    at += part.length;
  }
  return parts;
};
