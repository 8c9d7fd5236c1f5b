/** What an error of the driver, or an error reply of Redis, means to the caller of a store. */
import { GreenroomError, StorageError } from '../../../model/errors.ts';
import { outage } from '../shared/outage.ts';
import { hasPrefix } from './redis-client.ts';

export interface Failure {
  readonly error: GreenroomError;
  /** Nothing was done, and soon it may go. */
  readonly isPassing: boolean;
  /** Nothing more will come over this connection. */
  readonly isBroken: boolean;
}

const PASSING = ['LOADING', 'MASTERDOWN', 'BUSY', 'TRYAGAIN', 'CLUSTERDOWN'];
const REFUSING = ['OOM', 'MISCONF', 'READONLY', 'NOREPLICAS'];
const UNAUTHORIZED = ['NOAUTH', 'WRONGPASS', 'NOPERM'];

/** @param isChange a lost reply leaves open whether it was made; reading can simply be done again. */
export const failureOf = (error: unknown, isChange: boolean): Failure => {
  if (error instanceof GreenroomError) return { error, isPassing: false, isBroken: true }; // it was late
  const words = error instanceof Error ? error.message : String(error);
  if (!isReply(words)) {
    const why = `the connection to Redis was lost: ${words}`;
    const lost = outage(why, isChange ? 'unknown' : 'none', error);
    return { error: lost, isPassing: !isChange, isBroken: true };
  }
  const isPassing = hasPrefix(error, ...PASSING);
  return { error: refusalOf(error, words), isPassing, isBroken: false };
};

const refusalOf = (error: unknown, words: string): GreenroomError => {
  if (hasPrefix(error, ...PASSING)) return outage(`Redis is not ready: ${words}`, 'none', error);
  if (hasPrefix(error, ...REFUSING))
    return outage(`Redis takes no changes: ${words}`, 'none', error);
  return hasPrefix(error, ...UNAUTHORIZED)
    ? new StorageError(words, { cause: error }, 'unauthorized')
    : new StorageError(words, { cause: error });
};

/** Error replies begin with a word in capitals, errors of the driver and of sockets do not. */
const isReply = (words: string): boolean => /^[A-Z]{2,}\b/.test(words);
