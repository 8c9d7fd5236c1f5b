/**
 * Calls a session's actor, waking it when it is not live.
 *
 * A request that certainly was not begun (its actor was gone, or left before its turn came) is sent
 * again to the next actor, and so is a turn; anything else is reported, with a code from the table.
 * Requests reach a session in the order in which they were made, also when the first has to wake it.
 */

import { REQUEST_TIMEOUT_MS } from '../../model/deadlines.ts';
import { codeOf, GreenroomError } from '../../model/errors.ts';
import type { Head } from '../../model/head.ts';
import { keyString, type SessionKey } from '../../model/ids.ts';
import { OtpError } from '../../otp/otp-error.ts';
import type { System } from '../../otp/system.ts';
import type { Answered, SessionRequest } from '../commits/waiting-changes.ts';
import { TurnTrails } from '../events/turn-trails.ts';
import { isKnown, journalName, type KnownSession, type SessionReader } from '../ports/journal.ts';
import { liveName, type SessionRef, sessionSupervisorName } from './live-names.ts';

/** How often one request is sent, to one actor after another. */
const MAX_ATTEMPTS = 3;
/** How long a reader waits for a session to hear of its own commit, in turns of the loop. */
const MAX_TURNS = 1_000;

export class Caller {
  readonly system: System;
  /** Where each of the last turns was. */
  readonly trails: TurnTrails;
  /** Wakes under way, and a moment longer: until those who waited have sent what they had. */
  readonly #wakes = new Map<string, Wake>();

  constructor(system: System, trails = new TurnTrails()) {
    this.system = system;
    this.trails = trails;
  }

  /** The session's actor, if it is awake. */
  find(key: SessionKey): SessionRef | undefined {
    return this.system.find(liveName)?.find(keyString(key));
  }

  /** The session's actor; rejects `unavailable` while it cannot be had. Who asks first has it first. */
  wake(key: SessionKey): Promise<SessionRef> {
    const name = keyString(key);
    const waking = this.#wakes.get(name);
    if (waking?.isGood) return waking.ref;
    const wake = new Wake(this.#ensure(key));
    this.#wakes.set(name, wake);
    void wake.ref
      .catch(() => undefined)
      .then(() =>
        this.system.clock.defer(() => {
          if (this.#wakes.get(name) === wake) this.#wakes.delete(name);
        }),
      );
    return wake.ref;
  }

  async #ensure(key: SessionKey): Promise<SessionRef> {
    try {
      return (
        this.find(key) ?? (await this.system.fetch(sessionSupervisorName).ensure(keyString(key)))
      );
    } catch (error) {
      await this.#mustBeReadable(key);
      throw new GreenroomError('unavailable', 'the session cannot be woken just now', {
        cause: error,
        retryAfterMs: 500,
      });
    }
  }

  /** What is broken on disk is not better in a moment: throws `corrupt_record`, where that is why it does not wake. */
  async #mustBeReadable(key: SessionKey): Promise<void> {
    await this.system.find(journalName)?.open(key);
  }

  async change(
    key: SessionKey,
    request: SessionRequest,
    timeoutMs = REQUEST_TIMEOUT_MS,
  ): Promise<Answered> {
    for (let attempt = 1; ; attempt++) {
      try {
        const ref = this.#awake(key) ?? (await this.#wakeFor(key, request));
        return await ref.call('change', request, { timeoutMs });
      } catch (error) {
        if (codeOf(error) === 'session_not_found') throw await this.#absent(key);
        if (attempt === MAX_ATTEMPTS || !mayRepeat(error, request)) throw asGreenroom(error);
      }
    }
  }

