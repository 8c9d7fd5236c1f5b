/** `ETag`, `If-Match` and `If-None-Match`: a session's version, as HTTP has it. */
import { GreenroomError } from '../../model/errors.ts';
import { HttpError } from '../wire/problem.ts';

export const etagOf = (version: number): string => `"${version}"`;

/**
 * The version that the caller has seen; `any`: that it is there; undefined: it does not say. A proxy that compresses makes a tag weak on
 * its way to the caller, and it names the same version all the same.
 */
export const versionMatched = (ifMatch: string | undefined): number | 'any' | undefined => {
  if (ifMatch === undefined) return undefined;
  if (ifMatch.trim() === '*') return 'any';
  const [, digits] = /^(?:W\/)?"(\d{1,15})"$/.exec(ifMatch.trim()) ?? [];
  if (digits !== undefined) return Number(digits);
  throw new GreenroomError('invalid_request', 'If-Match must be one ETag of this session, or *');
};

/** Whether the caller has this version already. */
export const isKnownVersion = (ifNoneMatch: string | undefined, version: number): boolean => {
  if (ifNoneMatch === undefined) return false;
  const known = ifNoneMatch.split(',').map((each) => each.trim().replace(/^W\//, ''));
  return known.includes('*') || known.includes(etagOf(version));
};

export const notAsMatched = (): HttpError =>
  new HttpError('precondition_failed', 'the session has another version than If-Match names');
