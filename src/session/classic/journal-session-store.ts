/**
 * The classic store over our journal: what it changes goes through the session's actor, as everything else that
 * writes it (P2); what it reads is what is committed (P1); what it lists comes from the catalog.
 */

import { cleanUp, cutoffOf } from '../../classic/aged-sessions.ts';
import { firstSeqOf, metadataOf } from '../../classic/classic-head.ts';
import type { CleanupOptions } from '../../classic/classic-store.ts';
import {
  type ClassicStore,
  checkedCriteria,
  type InfoCriteria,
  type SaveOptions,
  type SessionInfo,
} from '../../classic/classic-store.ts';
import { entryOf, messagesOf } from '../../classic/entries.ts';
import {
  type CompactionState,
  DEFAULT_MODEL,
  type NewMessage,
  type NewMetadata,
  type SessionState,
  type StoredMessage,
} from '../../classic/models.ts';
import { savedSession } from '../../classic/saved-session.ts';
import {
  deserializeCompactionState,
  deserializeMessage,
  deserializeMetadata,
  fromJson,
  serializeCompactionState,
  serializeMessage,
  serializeMetadata,
  serializeStored,
  toJson,
} from '../../classic/serialization.ts';
import {
  type ChangeOptions,
  checkedRange,
  type ListOptions,
  listingOf,
  notFound,
} from '../../classic/session-store.ts';
import { type AnyMessage, summarize } from '../../classic/transcript.ts';
import { onlyObjectOf } from '../../claude-code/read-line.ts';
import { type CatalogRow, SUMMARY_LENGTH } from '../../model/catalog-row.ts';
import { contradictions } from '../../model/contradictions.ts';
import { Criteria } from '../../model/criteria.ts';
import { codeOf, GreenroomError, SessionNotFoundError } from '../../model/errors.ts';
import type { Head } from '../../model/head.ts';
import { type SessionKey, sessionKey, type Tenant } from '../../model/ids.ts';
import { iso } from '../../model/moment.ts';
import { usdOf } from '../../model/money.ts';
import type { Caller } from '../actor/caller.ts';
import { type ClassicChange, makesSession } from '../machine/classic-change.ts';
import { catalogName } from '../ports/catalog.ts';
import { isKnown, journalName, type KnownSession } from '../ports/journal.ts';
import { pagesOf, resting } from '../ports/pages.ts';
import { prepareFork } from '../prepare/fork.ts';
import { classicError } from './classic-error.ts';

/** Rows listed at once. */
const PAGE = 1_000;

export interface JournalStoreOptions {
  readonly caller: Caller;
  readonly tenant: Tenant;
  /** How long the id of a deleted session is kept from coming back, in milliseconds; 0: it is free at once. */
  readonly tombstoneMs: number;
  /** Lets go of what is behind the store. */
  readonly onClose: () => Promise<void>;
}

export interface PageOptions {
  /** By position, as `getMessages` takes them. */
  readonly from: number;
  readonly to?: number | undefined;
  readonly maxBytes: number;
}

export interface MessagesPage {
  readonly head: Head;
  readonly messages: readonly StoredMessage[];
  readonly nextFrom?: number;
}

export class JournalSessionStore implements ClassicStore {
  readonly #options: JournalStoreOptions;
  /** Calls that have begun and have not ended. Each has a deadline of its own. */
  readonly #underWay = new Set<Promise<void>>();
  #closing: Promise<void> | undefined;

  constructor(options: JournalStoreOptions) {
    this.#options = options;
  }

  async createSession(sessionId: string, metadata: NewMetadata = {}): Promise<void> {
    const checked = deserializeMetadata(copyOf(serializeMetadata(metadata)));
    await this.#make(sessionId, { kind: 'create', metadata: checked });
  }

