/**
 * One part of a path pattern, matched against one name: `*`, `?`, `[abc]`, `[a-z]`, `[!a]`, `\x`. Pure; takes at most pattern
 * times name steps, whatever the pattern: a regular expression would not.
 */

type Token =
  | { readonly kind: 'star' }
  | { readonly kind: 'any' }
  | { readonly kind: 'char'; readonly char: string }
  | { readonly kind: 'set'; readonly isNegated: boolean; readonly ranges: readonly Range[] };
type Range = readonly [from: number, to: number];

export type NamePattern = readonly Token[];

export const namePattern = (text: string): NamePattern => {
  const chars = [...text];
  const tokens: Token[] = [];
  for (let at = 0; at < chars.length; at++) {
    const char = chars[at] ?? '';
    const set = char === '[' ? setFrom(chars, at) : undefined;
    if (set !== undefined) {
      tokens.push(set.token);
      at = set.end;
    } else if (char === '*') {
      if (tokens.at(-1)?.kind !== 'star') tokens.push({ kind: 'star' });
    } else if (char === '?') tokens.push({ kind: 'any' });
    else if (char === '\\' && at + 1 < chars.length) {
      at += 1;
      tokens.push({ kind: 'char', char: chars[at] ?? '' });
    } else tokens.push({ kind: 'char', char });
  }
  return tokens;
};

/** undefined where the bracket is not closed: then it is a character. */
const setFrom = (chars: readonly string[], open: number) => {
  let at = open + 1;
  const isNegated = chars[at] === '!' || chars[at] === '^';
  if (isNegated) at += 1;
  const ranges: Range[] = [];
  for (let isFirst = true; ; isFirst = false) {
    const from = chars[at];
    if (from === undefined) return undefined;
    if (from === ']' && !isFirst) break;
    const [low, next] = charAt(chars, at);
    at = next;
    if (chars[at] === '-' && chars[at + 1] !== undefined && chars[at + 1] !== ']') {
      const [high, behind] = charAt(chars, at + 1);
      ranges.push([low, high]);
      at = behind;
    } else ranges.push([low, low]);
  }
  const token: Token = { kind: 'set', isNegated, ranges };
  return { token, end: at };
};

const charAt = (chars: readonly string[], at: number): readonly [code: number, next: number] => {
  const isEscaped = chars[at] === '\\' && chars[at + 1] !== undefined;
  const char = chars[isEscaped ? at + 1 : at] ?? '';
  return [char.codePointAt(0) ?? 0, at + (isEscaped ? 2 : 1)];
};

export const matchesName = (pattern: NamePattern, name: string): boolean => {
  const chars = [...name];
  let [p, c] = [0, 0];
  /** The last star, and the first character behind what it stands for. */
  let [star, resume] = [-1, 0];
  while (c < chars.length) {
    const token = pattern[p];
    if (token?.kind === 'star') {
      star = p;
      resume = c;
      p += 1;
    } else if (token !== undefined && fits(token, chars[c] ?? '')) {
      p += 1;
      c += 1;
    } else {
      if (star === -1) return false;
      resume += 1;
      c = resume;
      p = star + 1;
    }
  }
  return pattern.slice(p).every(({ kind }) => kind === 'star');
};

const fits = (token: Token, char: string): boolean => {
  switch (token.kind) {
    case 'star':
    case 'any':
      return true;
    case 'char':
      return token.char === char;
    case 'set': {
      const code = char.codePointAt(0) ?? 0;
      return token.ranges.some(([from, to]) => from <= code && code <= to) !== token.isNegated;
    }
  }
};
