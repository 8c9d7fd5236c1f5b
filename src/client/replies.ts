/**
 * What comes back over NATS, as values or as the errors that an embedded call would throw. Others may publish there too: what
 * is no answer of a daemon is an error with a code, and never a bug of ours.
 */
import { type Msg, ErrorCode as NatsCode, NatsError } from 'nats';
import { fromWire, GreenroomError, isErrorCode, type WireError } from '../model/errors.ts';
import type { WireEvent } from '../model/event.ts';
import { ERROR_HEADER, STATUS_HEADER } from '../nats/wire.ts';

/** The error that a reply tells of, if it does. */
export const errorIn = (msg: Msg): GreenroomError | undefined => {
  if (!msg.headers?.has(STATUS_HEADER)) return undefined;
  const body = parsed(msg);
  const error = isObject(body) ? body['error'] : undefined;
  if (isWireError(error)) return fromWire(error);
  // A code that is not in our table is a newer daemon's: its text has to do.
  const text = isObject(error) ? error['message'] : undefined;
  const why = text ?? msg.headers.get(ERROR_HEADER);
  return new GreenroomError('internal', String(why || 'a refusal without a reason'));
};

const isWireError = (error: unknown): error is WireError =>
  isObject(error) && isErrorCode(error['code']) && typeof error['message'] === 'string';

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A reply's value. Throws what the request was refused with. */
export const replyIn = (msg: Msg): unknown => {
  const error = errorIn(msg);
  if (error !== undefined) throw error;
  return objectIn(msg);
};

/** A message's object. Throws `internal` for anything else. */
export const objectIn = (msg: Msg): Readonly<Record<string, unknown>> => {
  const value = parsed(msg);
  if (isObject(value)) return value;
  throw new GreenroomError('internal', `what came on ${msg.subject} is no answer of a daemon`);
};

/** An event of a turn. Throws `internal` for what is none. */
export const eventIn = (msg: Msg): WireEvent => {
  const value = objectIn(msg);
  const { type, attempt } = value;
  if (typeof type === 'string' && typeof attempt === 'number') return value as WireEvent;
  throw new GreenroomError('internal', `what came on ${msg.subject} is no event of a turn`);
};

const parsed = (msg: Msg): unknown => {
  try {
    return JSON.parse(Buffer.from(msg.data).toString());
  } catch {
    return undefined;
  }
};

/** The broker's word that nobody listens on the subject. */
export const isNoResponders = (msg: Msg): boolean =>
  msg.data.length === 0 && msg.headers?.code === 503;

export const nobodyAnswers = (subject: string): GreenroomError =>
  new GreenroomError(
    'unavailable',
    `no Greenroom daemon answers on ${subject}: is it running, and with this prefix?`,
  );

/** The broker's word that this user has no right to it. */
export const forbidden = (subject: string, cause?: unknown): GreenroomError =>
  new GreenroomError('forbidden', `the broker does not let this user use ${subject}`, { cause });

/** What the NATS client throws, in the words of our table. */
export const fromNats = (error: unknown, subject: string, limitBytes: number): unknown => {
  if (!(error instanceof NatsError)) return error;
  const options = { cause: error };
  switch (error.code) {
    case NatsCode.NoResponders:
      return nobodyAnswers(subject);
    case NatsCode.Timeout:
      return new GreenroomError('deadline_exceeded', `no answer on ${subject} in time`, options);
    case NatsCode.PermissionsViolation:
      return forbidden(error.permissionContext?.subject ?? subject, error);
    case NatsCode.MaxPayloadExceeded: {
      const message = `the request is larger than the broker's limit of ${limitBytes} bytes`;
      return new GreenroomError('too_large', message, { ...options, details: { limitBytes } });
    }
    default:
      return new GreenroomError('unavailable', `the broker: ${error.message}`, options);
  }
};
