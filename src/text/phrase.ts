/**
 * What a text condition asks for: words that stand behind each other in one piece of text, of which the last may go on.
 * A star at the end says so.
 */
import { nameLines, type Token, tokensOf, wordLine } from './tokens.ts';

export interface Phrase {
  /** At least one. */
  readonly tokens: readonly string[];
  /** The last token may go on. */
  readonly isPrefix: boolean;
}

/** Ways to meet one condition, of which one will do: the words as they are, and the parts of a name. Empty: no word is in it. */
export type Wanted = readonly Phrase[];

export const wantedBy = (text: string): Wanted => {
  const isPrefix = text.endsWith('*');
  const { words, names } = tokensOf(text);
  const [name, ...others] = names;
  const isOneName = name !== undefined && others.length === 0 && coversAll(name, words);
  return [words, ...(isOneName ? [name] : [])].flatMap((tokens) => phraseOf(tokens, isPrefix));
};

const coversAll = (name: readonly Token[], words: readonly Token[]): boolean =>
  name[0]?.start === words[0]?.start && name.at(-1)?.end === words.at(-1)?.end;

const phraseOf = (tokens: readonly Token[], isPrefix: boolean): Phrase[] => {
  const last = tokens.at(-1);
  if (last === undefined) return [];
  const texts = tokens.map(({ text }) => text);
  if (last.isTail !== true) return [{ tokens: texts, isPrefix }];
  // In scripts without spaces any character may go on: of several the pairs say it all.
  const isInPair = tokens.at(-2)?.end === last.end;
  return isInPair
    ? [{ tokens: texts.slice(0, -1), isPrefix: false }]
    : [{ tokens: texts, isPrefix: true }];
};

/** In the order of the text: the first token of each place where it stands. */
export const placesOf = (
  { tokens, isPrefix }: Phrase,
  within: readonly Token[],
): readonly number[] => {
  const places: number[] = [];
  const last = tokens.length - 1;
  for (let at = 0; at + last < within.length; at += 1) {
    let n = 0;
    while (n <= last && isToken(within[at + n]?.text, tokens[n], isPrefix && n === last)) n += 1;
    if (n > last) places.push(at);
  }
  return places;
};

const isToken = (text: string | undefined, wanted: string | undefined, isPrefix: boolean) =>
  text === wanted || (isPrefix && wanted !== undefined && text?.startsWith(wanted) === true);

/** Stands where no phrase may pass: between pieces, and between the text and its names. No token is the same. */
const BREAK = '\uf8ff';

/** What the index is given of one message: tokens with white space between. Nothing but that: it has no word. */
export const indexed = (pieces: readonly string[]): string =>
  [...pieces.map(wordLine), ...pieces.flatMap(nameLines)].join(` ${BREAK} `);

/** As FTS5 has it. Tokens hold neither quotation marks nor spaces, so nothing of a text is read as its syntax. */
export const matchOf = (wanted: Wanted): string =>
  wanted.map(({ tokens, isPrefix }) => `"${tokens.join(' ')}"${isPrefix ? ' *' : ''}`).join(' OR ');
