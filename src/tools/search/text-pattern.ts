/** The pattern of a `Grep` as a regular expression of JavaScript. Pure. */
import { Refusal } from '../tool/refusal.ts';

export interface PatternOptions {
  readonly isCaseless: boolean;
  /** A match may go over several lines, and `.` is a line break too. */
  readonly isMultiline: boolean;
}

/** Characters of a pattern. */
const MAX_LENGTH = 10_000;

/** Always with `g`. Throws a `Refusal` for what is no pattern. */
export const textPattern = (
  pattern: string,
  { isCaseless, isMultiline }: PatternOptions,
): RegExp => {
  if (pattern.length > MAX_LENGTH)
    throw new Refusal(`A pattern has at most ${MAX_LENGTH} characters.`);
  const [, inline = ''] = /^\(\?([imsu]+)\)/.exec(pattern) ?? [];
  const rest = inline === '' ? pattern : pattern.slice(inline.length + 3);
  const flags = new Set(['g', ...(isMultiline ? ['m', 's'] : [])]);
  if (isCaseless || inline.includes('i')) flags.add('i');
  if (inline.includes('s')) flags.add('s');
  return compiled(rest, [...flags].join(''));
};

/** By code points, so that `.` is one character and `\p{L}` a letter; what that refuses, as `\-`, is read as before it. */
const compiled = (source: string, flags: string): RegExp => {
  try {
    return new RegExp(source, `${flags}u`);
  } catch {
    try {
      return new RegExp(source, flags);
    } catch (error) {
      throw new Refusal(
        `${JSON.stringify(source)} is no regular expression of JavaScript: ${(error as Error).message} To find brackets and the like as they stand, put a backslash before them.`,
      );
    }
  }
};
