/**
 * The one door to sessions inside a process.
 *
 * 1. It holds nothing of any session: what is live is found by name each time.
 * 2. Reads of what is not live go to the journal, which shows committed state only.
 */
import type { ClassicStore } from '../../classic/classic-store.ts';
import { REQUEST_TIMEOUT_MS } from '../../model/deadlines.ts';
import type { RingingKind } from '../../model/due.ts';
import { codeOf, type ErrorCode, GreenroomError, toWire } from '../../model/errors.ts';
import type { ChildOf, Head } from '../../model/head.ts';
import {
  keyString,
  newTurnId,
  type SessionKey,
  type Tenant,
  type TurnId,
} from '../../model/ids.ts';
import { newTraceId, type RequestContext } from '../../model/request-context.ts';
import { TELEMETRY } from '../../model/telemetry.ts';
import { TOMBSTONE_MS } from '../../model/tombstone.ts';
import { emptyUsage } from '../../model/usage.ts';
import type { Clock } from '../../otp/clock.ts';
import type { System } from '../../otp/system.ts';
import { InTurn } from '../../platform/in-turn.ts';
import { type Retag, retagged } from '../../tags/retag.ts';
import { acceptTurn } from '../actor/accept-turn.ts';
import { Caller } from '../actor/caller.ts';
import { JournalSessionStore } from '../classic/journal-session-store.ts';
import { AskedTurn } from '../events/asked-turn.ts';
import type { Feed, Listener } from '../events/feed.ts';
import { closedPublication } from '../events/turn-finished.ts';
import { TurnReading } from '../events/turn-reading.ts';
import { isKnown, journalName } from '../ports/journal.ts';
import type { SessionRuntime } from '../runtime/session-args.ts';
import { fireSchedule } from '../verbs/fire-schedule.ts';
import {
  type CheckedSession,
  type CheckedSessions,
  SESSION_VERBS,
  SESSIONS_VERBS,
  type SessionReplies,
  type SessionsReplies,
} from '../verbs/registry.ts';
import { newTurn } from '../verbs/requests.ts';
import {
  mustBeRules,
  mustBeServers,
  mustBeTools,
  mustHaveSandbox,
} from '../verbs/rule-settings.ts';
import { ShownSessions } from '../verbs/shown-session.ts';
import type { TurnRequest } from '../verbs/turn-request.ts';
import {
  type Ground,
  perform,
  type SessionsWork,
  type SessionWork,
  type Verb,
} from '../verbs/verb.ts';
import type { SessionsVerb, SessionVerb } from '../verbs/verb-facts.ts';
import { ArchiveAccess } from './archive-access.ts';
import type { AcceptedTurn, SessionsDoor } from './door.ts';
import { exportSession } from './download.ts';

/** Field by field: the engine makes a spread of so many a dictionary of half a kilobyte, and keeps it until it collects all. */
const workOf = (ground: Ground, context: RequestContext): SessionsWork => ({
  caller: ground.caller,
  rules: ground.rules,
  slabs: ground.slabs,
  permissions: ground.permissions,
  places: ground.places,
  workspaces: ground.workspaces,
  inTurn: ground.inTurn,
  shown: ground.shown,
  context,
});

const onSession = (ground: Ground, context: RequestContext, key: SessionKey): SessionWork =>
  Object.assign(workOf(ground, context), { key });

export class Sessions implements SessionsDoor {
  readonly #system: System;
  readonly #feed: Feed;
  readonly #runtime: SessionRuntime;
  readonly #caller: Caller;
  readonly #ground: Ground;

