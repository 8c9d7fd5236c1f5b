/** A store as a user writes one for a program of theirs: a map, and nothing of ours but the models. */

import { cleanUp, cutoffOf } from '../../../src/classic/aged-sessions.ts';
import type { CleanupOptions } from '../../../src/classic/classic-store.ts';
import {
  type ClassicStore,
  type InfoCriteria,
  type SaveOptions,
  searchInfos,
} from '../../../src/classic/classic-store.ts';
import { savedSession } from '../../../src/classic/saved-session.ts';
import { checkedId, checkedRange, listingOf } from '../../../src/classic/session-store.ts';
import { isoNow } from '../../../src/classic/timestamp.ts';
import { type AnyMessage, summarize } from '../../../src/classic/transcript.ts';
import { systemClock } from '../../../src/otp/system-clock.ts';
import {
  type CompactionState,
  ConcurrencyError,
  Message,
  SerializationError,
  SessionMetadata,
  SessionNotFoundError,
  type SessionState,
  type SessionStore,
  StorageError,
} from '../../../src/stores/index.ts';

type Held = SessionState & { version: number };
type Schema<T> = { safeParse(value: unknown): { success: boolean; data?: T } };
type Options = { readonly expectedVersion?: number | undefined };

const parsed = <T>(schema: Schema<T>, value: unknown): T => {
  const { data } = schema.safeParse(structuredClone(value));
  if (data === undefined) throw new SerializationError('that is none');
  return data;
};

export class OwnStore implements ClassicStore {
  readonly #sessions = new Map<string, Held>();

  async createSession(sessionId: string, metadata: unknown = {}) {
    const id = checkedId(sessionId);
    if (this.#sessions.has(id)) throw new StorageError('known', {}, 'session_exists');
    const at = isoNow();
    const full = parsed(SessionMetadata, metadata);
    this.#sessions.set(id, {
      ...{ sessionId: id, messages: [], metadata: full, createdAt: at, updatedAt: at, version: 1 },
    });
  }
  async loadSession(sessionId: string) {
    return structuredClone(this.#sessions.get(checkedId(sessionId)) ?? null);
  }
  async appendMessage(sessionId: string, message: unknown, options?: Options) {
    const full = parsed(Message, message);
    this.change(sessionId, options, (held) => held.messages.push(full));
  }
  async updateMetadata(sessionId: string, metadata: unknown, options?: Options) {
    const full = parsed(SessionMetadata, metadata);
    this.change(sessionId, options, (held) => Object.assign(held, { metadata: full }));
  }
  async getMessages(sessionId: string, from?: number, to?: number) {
    const range = checkedRange(from, to);
    return structuredClone(this.#held(sessionId).messages.slice(range.from, range.to));
  }
  async forkSession(sourceSessionId: string, newSessionId: string) {
    const { messages, metadata, tags } = structuredClone(this.#held(sourceSessionId));
    await this.createSession(newSessionId, metadata);
    Object.assign(this.#held(newSessionId), { messages, tags });
  }
  async compactSession(sessionId: string, compactionState: CompactionState, options?: Options) {
    this.change(sessionId, options, (held) => Object.assign(held.metadata, { compactionState }));
  }
  async listSessions(...asked: Parameters<SessionStore['listSessions']>) {
    const { workingDirectory, limit } = listingOf(asked[0], asked[1]);
    return [...this.#sessions.values()]
      .filter(({ metadata }) => [undefined, metadata.workingDirectory].includes(workingDirectory))
      .sort((a, b) => Date.parse(b.updatedAt) - Date.parse(a.updatedAt))
      .slice(0, limit)
      .map(({ sessionId }) => sessionId);
  }
  async deleteSession(sessionId: string, options?: Options) {
    this.change(sessionId, options, (held) => this.#sessions.delete(held.sessionId));
  }
  async sessionExists(sessionId: string) {
    return this.#sessions.has(checkedId(sessionId));
  }
  async close() {}

  async saveSession(sessionId: string, messages: readonly AnyMessage[], options?: SaveOptions) {
    const saved = savedSession(messages, options, this.#sessions.get(sessionId)?.metadata);
    const made = this.#sessions.has(sessionId) ? undefined : this.createSession(sessionId);
    this.change(sessionId, undefined, (held) => Object.assign(held, saved));
    await made;
  }
  async listSessionMetadata() {
    return searchInfos(
      [...this.#sessions.values()].map(({ messages, metadata, tags = [], ...held }) => ({
        ...held,
        messageCount: messages.length,
        totalCost: metadata.totalCostUsd,
        tags,
        summary: summarize(messages),
        description: held.description ?? null,
        model: metadata.model,
        workingDirectory: metadata.workingDirectory,
      })),
    );
  }
  async search(criteria?: InfoCriteria) {
    return searchInfos(await this.listSessionMetadata(), criteria);
  }
  async cleanupOldSessions(options: CleanupOptions = {}) {
    const cutoffMs = cutoffOf(options, systemClock.now());
    return cleanUp(this, await this.listSessionMetadata(), cutoffMs);
  }

  protected change(sessionId: string, options: Options | undefined, how: (held: Held) => unknown) {
    const held = this.#held(sessionId);
    this.mustBeAt(held, options?.expectedVersion);
    how(held);
    held.version += 1;
    held.updatedAt = isoNow();
  }
  protected mustBeAt({ version }: Held, expected: number | undefined) {
    if (expected !== undefined && expected !== version) throw new ConcurrencyError('passed');
  }
  #held(sessionId: string): Held {
    const held = this.#sessions.get(checkedId(sessionId));
    if (held === undefined) throw new SessionNotFoundError(`no ${sessionId}`);
    return held;
  }
}
