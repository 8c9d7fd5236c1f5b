/**
 * Recovery: a session with an unfinished turn goes on as soon as its actor is up, and one whose reader
 * has not heard the end of a turn tells it then, or takes back responses that nobody counts, so all there is to do is
 * wake them. Which ones is in
 * the catalog and in the feed: nothing is scanned.
 */

import { codeOf, ERRORS } from '../../model/errors.ts';
import { keyString, type SessionKey } from '../../model/ids.ts';
import type { System } from '../../otp/system.ts';
import { catalogName } from '../ports/catalog.ts';
import { executorName } from '../ports/executor.ts';

/** What recovery needs of the sessions. */
interface Recoverable {
  /** Sessions whose turns somebody reads. */
  beingRead(): readonly SessionKey[];
  /** Resolves when every commit that was on its way is in the catalog. */
  commitsAreIn(): Promise<void>;
  /** Starts the session's actor. */
  wake(key: SessionKey): Promise<void>;
}

/** Sessions that are woken at a time. */
const AT_ONCE = 64;
/** When it is tried again to wake those that could not be woken: soon, then less and less often. */
const RETRY_MS = 500;
const LONGEST_RETRY_MS = 30_000;
/** How often it is looked for what is needed while it is not there. */
const LOOK_MS = 10;

/**
 * Resolves with how many sessions were woken, when all are that trying again can wake. One that cannot be woken (its
 * record is broken) stays for its next message.
 */
export const recoverTurns = async (
  system: System,
  sessions: Recoverable,
  signal: AbortSignal,
): Promise<number> => {
  while (!isReady(system) && !signal.aborted) await wait(system, LOOK_MS);
  if (signal.aborted) return 0;
  await sessions.commitsAreIn(); // a session that was killed in the middle of one may have a turn by it
  if (signal.aborted) return 0;
  const open = system.fetch(catalogName).withOpenTurns();
  const keys = [...open.map(({ key }) => key), ...sessions.beingRead()];
  const unfinished = [...new Map(keys.map((key) => [keyString(key), key])).values()];
  const woken = { count: 0 };
  let asleep = await wakeAll(unfinished, sessions, signal, woken);
  for (let delayMs = RETRY_MS; asleep.length > 0 && !signal.aborted; delayMs *= 2) {
    await wait(system, Math.min(delayMs, LONGEST_RETRY_MS), signal);
    asleep = await wakeAll(asleep, sessions, signal, woken);
  }
  return woken.count;
};

/** Who has unfinished turns is known, and there is an executor: without one a woken session could only wait. */
const isReady = (system: System): boolean =>
  system.find(catalogName) !== undefined && system.find(executorName) !== undefined;

/** Gives those to try again, and counts the woken. */
const wakeAll = async (
  keys: readonly SessionKey[],
  sessions: Recoverable,
  signal: AbortSignal,
  woken: { count: number },
): Promise<readonly SessionKey[]> => {
  const asleep: SessionKey[] = [];
  const wake = async (key: SessionKey): Promise<void> => {
    try {
      await sessions.wake(key);
      woken.count += 1;
    } catch (error) {
      if (ERRORS[codeOf(error)].retryable) asleep.push(key);
    }
  };
  for (let at = 0; at < keys.length && !signal.aborted; at += AT_ONCE)
    await Promise.all(keys.slice(at, at + AT_ONCE).map(wake));
  return asleep;
};

/** So long, or until nobody waits for it any more. It leaves nothing behind: recovery may try for months. */
const wait = ({ clock }: System, ms: number, signal?: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const done = () => {
      timer.cancel();
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const timer = clock.setTimeout(done, ms);
    signal?.addEventListener('abort', done);
  });
