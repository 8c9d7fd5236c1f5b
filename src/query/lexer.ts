/**
 * The pieces of a query: parentheses, `-`, `OR`, `AND`, `NOT`, keys with their colon, and values. A value ends at white
 * space or a parenthesis, unless it stands in double quotes, where `\"` and `\\` are the characters themselves.
 */
import { queryError } from './query-error.ts';

export type Token =
  | { readonly kind: '(' | ')' | 'or' | 'and' | 'not' | 'end'; readonly column: number }
  | { readonly kind: 'key'; readonly text: string; readonly column: number }
  | {
      readonly kind: 'value';
      readonly text: string;
      readonly isQuoted: boolean;
      /** A star stood behind it. */
      readonly isPrefix: boolean;
      readonly column: number;
    };

const SPACE = /\s/;
const KEY = /^[A-Za-z][A-Za-z_-]*:/;
const WORDS: Readonly<Record<string, 'or' | 'and' | 'not'>> = { OR: 'or', AND: 'and', NOT: 'not' };

export const tokensOf = (text: string): readonly Token[] => {
  const tokens: Token[] = [];
  let at = 0;
  while (at < text.length) {
    const [token, next] = tokenAt(text, at, tokens.at(-1)?.kind === 'key');
    if (token !== undefined) tokens.push(token);
    at = next;
  }
  tokens.push({ kind: 'end', column: text.length + 1 });
  return tokens;
};

/** @param isValue a key stands right before it: what follows is its value, whatever it looks like. */
const tokenAt = (
  text: string,
  at: number,
  isValue: boolean,
): readonly [Token | undefined, number] => {
  const column = at + 1;
  const sign = text[at] ?? '';
  if (SPACE.test(sign)) return [undefined, at + 1];
  if (sign === '(' || sign === ')') return [{ kind: sign, column }, at + 1];
  if (sign === '"') return quoted(text, at);
  if (sign === '-' && !isValue) {
    // As people write a title: it would silently leave out what has the next word.
    if (SPACE.test(text[at + 1] ?? ''))
      throw queryError(
        column,
        'a dash stands right before what it turns round: write -word, or leave it out',
      );
    return [{ kind: 'not', column }, at + 1];
  }
  const [key] = KEY.exec(text.slice(at)) ?? [];
  if (key !== undefined && !isValue)
    return [{ kind: 'key', text: key.slice(0, -1), column }, at + key.length];
  const [word = ''] = /^[^\s()"]+/.exec(text.slice(at)) ?? [];
  const joint = isValue ? undefined : WORDS[word];
  return [joint === undefined ? plain(word, column) : { kind: joint, column }, at + word.length];
};

const plain = (word: string, column: number): Token => {
  const isPrefix = word.endsWith('*') && word.length > 1;
  return {
    ...{ kind: 'value', isQuoted: false, isPrefix, column },
    text: isPrefix ? word.slice(0, -1) : word,
  };
};

const quoted = (text: string, at: number): readonly [Token, number] => {
  const column = at + 1;
  let value = '';
  for (let next = at + 1; next < text.length; next += 1) {
    const sign = text[next] ?? '';
    if (sign === '"') {
      const isPrefix = text[next + 1] === '*';
      const token = { kind: 'value', text: value, isQuoted: true, isPrefix, column } as const;
      return [token, next + (isPrefix ? 2 : 1)];
    }
    const escaped = sign === '\\' && /["\\]/.test(text[next + 1] ?? '');
    if (escaped) next += 1;
    value += escaped ? text[next] : sign;
  }
  throw queryError(column, 'this quotation mark is never closed');
};
