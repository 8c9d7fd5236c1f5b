/**
 * The classic SessionStore in PostgreSQL 15 or newer, shared between processes: real tables, real columns
 * (`schema.ts`), open to any SQL query. It owns a few connections, opened when they are needed.
 *
 * 1. A change is one statement or one transaction; the version is compared in the UPDATE.
 * 2. Changes of a session that this store was asked for are made in that order, each after the one before.
 * 3. Every call ends within `deadlineMs`. A change that was given up is either made when the session is read
 *    again, or never.
 * 4. An empty database gets its tables from the first call; older tables are changed by `migratePostgres` only.
 */

import { GreenroomError } from '../../../model/errors.ts';
import { sessionKey } from '../../../model/ids.ts';
import { HOLD_TAG, tagKey } from '../../../model/tag-key.ts';
import { systemClock } from '../../../otp/system-clock.ts';
import { cutoffOf } from '../../aged-sessions.ts';
import type { CleanupOptions } from '../../classic-store.ts';
import {
  type ClassicStore,
  checkedCriteria,
  type InfoCriteria,
  type SaveOptions,
  type SessionInfo,
} from '../../classic-store.ts';
import type {
  CompactionState,
  NewMessage,
  NewMetadata,
  SessionState,
  StoredMessage,
} from '../../models.ts';
import { type SavedSession, savedSession } from '../../saved-session.ts';
import {
  serializeCompactionState,
  serializeMessage,
  serializeStored,
  toJson,
} from '../../serialization.ts';
import {
  type ChangeOptions,
  checkedId,
  checkedRange,
  type ListOptions,
  listingOf,
  notFound,
} from '../../session-store.ts';
import type { AnyMessage } from '../../transcript.ts';
import { CallDeadlines } from '../shared/deadlines.ts';
import { checkedUrl } from '../shared/server-url.ts';
import { Changes } from './changes.ts';
import { prepare } from './migrate.ts';
import { type PostgresClient, PostgresPool } from './postgres-pool.ts';
import { recordBatches, type SessionRecords } from './records.ts';
import {
  columnsOf,
  infoOf,
  messageOf,
  messageValues,
  metadataOf,
  metadataValues,
  type Row,
  toolResultsIn,
  toolUsesIn,
} from './rows.ts';
import { UncertainWrites } from './uncertain-writes.ts';

export interface PostgresStoreOptions {
  /** The longest that a call may take; default 5 s. */
  readonly deadlineMs?: number | undefined;
  /** Most connections at once; default 10. */
  readonly maxConnections?: number | undefined;
  /** Whose sessions these are; default `default`. */
  readonly tenant?: string | undefined;
}

const DEFAULT_DEADLINE_MS = 5_000;
const DEFAULT_CONNECTIONS = 10;
/** `bigint`'s largest: no end. */
const ENDLESS = '9223372036854775807';
/** Messages of one statement. */
const INSERTED_AT_ONCE = 1_000;
/** Sessions that one statement deletes: short transactions block no other writer for long. */
const DELETED_AT_ONCE = 200;

export class PostgresSessionStore implements ClassicStore {
  readonly #deadlineMs: number;
  readonly #tenant: string;
  readonly #pool: PostgresPool;
  readonly #deadlines = new CallDeadlines(systemClock);
  readonly #uncertainWrites = new UncertainWrites();
  readonly #changes: Changes;

