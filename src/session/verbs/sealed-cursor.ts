/**
 * Cursors of lists whose items may go while somebody walks along them: whether one was given out cannot be looked up
 * then, so it says that itself. One that was not is refused; it would end the walk as if there were no more.
 */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { GreenroomError } from '../../model/errors.ts';
import { keyString, type SessionKey, type Tenant } from '../../model/ids.ts';

/** Of the longest name of a side transcript, and its seal. */
const MAX_CURSOR = 12_000;

/** As a verb takes it. */
export const sealedCursor = z.string().max(MAX_CURSOR).optional();

/** A list of one session. */
export interface SessionList {
  readonly name: 'side-transcripts' | 'audit' | 'inherited';
  readonly key: SessionKey;
}

/** That, or one of all sessions of a tenant. */
export type SealedList = SessionList | { readonly name: 'audit'; readonly tenant: Tenant };

/** @param place of the last item that was shown. */
export const sealed = (list: SealedList, place: string): string =>
  `${sealOf(list, place)}.${place}`;

/** The place that a cursor stands for. Throws `invalid_request` for one that the list did not give out. */
export const placeOf = (list: SealedList, cursor: string): string => {
  const place = cursor.slice(cursor.indexOf('.') + 1);
  if (sealed(list, place) === cursor) return place;
  throw new GreenroomError('invalid_request', `cursor: it is not one of this list (${list.name})`, {
    details: { field: 'cursor' },
  });
};

/** No secret: it keeps mistakes out. */
const sealOf = (list: SealedList, place: string): string =>
  createHash('sha256')
    .update(JSON.stringify([list.name, 'key' in list ? keyString(list.key) : list.tenant, place]))
    .digest('base64url')
    .slice(0, 16);
