/** Failures as classic programs know them. */
import {
  type ErrorCode,
  GreenroomError,
  SessionNotFoundError,
  StorageError,
} from '../../model/errors.ts';
import { type ClassicChange, makesSession } from '../machine/classic-change.ts';

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

/** A deleted session is not there; only who makes one anew has to know why it cannot. */
export const classicError = (error: unknown, change: ClassicChange | undefined): unknown => {
  if (!(error instanceof GreenroomError)) return error;
  const { code, message, retryAfterMs, details } = error;
  const options = {
    cause: error,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    ...(details === undefined ? {} : { details }),
  };
  const isMaking = change !== undefined && makesSession(change);
  if (code === 'session_not_found' || (code === 'session_deleted' && !isMaking))
    return new SessionNotFoundError(message, options);
  const isStorage = STORAGE_FAILURES.includes(code) || code === 'session_deleted';
  return isStorage && !(error instanceof StorageError)
    ? new StorageError(message, options, code)
    : error;
};
