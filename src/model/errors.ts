/**
 * Every failure that a caller may see, as one table: code, wire status, whether trying again can help.
 *
 * Failures are judged by `code`, never by `instanceof`: threads and the wire drop classes. The
 * table in `docs/reference/errors.md` is generated from this one.
 */
interface ErrorKind {
  /** Status number on the wire (`Nats-Service-Error-Code`, HTTP). */
  readonly status: number;
  readonly retryable: boolean;
  readonly when: string;
}

const kind = (status: number, retryable: boolean, when: string): ErrorKind => ({
  status,
  retryable,
  when,
});

export const ERRORS = {
  invalid_json: kind(400, false, 'the body is not JSON'),
  invalid_request: kind(400, false, 'a field is unknown, missing or mistyped'),
  invalid_session_id: kind(400, false, 'an id does not match ^[A-Za-z0-9_-]{1,128}$'),
  unknown_verb: kind(400, false, 'no such verb'),
  unauthorized: kind(401, false, 'no or wrong credentials'),
  forbidden: kind(403, false, 'not entitled to this'),
  session_not_found: kind(404, false, 'no such session'),
  turn_not_found: kind(404, false, 'no such turn in this session'),
  approval_not_found: kind(404, false, 'no such approval'),
  archive_not_found: kind(404, false, 'no such archive, or nothing of that kind in it'),
  backup_not_found: kind(404, false, 'no such backup at that place'),
  definition_not_found: kind(404, false, 'no such template, task or schedule'),
  deadline_exceeded: kind(408, true, "the request's time ran out; look before you repeat it"),
  session_exists: kind(409, false, 'a session of this id exists'),
  version_conflict: kind(409, false, 'the session changed since the named version'),
  turn_id_reused: kind(409, false, 'the turn id is known with another prompt'),
  already_decided: kind(409, false, 'this approval was decided before'),
  invalid_state: kind(409, false, "the session's or turn's state does not allow it"),
  provider_mismatch: kind(409, false, 'real answers and rehearsed ones do not mix in one session'),
  session_deleted: kind(410, false, 'the session was deleted within the last 30 days'),
  too_large: kind(413, false, 'larger than the limit that the message names'),
  invalid_criteria: kind(422, false, 'a search criterion is wrong'),
  invalid_settings: kind(422, false, 'a setting is wrong'),
  serialization_failed: kind(422, false, 'data is not a message or a session of the classic form'),
  sandbox_missing: kind(
    422,
    false,
    'commands must run in a sandbox, and there is none here: leave the tool out of `tools`',
  ),
  hook_blocked: kind(422, false, 'a hook did not let the prompt, or the compaction, through'),
  price_unknown: kind(422, false, 'a money limit needs a model with a known price'),
  mailbox_full: kind(429, true, "the actor's mailbox is full"),
  queue_full: kind(429, true, 'too many turns wait in this session'),
  max_turns_reached: kind(429, false, 'the session has used up its turns'),
  budget_exceeded: kind(429, false, 'the money limit is reached'),
  internal: kind(500, false, 'a bug; the log has a crash report'),
  corrupt_record: kind(500, false, 'a stored record is broken, or nothing that can be shown'),
  text_search_unavailable: kind(503, false, 'there is no text index here; the message says why'),
  unavailable: kind(503, true, 'a part that is needed is down or restarting'),
  draining: kind(503, true, 'the daemon is stopping'),
  store_closed: kind(503, false, 'the store was closed by its program'),
  disk_low: kind(503, true, 'free space is below the watermark'),
  storage_failed: kind(
    503,
    true,
    'a commit failed; whether it is stored is unknown until a reload',
  ),
  in_use: kind(503, true, 'a process has the data directory open; the message names it'),
  broker_in_use: kind(503, true, 'the broker belongs to another store'),
} as const satisfies Record<string, ErrorKind>;

export type ErrorCode = keyof typeof ERRORS;

