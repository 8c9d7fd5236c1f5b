/**
 * A change of tags, as it is asked of many sessions at once: renames, then removals, then additions. Done twice it does
 * no more than once, so that a change which was interrupted is simply asked for again; unless a new name is an old one
 * of the same change, as in a swap.
 */
import { z } from 'zod';
import type { Condition } from '../model/criteria.ts';
import { beginsSo, tagKey, tagStarts } from '../model/tag-key.ts';
import { addTags, isTag } from './tags.ts';

/** Renames and removals of one change. */
const MAX_AT_ONCE = 100;

/** A star stands for the rest of every tag that begins so. */
const isPattern = (text: string): boolean => isTag(text.endsWith('*') ? text.slice(0, -1) : text);
const pattern = z
  .string()
  .max(64)
  .refine(isPattern, 'is no tag, nor the beginning of one and a star');
const tag = z.string().max(64).refine(isTag, 'is no tag');

const Rename = z
  .strictObject({ from: pattern, to: pattern })
  .refine(({ from, to }) => from.endsWith('*') === to.endsWith('*'), 'has a star on one side only');

export const retagShape = {
  rename: z
    .array(Rename)
    .max(MAX_AT_ONCE)
    .optional()
    .describe(
      '`{ from, to }`: `to` stands where `from` stood; several to one are merged; `team/*` to `squad/*` renames all that begin so',
    ),
  remove: z
    .array(pattern)
    .max(MAX_AT_ONCE)
    .optional()
    .describe('tags to take away; `team/*`: all that begin so'),
  add: z.array(tag).max(MAX_AT_ONCE).optional().describe('tags to add'),
};

export interface Retag {
  readonly rename?: readonly { readonly from: string; readonly to: string }[] | undefined;
  readonly remove?: readonly string[] | undefined;
  readonly add?: readonly string[] | undefined;
}

/** The tags after the change: `tags` itself where it changes nothing. Throws `invalid_settings` for more tags than a session takes. */
export const retagged = (
  tags: readonly string[],
  { rename = [], remove = [], add = [] }: Retag,
): readonly string[] => {
  const renamed = tags.map((each) => renamedBy(rename, each));
  const left = renamed.filter((each) => !remove.some((one) => restOf(one, each) !== undefined));
  const next = addTags([], [...left, ...add]);
  return next.length === tags.length && next.every((each, at) => each === tags[at]) ? tags : next;
};

const renamedBy = (rename: NonNullable<Retag['rename']>, each: string): string => {
  for (const { from, to } of rename) {
    const rest = restOf(from, each);
    if (rest !== undefined) return to.endsWith('*') ? to.slice(0, -1) + rest : to;
  }
  return each;
};

/** What the star stands for in a tag; '' without one; undefined: it is not meant. */
const restOf = (one: string, each: string): string | undefined => {
  const wanted = one.trim().normalize('NFC');
  if (!wanted.endsWith('*')) return tagKey(wanted) === tagKey(each) ? '' : undefined;
  const starts = tagStarts(wanted.slice(0, -1));
  return beginsSo(tagKey(each), starts) ? behind(each, starts) : undefined;
};

/** What stands behind the beginning of a tag. Its key may be longer than it is, as that of `İ`, or shorter, as that of `J̌`. */
const behind = (each: string, starts: readonly string[]): string => {
  const ends = Array.from({ length: each.length + 1 }, (_, at) => at);
  const keys = ends.map((at) => tagKey(each.slice(0, at)));
  const exact = keys.findIndex((key) => starts.includes(key));
  // A beginning may end within what is one character of the tag: that goes with it.
  return each.slice(exact === -1 ? keys.findIndex((key) => beginsSo(key, starts)) : exact);
};

/** The sessions that a change may change: all others need not be looked at. */
export const affectedBy = ({ rename = [], remove = [], add = [] }: Retag): Condition => ({
  anyOf: [
    ...[...rename.map(({ from }) => from), ...remove].map(
      (one): Condition => (one.endsWith('*') ? { tagPrefix: one.slice(0, -1) } : { tags: [one] }),
    ),
    ...(add.length === 0 ? [] : [{ noneOf: [{ allTags: [...add] }] }]),
  ],
});

/** Something is asked for. */
export const isRetag = ({ rename = [], remove = [], add = [] }: Retag): boolean =>
  rename.length + remove.length + add.length > 0;
