/**
 * `Idempotency-Key`: the same request sent again does its work once. The ledger of turns knows every turn id for good, and
 * two sessions never have one id: so a key is made the id of the turn, or of the session, that it makes. Keys are each
 * token's own.
 */
import { hash } from 'node:crypto';
import { GreenroomError } from '../../model/errors.ts';
import type { Grant } from '../access/token-book.ts';

const MAX_KEY = 255;

/** An id that is the key's alone; undefined without a key. Throws `invalid_request` for one that is empty or too long. */
export const idOfKey = (key: string | undefined, { tokenId }: Grant): string | undefined => {
  if (key === undefined) return undefined;
  const [, quoted] = /^"(.*)"$/.exec(key) ?? [];
  const plain = quoted ?? key;
  if (plain === '' || plain.length > MAX_KEY)
    throw new GreenroomError('invalid_request', `Idempotency-Key has 1 to ${MAX_KEY} characters`);
  return `key-${hash('sha256', `${tokenId} ${plain}`).slice(0, 40)}`;
};
