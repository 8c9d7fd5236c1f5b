/** What an error of the driver, or of PostgreSQL, means to the caller of a store. */
import { GreenroomError, SerializationError, StorageError } from '../../../model/errors.ts';
import { outage } from '../shared/outage.ts';

export interface Failure {
  readonly error: GreenroomError;
  /** Nothing was done, and soon it may go. */
  readonly isPassing: boolean;
  /** Nothing more will come over this connection. */
  readonly isBroken: boolean;
}

/** The server starts, is full of connections, or chose us as the victim of a deadlock. */
const PASSING = ['57P03', '53300', '40001', '40P01', '55P03', '55006'];
/** Values that a column cannot hold. */
const UNFIT = ['22021', '22P05', '22003', '22P02', '22001', '22008', '22007', '54000'];
const UNAUTHORIZED = ['28000', '28P01', '42501'];
/** The server ends, or a disk is full, or it only reads: classes and codes of a refusal that stored nothing. */
const REFUSING = ['53100', '53200', '53400', '25006', '57014'];

export const failureOf = (error: unknown, isChange: boolean): Failure => {
  if (error instanceof GreenroomError) return { error, isPassing: false, isBroken: true }; // it was late
  const words = error instanceof Error ? error.message || error.name : String(error);
  const code = sqlStateOf(error);
  if (code === undefined || code.startsWith('08') || code.startsWith('57P0') || code === 'XX000') {
    const isPassing = code !== undefined && PASSING.includes(code);
    const outcome = isChange && !isPassing ? 'unknown' : 'none';
    const lost = outage(`the connection to PostgreSQL was lost: ${words}`, outcome, error);
    return { error: lost, isPassing: isPassing || !isChange, isBroken: true };
  }
  return {
    error: refusalOf(code, words, error),
    isPassing: PASSING.includes(code),
    isBroken: false,
  };
};

const refusalOf = (code: string, words: string, cause: unknown): GreenroomError => {
  if (PASSING.includes(code)) return outage(`PostgreSQL is not ready: ${words}`, 'none', cause);
  if (REFUSING.includes(code)) return outage(`PostgreSQL refuses: ${words}`, 'none', cause);
  if (UNFIT.includes(code))
    return new SerializationError(`PostgreSQL cannot keep this: ${words}`, { cause });
  return UNAUTHORIZED.includes(code)
    ? new StorageError(words, { cause }, 'unauthorized')
    : new StorageError(words, { cause });
};

/** Five letters or digits; errors of sockets have codes too. */
export const sqlStateOf = (error: unknown): string | undefined => {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) ? code : undefined;
};
