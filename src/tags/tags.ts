/**
 * Tags: trimmed, NFC, 1-64 characters that can be seen, at most 100 a session; compared case-insensitively,
 * the first spelling kept. Two tags that look the same are the same: control, invisible and bidirectional
 * characters are refused.
 */
import { GreenroomError } from '../model/errors.ts';
import { HOLD_TAG, isHeld, tagKey } from '../model/tag-key.ts';

export const MAX_TAG_LENGTH = 64;
export const MAX_TAGS = 100;

/**
 * Other tags in the place of a session's. What holds it stays: who may change tags may not take that away, which is
 * `release`.
 */
export const replacingTags = (
  session: { readonly tags: readonly string[] },
  tags: readonly string[],
): readonly string[] => (isHeld(session) && !isHeld({ tags }) ? [...tags, HOLD_TAG] : tags);

/** Controls, halves of surrogate pairs, line ends, and what has no width or turns the direction of the text round it. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/u;

/** Of these the ones that shape what they stand in: emoji that are joined, and letters that join or do not. */
const SHAPING =
  /(?<=[\p{Extended_Pictographic}\p{Emoji_Modifier}]\uFE0F?)\u200D(?=\p{Extended_Pictographic})|(?<=\p{Emoji})\uFE0F|(?<=[\p{Script=Arabic}\p{Script=Syriac}\p{Script=Devanagari}\p{Script=Bengali}\p{Script=Malayalam}\p{Script=Sinhala}\p{M}])[\u200C\u200D](?=\p{L})/gu;

const isSeen = (text: string): boolean => !UNSEEN.test(text.replace(SHAPING, ''));

/** One tag in its stored spelling; undefined: it is none. */
const spellingOf = (tag: string): string | undefined => {
  const text = tag.trim().normalize('NFC');
  const { length } = [...text];
  return length > 0 && length <= MAX_TAG_LENGTH && isSeen(text) ? text : undefined;
};

/** One tag in its stored spelling; throws `invalid_settings` for what is no tag. */
export const normaliseTag = (tag: string): string => {
  const text = spellingOf(tag);
  if (text === undefined)
    throw new GreenroomError(
      'invalid_settings',
      `${JSON.stringify(tag.slice(0, 80))} is no tag: 1-${MAX_TAG_LENGTH} characters, none of them control, invisible or bidirectional`,
      { details: { field: 'tags' } },
    );
  return text;
};

/** Whether `normaliseTag` would take it. */
export const isTag = (tag: string): boolean => spellingOf(tag) !== undefined;

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