  async #wakeFor(key: SessionKey, request: SessionRequest): Promise<SessionRef> {
    const ref = await this.wake(key);
    const atMs = this.system.clock.now();
    if (request.type === 'turn')
      this.trails.note(key, request.turn.turnId, { station: 'woken', atMs });
    return ref;
  }

  /** The actor, unless somebody waits for it: then it is their turn first. */
  #awake(key: SessionKey): SessionRef | undefined {
    return this.#wakes.has(keyString(key)) ? undefined : this.find(key);
  }

  /** The committed head; undefined if there is none. Does not wake a session. */
  async head(key: SessionKey): Promise<Head | undefined> {
    const ref = this.find(key);
    if (ref === undefined) return (await this.#opened(key)).head;
    try {
      return await ref.call('get');
    } catch (error) {
      if (!isGone(error)) throw asGreenroom(error);
      return (await this.#opened(key)).head; // what it would have shown is there
    }
  }

  /** The committed head. Throws `session_deleted` or `session_not_found`. */
  async known(key: SessionKey): Promise<Head> {
    const head = await this.head(key);
    if (head !== undefined) return head;
    throw await this.#absent(key);
  }

  /** The session for reading, as it is stored. Does not wake it; one that is awake stays so a while longer. */
  async open(key: SessionKey): Promise<SessionReader> {
    const ref = this.find(key);
    const shown = ref && (await shownBy(ref));
    const session = await this.#opened(key);
    if (ref !== undefined && versionOf(session.head) > versionOf(shown?.head))
      await this.#catchUp(ref, versionOf(session.head));
    return session;
  }

  /**
   * What is on disk may be read before its session has been told that it is: whoever is shown it must not be told of an
   * earlier state afterwards. The word is under way, so a few turns of the loop are enough.
   */
  async #catchUp(ref: SessionRef, version: number): Promise<void> {
    for (let turns = 0; turns < MAX_TURNS; turns += 1) {
      const shown = await shownBy(ref);
      if (shown === undefined || versionOf(shown.head) >= version) return;
      await new Promise<void>((resolve) => void this.system.clock.defer(resolve));
    }
  }

  /** The same. Throws `session_deleted` or `session_not_found`. */
  async openKnown(key: SessionKey): Promise<KnownSession> {
    const session = await this.open(key);
    if (isKnown(session)) return session;
    throw await this.#absent(key);
  }

  #opened(key: SessionKey): Promise<SessionReader> {
    return this.system.fetch(journalName).open(key);
  }

  /** Whether there never was such a session, or it was deleted, only the journal knows. */
  async #absent(key: SessionKey): Promise<GreenroomError> {
    const session = await this.#opened(key);
    return (await session.tombstone()) === undefined
      ? new GreenroomError('session_not_found', `there is no session ${key.sessionId}`)
      : new GreenroomError('session_deleted', `session ${key.sessionId} was deleted`);
  }
}

const versionOf = (head: Head | undefined): number => head?.version ?? 0;

/** What an actor shows; undefined if it has died: what it would have shown is in the journal. */
const shownBy = async (
  ref: SessionRef,
): Promise<{ readonly head: Head | undefined } | undefined> => {
  try {
    return { head: await ref.call('get') };
  } catch (error) {
    if (!isGone(error)) throw asGreenroom(error);
    return undefined;
  }
};

/** An actor that is being woken, and those who wait for it: they go on in the order in which they came. */
class Wake {
  readonly ref: Promise<SessionRef>;
  #woken: SessionRef | undefined;
  #hasFailed = false;

  constructor(ref: Promise<SessionRef>) {
    this.ref = ref;
    ref.then(
      (woken) => {
        this.#woken = woken;
      },
      () => {
        this.#hasFailed = true;
      },
    );
  }

  /** Still under way, or the actor is there. */
  get isGood(): boolean {
    return this.#woken === undefined ? !this.#hasFailed : this.#woken.alive;
  }
}

/** Of a turn nothing is doubled by asking again: its id is in the ledger, or it is not. */
const mayRepeat = (error: unknown, request: SessionRequest): boolean =>
  wasNotBegun(error) || (request.type === 'turn' && isOf(error, 'callee_died'));

/** The actor was gone before, or it left by itself with the request still in its mailbox. */
const wasNotBegun = (error: unknown): boolean =>
  isOf(error, 'noproc') || (isOf(error, 'callee_died') && error.reason === 'normal');

const isGone = (error: unknown): boolean => isOf(error, 'noproc', 'callee_died');

const isOf = (error: unknown, ...codes: readonly OtpError['code'][]): error is OtpError =>
  error instanceof OtpError && codes.includes(error.code);

const asGreenroom = (error: unknown): unknown =>
  error instanceof OtpError
    ? new GreenroomError(codeOf(error), didNotAnswer(error), {
        cause: error,
        retryAfterMs: 500,
      })
    : error;

/** What the actor died of may hold private data; the log has it. */
const didNotAnswer = ({ code }: OtpError): string => {
  if (code === 'timeout') return 'the session did not answer in time';
  return code === 'mailbox_full'
    ? 'too many requests wait for this session'
    : 'the session crashed or is restarting';
};
