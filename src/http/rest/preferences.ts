/** What a request prefers (`Prefer`, RFC 7240), and what it accepts. */
import { GreenroomError } from '../../model/errors.ts';

/** Longest wait for a turn's end, in seconds: what is between us and the client may not keep silence for longer. */
export const MAX_WAIT_SECONDS = 300;

/** Seconds that the caller would wait; 0: none. Throws `invalid_request` for what is no number. */
export const waitSeconds = (prefer: string | undefined): number => {
  const [, text] = /(?:^|[,;\s])wait\s*=\s*"?([^",;\s]*)"?/i.exec(prefer ?? '') ?? [];
  if (text === undefined) return 0;
  const seconds = Number(text);
  if (/^\d{1,6}$/.test(text)) return Math.min(seconds, MAX_WAIT_SECONDS);
  throw new GreenroomError('invalid_request', 'Prefer: wait is a whole number of seconds');
};

export const EVENT_STREAM = 'text/event-stream';

export const wantsStream = (accept: string | undefined): boolean =>
  accept?.toLowerCase().includes(EVENT_STREAM) === true;
