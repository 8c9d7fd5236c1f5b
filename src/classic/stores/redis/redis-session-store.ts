/**
 * The classic SessionStore on a Redis 7 server, shared between processes; with the keys of the Python original
 * (`layout.ts`). It owns one connection, opened by the first call, opened again after it broke or was closed.
 *
 * 1. One script per change: atomic, with the version compared inside.
 * 2. Changes of a session that this store was asked for are made in that order, each after the one before.
 * 3. Every call ends within `deadlineMs`. A change that was given up is never made later.
 * 4. Durable when answered, if the server says `appendfsync always`; other settings give a warning.
 */

import { GreenroomError } from '../../../model/errors.ts';
import { systemClock } from '../../../otp/system-clock.ts';
import { cleanUp, cutoffOf } from '../../aged-sessions.ts';
import type { CleanupOptions } from '../../classic-store.ts';
import {
  type ClassicStore,
  checkedCriteria,
  type InfoCriteria,
  type SaveOptions,
  type SessionInfo,
  searchInfos,
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
  serializeMessageToJson,
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
import { Connection } from '../shared/connection.ts';
import { CallDeadlines } from '../shared/deadlines.ts';
import { outage } from '../shared/outage.ts';
import { checkedUrl } from '../shared/server-url.ts';
import { Calls } from './calls.ts';
import { durabilityWarning } from './durability.ts';
import { ForeignScan } from './foreign-scan.ts';
import {
  createdAtOf,
  type DescribeReply,
  indexOf,
  infoOf,
  keysOf,
  type LoadReply,
  messagesOf,
  metadataFields,
  metadataOf,
  savedFields,
  stateOf,
} from './layout.ts';
import { type RedisClient, redisLink } from './redis-client.ts';

export interface RedisStoreOptions {
  /** Longest time of a call, in milliseconds; default 5,000. */
  readonly deadlineMs?: number | undefined;
  /** Called with what the server cannot promise; default: a warning of the process. */
  readonly onWarning?: ((warning: string) => void) | undefined;
}

const DEFAULT_URL = 'redis://localhost:6379';
const DEFAULT_TTL_DAYS = 30;
const DEFAULT_DEADLINE_MS = 5_000;
const SECONDS_PER_DAY = 86_400;
/** Entries of an index that one script looks at: Redis does nothing else meanwhile. */
const LISTED_AT_ONCE = 500;

export class RedisSessionStore implements ClassicStore {
  readonly #deadlineMs: number;
  readonly #deadlines = new CallDeadlines(systemClock);
  readonly #calls: Calls;
  readonly #adoption = new ForeignScan();
  #hasWarned = false;

  /** @param defaultTtlDays a session goes so long after its last change; 0: it stays. */
  constructor(
    url: string = DEFAULT_URL,
    defaultTtlDays: number = DEFAULT_TTL_DAYS,
    { deadlineMs = DEFAULT_DEADLINE_MS, onWarning = warn }: RedisStoreOptions = {},
  ) {
    this.#deadlineMs = checkedDeadline(deadlineMs);
    const onOpen = async (client: RedisClient) => {
      if (this.#hasWarned) return;
      const warning = await durabilityWarning(client);
      this.#hasWarned = true;
      if (warning !== undefined) onWarning(warning);
    };
    const server = checkedUrl('RedisSessionStore', url, ['redis', 'rediss']);
    const link = redisLink(server, systemClock, this.#deadlines, this.#deadlineMs, onOpen);
    this.#calls = new Calls({
      connection: new Connection(link, systemClock, this.#deadlines),
      deadlines: this.#deadlines,
      deadlineMs: this.#deadlineMs,
      ttlSeconds: ttlSeconds(defaultTtlDays),
    });
  }

  async createSession(sessionId: string, metadata: NewMetadata = {}): Promise<void> {
    const id = checkedId(sessionId);
    const fields = metadataFields(metadata);
    await this.#calls.change('create', id, (nowMs) => [createdAtOf(nowMs), ...fields]);
  }

  async loadSession(sessionId: string): Promise<SessionState | null> {
    const id = checkedId(sessionId);
    const reply = (await this.#calls.ask('load', keysOf(id), [])) as LoadReply | null;
    return reply === null ? null : stateOf(id, reply, systemClock.now());
  }

  async appendMessage(
    sessionId: string,
    message: NewMessage,
    options?: ChangeOptions,
  ): Promise<void> {
    const id = checkedId(sessionId);
    const json = serializeMessageToJson(message);
    await this.#calls.change('append', id, () => [json], options);
  }

  async updateMetadata(
    sessionId: string,
    metadata: NewMetadata,
    options?: ChangeOptions,
  ): Promise<void> {
    const id = checkedId(sessionId);
    const fields = metadataFields(metadata);
    await this.#calls.change('update', id, () => fields, options);
  }

  async getMessages(sessionId: string, from?: number, to?: number): Promise<StoredMessage[]> {
    const id = checkedId(sessionId);
    const range = checkedRange(from, to);
    const last = range.to === Number.POSITIVE_INFINITY ? -1 : range.to - 1;
    // To Redis an end before the list's first element (-1) would be its last one.
    const isEmpty = range.to <= range.from;
    const positions = isEmpty ? ['1', '0'] : [String(range.from), String(last)];
    const reply = (await this.#calls.ask('range', keysOf(id), positions)) as
      | readonly string[]
      | null;
    if (reply === null) throw notFound(id);
    return messagesOf(reply);
  }

  async forkSession(sourceSessionId: string, newSessionId: string): Promise<void> {
    const source = checkedId(sourceSessionId);
    const id = checkedId(newSessionId);
    await this.#calls.change('fork', id, (nowMs) => [createdAtOf(nowMs)], {}, source);
  }

  async compactSession(
    sessionId: string,
    state: CompactionState,
    options?: ChangeOptions,
  ): Promise<void> {
    const id = checkedId(sessionId);
    const json = toJson(serializeCompactionState(state));
    await this.#calls.change('compact', id, () => [json], options);
  }

  async listSessions(first?: string | null | ListOptions, second?: number): Promise<string[]> {
    const { workingDirectory, limit } = listingOf(first, second);
    const dueMs = this.#calls.dueMs();
    await this.#adopt(workingDirectory, dueMs);
    return this.#list(indexOf(workingDirectory), limit, dueMs);
  }

  async deleteSession(sessionId: string, options?: ChangeOptions): Promise<void> {
    await this.#calls.change('remove', checkedId(sessionId), () => [], options);
  }

  async sessionExists(sessionId: string): Promise<boolean> {
    const keys = keysOf(checkedId(sessionId)).slice(0, 2);
    return (
      (await this.#calls.read(
        (client) => client.command('EXISTS', ...keys),
        this.#calls.dueMs(),
      )) !== 0
    );
  }

  async saveSession(
    sessionId: string,
    messages: readonly AnyMessage[],
    options?: SaveOptions,
  ): Promise<void> {
    const id = checkedId(sessionId);
    const dueMs = this.#calls.dueMs();
    const copies = savedSession(messages, options).messages; // as they are now, whatever waits before us
    await this.#calls.inOrder(id, async () => {
      for (;;) {
        const reply = await this.#describe(id, dueMs);
        const before = reply === null ? undefined : metadataOf(reply[0]);
        const saved = savedSession(copies, options, before);
        const version = reply === null ? -1 : Number(reply[3][0] ?? 0);
        const args = (serverMs: number) => [createdAtOf(serverMs), ...saveWords(saved)];
        const outcome = await this.#calls.run(
          'save',
          id,
          args,
          { expectedVersion: version },
          dueMs,
        );
        if (outcome === 1) return;
        if (outcome[0] === 'late') throw outage('Redis came to this change too late', 'none');
      }
    });
  }

  async search(criteria?: InfoCriteria): Promise<SessionInfo[]> {
    checkedCriteria(criteria);
    return searchInfos(await this.listSessionMetadata(), criteria);
  }

  async listSessionMetadata(): Promise<SessionInfo[]> {
    const dueMs = this.#calls.dueMs();
    await this.#adopt(undefined, dueMs);
    return this.#infosOf(
      await this.#list(indexOf(undefined), Number.POSITIVE_INFINITY, dueMs),
      dueMs,
    );
  }

  /** Looks at the old ones only. */
  async cleanupOldSessions(options: CleanupOptions = {}): Promise<number> {
    const cutoffMs = cutoffOf(options, systemClock.now());
    let deleted = 0;
    for (let passed = 0; ; ) {
      const dueMs = this.#calls.dueMs();
      const before = String(Math.floor(cutoffMs * 1000));
      const [seen, present] = await this.#page(
        indexOf(undefined),
        passed,
        LISTED_AT_ONCE,
        before,
        dueMs,
      );
      const gone = await cleanUp(this, await this.#infosOf(present, dueMs), cutoffMs);
      deleted += gone;
      passed += present.length - gone;
      if (seen < LISTED_AT_ONCE) return deleted;
    }
  }

  /** Waits for the replies under way. The next call opens the connection again. */
  async close(): Promise<void> {
    await this.#calls.close();
    this.#deadlines.rest();
  }

  /** Takes in what the Python original has made, for half of the time at most. */
  async #adopt(workingDirectory: string | undefined, dueMs: number): Promise<void> {
    const isOver = () => this.#deadlines.isOver(dueMs - this.#deadlineMs / 2);
    await this.#calls.read(
      (client) =>
        workingDirectory === undefined
          ? this.#adoption.ofAll(client, isOver)
          : this.#adoption.ofDirectory(client, workingDirectory, isOver),
      dueMs,
    );
  }

  async #list(index: string, limit: number, dueMs: number): Promise<string[]> {
    const ids = new Set<string>();
    for (let passed = 0; ids.size < limit; ) {
      const wanted = Math.min(limit - ids.size, LISTED_AT_ONCE);
      const [seen, present] = await this.#page(index, passed, wanted, '', dueMs);
      for (const id of present) ids.add(id);
      passed += present.length; // what is gone was dropped, and lies in nobody's way
      if (seen < wanted) break;
    }
    return [...ids];
  }

  async #page(index: string, passed: number, wanted: number, before: string, dueMs: number) {
    const args = [String(passed), String(wanted), before];
    const reply = await this.#calls.read((client) => client.run('list', [index], args), dueMs);
    return reply as readonly [seen: number, present: readonly string[]];
  }

  async #infosOf(ids: readonly string[], dueMs: number): Promise<SessionInfo[]> {
    const replies = await Promise.all(ids.map((id) => this.#describe(id, dueMs)));
    return ids.flatMap((id, at) => {
      const reply = replies[at] ?? null;
      return reply === null ? [] : [infoOf(id, reply, systemClock.now())];
    });
  }

  async #describe(id: string, dueMs: number): Promise<DescribeReply | null> {
    const reply = await this.#calls.read((client) => client.run('describe', keysOf(id), []), dueMs);
    return reply as DescribeReply | null;
  }
}

/** Lists with their lengths before them, then the messages. */
const saveWords = (saved: SavedSession): readonly string[] => {
  const words = (list: readonly string[]) => [String(list.length), ...list];
  const messages = saved.messages.map((message) => toJson(serializeStored(message)));
  return [...words(metadataFields(saved.metadata)), ...words(savedFields(saved)), ...messages];
};

const ttlSeconds = (days: number): number => {
  if (Number.isFinite(days) && days >= 0) return Math.ceil(days * SECONDS_PER_DAY);
  throw new GreenroomError('invalid_settings', `defaultTtlDays is a number from 0, not ${days}`);
};

const checkedDeadline = (ms: number): number => {
  if (Number.isFinite(ms) && ms > 0) return ms;
  throw new GreenroomError('invalid_settings', `deadlineMs is a number above 0, not ${ms}`);
};

const warn = (warning: string): void => process.emitWarning(warning, 'GreenroomWarning');
