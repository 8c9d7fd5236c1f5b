/**
 * The record of a turn request that was refused with nobody to tell: kept as it came in the stream
 * `<PREFIX>_DEAD`, told as `turn.finished {rejected}`, and in the ledger where the session exists.
 * Recording twice does no harm.
 */
import { headers, type JetStreamClient } from 'nats';
import type { SessionsDoor } from '../session/door.ts';
import { toWire } from '../session/errors.ts';
import { ID_PATTERN, type SessionKey, type TurnId } from '../session/ids.ts';
import type { Subjects } from './subjects.ts';
import { oneLine, TURN_ID_HEADER } from './wire.ts';

export interface Refusal {
  /** As the subject names it. */
  readonly key: SessionKey;
  readonly turnId: TurnId;
  readonly body: Uint8Array;
  readonly error: unknown;
  /** Names the message for good: its stream's age and its place in it. */
  readonly messageId: string;
}

/** Resolves when it is recorded durably; rejects if it cannot be just now. */
export const recordRefusal = async (
  js: JetStreamClient,
  subjects: Subjects,
  door: SessionsDoor,
  refusal: Refusal,
): Promise<void> => {
  const { key, turnId, body, error, messageId } = refusal;
  const { tenant, sessionId } = key;
  const { code, message } = toWire(error);
  const fields = headers();
  fields.set(TURN_ID_HEADER, turnId);
  fields.set('Greenroom-Error-Code', code);
  fields.set('Greenroom-Error', oneLine(message));
  const options = { msgID: messageId, headers: fields, timeout: 5_000 };
  await js.publish(subjects.dead(tenant, sessionId), body, options);
  if (!ID_PATTERN.test(tenant) || !ID_PATTERN.test(sessionId)) return;
  await door.rejectTurn(key, turnId, error);
};
