/** Names of sessions, turns and tenants: the one pattern, checked before an id can reach a key, a subject or a path. */
import { randomUUID } from 'node:crypto';
import type { z } from 'zod';
import { GreenroomError } from './errors.ts';

/** Letters, digits, `_` and `-`, 1 to 128 of them. No `m` flag: `$` must mean the end. */
export const ID_PATTERN = /^[A-Za-z0-9_-]{1,128}$/;

/** Checked by `id-schemas.ts`, or made here. */
export type SessionId = string & z.core.$brand<'SessionId'>;
export type Tenant = string & z.core.$brand<'Tenant'>;
export type TurnId = string & z.core.$brand<'TurnId'>;

/** What names one session: its tenant comes from the subject or the configuration, never from a body. */
export interface SessionKey {
  readonly tenant: Tenant;
  readonly sessionId: SessionId;
}

/** One string per session, for maps. The separator cannot occur in an id. */
export const keyString = (key: SessionKey): string => `${key.tenant}/${key.sessionId}`;

/** The other way; only for strings that `keyString` made. */
export const keyOf = (text: string): SessionKey => {
  const slash = text.indexOf('/');
  return {
    tenant: text.slice(0, slash) as Tenant,
    sessionId: text.slice(slash + 1) as SessionId,
  };
};

/** Checks the two halves of a key; anything else than the pattern is `invalid_session_id`. */
export const sessionKey = (tenant: unknown, sessionId: unknown): SessionKey => {
  for (const part of [tenant, sessionId])
    if (typeof part !== 'string' || !ID_PATTERN.test(part))
      throw new GreenroomError(
        'invalid_session_id',
        `${String(JSON.stringify(part)).slice(0, 80)} is not an id: ids match ${ID_PATTERN.source}`,
      );
  return { tenant: tenant as Tenant, sessionId: sessionId as SessionId };
};

/** A UUIDv7 (RFC 9562): sorts by time, so that ledger keys of one session stay together. */
export const newTurnId = (nowMs: number): TurnId => uuidV7(nowMs) as TurnId;

/** Of a session that a program did not name: the same form. */
export const newSessionId = (nowMs: number): SessionId => uuidV7(nowMs) as SessionId;

/** Of work that is done in the background: the same form. */
export const newJobId = (nowMs: number): string => uuidV7(nowMs);

/** The random part is a UUIDv4's: node keeps its entropy in stock, which makes it cheap. */
const uuidV7 = (nowMs: number): string => {
  const time = nowMs.toString(16).padStart(12, '0');
  // biome-ignore lint/plugin: an id must be the only one in the world, which dice that can be played again are not
  return `${time.slice(0, 8)}-${time.slice(8)}-7${randomUUID().slice(15)}`;
};
