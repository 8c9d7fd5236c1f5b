/**
 * `greenroom/agent-sdk`: programs of the official Agent SDK. `query` and its like run them here, with their import changed;
 * `agentSdkSessionStore` has the SDK itself keep its sessions in Greenroom.
 *
 * ```ts
 * const sessionStore = agentSdkSessionStore(greenroom);
 * for await (const message of query({ prompt, options: { sessionStore } })) …
 * ```
 *
 * 1. An append resolves when it is on disk (P1), and goes through its session's one writer (P2).
 * 2. Appends of one store to one transcript are stored in the order in which they were called.
 * 3. What is given is copied before the call returns; what a call returns is the caller's alone.
 */

import { codeOf, GreenroomError } from '../model/errors.ts';
import type { SessionsApi } from '../session/verbs/api.ts';
import {
  MAX_APPENDED,
  MAX_PAGE_BYTES,
  type MirroredSession,
  type MirrorReplies,
} from '../session/verbs/mirror-api.ts';
import { requestsOf } from './packing.ts';
import type {
  AgentSdkSessionStore,
  ListedSession,
  ListedSummary,
  TranscriptEntry,
  TranscriptKey,
} from './types.ts';

export { SYSTEM_PROMPT_DYNAMIC_BOUNDARY } from './check-options.ts';
export { query } from './front-door.ts';
export type {
  AccountInfo,
  AgentInfo,
  InitializationResult,
  McpServerStatus,
  ModelInfo,
  ModelUsage,
  NonNullableUsage,
  PermissionMode,
  SDKAPIRetryMessage,
  SDKAssistantMessage,
  SDKCompactBoundaryMessage,
  SDKMessage,
  SDKPartialAssistantMessage,
  SDKPermissionDenial,
  SDKPermissionDeniedMessage,
  SDKResultError,
  SDKResultMessage,
  SDKResultSuccess,
  SDKSystemMessage,
  SDKUserMessage,
} from './messages.ts';
export type {
  AgentDefinition,
  CanUseTool,
  HookCallback,
  HookCallbackMatcher,
  HookInput,
  McpServerConfig,
  Options,
  PermissionResult,
  PermissionUpdate,
} from './options.ts';
export { AbortError, type Query } from './query.ts';
export {
  type CallToolResult,
  type CreateSdkMcpServerOptions,
  createSdkMcpServer,
  type McpSdkServerConfigWithInstance,
  type SdkMcpToolDefinition,
  tool,
} from './tools.ts';
export type {
  AgentSdkSessionStore,
  ListedSession,
  ListedSummary,
  TranscriptEntry,
  TranscriptKey,
} from './types.ts';

/** What the store needs: the verbs on all sessions, embedded or over NATS. */
export interface MirrorApi extends Pick<SessionsApi, 'sessions'> {
  /** Largest message of the broker, in bytes; undefined without one. */
  readonly maxPayloadBytes?: number | undefined;
}

/** A running Greenroom, a client, or another object with an `api` like theirs. */
export type MirrorHost = MirrorApi | { readonly api: MirrorApi };

/** The `sessionStore` for the Agent SDK's `query` and session functions, over a Greenroom's sessions. */
export const agentSdkSessionStore = (host: MirrorHost): AgentSdkSessionStore =>
  new MirrorStore('api' in host ? host.api : host);

/** How often a read starts over because its transcript was deleted and written again meanwhile. */
const MAX_READINGS = 3;
/** Appends that wait for those before them to the same transcript. */
const MAX_WAITING = 1_000;
/** Largest request without a broker, in bytes: what is larger goes in several commits. */
const MAX_REQUEST_BYTES = 4 * 1024 * 1024;
/** What the names around the entries may take in a message. */
const ENVELOPE_BYTES = 16 * 1024;

class MirrorStore implements AgentSdkSessionStore {
  readonly #api: MirrorApi;
  /** The last append to each transcript that has one under way, and how many there are. */
  readonly #appends = new Map<string, { last: Promise<void>; waiting: number }>();

  constructor(api: MirrorApi) {
    this.#api = api;
  }

  async append(key: TranscriptKey, entries: readonly TranscriptEntry[]): Promise<void> {
    const transcript = named(key);
    const lines = entries.map(lineOf);
    if (lines.length === 0) return;
    await this.#afterThoseBefore(JSON.stringify(transcript), async () => {
      for (const batch of requestsOf(lines, this.#requestBytes, MAX_APPENDED))
        await this.#api.sessions('mirror-append', { ...transcript, entries: batch });
    });
  }

