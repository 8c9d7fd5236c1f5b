/** Headers that a request may have, over NATS and HTTP the same. */
import { GreenroomError } from '../model/errors.ts';

/** Names the turn of a plain prompt. */
export const TURN_ID_HEADER = 'Greenroom-Turn-Id';
/** By when the request is to be answered, in milliseconds from now; default: its verb's time. */
export const TIMEOUT_HEADER = 'Greenroom-Timeout-Ms';
/** The trace that the request belongs to. */
export const TRACE_HEADER = 'Greenroom-Trace';
/** The same as W3C Trace Context has it. */
export const TRACEPARENT_HEADER = 'traceparent';

export const LONGEST_TIMEOUT_MS = 600_000;

/** Throws `invalid_request` for a header that is no time: half a minute instead of it would surprise. */
export const timeoutGiven = (text: string | undefined): number | undefined => {
  if (text === undefined) return undefined;
  const wanted = Number(text);
  if (/^\d{1,15}$/.test(text) && wanted > 0) return Math.min(wanted, LONGEST_TIMEOUT_MS);
  throw new GreenroomError(
    'invalid_request',
    `the header ${TIMEOUT_HEADER} must be a whole number of milliseconds above 0`,
  );
};