  constructor(
    url: string,
    {
      deadlineMs = DEFAULT_DEADLINE_MS,
      maxConnections = DEFAULT_CONNECTIONS,
      tenant = 'default',
    }: PostgresStoreOptions = {},
  ) {
    this.#deadlineMs = above0('deadlineMs', deadlineMs);
    this.#tenant = sessionKey(tenant, 'any').tenant;
    this.#pool = new PostgresPool({
      url: checkedUrl('PostgresSessionStore', url, ['postgres', 'postgresql']),
      clock: systemClock,
      deadlines: this.#deadlines,
      limitMs: this.#deadlineMs,
      maxConnections: above0('maxConnections', maxConnections),
      onOpen: (client) => prepare(client, systemClock),
    });
    this.#changes = new Changes({
      tenant: this.#tenant,
      pool: this.#pool,
      uncertainWrites: this.#uncertainWrites,
      dueMs: () => this.#dueMs(),
    });
  }

  async createSession(sessionId: string, metadata: NewMetadata = {}): Promise<void> {
    const id = checkedId(sessionId);
    await this.#changes.create(id, metadataValues(metadata));
  }

  async loadSession(sessionId: string): Promise<SessionState | null> {
    const id = checkedId(sessionId);
    return this.#read(id, async (client) => {
      await client.command('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
      const [head] = (await client.run('head', [this.#tenant, id])).rows;
      const { rows } =
        head === undefined ? { rows: [] } : await client.run('messages', [this.#tenant, id]);
      await client.command('COMMIT');
      return head === undefined ? null : stateOf(id, head, rows);
    });
  }

  async appendMessage(
    sessionId: string,
    message: NewMessage,
    options?: ChangeOptions,
  ): Promise<void> {
    const id = checkedId(sessionId);
    const plain = serializeMessage(message);
    const values = messageValues(plain);
    const [uses, results] = [toolUsesIn(plain), toolResultsIn(plain)];
    if (uses.length + results.length === 0) return this.#changes.append(id, values, options);
    const tools = [
      ...[uses.map((use) => use.id), uses.map(({ name }) => name), uses.map(({ input }) => input)],
      ...[results.map((result) => result.id), results.map(({ output }) => output)],
      results.map(({ isError }) => isError),
    ];
    return this.#changes.statement('appendTools', id, [...values, ...tools], options);
  }

  async updateMetadata(
    sessionId: string,
    metadata: NewMetadata,
    options?: ChangeOptions,
  ): Promise<void> {
    await this.#changes.statement(
      'update',
      checkedId(sessionId),
      metadataValues(metadata),
      options,
    );
  }

  async getMessages(sessionId: string, from?: number, to?: number): Promise<StoredMessage[]> {
    const id = checkedId(sessionId);
    const range = checkedRange(from, to);
    const ends = [range.from, range.to].map((end) =>
      end === Number.POSITIVE_INFINITY ? ENDLESS : String(end),
    );
    const { rows } = await this.#read(id, (client) =>
      client.run('range', [this.#tenant, id, ...ends]),
    );
    if (rows.length === 0) throw notFound(id);
    return rows.filter(({ position }) => position !== null).map(messageOf);
  }

  async forkSession(sourceSessionId: string, newSessionId: string): Promise<void> {
    const source = checkedId(sourceSessionId);
    const id = checkedId(newSessionId);
    await this.#changes.transaction([id, source], id, source, async (client) => {
      const values = [this.#tenant, source, id];
      if ((await client.run('exists', [this.#tenant, source])).count === 0) return 'absent';
      if ((await client.run('forkHead', values)).count === 0) return 'exists';
      await client.run('forkMessages', values);
      await client.run('forkTools', values);
      return 'ok';
    });
  }

  async compactSession(
    sessionId: string,
    state: CompactionState,
    options?: ChangeOptions,
  ): Promise<void> {
    const json = toJson(serializeCompactionState(state));
    await this.#changes.statement('compact', checkedId(sessionId), [json], options);
  }

  async listSessions(first?: string | null | ListOptions, second?: number): Promise<string[]> {
    const { workingDirectory, limit } = listingOf(first, second);
    const { rows } = await this.#readAll((client) =>
      workingDirectory === undefined
        ? client.run('list', [this.#tenant, limit])
        : client.run('listDirectory', [this.#tenant, limit, workingDirectory]),
    );
    return rows.map((row) => String(row['id']));
  }

  async deleteSession(sessionId: string, options?: ChangeOptions): Promise<void> {
    await this.#changes.statement('remove', checkedId(sessionId), [], options);
  }

  async sessionExists(sessionId: string): Promise<boolean> {
    const id = checkedId(sessionId);
    const { count } = await this.#read(id, (client) => client.run('exists', [this.#tenant, id]));
    return count > 0;
  }

  async saveSession(
    sessionId: string,
    messages: readonly AnyMessage[],
    options?: SaveOptions,
  ): Promise<void> {
    const id = checkedId(sessionId);
    const copies = savedSession(messages, options).messages; // as they are now, whatever waits before us
    await this.#changes.transaction([id], id, id, async (client) => {
      const [head] = (await client.run('head', [this.#tenant, id])).rows;
      const before = head === undefined ? undefined : metadataOf(head);
      await this.#save(client, id, savedSession(copies, options, before));
      return 'ok';
    });
  }

  /** Keeps what is known of a session beside its messages; neither its version nor its time of change moves. */
  async record(sessionId: string, records: SessionRecords): Promise<void> {
    const id = checkedId(sessionId);
    const batches = recordBatches(records);
    await this.#changes.transaction([id], id, id, async (client) => {
      if ((await client.run('exists', [this.#tenant, id])).count === 0) return 'absent';
      for (const { text, rows } of batches) await client.command(text, [this.#tenant, id, rows]);
      return 'ok';
    });
  }

  async search(criteria?: InfoCriteria): Promise<SessionInfo[]> {
    const wanted = checkedCriteria(criteria);
    const keys = wanted.tags?.map((tag) => tagKey(tag.trim().normalize('NFC'))) ?? null;
    const bounds = [wanted.after, wanted.before, wanted.minCost, wanted.maxCost, wanted.limit];
    const values = [this.#tenant, keys, ...bounds.map((bound) => bound ?? null)];
    const { rows } = await this.#readAll((client) => client.run('search', values));
    return rows.map(infoOf);
  }

  async listSessionMetadata(): Promise<SessionInfo[]> {
    return this.search({});
  }

  async cleanupOldSessions(options: CleanupOptions = {}): Promise<number> {
    const cutoffMs = cutoffOf(options, systemClock.now());
    for (let deleted = 0; ; ) {
      const values = [this.#tenant, cutoffMs, HOLD_TAG, DELETED_AT_ONCE];
      const clean = (client: PostgresClient) => client.run('cleanUp', values);
      const { count } = await this.#pool.use(clean, this.#dueMs(), true);
      deleted += count;
      if (count < DELETED_AT_ONCE) return deleted;
    }
  }

  /** Waits for what is under way. The next call opens the connections again. */
  async close(): Promise<void> {
    await this.#changes.idle();
    await this.#pool.close(this.#dueMs());
    this.#deadlines.rest();
  }

  async #save(client: PostgresClient, id: string, saved: SavedSession): Promise<void> {
    const { metadata, tags, description, summary, messages } = saved;
    const key = [this.#tenant, id];
    await client.run('saveHead', [
      ...key,
      ...metadataValues(metadata),
      ...[tags, tags.map(tagKey), description, summary, messages.length],
    ]);
    await client.run('clearMessages', key);
    await client.run('clearTools', key);
    for (let first = 0; first < messages.length; first += INSERTED_AT_ONCE) {
      const rows = messages
        .slice(first, first + INSERTED_AT_ONCE)
        .map((message) => messageValues(serializeStored(message)));
      await client.run('insertMessages', [...key, first, ...columnsOf(rows)]);
    }
  }

  async #read<T>(id: string, work: (client: PostgresClient) => Promise<T>): Promise<T> {
    const dueMs = this.#dueMs();
    if (this.#uncertainWrites.has(id)) await this.#settle(id, dueMs);
    return this.#pool.use(work, dueMs, false);
  }

  async #readAll<T>(work: (client: PostgresClient) => Promise<T>): Promise<T> {
    const dueMs = this.#dueMs();
    for (const id of this.#uncertainWrites.ids) await this.#settle(id, dueMs);
    return this.#pool.use(work, dueMs, false);
  }

  /** Waits until nothing of ours is under way in the session. */
  async #settle(id: string, dueMs: number): Promise<void> {
    await this.#pool.use((client) => client.run('lock', [this.#tenant, [id]]), dueMs, false);
    this.#uncertainWrites.settle(id);
  }

  #dueMs(): number {
    return this.#deadlines.dueIn(this.#deadlineMs);
  }
}

const stateOf = (sessionId: string, head: Row, messages: readonly Row[]): SessionState => {
  const { createdAt, updatedAt, tags, description, version } = infoOf(head);
  return {
    sessionId,
    messages: messages.map(messageOf),
    metadata: metadataOf(head),
    createdAt,
    updatedAt,
    ...(version === undefined ? {} : { version }),
    tags: [...tags],
    description,
  };
};

const above0 = (name: string, value: number): number => {
  if (Number.isFinite(value) && value > 0) return value;
  throw new GreenroomError('invalid_settings', `${name} is a number above 0, not ${value}`);
};
