/** What a token's scopes let through. */
import { GreenroomError } from '../../model/errors.ts';
import type { Need } from '../../session/verbs/verb-facts.ts';
import type { Grant } from './token-book.ts';

/** Throws `forbidden` for a token that has not this scope. */
export const mustHave = ({ needs }: Pick<Grant, 'needs'>, need: Need): void => {
  if (!needs.has(need))
    throw new GreenroomError('forbidden', `the token has not the scope ${need}, which this needs`);
};