  async load(key: TranscriptKey): Promise<TranscriptEntry[] | null> {
    const transcript = named(key);
    for (let reading = 1; ; reading += 1)
      try {
        return await this.#read(transcript);
      } catch (error) {
        if (codeOf(error) !== 'version_conflict' || reading === MAX_READINGS) throw error;
      }
  }

  async listSessions(projectKey: string): Promise<ListedSession[]> {
    const sessions = await this.#list(projectKey, false);
    return sessions.map(({ sessionId, mtime }) => ({ sessionId, mtime }));
  }

  async listSessionSummaries(projectKey: string): Promise<ListedSummary[]> {
    const sessions = await this.#list(projectKey, true);
    return sessions.map(({ sessionId, mtime, data }) => ({ sessionId, mtime, data: { ...data } }));
  }

  async delete(key: TranscriptKey): Promise<void> {
    await this.#api.sessions('mirror-delete', named(key));
  }

  async listSubkeys(key: {
    readonly projectKey: string;
    readonly sessionId: string;
  }): Promise<string[]> {
    const { projectKey, sessionId } = key;
    return (await this.#api.sessions('mirror-subkeys', { projectKey, sessionId })).subkeys;
  }

  async #read(transcript: TranscriptKey): Promise<TranscriptEntry[] | null> {
    const { maxPayloadBytes } = this.#api;
    // Lines grow when they are put into JSON again: quotes are escaped.
    const maxBytes = Math.min(MAX_PAGE_BYTES, Math.floor((maxPayloadBytes ?? Infinity) / 2));
    const entries: TranscriptEntry[] = [];
    let from: number | undefined = 1;
    let life: { readonly life?: string } = {};
    while (from !== undefined) {
      const request = { ...transcript, ...life, from, maxBytes };
      const page: MirrorReplies['mirror-load'] = await this.#api.sessions('mirror-load', request);
      if (!page.exists) return null;
      for (const line of page.entries) entries.push(JSON.parse(line) as TranscriptEntry);
      from = page.nextFrom;
      if (page.life !== undefined) life = { life: page.life };
    }
    return entries;
  }

  async #list(projectKey: string, summaries: boolean): Promise<readonly MirroredSession[]> {
    const byId = new Map<string, MirroredSession>();
    let cursor: string | undefined;
    do {
      const from = cursor === undefined ? {} : { cursor };
      const page = await this.#api.sessions('mirror-list', { projectKey, summaries, ...from });
      for (const session of page.sessions) byId.set(session.sessionId, session);
      cursor = page.nextCursor;
    } while (cursor !== undefined);
    return [...byId.values()];
  }

  get #requestBytes(): number {
    const { maxPayloadBytes = Infinity } = this.#api;
    return Math.min(MAX_REQUEST_BYTES, maxPayloadBytes - ENVELOPE_BYTES);
  }

  /** An append that fails does not stop those behind it: its caller tries again, or gives up. */
  async #afterThoseBefore(transcript: string, append: () => Promise<void>): Promise<void> {
    const before = this.#appends.get(transcript) ?? { last: Promise.resolve(), waiting: 0 };
    if (before.waiting >= MAX_WAITING)
      throw new GreenroomError('mailbox_full', 'too many appends wait for this transcript', {
        retryAfterMs: 100,
      });
    const done = before.last.then(append);
    before.last = done.catch(() => undefined);
    before.waiting += 1;
    this.#appends.set(transcript, before);
    try {
      await done;
    } finally {
      before.waiting -= 1;
      if (before.waiting === 0) this.#appends.delete(transcript);
    }
  }
}

/** The key without whatever else the object holds. An empty `subpath` is a mistake, not the main transcript. */
const named = ({ projectKey, sessionId, subpath }: TranscriptKey): TranscriptKey => {
  if (subpath === '')
    throw new GreenroomError(
      'invalid_request',
      'subpath is empty: leave it out for the main transcript',
    );
  return { projectKey, sessionId, ...(subpath === undefined ? {} : { subpath }) };
};

/** Any JSON: transcripts hold lines that are no objects, and an import of a whole transcript brings them. */
const lineOf = (entry: unknown, position: number): string => {
  const line = asJson(entry, position);
  if (line === undefined) throw notJson(position);
  return line;
};

const asJson = (entry: unknown, position: number): string | undefined => {
  try {
    return JSON.stringify(entry);
  } catch (error) {
    throw notJson(position, error);
  }
};

const notJson = (position: number, cause?: unknown): GreenroomError =>
  new GreenroomError('invalid_request', `entry ${position} cannot be written as JSON`, { cause });
