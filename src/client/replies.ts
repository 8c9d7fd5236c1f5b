/** What comes back over NATS, as values or as the errors that an embedded call would throw. */
import { type Msg, ErrorCode as NatsCode, NatsError } from 'nats';
import { fromWire, GreenroomError, type WireError } from '../model/errors.ts';
import { ERROR_HEADER, STATUS_HEADER } from '../nats/wire.ts';

/** The error that a reply tells of, if it does. */
export const errorIn = (msg: Msg): GreenroomError | undefined => {
  if (!msg.headers?.has(STATUS_HEADER)) return undefined;
  const { error } = parse(msg) as { error?: WireError };
  return error === undefined
    ? new GreenroomError('internal', msg.headers.get(ERROR_HEADER))
    : fromWire(error);
};

/** A reply's value. Throws what the request was refused with. */
export const replyIn = (msg: Msg): unknown => {
  const error = errorIn(msg);
  if (error !== undefined) throw error;
  return parse(msg);
};

export const parse = (msg: Msg): unknown => JSON.parse(Buffer.from(msg.data).toString());

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
