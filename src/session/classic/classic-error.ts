/** Failures as classic programs know them. */
import {
  type ErrorCode,
  GreenroomError,
  SessionNotFoundError,
  StorageError,
} from '../../model/errors.ts';

const STORAGE_FAILURES: readonly ErrorCode[] = [
  'session_exists',
  'storage_failed',
  'corrupt_record',
  'disk_low',
  'unavailable',
  'deadline_exceeded',
  'mailbox_full',
  'too_large',
];

/**
 * A deleted session is not there; only who makes one anew has to know why it cannot.
 *
 * @param isMaking whether the change makes a session.
 */
export const classicError = (error: unknown, isMaking: boolean): unknown => {
  if (!(error instanceof GreenroomError)) return error;
  const { code, message, retryAfterMs, details } = error;
  const options = {
    cause: error,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    ...(details === undefined ? {} : { details }),
  };
  if (code === 'session_not_found' || (code === 'session_deleted' && !isMaking))
    return new SessionNotFoundError(message, options);
  const isStorage = STORAGE_FAILURES.includes(code) || code === 'session_deleted';
  return isStorage && !(error instanceof StorageError)
    ? new StorageError(message, options, code)
    : error;
};