export interface ErrorOptions {
  readonly cause?: unknown;
  /** When trying again may succeed, in milliseconds. */
  readonly retryAfterMs?: number;
  readonly details?: Readonly<Record<string, unknown>>;
}

/** A failure with a code from the table. Its `message` says what is wrong and, where it helps, what to do. */
export class GreenroomError extends Error {
  readonly code: ErrorCode;
  readonly retryAfterMs: number | undefined;
  readonly details: Readonly<Record<string, unknown>> | undefined;

  constructor(code: ErrorCode, message: string, options: ErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'GreenroomError';
    this.code = code;
    this.retryAfterMs = options.retryAfterMs;
    this.details = options.details;
  }
}

/** A commit named a version (or epoch) that is no longer the session's; nothing of it is stored (P2). */
export class ConcurrencyError extends GreenroomError {
  constructor(message: string, options: ErrorOptions = {}) {
    super('version_conflict', message, options);
    this.name = 'ConcurrencyError';
  }
}

/** The store failed. A failed commit is an unknown outcome: reload before believing either. */
export class StorageError extends GreenroomError {
  constructor(message: string, options: ErrorOptions = {}, code: ErrorCode = 'storage_failed') {
    super(code, message, options);
    this.name = 'StorageError';
  }
}

/** There is no session of this id. */
export class SessionNotFoundError extends GreenroomError {
  constructor(message: string, options: ErrorOptions = {}) {
    super('session_not_found', message, options);
    this.name = 'SessionNotFoundError';
  }
}

/** Data cannot be read as, or written as, a message or a session. */
export class SerializationError extends GreenroomError {
  constructor(message: string, options: ErrorOptions = {}) {
    super('serialization_failed', message, options);
    this.name = 'SerializationError';
  }
}

/** What a failure looks like on the wire. */
export interface WireError {
  readonly code: ErrorCode;
  readonly message: string;
  readonly retryable: boolean;
  readonly retryAfterMs?: number;
  readonly details?: Readonly<Record<string, unknown>>;
}

export const isErrorCode = (code: unknown): code is ErrorCode =>
  typeof code === 'string' && Object.hasOwn(ERRORS, code);

/** Codes of the actor runtime, in the words of the table. */
const RUNTIME_CODES: Readonly<Record<string, ErrorCode>> = {
  timeout: 'deadline_exceeded',
  noproc: 'unavailable',
  callee_died: 'unavailable',
  not_registered: 'unavailable',
  max_children: 'unavailable',
  start_failed: 'unavailable',
  parked: 'unavailable',
  calling_self: 'internal',
};

/** The code of anything thrown; what is not from the table or the runtime is a bug: `internal`. */
export const codeOf = (error: unknown): ErrorCode => {
  const code = (error as { code?: unknown } | null | undefined)?.code;
  if (isErrorCode(code)) return code;
  const isRuntimes = typeof code === 'string' && Object.hasOwn(RUNTIME_CODES, code);
  return (isRuntimes ? RUNTIME_CODES[code] : undefined) ?? 'internal';
};

/** Anything thrown, as it goes over the wire. The text of a bug stays inside: it may hold private data. */
export const toWire = (error: unknown): WireError => {
  const code = codeOf(error);
  const from = error as Partial<GreenroomError> | undefined;
  return {
    code,
    message: code === 'internal' ? ERRORS.internal.when : (from?.message ?? code),
    retryable: ERRORS[code].retryable,
    ...(typeof from?.retryAfterMs === 'number' ? { retryAfterMs: from.retryAfterMs } : {}),
    ...(from?.details === undefined ? {} : { details: from.details }),
  };
};

/** The other way: an error as a client throws it. */
export const fromWire = (wire: WireError): GreenroomError =>
  new GreenroomError(wire.code, wire.message, {
    ...(wire.retryAfterMs === undefined ? {} : { retryAfterMs: wire.retryAfterMs }),
    ...(wire.details === undefined ? {} : { details: wire.details }),
  });
