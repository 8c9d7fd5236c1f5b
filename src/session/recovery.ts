/**
 * Recovery: a session with an unfinished turn goes on as soon as its actor is up, and one whose reader
 * has not heard the end of a turn tells it then, so all there is to do is wake them. Which ones is in
 * the catalog and in the feed: nothing is scanned.
 */
import type { System } from '../otp/system.ts';
import { catalogName } from './catalog.ts';
import { executorName } from './executor.ts';
import { keyString, type SessionKey } from './ids.ts';
import type { Sessions } from './sessions.ts';

/** Sessions that are woken at a time. */
const AT_ONCE = 64;
/** How often it is tried again to wake those that could not be woken, and after how long. */
const MAX_ROUNDS = 10;
const RETRY_MS = 500;
/** How often it is looked for what is needed while it is not there. */
const LOOK_MS = 10;

/** Resolves with how many sessions were woken. One that cannot be woken stays for its next message. */
export const recoverTurns = async (
  system: System,
  sessions: Sessions,
  signal: AbortSignal,
): Promise<number> => {
  while (!isReady(system) && !signal.aborted) await wait(system, LOOK_MS);
  if (signal.aborted) return 0;
  await sessions.commitsAreIn(); // a session that was killed in the middle of one may have a turn by it
  if (signal.aborted) return 0;
  const open = system.fetch(catalogName).withOpenTurns();
  const keys = [...open.map(({ key }) => key), ...sessions.beingRead()];
  const unfinished = [...new Map(keys.map((key) => [keyString(key), key])).values()];
  let asleep = await wakeAll(unfinished, sessions, signal);
  for (let round = 2; asleep.length > 0 && round <= MAX_ROUNDS && !signal.aborted; round++) {
    await wait(system, RETRY_MS);
    asleep = await wakeAll(asleep, sessions, signal);
  }
  return unfinished.length - asleep.length;
};

/** Who has unfinished turns is known, and there is an executor: without one a woken session could only wait. */
const isReady = (system: System): boolean =>
  system.find(catalogName) !== undefined && system.find(executorName) !== undefined;

/** Gives those that could not be woken. */
const wakeAll = async (
  keys: readonly SessionKey[],
  sessions: Sessions,
  signal: AbortSignal,
): Promise<readonly SessionKey[]> => {
  const asleep: SessionKey[] = [];
  for (let at = 0; at < keys.length && !signal.aborted; at += AT_ONCE)
    await Promise.all(
      keys
        .slice(at, at + AT_ONCE)
        .map((key) => sessions.wake(key).catch(() => void asleep.push(key))),
    );
  return asleep;
};

const wait = (system: System, ms: number): Promise<void> =>
  new Promise((resolve) => void system.clock.setTimeout(resolve, ms));
