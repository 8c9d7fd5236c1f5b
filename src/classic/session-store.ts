/**
 * The classic SessionStore: eleven operations that any store of sessions has, ours and a user's own.
 *
 * 1. All but create, load, list, exists and close throw `SessionNotFoundError` for an absent session.
 * 2. A change is stored whole or not at all, and is durable when its promise resolves, as far as the backend can.
 * 3. Changes of one session that one process asks for are stored in the order of the calls. Without an
 *    `expectedVersion` none fails because of another; with one, of all that name the same version exactly one is
 *    stored, and the others fail with `ConcurrencyError`.
 * 4. What is given is copied at the call, what is returned is the caller's own.
 */
import {
  ConcurrencyError,
  GreenroomError,
  SessionNotFoundError,
  StorageError,
} from '../model/errors.ts';
import { type SessionId, sessionKey } from '../model/ids.ts';
import type {
  CompactionState,
  NewMessage,
  NewMetadata,
  SessionState,
  StoredMessage,
} from './models.ts';

/** For callers that must not overwrite what they have not seen. */
export interface ChangeOptions {
  /** `version` of the state that the change was computed from. Stores without versions ignore it. */
  readonly expectedVersion?: number | undefined;
}

export interface ListOptions {
  readonly workingDirectory?: string | undefined;
  /** Most ids that are returned; default 100. */
  readonly limit?: number | undefined;
}

export interface SessionStore {
  /** A known id is refused with a `StorageError`, code `session_exists`, and nothing changes. */
  createSession(sessionId: string, metadata?: NewMetadata): Promise<void>;
  /** null: there is no such session. */
  loadSession(sessionId: string): Promise<SessionState | null>;
  appendMessage(sessionId: string, message: NewMessage, options?: ChangeOptions): Promise<void>;
  /** Replaces all fields. */
  updateMetadata(sessionId: string, metadata: NewMetadata, options?: ChangeOptions): Promise<void>;
  /** By position, from 0; `to` is exclusive, and may lie behind the end. */
  getMessages(sessionId: string, from?: number, to?: number): Promise<StoredMessage[]>;
  /** A copy under a new id; a known one is refused as by `createSession`. */
  forkSession(sourceSessionId: string, newSessionId: string): Promise<void>;
  /** Keeps the state; the messages that it stands for stay. */
  compactSession(sessionId: string, state: CompactionState, options?: ChangeOptions): Promise<void>;
  /** Ids, newest update first. */
  listSessions(workingDirectory?: string | null | ListOptions, limit?: number): Promise<string[]>;
  deleteSession(sessionId: string, options?: ChangeOptions): Promise<void>;
  /** Whether the session exists; loads nothing. */
  sessionExists(sessionId: string): Promise<boolean>;
  /** Frees connections and locks; may be called again. */
  close(): Promise<void>;
}

export const OPERATIONS = [
  'createSession',
  'loadSession',
  'appendMessage',
  'updateMetadata',
  'getMessages',
  'forkSession',
  'compactSession',
  'listSessions',
  'deleteSession',
  'sessionExists',
  'close',
] as const satisfies readonly (keyof SessionStore)[];
export type Operation = (typeof OPERATIONS)[number];

/** The operations that a value lacks; an empty list means a SessionStore. */
export const missingOperations = (value: unknown): Operation[] =>
  OPERATIONS.filter(
    (name) => typeof (value as Partial<SessionStore> | null | undefined)?.[name] !== 'function',
  );

/** @param onMissing called with the operations that are missing, for a message that names them. */
export const isSessionStore = (
  value: unknown,
  onMissing?: (missing: readonly Operation[]) => void,
): value is SessionStore => {
  const missing = missingOperations(value);
  if (missing.length > 0) onMissing?.(missing);
  return missing.length === 0;
};

/** Throws `invalid_request` that names what is missing. */
export function mustBeSessionStore(value: unknown): asserts value is SessionStore {
  const missing = missingOperations(value);
  if (missing.length > 0)
    throw new GreenroomError(
      'invalid_request',
      `this is no SessionStore: it has no ${missing.join(', ')}`,
      { details: { missing } },
    );
}

/** Throws `invalid_session_id` for what could not be a key or a path. */
export const checkedId = (sessionId: unknown): SessionId =>
  sessionKey('default', sessionId).sessionId;

/** Positions of messages as `slice` takes them. Throws `invalid_request` for negative or broken ones. */
export const checkedRange = (
  from = 0,
  to = Number.POSITIVE_INFINITY,
): { readonly from: number; readonly to: number } => {
  for (const position of [from, to])
    if (!(position >= 0 && (Number.isInteger(position) || position === Number.POSITIVE_INFINITY)))
      throw new GreenroomError(
        'invalid_request',
        `a position is a whole number from 0, not ${position}`,
      );
  return { from, to };
};

export const notFound = (sessionId: string): SessionNotFoundError =>
  new SessionNotFoundError(`there is no session ${sessionId}`);

export const alreadyExists = (sessionId: string): StorageError =>
  new StorageError(`a session ${sessionId} exists`, {}, 'session_exists');

/** The refusal of a change that names an older version. */
export const versionPassed = (sessionId: string, named: number, is: number): ConcurrencyError =>
  new ConcurrencyError(`session ${sessionId} is at version ${is}, not ${named}`, {
    details: { expectedVersion: named, version: is },
  });

const DEFAULT_LIMIT = 100;

/** Both ways to ask for a list: `(directory, limit)` and `({ workingDirectory, limit })`. */
export const listingOf = (
  first: string | null | ListOptions | undefined,
  second: number | undefined,
): { readonly workingDirectory: string | undefined; readonly limit: number } => {
  const options: ListOptions =
    typeof first === 'object' && first !== null
      ? first
      : { workingDirectory: first ?? undefined, limit: second };
  const limit = options.limit ?? DEFAULT_LIMIT;
  if (!Number.isInteger(limit) || limit < 0)
    throw new GreenroomError('invalid_request', `a limit is a whole number from 0, not ${limit}`);
  return { workingDirectory: options.workingDirectory, limit };
};
