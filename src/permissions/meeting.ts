/**
 * Whether the pattern of a rule and a word of a command may be about one file, where neither names it: `Read(.env)` and `.en?`, and
 * what lies below a folder that a command goes through. Pure. True in doubt: it makes a question, and never an allow.
 */

import { HOLE, OPERAND_HOLE } from './shell/word.ts';

/** Any number of folders. */
export const ANY_DEPTH = '**';

/**
 * @param rule names on the way from the root, as gitignore has them.
 * @param word the same, with holes for what is not known.
 * @param goesBelow what is in the folder that the word names is meant too.
 */
export const mayMeet = (
  rule: readonly string[],
  word: readonly string[],
  goesBelow: boolean,
): boolean => {
  const [first, ...rest] = rule;
  if (first === undefined) return true; // what matches a folder matches all that is in it
  const [name, ...others] = word;
  if (name === undefined) return goesBelow;
  if (first !== ANY_DEPTH) return isAlike(first, name) && mayMeet(rest, others, goesBelow);
  return rest.length === 0 || mayMeet(rest, word, goesBelow) || mayMeet(rule, others, goesBelow);
};

/** By how they begin and end: what stands between is not compared. */
const isAlike = (pattern: string, name: string): boolean => {
  const [one, other] = [endsOf(pattern, /[*?[\\]/), endsOf(name, HOLES)];
  if (other.isOpen && other.start === '' && one.start.startsWith('.')) return false; // no glob finds a hidden file so
  if (!one.isOpen && !other.isOpen) return pattern === name;
  const isFitting =
    (one.isOpen || one.start.length >= other.start.length + other.end.length) &&
    (other.isOpen || other.start.length >= one.start.length + one.end.length);
  return (
    isFitting &&
    (one.start.startsWith(other.start) || other.start.startsWith(one.start)) &&
    (one.end.endsWith(other.end) || other.end.endsWith(one.end))
  );
};

const HOLES = new RegExp(`[${HOLE}${OPERAND_HOLE}]`);

/** Of a text that is known as a whole, both are the whole. */
const endsOf = (text: string, open: RegExp) => {
  const at = text.search(open);
  if (at < 0) return { isOpen: false, start: text, end: text };
  const last = [...text].findLastIndex((sign) => open.test(sign) || sign === ']');
  return { isOpen: true, start: text.slice(0, at), end: [...text].slice(last + 1).join('') };
};
