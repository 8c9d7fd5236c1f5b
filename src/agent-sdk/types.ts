/**
 * The official Agent SDK's `SessionStore` (0.3.x) in types of our own, so that the product needs
 * nothing of that package. A test says that the two are assignable to each other.
 */

/** A transcript: the main one of a session, or with `subpath` a sub-agent's. */
export interface TranscriptKey {
  readonly projectKey: string;
  readonly sessionId: string;
  readonly subpath?: string;
}

/** One line of a transcript: any JSON object with a `type`. */
export interface TranscriptEntry {
  type: string;
  uuid?: string;
  timestamp?: string;
  [field: string]: unknown;
}

export interface ListedSession {
  sessionId: string;
  /** When its main transcript was last written to: integer milliseconds, higher each time. */
  mtime: number;
}

export interface ListedSummary extends ListedSession {
  /** What the SDK's `foldSessionSummary` makes of the entries. */
  data: Record<string, unknown>;
}

export interface AgentSdkSessionStore {
  /** Resolves when the entries are on disk. An entry whose `uuid` is stored already is left out. */
  append(key: TranscriptKey, entries: readonly TranscriptEntry[]): Promise<void>;
  /** All entries in the order in which they were stored; null for a transcript that is not there. */
  load(key: TranscriptKey): Promise<TranscriptEntry[] | null>;
  /** The project's sessions that have a main transcript. */
  listSessions(projectKey: string): Promise<ListedSession[]>;
  listSessionSummaries(projectKey: string): Promise<ListedSummary[]>;
  /** Without a `subpath` the session with all its transcripts, else that one. */
  delete(key: TranscriptKey): Promise<void>;
  listSubkeys(key: { readonly projectKey: string; readonly sessionId: string }): Promise<string[]>;
}
