/**
 * A daemon's sessions as a classic SessionStore, for classic programs in other processes. It keeps nothing: each operation is
 * a request, and the daemon's own classic store does its work, so that checks, versions and refusals are the same.
 *
 * 1. What is given is made JSON at the call, and requests leave in the order of the calls.
 * 2. It loads no schemas: what is wrong, the daemon says.
 */
import { cleanUp, cutoffOf } from '../classic/aged-sessions.ts';
import type {
  ClassicStore,
  CleanupOptions,
  InfoCriteria,
  SaveOptions,
  SessionInfo,
} from '../classic/classic-store.ts';
import type {
  CompactionState,
  NewMessage,
  NewMetadata,
  SessionState,
  StoredMessage,
} from '../classic/models.ts';
import {
  type ChangeOptions,
  checkedRange,
  type ListOptions,
  listingOf,
} from '../classic/session-store.ts';
import type { AnyMessage } from '../classic/transcript.ts';
import {
  ConcurrencyError,
  codeOf,
  GreenroomError,
  SerializationError,
  SessionNotFoundError,
} from '../model/errors.ts';
import type { Clock } from '../otp/clock.ts';
import { pageBytes } from '../session/api/download.ts';
import { classicError } from '../session/classic/classic-error.ts';
import type { SessionsApi } from '../session/verbs/api.ts';
import type { SessionReplies, SessionRequests } from '../session/verbs/registry.ts';
import { checkedKeys, foundSessions, hasOpenTurns, infosOf } from './classic-infos.ts';

/** A session that changes while its pages are read is read again, so often. */
const MAX_READINGS = 5;

type Page = SessionReplies['load'];

export class BusSessionStore implements ClassicStore {
  readonly #api: SessionsApi;
  readonly #clock: Clock;
  /** Calls that have begun and have not ended. */
  readonly #underWay = new Set<Promise<unknown>>();
  #isClosed = false;

  constructor(api: SessionsApi, clock: Clock) {
    this.#api = api;
    this.#clock = clock;
  }

  createSession(sessionId: string, metadata: NewMetadata = {}): Promise<void> {
    return this.#change(sessionId, { kind: 'create', metadata: { ...metadata } });
  }

  async loadSession(sessionId: string): Promise<SessionState | null> {
    try {
      return await this.#told(() => this.#state(sessionId));
    } catch (error) {
      if (error instanceof SessionNotFoundError) return null;
      throw error;
    }
  }

  appendMessage(sessionId: string, message: NewMessage, options?: ChangeOptions): Promise<void> {
    return this.#change(sessionId, { kind: 'append', message, ...seen(options) });
  }

