/** Whose sessions a list is about: those of an owner, those with all of some tags. */
import { z } from 'zod';
import { tagKey } from '../../model/tag-key.ts';
import { MAX_TAGS } from '../../tags/tags.ts';

export const whoseShape = {
  owner: z.string().min(1).max(256).optional().describe("only of this owner's sessions"),
  allTags: z
    .array(z.string().min(1).max(64))
    .max(MAX_TAGS)
    .optional()
    .describe('only of sessions with all of these tags'),
};

export interface Whose {
  readonly owner?: string | undefined;
  readonly allTags?: readonly string[] | undefined;
}

/** What is looked at of a session. */
interface Belonging {
  readonly owner?: string | undefined;
  readonly tags: readonly string[];
}

/** For a search. */
export const criteriaFor = ({ owner, allTags = [] }: Whose) => ({
  ...(owner === undefined ? {} : { owner }),
  ...(allTags.length === 0 ? {} : { allTags: [...allTags] }),
});

/** Whether a session is one of them; undefined: all are. */
export const membership = ({
  owner,
  allTags = [],
}: Whose): ((session: Belonging) => boolean) | undefined => {
  if (owner === undefined && allTags.length === 0) return undefined;
  const wanted = allTags.map((tag) => tagKey(tag.trim().normalize('NFC')));
  return (session) => {
    if (owner !== undefined && session.owner !== owner) return false;
    const has = new Set(session.tags.map((tag) => tagKey(tag)));
    return wanted.every((tag) => has.has(tag));
  };
};
