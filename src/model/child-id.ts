/** The id of a sub-agent's session, and of its turn: always the same for the same call, so that a call that is made again joins it. */
import { hash } from 'node:crypto';
import type { SessionId, SessionKey, TurnId } from './ids.ts';

/** Hex digits of a SHA-256: 128 bits. */
const DIGITS = 32;

interface Caller {
  readonly key: SessionKey;
  readonly turnId: TurnId;
  readonly toolUseId: string;
}

export const childIdOf = ({ key, turnId, toolUseId }: Caller): SessionId & TurnId => {
  const call = JSON.stringify([key.sessionId, turnId, toolUseId]);
  return `sub-${hash('sha256', call).slice(0, DIGITS)}` as SessionId & TurnId;
};
