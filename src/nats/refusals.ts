/**
 * The record of a turn request that was refused with nobody to tell: told as `turn.finished {rejected}`,
 * in the ledger where the session exists, then kept as it came in the stream `<PREFIX>_DEAD`; without
 * its body where that leaves no room for our headers. Keeping twice does no harm.
 */
import { ErrorCode, headers, type JetStreamClient, NatsError } from 'nats';
import { TRACE_HEADER, TURN_ID_HEADER } from '../gateway/headers.ts';
import { toWire } from '../model/errors.ts';
import { ID_PATTERN, type SessionKey, type TurnId } from '../model/ids.ts';
import type { RequestContext } from '../model/request-context.ts';
import type { SessionsDoor } from '../session/api/door.ts';
import type { Subjects } from './subjects.ts';
import { EMPTY, ERROR_CODE_HEADER, ERROR_TEXT_HEADER, oneLine } from './wire.ts';

/** Of a body that is not kept: its size. */
const OMITTED_HEADER = 'Greenroom-Omitted-Bytes';
/** The server's code: message size exceeds maximum allowed. */
const STREAM_LIMIT = 10054;

export interface Refusal {
  /** As the subject names it. */
  readonly key: SessionKey;
  readonly turnId: TurnId;
  readonly body: Uint8Array;
  readonly error: unknown;
  readonly context: RequestContext;
  /** Names the message for good: its stream's age and its place in it. */
  readonly messageId: string;
}

/** Tells of it, and writes it into the ledger of a session that exists. */
export const tellRefusal = async (
  door: SessionsDoor,
  { key, turnId, error, context }: Refusal,
): Promise<void> => {
  const isSession = ID_PATTERN.test(key.tenant) && ID_PATTERN.test(key.sessionId);
  if (isSession) await door.rejectTurn(context, key, turnId, error);
};

/** Resolves when it is kept durably; rejects if it cannot be just now. */
export const keepRefusal = async (
  js: JetStreamClient,
  subjects: Subjects,
  refusal: Refusal,
): Promise<void> => {
  try {
    await keep(js, subjects, refusal, refusal.body);
  } catch (failure) {
    if (!isTooLarge(failure)) throw failure;
    await keep(js, subjects, refusal, EMPTY);
  }
};

const keep = async (
  js: JetStreamClient,
  subjects: Subjects,
  { key, turnId, body, error, messageId, context }: Refusal,
  kept: Uint8Array,
): Promise<void> => {
  const { code, message } = toWire(error);
  const fields = headers();
  fields.set(TURN_ID_HEADER, turnId);
  fields.set(TRACE_HEADER, context.traceId);
  fields.set(ERROR_CODE_HEADER, code);
  fields.set(ERROR_TEXT_HEADER, oneLine(message));
  if (kept.length < body.length) fields.set(OMITTED_HEADER, String(body.length));
  const options = { msgID: messageId, headers: fields, timeout: 5_000 };
  await js.publish(subjects.dead(key.tenant, key.sessionId), kept, options);
};

/** For the broker, or for the stream: its operator may have given it a limit of its own. */
const isTooLarge = (error: unknown): boolean =>
  error instanceof NatsError &&
  (error.code === ErrorCode.MaxPayloadExceeded || error.api_error?.err_code === STREAM_LIMIT);

/** Whether the same may succeed a little later: the stream does not answer, or nobody does. */
export const isPassing = (error: unknown): boolean =>
  error instanceof NatsError && error.api_error === undefined && !isForbidden(error);

const isForbidden = ({ code }: NatsError): boolean => code === ErrorCode.PermissionsViolation;
