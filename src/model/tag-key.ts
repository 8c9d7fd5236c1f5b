/** By what two tags are the same one, and the tag that holds its session. What a tag may be is in `src/tags/`. */

const MARK = /\p{M}/u;

/** The form in which two spellings of one tag are equal. `ΐ` is one character, and its capital is a letter with marks. */
export const tagKey = (tag: string): string => {
  const small = tag.toLowerCase();
  return MARK.test(small) ? small.normalize('NFC') : small;
};

/** No letter stands behind it. */
const LAST_SIGMA = /[σς](?=\P{L}*$)/u;

/**
 * How the keys of tags that begin with `prefix` may begin. A capital sigma is a `ς` at the end of a word and a `σ` within
 * one: what stands at the end of a prefix may be either.
 */
export const tagStarts = (prefix: string): readonly string[] => {
  const start = tagKey(prefix);
  return LAST_SIGMA.test(start)
    ? ['σ', 'ς'].map((sigma) => start.replace(LAST_SIGMA, sigma))
    : [start];
};

/** @param starts from `tagStarts`. */
export const beginsSo = (key: string, starts: readonly string[]): boolean =>
  starts.some((start) => key.startsWith(start));

/** A session with this tag is kept whatever its age. */
export const HOLD_TAG = 'hold';

export const isHeld = ({ tags }: { readonly tags: readonly string[] }): boolean =>
  tags.some((tag) => tagKey(tag) === HOLD_TAG);
