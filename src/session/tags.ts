/**
 * Tags: trimmed, NFC, 1-64 characters, no control characters, at most 100 a session; compared
 * case-insensitively, the first spelling kept.
 */
import { GreenroomError } from './errors.ts';

export const MAX_TAG_LENGTH = 64;
export const MAX_TAGS = 100;
/** A session with this tag is kept whatever its age. */
export const HOLD_TAG = 'hold';

// biome-ignore lint/suspicious/noControlCharactersInRegex: refusing them is the point
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/;

/** The form in which two spellings of one tag are equal. */
export const tagKey = (tag: string): string => tag.toLowerCase();

/** One tag in its stored spelling; throws `invalid_settings` for what is no tag. */
export const normaliseTag = (tag: string): string => {
  const text = tag.trim().normalize('NFC');
  if (text.length === 0 || [...text].length > MAX_TAG_LENGTH || CONTROL.test(text))
    throw new GreenroomError(
      'invalid_settings',
      `${JSON.stringify(tag.slice(0, 80))} is no tag: 1-${MAX_TAG_LENGTH} characters, no control characters`,
      { details: { field: 'tags' } },
    );
  return text;
};

/** Whether `normaliseTag` would take it. */
export const isTag = (tag: string): boolean => {
  const length = [...tag.trim()].length;
  return length > 0 && length <= MAX_TAG_LENGTH && !CONTROL.test(tag.trim());
};

/** Each tag once, in the order and spelling of its first appearance. */
export const normaliseTags = (tags: readonly string[]): readonly string[] => addTags([], tags);

/** `tags` with `more`; throws `invalid_settings` beyond the limit. */
export const addTags = (tags: readonly string[], more: readonly string[]): readonly string[] => {
  if (more.length === 0) return tags;
  const byKey = new Map(tags.map((tag) => [tagKey(tag), tag]));
  for (const tag of more.map(normaliseTag))
    if (!byKey.has(tagKey(tag))) byKey.set(tagKey(tag), tag);
  if (byKey.size > MAX_TAGS)
    throw new GreenroomError('invalid_settings', `a session takes at most ${MAX_TAGS} tags`, {
      details: { field: 'tags' },
    });
  return [...byKey.values()];
};

export const removeTags = (tags: readonly string[], less: readonly string[]): readonly string[] => {
  const gone = new Set(less.map((tag) => tagKey(tag.trim().normalize('NFC'))));
  return tags.filter((tag) => !gone.has(tagKey(tag)));
};
