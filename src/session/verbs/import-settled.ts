/**
 * An import that asks other sessions first for the responses that it has a better claim to. Each step may be
 * made again: what was given up is not given up twice, and lines that are stored are skipped.
 */

import { codeOf, ERRORS } from '../../model/errors.ts';
import { keyString, type SessionId, type SessionKey } from '../../model/ids.ts';
import { crashpoint } from '../../platform/crashpoint.ts';
import type { Caller } from '../actor/caller.ts';
import type { Answered } from '../commits/waiting-changes.ts';
import type { ImportRequest } from '../prepare/import.ts';
import type { MirrorRequest } from '../prepare/prepare-mirror.ts';
import type { Contested } from '../transfer/response-owner.ts';

/** @param timeoutMs of all of it. */
export const importSettled = async (
  caller: Caller,
  key: SessionKey,
  request: ImportRequest | MirrorRequest,
  timeoutMs: number,
): Promise<Answered> => {
  const { clock } = caller.system;
  const untilMs = clock.monotonic() + timeoutMs;
  const leftMs = () => Math.max(1, untilMs - clock.monotonic());
  const asked = new Set<SessionId>();
  try {
    for (let round = 0; round < MAX_ROUNDS; round += 1) {
      const answered = await caller.change(key, request, leftMs());
      const contested = contestedIn(answered);
      if (contested.length === 0) return answered;
      for (const owner of contested) {
        asked.add(owner.sessionId);
        await giveUp(caller, key, owner, leftMs());
      }
      crashpoint('import.offered');
    }
    return await caller.change(key, { ...request, isSettled: true }, leftMs());
  } finally {
    if (asked.size > 0) crashpoint('import.counted');
    for (const sessionId of asked) await settle(caller, { ...key, sessionId }, key.sessionId);
  }
};

/** One that cannot do it now does it when it wakes. */
const settle = async (caller: Caller, owner: SessionKey, to: SessionId): Promise<void> => {
  try {
    await caller.change(owner, { type: 'settle', to }, SETTLE_TIMEOUT_MS);
  } catch (error) {
    const during = 'looking after responses that it gave up';
    caller.system.report({ kind: 'fault', actor: keyString(owner), during, error: error as Error });
  }
};

/** Beyond the time of the import: it is short, and what was asked for is done already. */
const SETTLE_TIMEOUT_MS = 5_000;

/** One is enough, unless others claim the same responses at the same time; each round finds a better owner. */
const MAX_ROUNDS = 10;

const contestedIn = ({ answer }: Answered): readonly Contested[] =>
  answer.type === 'imported' ? answer.contested : [];

/** An owner that is gone, or sick, is not waited for: then the response stays where it was, or is free. */
const giveUp = async (
  caller: Caller,
  { tenant }: SessionKey,
  { sessionId, claims }: Contested,
  timeoutMs: number,
): Promise<void> => {
  try {
    await caller.change({ tenant, sessionId }, { type: 'yield', claims }, timeoutMs);
  } catch (error) {
    if (ERRORS[codeOf(error)].retryable) throw error;
  }
};
