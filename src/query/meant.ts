/**
 * Words that were hardly meant as words: what other languages write for what is written otherwise here. They would find
 * nothing, or the wrong sessions, and nobody would know why.
 */
import { keyNamed } from './keys.ts';
import type { Token } from './lexer.ts';

const AS_WORDS = 'or put this in quotation marks to find it as words';

/** How what was meant is written, instead of `tag!=x`, `!tag:x`, `owner=ann`, `cost>1`; undefined: a word was meant. */
export const meantBy = (word: string): string | undefined => {
  const [, turned = '', key = '', sign = '', value = ''] = FOREIGN.exec(word) ?? [];
  if (keyNamed(key) === undefined || turned + sign === ':') return undefined;
  const minus = turned === '!' || UNEQUAL.includes(sign) ? '-' : '';
  return `write ${minus}${key}:${BOUND.test(sign) ? sign : ''}${value || '…'}, ${AS_WORDS}`;
};

const FOREIGN = /^(!?)([A-Za-z][A-Za-z_-]*)(!=|!:|<>|<=|>=|==?|<|>|:)(.*)$/;
const UNEQUAL: readonly string[] = ['!=', '!:', '<>'];
const BOUND = /^[<>]=?$/;

/** Whether a word joins terms, or would in capitals. */
export const isJoint = (word: string): boolean => JOINT.test(word);
const JOINT = /^(or|and|not)$/i;

/** The same for one between terms: between words it is a word, as in `this or that`. */
export const jointMeant = (
  word: string,
  before: readonly Token[],
  behind: Token | undefined,
): string | undefined => {
  if (!isJoint(word)) return undefined;
  const [last, key] = [before.at(-1), before.at(-2)];
  const isBehindTerm = last?.kind === ')' || (last?.kind === 'value' && key?.kind === 'key');
  const isBeforeTerm = behind !== undefined && ['key', '(', 'not'].includes(behind.kind);
  return isBehindTerm || isBeforeTerm ? `write ${word.toUpperCase()}, ${AS_WORDS}` : undefined;
};
