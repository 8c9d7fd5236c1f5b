/**
 * Cursors: where a page ended, as the last row's place in the order (sort value, then session id).
 * It names a place and no row, so it stays valid while sessions change, also if that row is deleted.
 */
import { z } from 'zod';
import { Criteria } from '../model/criteria.ts';
import { GreenroomError } from '../model/errors.ts';
import { SessionId } from '../model/id-schemas.ts';

export interface Place {
  readonly value: number;
  readonly sessionId: string;
}

/** The order, and a place in it. */
const Encoded = z.tuple([
  Criteria.shape.sortBy.unwrap(),
  Criteria.shape.order.unwrap(),
  z.number(),
  SessionId,
]);

export const encodeCursor = ({ sortBy, order }: Criteria, place: Place): string =>
  Buffer.from(JSON.stringify([sortBy, order, place.value, place.sessionId])).toString('base64url');

/** Throws `invalid_criteria` for anything that a search of this order did not hand out. */
export const decodeCursor = (criteria: Criteria): Place | undefined => {
  if (criteria.cursor === undefined) return undefined;
  const parsed = Encoded.safeParse(jsonIn(criteria.cursor));
  if (!parsed.success) throw refusal('is none of ours: use a nextCursor as it came');
  const [sortBy, order, value, sessionId] = parsed.data;
  if (sortBy !== criteria.sortBy || order !== criteria.order)
    throw refusal(`belongs to a search by ${sortBy} ${order}`);
  return { value, sessionId };
};

const jsonIn = (cursor: string): unknown => {
  try {
    return JSON.parse(Buffer.from(cursor, 'base64url').toString());
  } catch {
    return undefined; // no JSON is no cursor: the schema says so
  }
};

const refusal = (problem: string): GreenroomError =>
  new GreenroomError('invalid_criteria', `the cursor ${problem}`, { details: { field: 'cursor' } });
