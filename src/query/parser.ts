/**
 * Reads a query as people write it, by recursive descent:
 *
 *     any  = all { "OR" all }
 *     all  = one { [ "AND" ] one }
 *     one  = ( "-" | "NOT" ) one | "(" any ")" | text | key ":" value | key ":" "(" value { "OR" value } ")"
 *
 * `sort:` stands outside of parentheses, once.
 */

import { hasWord, MAX_QUERY_LENGTH, MAX_TEXT_LENGTH } from '../model/words.ts';
import { guess } from '../platform/guess.ts';
import { KEYS, type Key, keyNamed, keyWords } from './keys.ts';
import { type Token, tokensOf } from './lexer.ts';
import { jointMeant, meantBy } from './meant.ts';
import { queryError } from './query-error.ts';
import {
  type Expression,
  MAX_NESTING,
  MAX_TERMS,
  type Query,
  SORT_KEYS,
  type Sort,
  type Term,
  type Text,
} from './syntax.ts';
import { readValue } from './values.ts';

/** Throws `invalid_criteria` that names the column, and what was meant where that can be guessed. */
export const parse = (text: string): Query => {
  if (text.length > MAX_QUERY_LENGTH)
    throw queryError(MAX_QUERY_LENGTH + 1, `a query has at most ${MAX_QUERY_LENGTH} characters`);
  return new Parser(tokensOf(text)).query();
};

type ValueToken = Extract<Token, { kind: 'value' }>;

class Parser {
  readonly #tokens: readonly Token[];
  #at = 0;
  #depth = 0;
  #terms = 0;
  #sort: Sort | undefined;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  query(): Query {
    const where = this.#peek().kind === 'end' ? undefined : this.#any();
    const { kind, column } = this.#peek();
    if (kind === ')') throw queryError(column, 'this parenthesis was never opened');
    return {
      ...(where === undefined ? {} : { where }),
      ...(this.#sort === undefined ? {} : { sort: this.#sort }),
    };
  }

