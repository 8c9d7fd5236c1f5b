/** A stretch of a message around what was searched for, with the hits marked. White space is one space in it. */
import { type Phrase, placesOf, type Wanted } from './phrase.ts';
import { type Token, tokensOf } from './tokens.ts';
import type { Cut } from './wire.ts';

/** Longest snippet, in UTF-16 units, without the ellipses. */
const LENGTH = 160;
/** Of it before the first hit. */
const BEFORE = 40;
const ELLIPSIS = '…';

interface Hit {
  readonly start: number;
  readonly end: number;
  /** Which condition it meets. */
  readonly of: number;
}

interface Window {
  readonly piece: string;
  readonly hits: readonly Hit[];
  readonly conditions: number;
}

/** The stretch that meets most of the conditions, the first of several; undefined: nothing here meets any. */
export const cutFrom = (pieces: readonly string[], wanted: readonly Wanted[]): Cut | undefined => {
  let best: Window | undefined;
  for (const piece of pieces) {
    const hits = hitsIn(piece, wanted);
    for (const [at, { start }] of hits.entries()) {
      const within = hits.slice(at).filter(({ end }) => end <= start + LENGTH - BEFORE);
      const window = within.length === 0 ? hits.slice(at, at + 1) : within;
      const conditions = new Set(window.map(({ of }) => of)).size;
      if (conditions > (best?.conditions ?? 0)) best = { piece, hits: window, conditions };
    }
  }
  return best && cut(best);
};

/** In order. Of a long piece those near the first places that look like hits, if any of them is one. */
const hitsIn = (piece: string, wanted: readonly Wanted[]): readonly Hit[] => {
  const near = stretchesOf(piece, wanted).flatMap(([from, to]) =>
    hitsWithin(piece.slice(from, to), from, wanted),
  );
  const hits = near.length > 0 ? near : hitsWithin(piece, 0, wanted);
  return hits.sort((one, other) => one.start - other.start || other.end - one.end);
};

const hitsWithin = (text: string, from: number, wanted: readonly Wanted[]): Hit[] => {
  const { words, names } = tokensOf(text);
  const runs = [words, ...names];
  return wanted.flatMap((phrases, of) =>
    phrases.flatMap((phrase) =>
      runs.flatMap((run) =>
        hitsOf(phrase, run, of).map(({ start, end }) => ({
          start: start + from,
          end: end + from,
          of,
        })),
      ),
    ),
  );
};

/** A piece that is shorter is looked at as a whole. */
const LONG = 600;
/** Places of one condition that are looked at. */
const LOOKS = 2;

/** Parts of a long piece, cut at white space, so that they have the words that they have in it. */
const stretchesOf = (piece: string, wanted: readonly Wanted[]): (readonly [number, number])[] => {
  const small = piece.length > LONG ? piece.toLowerCase() : '';
  if (small.length !== piece.length) return [];
  const places = wanted.flatMap((phrases) => phrases.flatMap((phrase) => looksLike(phrase, small)));
  const stretches: [number, number][] = [];
  for (const at of places.sort((one, other) => one - other)) {
    const last = stretches.at(-1);
    if (last !== undefined && at < last[1] - LENGTH) continue;
    const from = Math.max(last?.[1] ?? 0, whiteSpaceBefore(piece, at - BEFORE));
    stretches.push([from, whiteSpaceAfter(piece, at + LENGTH + BEFORE)]);
  }
  return stretches;
};

/** Where the first word of a phrase stands by itself. */
const looksLike = ({ tokens, isPrefix }: Phrase, small: string): readonly number[] => {
  const [word = ''] = tokens;
  const mayGoOn = isPrefix && tokens.length === 1;
  const places: number[] = [];
  for (let at = small.indexOf(word); at !== -1; at = small.indexOf(word, at + word.length)) {
    const isWhole = mayGoOn || !WORD.test(small[at + word.length] ?? '');
    if (isWhole && !WORD.test(small[at - 1] ?? '')) places.push(at);
    if (places.length === LOOKS) break;
  }
  return places;
};

const WORD = /[0-9a-z\u0080-\uffff]/;

const whiteSpaceBefore = (text: string, from: number): number => {
  let at = Math.max(0, from);
  while (at > 0 && !isSpaceAt(text, at - 1)) at -= 1;
  return at;
};

const whiteSpaceAfter = (text: string, from: number): number => {
  let at = Math.min(text.length, from);
  while (at < text.length && !isSpaceAt(text, at)) at += 1;
  return at;
};

const hitsOf = (phrase: Phrase, run: readonly Token[], of: number): readonly Hit[] =>
  placesOf(phrase, run).map((at) => {
    const last = run[at + phrase.tokens.length - 1];
    return { start: run[at]?.start ?? 0, end: last?.end ?? 0, of };
  });

const cut = ({ piece, hits }: Window): Cut => {
  const start = hits[0]?.start ?? 0;
  const from = wordStart(piece, Math.max(0, start - BEFORE), start);
  const lastEnd = Math.min(Math.max(...hits.map(({ end }) => end)), start + LENGTH);
  const to = wordEnd(piece, Math.max(lastEnd, from + LENGTH), lastEnd);
  const before = piece.slice(0, from).trim() === '' ? '' : ELLIPSIS;
  const after = piece.slice(to).trim() === '' ? '' : ELLIPSIS;
  const marks: [number, number][] = [];
  let snippet = before;
  let at = from;
  for (const hit of hits) {
    if (hit.start < at) continue; // within the one before it
    snippet = joined(snippet, piece.slice(at, hit.start));
    const text = joined('', piece.slice(hit.start, Math.min(hit.end, to)));
    marks.push([snippet.length, snippet.length + text.length]);
    snippet += text;
    at = Math.min(hit.end, to);
  }
  return { snippet: joined(snippet, piece.slice(at, to)).trimEnd() + after, marks };
};

const joined = (before: string, more: string): string => {
  const plain = more.replaceAll(/\s+/g, ' ');
  return before === '' || before === ELLIPSIS ? before + plain.trimStart() : before + plain;
};

const SPACE = /\s/;

/** Of what stands there; beyond the text nothing does. */
const isSpaceAt = (text: string, at: number): boolean => {
  const code = text.charCodeAt(at);
  if (code < 0x80) return code === 0x20 || (code >= 0x09 && code <= 0x0d);
  return SPACE.test(text[at] ?? '');
};

/** The first beginning of a word from `at` on, but not behind `limit`. */
const wordStart = (text: string, at: number, limit: number): number => {
  if (at === 0) return 0;
  for (let place = at; place < limit; place += 1) if (isSpaceAt(text, place - 1)) return place;
  return whole(text, at);
};

/** The last end of a word up to `at`, but not before `limit`. */
const wordEnd = (text: string, at: number, limit: number): number => {
  if (at >= text.length) return text.length;
  for (let place = at; place > limit; place -= 1) if (isSpaceAt(text, place)) return place;
  return whole(text, Math.max(at, limit));
};

/** Not in the middle of a character. */
const whole = (text: string, at: number): number =>
  /[\udc00-\udfff]/.test(text[at] ?? '') ? at - 1 : at;
