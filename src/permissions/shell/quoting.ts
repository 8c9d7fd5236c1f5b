/** Words as they are written in a rule. */

const PLAIN = /^[\w@%+=:,./~^-]+$/;

/** So that the pattern that is read from it matches this word alone. */
export const quoteWord = (word: string): string => {
  if (PLAIN.test(word)) return word;
  return `"${word.replace(/["\\*]/g, '\\$&')}"`;
};