  #peek(): Token {
    // The last token is the end, which is never taken.
    return this.#tokens[this.#at] as Token;
  }

  #take(): Token {
    const token = this.#peek();
    if (token.kind !== 'end') this.#at += 1;
    return token;
  }

  #any(): Expression | undefined {
    const parts = [this.#all()];
    while (this.#peek().kind === 'or') {
      const { column } = this.#take();
      if (parts[0] === undefined) throw queryError(column, 'OR has nothing before it');
      const part = this.#all();
      if (part === undefined) throw queryError(column, 'OR has nothing behind it');
      parts.push(part);
    }
    return joined('or', parts);
  }

  #all(): Expression | undefined {
    const parts: (Expression | undefined)[] = [];
    for (;;) {
      const { kind, column } = this.#peek();
      if (kind === 'end' || kind === ')' || kind === 'or') break;
      if (kind === 'and') {
        this.#take();
        if (parts.length === 0 || this.#isOver) throw queryError(column, 'AND joins two terms');
      }
      parts.push(this.#one());
    }
    return joined('and', parts);
  }

  get #isOver(): boolean {
    return ['end', ')', 'or', 'and'].includes(this.#peek().kind);
  }

  #one(): Expression | undefined {
    const token = this.#take();
    switch (token.kind) {
      case 'not':
        return this.#not(token.column);
      case '(':
        return this.#nested(token.column);
      case 'key':
        return this.#keyed(token.text, token.column);
      case 'value':
        return this.#words(token);
      default:
        throw queryError(token.column, 'a term such as tag:review is missing');
    }
  }

  #not(column: number): Expression {
    const of = this.#deeper(column, () => this.#one());
    if (of === undefined) throw queryError(column, 'sort: cannot be turned round with -');
    return of.kind === 'not' ? of.of : { kind: 'not', of };
  }

  #nested(column: number): Expression {
    const inner = this.#deeper(column, () => this.#any());
    if (this.#peek().kind !== ')') throw queryError(column, 'this parenthesis is never closed');
    this.#take();
    if (inner === undefined) throw queryError(column, 'there is nothing in these parentheses');
    return inner;
  }

  #deeper<T>(column: number, work: () => T): T {
    this.#depth += 1;
    if (this.#depth > MAX_NESTING)
      throw queryError(column, `terms stand at most ${MAX_NESTING} deep in each other`);
    const result = work();
    this.#depth -= 1;
    return result;
  }

  #keyed(word: string, column: number): Expression | undefined {
    if (word.toLowerCase() === 'sort') return this.#sorted(column);
    const key = keyNamed(word);
    const facts = key === undefined ? undefined : KEYS.get(key);
    if (key === undefined || facts === undefined)
      throw queryError(
        column,
        `${word} is no key${guess(word, keyWords())}; put it in quotation marks to find it as words`,
      );
    if (this.#peek().kind !== '(') return this.#term(key, facts, column);
    this.#take();
    const terms = [this.#term(key, facts, column)];
    while (this.#peek().kind === 'or') {
      this.#take();
      terms.push(this.#term(key, facts, column));
    }
    if (this.#peek().kind !== ')') throw queryError(column, `write ${key}:(one OR another)`);
    this.#take();
    return joined('or', terms);
  }

  #words(token: ValueToken): Text {
    const { text, isPrefix, column } = token;
    this.#count(column);
    const meant = this.#meant(token);
    if (meant !== undefined) throw queryError(column, meant);
    if (!hasWord(text))
      throw queryError(column, `there is no word in ${text === '' ? '""' : text}`);
    if (text.length >= MAX_TEXT_LENGTH)
      throw queryError(column, `a text has less than ${MAX_TEXT_LENGTH} characters`);
    return { kind: 'text', text, isPrefix, column };
  }

  /** What was written as words, and not meant so. The token is the last that was taken. */
  #meant({ text, isQuoted, isPrefix }: ValueToken): string | undefined {
    if (isQuoted) return undefined;
    const before = this.#tokens.slice(Math.max(0, this.#at - 3), this.#at - 1);
    return meantBy(text) ?? (isPrefix ? undefined : jointMeant(text, before, this.#peek()));
  }

  #count(column: number): void {
    this.#terms += 1;
    if (this.#terms > MAX_TERMS) throw queryError(column, `a query has at most ${MAX_TERMS} terms`);
  }

  #term(key: string, facts: Key, keyColumn: number): Term {
    const token = this.#value(keyColumn, `${key}:`);
    this.#count(token.column);
    return { kind: 'term', key, value: readValue(key, facts, token), column: token.column };
  }

  #value(column: number, after: string): ValueToken {
    const token = this.#take();
    if (token.kind === 'value') return token;
    if (token.kind === 'key')
      throw queryError(
        token.column,
        `put ${token.text}:… in quotation marks to have it as a value`,
      );
    const word = JOINTS[token.kind];
    if (word !== undefined)
      throw queryError(token.column, `put ${word} in quotation marks to have it as a value`);
    throw queryError(column, `${after} has no value behind it`);
  }

  #sorted(column: number): undefined {
    const { text, column: at } = this.#value(column, 'sort:');
    if (this.#depth > 0) throw queryError(column, 'sort: stands outside of parentheses');
    if (this.#sort !== undefined) throw queryError(column, 'sort: was there already');
    const [, word = '', order] = /^(.*?)(?:-(asc|desc))?$/.exec(text) ?? [];
    const by = SORT_KEYS.find((key) => key === word);
    if (by === undefined)
      throw queryError(
        at,
        `sort: takes one of ${SORT_KEYS.join(', ')}, with -asc behind it if the least comes first${guess(word, SORT_KEYS)}`,
      );
    if (by === 'relevance' && order === 'asc')
      throw queryError(at, 'sort:relevance begins with the best');
    this.#sort = { by, order: order === 'asc' ? 'asc' : 'desc' };
    return undefined;
  }
}

/** What stands in a list of values for something else. */
const JOINTS: Readonly<Partial<Record<Token['kind'], string>>> = {
  or: 'OR',
  and: 'AND',
  not: 'what begins with - or NOT',
};

/** Parts of the same kind are one with it: `a OR (b OR c)` is `a OR b OR c`. */
const joined = (
  kind: 'and' | 'or',
  parts: readonly (Expression | undefined)[],
): Expression | undefined => {
  const of = parts.flatMap((part) => {
    if (part === undefined) return [];
    return part.kind === kind ? part.of : [part];
  });
  return of.length > 1 ? { kind, of } : of[0];
};
