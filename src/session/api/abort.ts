/**
 * What an `AbortSignal` does to a turn: it is cancelled, and its reader is told the signal's reason at once.
 * One signal may stand over any number of turns; it is given one listener for all that run in one door, so
 * that Node does not take them for a leak.
 */

import { codeOf, GreenroomError } from '../../model/errors.ts';
import type { SessionsApi } from '../verbs/api.ts';
import type { TurnView } from '../verbs/reply-schemas.ts';

type Act = (reason: unknown) => void;

interface Waiting {
  readonly acts: Set<Act>;
  /** Called with the last of them. */
  readonly stop: () => void;
}

/** Throws the reason of a signal that is aborted, and `invalid_request` for what is no signal. */
export const mustNotBeAborted = (signal: AbortSignal | undefined): void => {
  if (signal === undefined) return;
  if (typeof signal?.addEventListener !== 'function' || typeof signal.aborted !== 'boolean')
    throw new GreenroomError('invalid_request', 'signal must be an AbortSignal');
  if (signal.aborted) throw signal.reason;
};

/** What waits for the signals of one door. */
export class AbortSignals {
  readonly #waiting = new WeakMap<AbortSignal, Waiting>();

  /** Calls `act` with the reason once the signal is aborted; returns how to stop that. */
  hear(signal: AbortSignal | undefined, act: Act): () => void {
    if (signal === undefined) return () => undefined;
    const { acts, stop } = this.#waiting.get(signal) ?? this.#listen(signal);
    acts.add(act);
    return () => {
      if (acts.delete(act) && acts.size === 0) stop();
    };
  }

  #listen(signal: AbortSignal): Waiting {
    const acts = new Set<Act>();
    const abort = () => {
      for (const act of acts) act(signal.reason);
    };
    const stop = () => {
      this.#waiting.delete(signal);
      signal.removeEventListener('abort', abort);
    };
    signal.addEventListener('abort', abort, { once: true });
    const waiting = { acts, stop };
    this.#waiting.set(signal, waiting);
    return waiting;
  }
}

/** Between tries, in milliseconds: a turn may be on its way in while it is cancelled. */
const TRIES_MS = [50, 100, 200, 400, 800, 1_600];
const UNKNOWN: readonly string[] = ['turn_not_found', 'session_not_found'];

/** Cancels a turn; resolves with its record when it has ended. @param wait absent: one that is unknown is not waited for. */
export const triedCancel = async (
  api: Pick<SessionsApi, 'session'>,
  sessionId: string,
  turnId: string,
  wait?: (ms: number) => Promise<void>,
): Promise<TurnView> => {
  for (let tries = 0; ; tries += 1)
    try {
      return (await api.session(sessionId, 'cancel', { turnId })).turn;
    } catch (error) {
      const ms = TRIES_MS[tries];
      if (wait === undefined || ms === undefined || !UNKNOWN.includes(codeOf(error))) throw error;
      await wait(ms);
    }
};

/** Never rejects: a turn that has ended, or was refused, is as good as cancelled, and nobody waits for this. */
export const cancelTurn = async (
  api: Pick<SessionsApi, 'session'>,
  sessionId: string,
  turnId: string,
  wait: (ms: number) => Promise<void>,
): Promise<void> => {
  try {
    // Not in the tick of the abort: it may be the one that asks for the turn.
    await wait(0);
    await triedCancel(api, sessionId, turnId, wait);
  } catch {
    // What became of the turn is in its record.
  }
};
