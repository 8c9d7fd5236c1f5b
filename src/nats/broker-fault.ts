/**
 * What is wrong with a broker, in a sentence: who lacks what, and what to do. The start and `doctor` say the same.
 *
 * What trying again cannot mend is `invalid_settings` or `unauthorized`; all else is `unavailable`.
 */
import { ErrorCode as NatsCode, NatsError } from 'nats';
import { codeOf, GreenroomError } from '../model/errors.ts';
import { describeRefused, neededBy } from './permissions.ts';

/** Codes of the server's API errors. */
const JETSTREAM_OFF: readonly number[] = [10039, 10076];
const NO_STORAGE: readonly number[] = [10002, 10023, 10047, 10113, 10122];
const NO_STREAMS = 10027;
const MIB = 1024 * 1024;

/** What our two streams reserve. */
export interface StreamSizes {
  /** Of the queue of turn requests, in bytes. */
  readonly queueBytes: number;
  /** Of the record of refused ones, in bytes. */
  readonly refusedBytes: number;
}

/** A broker, as its faults name it. */
export interface Broker {
  /** Its address, without a password. */
  readonly where: string;
  /** Whether it says that it has JetStream. */
  readonly hasJetStream: boolean;
  readonly sizes: StreamSizes;
  /** The first tokens of our subjects. */
  readonly root: string;
}

/** The code of the server's API error; 0 for what is none. */
export const apiCodeOf = (error: unknown): number =>
  error instanceof NatsError ? (error.api_error?.err_code ?? 0) : 0;

/** A failure of a connection's first attempt. */
export const connectFault = (where: string, error: unknown): GreenroomError => {
  const { message } = error as Error;
  const isRefused = error instanceof NatsError && error.isAuthError();
  if (isRefused)
    return new GreenroomError(
      'unauthorized',
      `the broker at ${where} refuses our credentials (${message}): correct NATS_URL or NATS_CREDS`,
      { cause: error },
    );
  const isOurs = !(error instanceof NatsError);
  return new GreenroomError(
    isOurs ? 'invalid_settings' : 'unavailable',
    `cannot connect to NATS at ${where}: ${message}`,
    { cause: error },
  );
};

/** The user may not do what we do there. */
export const notAllowed = (
  { where, root }: Pick<Broker, 'where' | 'root'>,
  denied: readonly string[],
  cause?: unknown,
): GreenroomError =>
  new GreenroomError(
    'unauthorized',
    `the broker at ${where} does not let this user ${denied.join(', ')}: ${neededBy(root)}`,
    { cause },
  );

const refusedIn = (error: unknown): string => {
  const { message, permissionContext } = error as NatsError;
  return permissionContext === undefined ? `work (${message})` : describeRefused(permissionContext);
};

/** A failure to find or make a stream or its consumer. */
export const streamFault = (error: unknown, broker: Broker): unknown => {
  const { where, hasJetStream } = broker;
  if (codeOf(error) !== 'internal') return error;
  const code = apiCodeOf(error);
  if (NO_STORAGE.includes(code)) return noStorage(broker, error);
  if (code === NO_STREAMS)
    return wrong(`the account at ${where} may have no more streams: allow it two more`, error);
  if (isForbidden(error)) return notAllowed(broker, [refusedIn(error)], error);
  if (!JETSTREAM_OFF.includes(code) && !isUnanswered(error)) return error;
  return code !== 0 || !hasJetStream
    ? wrong(
        `JetStream is not enabled on the broker at ${where}: enable it, or use another broker`,
        error,
      )
    : new GreenroomError(
        'unavailable',
        `JetStream does not answer on the broker at ${where}: it is not up yet, or not enabled for this account`,
        { cause: error },
      );
};

/** Whether trying again is of no use. */
export const isHopeless = (error: unknown): boolean =>
  ['invalid_settings', 'unauthorized', 'broker_in_use'].includes(codeOf(error));

const wrong = (message: string, cause: unknown): GreenroomError =>
  new GreenroomError('invalid_settings', message, { cause });

const noStorage = ({ where, sizes }: Broker, error: unknown): GreenroomError => {
  const { queueBytes, refusedBytes } = sizes;
  const said = (error as Error).message;
  return wrong(
    `the broker at ${where} has not enough JetStream storage (${said}): we want ${mib(queueBytes)} MiB for the queue of turns (GREENROOM_QUEUE_MB) and ${mib(refusedBytes)} MiB for refused ones (GREENROOM_REFUSED_MB); give it more (max_file_store, or the account's storage), or set these lower`,
    error,
  );
};

const mib = (bytes: number): number => Math.ceil(bytes / MIB);

const isUnanswered = (error: unknown): boolean =>
  error instanceof NatsError && error.code === NatsCode.NoResponders;

export const isForbidden = (error: unknown): boolean =>
  error instanceof NatsError && error.code === NatsCode.PermissionsViolation;