  constructor(system: System, runtime: SessionRuntime) {
    this.#system = system;
    this.#feed = runtime.feed;
    this.#runtime = runtime;
    this.#caller = new Caller(system, runtime.trails);
    const { rules, memory, permissions, workspaces, places } = runtime;
    const { slabs } = memory;
    const settled = { rules, permissions, workspaces, slabs, places };
    this.#ground = {
      caller: this.#caller,
      ...settled,
      inTurn: new InTurn(),
      shown: new ShownSessions(),
    };
  }

  get clock(): Clock {
    return this.#system.clock;
  }

  /** From now on new turns are refused with `draining`; all else goes on. */
  drain(): void {
    this.#runtime.activity.isDraining = true;
  }

  session<V extends SessionVerb>(
    context: RequestContext,
    key: SessionKey,
    verb: V,
    request: CheckedSession[V],
  ): Promise<SessionReplies[V]> {
    const known: Verb<SessionWork> = SESSION_VERBS[verb];
    const run = () =>
      perform(known, onSession(this.#ground, context, key), request) as Promise<SessionReplies[V]>;
    const { sessionId } = key;
    return TELEMETRY.request.isHeard ? this.#measured(run, context, { verb, sessionId }) : run();
  }

  sessions<V extends SessionsVerb>(
    context: RequestContext,
    verb: V,
    request: CheckedSessions[V],
  ): Promise<SessionsReplies[V]> {
    const known: Verb<SessionsWork> = SESSIONS_VERBS[verb];
    const run = () =>
      perform(known, workOf(this.#ground, context), request) as Promise<SessionsReplies[V]>;
    return TELEMETRY.request.isHeard ? this.#measured(run, context, { verb }) : run();
  }

  #measured<T>(
    run: () => Promise<T>,
    { tenant, traceId, via }: RequestContext,
    about: { readonly verb: string; readonly sessionId?: string },
  ): Promise<T> {
    const { clock } = this;
    const beganMs = clock.monotonic();
    const tell = (code?: ErrorCode) => {
      const durationMs = clock.monotonic() - beganMs;
      TELEMETRY.request.tell({ tenant, ...about, traceId, via, durationMs, code });
    };
    const reply = run();
    reply.then(
      () => tell(),
      (error: unknown) => tell(codeOf(error)),
    );
    return reply;
  }

  /** @param childOf whose sub-agent the session becomes, if the turn makes it; for the tool `Agent` alone. */
  async turn(
    context: RequestContext,
    key: SessionKey,
    turnId: TurnId | undefined,
    request: TurnRequest,
    listener?: Listener,
    childOf?: ChildOf,
  ): Promise<AcceptedTurn> {
    if (this.#runtime.activity.isDraining)
      throw new GreenroomError('draining', 'the daemon is stopping', { retryAfterMs: 2_000 });
    const id = turnId ?? request.turnId ?? newTurnId(this.#system.clock.now());
    if (request.session !== undefined) {
      mustBeRules(this.#ground, request.session);
      mustBeServers(this.#ground, request.session);
      mustBeTools(this.#ground, request.session, childOf === undefined ? 'now' : 'before');
      mustHaveSandbox(this.#ground, request.session);
    }
    const turn = newTurn(id, context.traceId, request, childOf);
    const { trails } = this.#runtime;
    const asked = new AskedTurn(key, id, context, trails, this.#system.clock, childOf);
    asked.says(request.prompt);
    const reading = listener && new TurnReading(this.#feed, key, turn.turnId, listener);
    try {
      const { answer, turn: record } = await acceptTurn(this.#caller, key, turn);
      if (answer.type !== 'turn' || record === undefined)
        throw new GreenroomError('internal', 'a turn was answered without its record');
      const recent = answer.isNew ? undefined : this.#feed.recent(key, turn.turnId);
      reading?.begin(recent && { recent, atMs: this.#system.clock.now() });
      if (answer.closed !== undefined) {
        const journal = this.#system.find(journalName);
        if (journal === undefined)
          throw new GreenroomError('unavailable', 'the journal is restarting', {
            retryAfterMs: 500,
          });
        const session = await journal.open(key);
        if (!isKnown(session))
          throw new GreenroomError('session_deleted', `session ${key.sessionId} was deleted`);
        reading?.hear(await closedPublication(session, answer.closed, this.#system.clock.now()));
      }
      return { turn: record, isNew: answer.isNew };
    } catch (error) {
      reading?.stop();
      asked.refused(error);
      throw error;
    }
  }

  /** The committed head; undefined: there is none. Does not wake the session. */
  head(key: SessionKey): Promise<Head | undefined> {
    return this.#caller.head(key);
  }

  async rejectTurn(
    { traceId }: RequestContext,
    key: SessionKey,
    turnId: TurnId,
    refusal: unknown,
  ): Promise<void> {
    const { code, message, retryable } = toWire(refusal);
    const error = { code, message, retryable };
    const head = await this.#caller.head(key);
    if (head !== undefined)
      await this.#caller.change(key, { type: 'reject', turnId, traceId, error });
    else
      this.#feed.publish({
        key,
        turnId,
        attempt: 1,
        n: 1,
        atMs: this.#system.clock.now(),
        traceId,
        body: {
          type: 'turn.finished',
          status: 'rejected',
          stopReason: null,
          error,
          usage: emptyUsage,
          costUsd: 0,
          durationMs: 0,
          text: '',
        },
      });
  }

  /** The classic face of a tenant's sessions. It lives as long as these do; closing it closes nothing but itself. */
  store(tenant: Tenant): ClassicStore {
    const onClose = () => Promise.resolve();
    return new JournalSessionStore({
      ...{ caller: this.#caller, tenant, tombstoneMs: TOMBSTONE_MS, onClose },
    });
  }

  /** Sessions of which somebody reads a turn. */
  beingRead(): readonly SessionKey[] {
    return this.#feed.readSessions();
  }

  /** Resolves when no commit is under way, not even of an actor that is gone: then the catalog knows of every open turn. */
  async commitsAreIn(): Promise<void> {
    await Promise.allSettled(this.#runtime.commits.values());
  }

  /** Brings a session's actor up; an unfinished turn goes on by that. */
  async wake(key: SessionKey): Promise<void> {
    await this.#caller.wake(key);
  }

  /**
   * Something may be due for the session: wakes it, and resolves when it has committed what it makes of that. Or for a
   * schedule: resolves when its runs have begun.
   */
  async ring(key: SessionKey, kind: RingingKind): Promise<void> {
    if (kind === 'schedule') return fireSchedule(this.#ground, key);
    await this.#caller.change(key, { type: kind === 'delayed' ? 'deliverDue' : 'due' });
  }

  /** A budget was raised or lifted: if the session waits for it, it asks again. */
  async budgetChanged(key: SessionKey, budget: string): Promise<void> {
    await this.#caller.change(key, { type: 'budgetChanged', key: budget });
  }

  /** A session is out of its restart budget: its next actor writes that down and goes. */
  park(key: SessionKey, reason: string): void {
    const { parking } = this.#runtime;
    const name = keyString(key);
    if (parking.has(name)) return; // parking it failed too: it stays down until its next message
    parking.set(name, {
      code: 'internal',
      message: `parked: ${reason}`.slice(0, 500),
      retryable: false,
    });
    // Whoever was waiting for the session fails with its parking, and so does a wake that joins him: then once more.
    const wake = () => this.#caller.wake(key);
    wake()
      .catch(wake)
      .catch(() => undefined);
  }

  /** The session's export, page by page; for the cleaner. */
  exported(key: SessionKey): AsyncGenerator<string> {
    const { clock } = this;
    const { tenant } = key;
    const context = (): RequestContext => ({
      ...{ tenant, principal: 'cleaner', via: 'internal', traceId: newTraceId() },
      receivedAtMs: clock.now(),
      deadlineMs: clock.monotonic() + REQUEST_TIMEOUT_MS,
    });
    return exportSession(
      {
        session: (_, verb, request) =>
          this.session(context(), key, verb, request as CheckedSession[typeof verb]),
      },
      key.sessionId,
    );
  }

  /** What the archiver does to sessions. */
  get archived(): ArchiveAccess {
    return new ArchiveAccess(this.#ground, (key) => this.exported(key));
  }

  /** Changes tags; resolves with whether that changed anything. For the retagger. */
  async retag(key: SessionKey, retag: Retag): Promise<boolean> {
    const { tags } = await this.#caller.known(key);
    if (retagged(tags, retag) === tags) return false;
    await this.#caller.change(key, { type: 'retag', retag });
    return true;
  }

  /** Deletes, if the session is as it was when it was looked at and no turn is open; for the cleaner. */
  async remove(key: SessionKey, by: string, ifVersion: number): Promise<void> {
    await this.#caller.change(key, {
      type: 'delete',
      by,
      ifVersion,
      tombstoneMs: TOMBSTONE_MS,
    });
  }
}