  updateMetadata(sessionId: string, metadata: NewMetadata, options?: ChangeOptions): Promise<void> {
    return this.#change(sessionId, {
      ...{ kind: 'metadata', metadata: { ...metadata } },
      ...seen(options),
    });
  }

  async getMessages(sessionId: string, from?: number, to?: number): Promise<StoredMessage[]> {
    const range = checkedRange(from, to);
    return this.#told(async () => (await this.#messages(sessionId, range)).messages);
  }

  forkSession(sourceSessionId: string, newSessionId: string): Promise<void> {
    return this.#change(sourceSessionId, { kind: 'fork', newSessionId });
  }

  compactSession(
    sessionId: string,
    state: CompactionState,
    options?: ChangeOptions,
  ): Promise<void> {
    return this.#change(sessionId, {
      ...{ kind: 'compaction', state: { ...state } },
      ...seen(options),
    });
  }

  async listSessions(
    workingDirectory?: string | null | ListOptions,
    limit?: number,
  ): Promise<string[]> {
    const { workingDirectory: directory, limit: most } = listingOf(workingDirectory, limit);
    if (directory === '') return [];
    const criteria = directory === undefined ? {} : { workingDirectory: directory };
    const found = await this.#told(() => foundSessions(this.#api, criteria, most));
    return found.map(({ sessionId }) => sessionId);
  }

  async deleteSession(sessionId: string, options?: ChangeOptions): Promise<void> {
    await this.#told(() => this.#api.session(sessionId, 'delete', seen(options)));
  }

  async sessionExists(sessionId: string): Promise<boolean> {
    try {
      await this.#told(() => this.#api.session(sessionId, 'load', { to: 0 }));
      return true;
    } catch (error) {
      if (error instanceof SessionNotFoundError) return false;
      throw error;
    }
  }

  async saveSession(
    sessionId: string,
    messages: readonly AnyMessage[],
    options: SaveOptions = {},
  ): Promise<void> {
    const { tags = [], description = null } = options;
    const request: object = { messages, tags, description };
    await this.#told(
      () => this.#api.session(sessionId, 'save', request as SessionRequests['save']),
      isWritten,
      true,
    );
  }

  async search(criteria: InfoCriteria = {}): Promise<SessionInfo[]> {
    const { limit, ...wanted } = checkedKeys(criteria);
    if (wanted.tags?.length === 0) return [];
    return this.#told(async () => {
      const found = await foundSessions(this.#api, wanted as object, limit);
      return infosOf(this.#api, found);
    }, isCriteria);
  }

  listSessionMetadata(): Promise<SessionInfo[]> {
    return this.search();
  }

  async cleanupOldSessions(options: CleanupOptions = {}): Promise<number> {
    const cutoffMs = cutoffOf(options, this.#clock.now());
    const infos = await this.#told(async () => {
      const all = await foundSessions(this.#api, {}, Number.POSITIVE_INFINITY);
      // What was imported yesterday is not old, and what is under way is not finished.
      const found = all.filter((one) => !hasOpenTurns(one));
      const asked = await infosOf(this.#api, found);
      return found.map(({ updatedAt, importedAt }, at) => ({
        ...(asked[at] as SessionInfo),
        updatedAt: later(updatedAt, importedAt),
      }));
    });
    return cleanUp(this, infos, cutoffMs);
  }

  /** Waits for what was asked for; the connection stays. Whoever calls anything afterwards gets `store_closed`. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.allSettled(this.#underWay);
  }

  async #change(sessionId: string, request: SessionRequests['classic']): Promise<void> {
    const isMaking = request.kind === 'create' || request.kind === 'fork';
    await this.#told(() => this.#api.session(sessionId, 'classic', request), isWritten, isMaking);
  }

  async #state(sessionId: string): Promise<SessionState> {
    const { first, messages } = await this.#messages(sessionId, {
      ...{ from: 0, to: Number.POSITIVE_INFINITY },
    });
    const { session, metadata } = first;
    const { createdAt, updatedAt, tags, description = null, version } = session;
    const times = { createdAt, updatedAt };
    return { sessionId, messages, metadata, ...times, tags: [...tags], description, version };
  }

  /** All of one version: a session that changed meanwhile is read again. */
  async #messages(
    sessionId: string,
    range: { readonly from: number; readonly to: number },
  ): Promise<{ first: Page; messages: StoredMessage[] }> {
    for (let readings = 0; readings < MAX_READINGS; readings += 1) {
      const first = await this.#page(sessionId, range.from, range.to);
      const messages = [...first.messages];
      let last = first;
      while (last.nextFrom !== undefined && last.session.version === first.session.version) {
        if (last.messages.length === 0) throw noPage(sessionId);
        last = await this.#page(sessionId, last.nextFrom, range.to);
        messages.push(...last.messages);
      }
      if (last.session.version === first.session.version)
        return { first, messages: messages as StoredMessage[] };
    }
    throw new GreenroomError('unavailable', `session ${sessionId} changes faster than it is read`);
  }

  #page(sessionId: string, from: number, to: number): Promise<Page> {
    const maxBytes = pageBytes(this.#api.maxPayloadBytes);
    const end = Number.isFinite(to) ? { to } : {};
    return this.#api.session(sessionId, 'load', { from, ...end, maxBytes });
  }

  /** Work that `close` waits for; what it throws, classic programs know. */
  async #told<T>(work: () => Promise<T>, known = asItIs, isMaking = false): Promise<T> {
    if (this.#isClosed) throw new GreenroomError('store_closed', 'the store is closed');
    const done = work();
    this.#underWay.add(done);
    try {
      return await done;
    } catch (error) {
      throw classicError(known(withClass(error)), isMaking);
    } finally {
      this.#underWay.delete(done);
    }
  }
}

const seen = ({ expectedVersion }: ChangeOptions = {}): ChangeOptions =>
  expectedVersion === undefined ? {} : { expectedVersion };

const later = (one: string, other: string | undefined): string =>
  other !== undefined && Date.parse(other) > Date.parse(one) ? other : one;

/** Whoever answers so never comes to an end. */
const noPage = (sessionId: string): GreenroomError =>
  new GreenroomError(
    'internal',
    `a page of session ${sessionId} has no message, and is not the last`,
  );

/** The wire drops classes, and classic programs may ask for them. */
const withClass = (error: unknown): unknown => {
  if (!(error instanceof GreenroomError)) return error;
  const { code, message, details } = error;
  const options = { cause: error, ...(details === undefined ? {} : { details }) };
  if (code === 'version_conflict') return new ConcurrencyError(message, options);
  if (code === 'serialization_failed') return new SerializationError(message, options);
  return error;
};

const asItIs = (error: unknown): unknown => error;

/** What cannot travel is no message and no session. */
const isWritten = (error: unknown): unknown =>
  codeOf(error) === 'invalid_request'
    ? new SerializationError((error as Error).message, { cause: error })
    : error;

const isCriteria = (error: unknown): unknown =>
  codeOf(error) === 'invalid_request'
    ? new GreenroomError('invalid_criteria', (error as Error).message, { cause: error })
    : error;
