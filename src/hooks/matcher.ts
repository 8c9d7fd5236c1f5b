/** Which subjects a group of hooks is for: the rules of Claude Code's matchers. */

/** @param subject a tool's name, a source, a reason; undefined: the event has none, and all match. */
export type Matcher = (subject: string | undefined) => boolean;

/** Names with `|` or `,` between them. */
const NAMES = /^[A-Za-z0-9_\- ,|]*$/;

/**
 * Nothing, `''` and `*` match all. Letters, digits, `_`, `-`, spaces, `,` and `|` are names, which match exactly. Anything
 * else is a regular expression, found anywhere in the subject. Throws a `SyntaxError` for one that cannot be read.
 */
export const matcherOf = (written = ''): Matcher => {
  if (written === '' || written === '*') return () => true;
  if (!NAMES.test(written)) {
    const pattern = new RegExp(written);
    return (subject) => subject === undefined || pattern.test(subject);
  }
  const names = new Set(written.split(/[|,]/).map((name) => name.trim()));
  return (subject) => subject === undefined || names.has(subject);
};
