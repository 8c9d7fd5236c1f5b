/** What an `AbortSignal` does to a turn: it is cancelled, and its reader is told the signal's reason at once. */
import type { SessionsApi } from './api.ts';
import { codeOf } from './errors.ts';

/** Calls `act` with the reason once the signal is aborted; returns how to stop that. */
export const onAbort = (
  signal: AbortSignal | undefined,
  act: (reason: unknown) => void,
): (() => void) => {
  const abort = () => act(signal?.reason);
  signal?.addEventListener('abort', abort, { once: true });
  return () => signal?.removeEventListener('abort', abort);
};

/** Between tries, in milliseconds: a turn may be on its way in while it is cancelled. */
const TRIES_MS = [0, 50, 100, 200, 400, 800, 1_600];

/** Never rejects: a turn that has ended, or was refused, is as good as cancelled, and nobody waits for this. */
export const cancelTurn = async (
  api: Pick<SessionsApi, 'session'>,
  sessionId: string,
  turnId: string,
  pause: (ms: number) => Promise<void>,
): Promise<void> => {
  for (const ms of TRIES_MS)
    try {
      await pause(ms);
      return void (await api.session(sessionId, 'cancel', { turnId }));
    } catch (error) {
      if (!['turn_not_found', 'session_not_found'].includes(codeOf(error))) return;
    }
};
