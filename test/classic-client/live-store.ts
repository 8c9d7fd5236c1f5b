/** A store as a user writes one in forty lines: two maps, no copies, no versions. What it returns is what it holds. */
import {
  type CompactionState,
  Message,
  type NewMessage,
  type NewMetadata,
  SessionMetadata,
  SessionNotFoundError,
  type SessionState,
  type SessionStore,
} from '../../src/index.ts';

export class LiveStore implements SessionStore {
  readonly sessions = new Map<string, SessionState>();
  isClosed = false;

  async createSession(sessionId: string, metadata: NewMetadata = {}) {
    const at = new Date().toISOString();
    const full = SessionMetadata.parse(metadata);
    this.sessions.set(sessionId, {
      ...{ sessionId, messages: [], metadata: full, createdAt: at, updatedAt: at },
    });
  }
  async loadSession(sessionId: string) {
    return this.sessions.get(sessionId) ?? null;
  }
  async appendMessage(sessionId: string, message: NewMessage) {
    this.#held(sessionId).messages.push(Message.parse(message));
  }
  async updateMetadata(sessionId: string, metadata: NewMetadata) {
    Object.assign(this.#held(sessionId).metadata, metadata);
  }
  async getMessages(sessionId: string, from = 0, to?: number) {
    return this.#held(sessionId).messages.slice(from, to);
  }
  async forkSession(sourceSessionId: string, newSessionId: string) {
    await this.createSession(newSessionId, this.#held(sourceSessionId).metadata);
    this.#held(newSessionId).messages.push(...this.#held(sourceSessionId).messages);
  }
  async compactSession(sessionId: string, compactionState: CompactionState) {
    Object.assign(this.#held(sessionId).metadata, { compactionState });
  }
  async listSessions() {
    return [...this.sessions.keys()];
  }
  async deleteSession(sessionId: string) {
    this.sessions.delete(this.#held(sessionId).sessionId);
  }
  async sessionExists(sessionId: string) {
    return this.sessions.has(sessionId);
  }
  async close() {
    this.isClosed = true;
  }
  #held(sessionId: string): SessionState {
    const held = this.sessions.get(sessionId);
    if (held === undefined) throw new SessionNotFoundError(`no ${sessionId}`);
    return held;
  }
}