  async loadSession(sessionId: string): Promise<SessionState | null> {
    return this.#told(async () => {
      const session = await this.#options.caller.open(this.#key(sessionId));
      if (!isKnown(session)) return null;
      return stateOf(session.head, await this.#messages(session));
    }).catch(nullIfGone);
  }

  async appendMessage(
    sessionId: string,
    message: NewMessage,
    options?: ChangeOptions,
  ): Promise<void> {
    const checked = deserializeMessage(serializeMessage(message));
    const entry = entryOf(checked, this.#system.clock.now());
    const change = { kind: 'append', entry, text: summarize([checked]) } as const;
    await this.#change(sessionId, change, options, entry.body.byteLength);
  }

  async updateMetadata(
    sessionId: string,
    metadata: NewMetadata,
    options?: ChangeOptions,
  ): Promise<void> {
    const checked = deserializeMetadata(copyOf(serializeMetadata(metadata)));
    await this.#change(sessionId, { kind: 'metadata', metadata: checked }, options);
  }

  async getMessages(sessionId: string, from?: number, to?: number): Promise<StoredMessage[]> {
    const range = checkedRange(from, to);
    return this.#told(async () =>
      this.#messages(await this.#known(sessionId), range.from, range.to),
    );
  }

  /**
   * Some of its messages, from a position on, and the head that they were read with: at most `maxBytes` of them as JSON, but
   * one at least. `nextFrom`: there are more.
   */
  async page(
    sessionId: string,
    { from, to = Number.POSITIVE_INFINITY, maxBytes }: PageOptions,
  ): Promise<MessagesPage> {
    return this.#told(async () => {
      const session = await this.#known(sessionId);
      const { head } = session;
      const messages: StoredMessage[] = [];
      let bytes = 0;
      let position = from;
      if (from >= to) return { head, messages };
      for await (const message of this.#messagesFrom(session, from)) {
        if (position >= to) return { head, messages };
        bytes += Buffer.byteLength(toJson(message));
        if (bytes > maxBytes && messages.length > 0) return { head, messages, nextFrom: position };
        messages.push(message);
        position += 1;
      }
      return { head, messages };
    });
  }

  async forkSession(sourceSessionId: string, newSessionId: string): Promise<void> {
    const fork = await this.#told(async () =>
      prepareFork(await this.#known(sourceSessionId), {}, undefined, this.#rest),
    );
    await this.#make(newSessionId, { kind: 'fork', fork });
  }

  async compactSession(
    sessionId: string,
    state: CompactionState,
    options?: ChangeOptions,
  ): Promise<void> {
    const checked = deserializeCompactionState(copyOf(serializeCompactionState(state)));
    await this.#change(sessionId, { kind: 'compaction', state: checked }, options);
  }

  async listSessions(
    workingDirectory?: string | null | ListOptions,
    limit?: number,
  ): Promise<string[]> {
    const wanted = listingOf(workingDirectory, limit);
    if (wanted.workingDirectory === '') return [];
    const { workingDirectory: directory } = wanted;
    const rows = this.#rows(directory === undefined ? {} : { workingDirectory: directory });
    return this.#told(async () =>
      (await firstOf(rows, wanted.limit)).map(({ key }) => key.sessionId),
    );
  }

  async deleteSession(sessionId: string, { expectedVersion }: ChangeOptions = {}): Promise<void> {
    await this.#told(() =>
      this.#options.caller.change(this.#key(sessionId), {
        type: 'delete',
        by: 'classic',
        ifVersion: undefined,
        expectedVersion,
        tombstoneMs: this.#options.tombstoneMs,
      }),
    );
  }

  async sessionExists(sessionId: string): Promise<boolean> {
    return (await this.#head(sessionId)) !== undefined;
  }

  async saveSession(
    sessionId: string,
    messages: readonly AnyMessage[],
    options: SaveOptions = {},
  ): Promise<void> {
    const { messages: copies, tags, description } = savedSession(messages, options);
    const change = { kind: 'save', messages: copies, options: { tags, description } } as const;
    await this.#make(sessionId, change, bytesOf(copies));
  }

  async search(criteria: InfoCriteria = {}): Promise<SessionInfo[]> {
    const { limit = Number.POSITIVE_INFINITY, ...wanted } = checkedCriteria(criteria);
    if (wanted.tags?.length === 0) return [];
    const given = Object.entries(wanted).filter(([, value]) => value !== undefined);
    return this.#told(async () => {
      const rows = await firstOf(this.#rows(Object.fromEntries(given)), limit);
      return Promise.all(rows.map((row) => this.#info(row)));
    });
  }

  async listSessionMetadata(): Promise<SessionInfo[]> {
    return this.search();
  }

  async cleanupOldSessions(options: CleanupOptions = {}): Promise<number> {
    const cutoffMs = cutoffOf(options, this.#system.clock.now());
    // What was imported yesterday is not old, and what is under way is not finished.
    const infos = await this.#told(async () => {
      const rows = await firstOf(this.#rows({}), Number.POSITIVE_INFINITY);
      return Promise.all(
        rows
          .filter(({ openTurns }) => openTurns === 0)
          .map(async (row) => ({
            ...(await this.#info(row)),
            updatedAt: iso(Math.max(row.updatedAtMs, row.importedAtMs ?? 0)),
          })),
      );
    });
    return cleanUp(this, infos, cutoffMs);
  }

  /** Waits for what was asked for. Whoever calls anything afterwards gets `store_closed`. */
  close(): Promise<void> {
    this.#closing ??= Promise.all(this.#underWay).then(() => this.#options.onClose());
    return this.#closing;
  }

  /** Lets others have their turn. */
  readonly #rest = (): Promise<void> => resting(this.#system.clock)();

  get #system() {
    return this.#options.caller.system;
  }

  #key(sessionId: string): SessionKey {
    return sessionKey(this.#options.tenant, sessionId);
  }

  #head(sessionId: string): Promise<Head | undefined> {
    return this.#told(() => this.#options.caller.head(this.#key(sessionId)));
  }

  async #known(sessionId: string): Promise<KnownSession> {
    const session = await this.#options.caller.open(this.#key(sessionId));
    if (isKnown(session)) return session;
    throw notFound(sessionId);
  }

  /** Makes a session. Where ids are free at once, the records of one that was deleted go first. */
  async #make(sessionId: string, change: ClassicChange, bytes = 0): Promise<void> {
    try {
      await this.#change(sessionId, change, {}, bytes);
    } catch (error) {
      if (codeOf(error) !== 'session_deleted' || this.#options.tombstoneMs > 0) throw error;
      await this.#told(() => this.#purge());
      await this.#change(sessionId, change, {}, bytes);
    }
  }

  async #purge(): Promise<void> {
    while ((await this.#system.fetch(journalName).purge(1)).left);
  }

  async #change(
    sessionId: string,
    change: ClassicChange,
    { expectedVersion }: ChangeOptions = {},
    bytes = 0,
  ): Promise<void> {
    const request = { type: 'classic', change, bytes, expectedVersion } as const;
    await this.#told(() => this.#options.caller.change(this.#key(sessionId), request), change);
  }

  /** By position. Where every entry since the first is a message, a position is a distance from it. */
  async #messages(
    session: KnownSession,
    from = 0,
    to = Number.POSITIVE_INFINITY,
  ): Promise<StoredMessage[]> {
    const { head } = session;
    const first = firstSeqOf(head);
    const isPlain = head.seq - first + 1 === head.messageCount;
    if (!isPlain) return (await this.#read(session, first, head.seq)).slice(from, to);
    return this.#read(session, first + from, Math.min(first + to - 1, head.seq));
  }

  async #read(session: KnownSession, from: number, to: number): Promise<StoredMessage[]> {
    const messages: StoredMessage[] = [];
    for await (const page of pagesOf(session, { from, to }, this.#rest))
      messages.push(...page.flatMap((entry) => messagesOf(entry, onlyObjectOf)));
    return messages;
  }

  /** The same, one after the other. */
  async *#messagesFrom(session: KnownSession, from: number): AsyncGenerator<StoredMessage> {
    const { head } = session;
    const first = firstSeqOf(head);
    const isPlain = head.seq - first + 1 === head.messageCount;
    let skipped = isPlain ? from : 0;
    const range = { from: first + skipped, to: head.seq };
    for await (const page of pagesOf(session, range, this.#rest))
      for (const entry of page)
        for (const message of messagesOf(entry, onlyObjectOf)) {
          if (skipped === from) yield message;
          else skipped += 1;
        }
  }

  /** Newest update first, a page at a time. */
  async *#rows(criteria: Partial<Criteria>): AsyncGenerator<CatalogRow> {
    if (contradictions(criteria).length > 0) return; // classic programs are told of nothing found
    const { tenant } = this.#options;
    let cursor: string | undefined;
    do {
      const page = cursor === undefined ? {} : { cursor };
      const wanted = Criteria.parse({ ...criteria, ...page, limit: PAGE });
      const { rows, nextCursor } = await this.#system.fetch(catalogName).search(tenant, wanted);
      yield* rows;
      cursor = nextCursor;
    } while (cursor !== undefined);
  }

  async #info(row: CatalogRow): Promise<SessionInfo> {
    const isCut = row.description?.length === SUMMARY_LENGTH;
    const head = isCut ? (await this.#system.fetch(journalName).open(row.key)).head : undefined;
    return {
      sessionId: row.key.sessionId,
      createdAt: iso(row.createdAtMs),
      updatedAt: iso(row.updatedAtMs),
      messageCount: row.messageCount,
      totalCost: usdOf(row.costNanoUsd),
      tags: [...row.tags],
      summary: row.summary ?? null,
      description: (head ?? row).description ?? null,
      model: row.model ?? DEFAULT_MODEL,
      workingDirectory: row.workingDirectory ?? '.',
      version: row.version,
    };
  }

  /** Work that `close` waits for; what it throws, classic programs know. */
  async #told<T>(work: () => Promise<T>, change?: ClassicChange): Promise<T> {
    if (this.#closing !== undefined)
      throw new GreenroomError('store_closed', 'the store is closed');
    const done = work();
    const ended = done.then(
      () => undefined,
      () => undefined,
    );
    this.#underWay.add(ended);
    try {
      return await done;
    } catch (error) {
      throw classicError(error, change !== undefined && makesSession(change));
    } finally {
      this.#underWay.delete(ended);
    }
  }
}

const stateOf = (head: Head, messages: StoredMessage[]): SessionState => ({
  sessionId: head.key.sessionId,
  messages,
  metadata: metadataOf(head),
  createdAt: iso(head.createdAtMs),
  updatedAt: iso(head.updatedAtMs),
  tags: [...head.tags],
  description: head.description ?? null,
  version: head.version,
});

/** A session that is deleted while it is loaded is not there. */
const nullIfGone = (error: unknown): null => {
  if (error instanceof SessionNotFoundError) return null;
  throw error;
};

const firstOf = async <T>(items: AsyncIterable<T>, limit: number): Promise<T[]> => {
  const first: T[] = [];
  if (limit > 0)
    for await (const item of items) {
      first.push(item);
      if (first.length >= limit) break;
    }
  return first;
};

/** What is given is copied at the call. */
const copyOf = (data: unknown): unknown => fromJson(toJson(data));

const bytesOf = (messages: readonly StoredMessage[]): number =>
  messages.reduce((sum, message) => sum + toJson(serializeStored(message)).length, 0);
