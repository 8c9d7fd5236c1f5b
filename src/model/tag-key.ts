/** By what two tags are the same one, and the tag that holds its session. What a tag may be is in `src/tags/`. */

/** The form in which two spellings of one tag are equal. */
export const tagKey = (tag: string): string => tag.toLowerCase();

/** A session with this tag is kept whatever its age. */
export const HOLD_TAG = 'hold';

export const isHeld = ({ tags }: { readonly tags: readonly string[] }): boolean =>
  tags.some((tag) => tagKey(tag) === HOLD_TAG);
