/**
 * The classic models as the plain snake_case objects and the JSON that files and Redis hold: exactly the keys,
 * in the order, of the Python original, so that its files load here and ours load there. Anything else is
 * refused with a `SerializationError`. Non-ASCII text stays unescaped.
 */
import type { z } from 'zod';
import { SerializationError } from '../model/errors.ts';
import { isTooDeep, MAX_DEPTH } from '../model/json-depth.ts';
import {
  CompactionState,
  isTypedData,
  Message,
  type NewMessage,
  SessionMetadata,
  SessionState,
  type StoredMessage,
  type TypedMessage,
} from './models.ts';
import { storedTimestamp, timestampFrom } from './timestamp.ts';

/** A model as a plain object, ready for `JSON.stringify`. */
export type Plain = Readonly<Record<string, unknown>>;

// ── messages ─────────────────────────────────────────────────────────────────────────────────────

/** `role`, `content`, `id`, `timestamp`, then the fields that are not ours. */
export const serializeMessage = (message: NewMessage): Plain => {
  const { role, content, id, timestamp, ...others } = modelOf(Message, message, 'message');
  return { role, content, id, timestamp: storedTimestamp(timestamp), ...others };
};

export const deserializeMessage = (data: unknown): Message => {
  const plain = plainOf(data, 'message');
  for (const field of ['role', 'content'])
    if (plain[field] === undefined)
      throw new SerializationError(`Missing required field: ${field}`);
  const { timestamp, id, ...others } = plain;
  return modelOf(Message, {
    ...others,
    id: id ?? null,
    ...(isGiven(timestamp) ? { timestamp: timestampOf(timestamp) } : {}),
  });
};

export const serializeMessageToJson = (message: NewMessage): string =>
  toJson(serializeMessage(message));

export const deserializeMessageFromJson = (json: string): Message =>
  deserializeMessage(fromJson(json));

export const serializeMessagesBatch = (messages: readonly NewMessage[]): Plain[] =>
  messages.map(serializeMessage);

export const deserializeMessagesBatch = (data: readonly unknown[]): Message[] =>
  data.map(deserializeMessage);

/** A message, or a typed one, which stays as it is. */
export const serializeStored = (message: NewMessage | TypedMessage): Plain =>
  isTypedData(message) ? message : serializeMessage(message);

export const deserializeStored = (data: unknown): StoredMessage => {
  const plain = plainOf(data, 'message');
  return isTypedData(plain) ? plain : deserializeMessage(plain);
};

// ── sessions ─────────────────────────────────────────────────────────────────────────────────────

export const serializeMetadata = (metadata: z.input<typeof SessionMetadata>): Plain => {
  const full = modelOf(SessionMetadata, metadata, 'metadata');
  return {
    model: full.model,
    working_directory: full.workingDirectory,
    permission_mode: full.permissionMode,
    allowed_tools: full.allowedTools,
    disallowed_tools: full.disallowedTools,
    total_cost_usd: full.totalCostUsd,
    num_turns: full.numTurns,
    usage: full.usage,
    compaction_state:
      full.compactionState === null ? null : serializeCompactionState(full.compactionState),
  };
};

/** Missing keys take the defaults. */
export const deserializeMetadata = (data: unknown): SessionMetadata => {
  const plain = plainOf(data, 'metadata');
  const compaction = plain['compaction_state'];
  return modelOf(SessionMetadata, {
    model: plain['model'],
    workingDirectory: plain['working_directory'],
    permissionMode: plain['permission_mode'],
    allowedTools: plain['allowed_tools'],
    disallowedTools: plain['disallowed_tools'],
    totalCostUsd: plain['total_cost_usd'],
    numTurns: plain['num_turns'],
    usage: plain['usage'],
    compactionState: isGiven(compaction) ? deserializeCompactionState(compaction) : null,
  });
};

export const serializeCompactionState = (state: CompactionState): Plain => {
  const full = modelOf(CompactionState, state, 'compaction state');
  return {
    last_compaction_turn: full.lastCompactionTurn,
    summary: full.summary,
    original_message_ids: full.originalMessageIds,
  };
};

export const deserializeCompactionState = (data: unknown): CompactionState => {
  const plain = plainOf(data, 'compaction_state');
  for (const field of ['last_compaction_turn', 'summary', 'original_message_ids'])
    if (plain[field] === undefined)
      throw new SerializationError(`Missing required field: compaction_state.${field}`);
  return modelOf(CompactionState, {
    lastCompactionTurn: plain['last_compaction_turn'],
    summary: plain['summary'],
    originalMessageIds: plain['original_message_ids'],
  });
};

export const serializeState = (state: SessionState): Plain => ({
  session_id: state.sessionId,
  messages: state.messages.map(serializeStored),
  metadata: serializeMetadata(state.metadata),
  created_at: storedTimestamp(state.createdAt),
  updated_at: storedTimestamp(state.updatedAt),
});

export const deserializeState = (data: unknown): SessionState => {
  const plain = plainOf(data, 'session');
  for (const field of ['session_id', 'messages', 'metadata', 'created_at', 'updated_at'])
    if (plain[field] === undefined)
      throw new SerializationError(`Missing required field: ${field}`);
  const messages = plain['messages'];
  if (!Array.isArray(messages)) throw new SerializationError('messages must be a list');
  return modelOf(SessionState, {
    sessionId: plain['session_id'],
    messages: messages.map(deserializeStored),
    metadata: deserializeMetadata(plain['metadata']),
    createdAt: timestampOf(plain['created_at']),
    updatedAt: timestampOf(plain['updated_at']),
  });
};

// ── JSON ─────────────────────────────────────────────────────────────────────────────────────────

export const toJson = (data: unknown): string => {
  try {
    return JSON.stringify(data);
  } catch (error) {
    throw new SerializationError(`JSON encoding failed: ${reasonOf(error)}`, { cause: error });
  }
};

export const fromJson = (json: string): unknown => {
  if (isTooDeep(json))
    throw new SerializationError(`JSON decoding failed: it is nested deeper than ${MAX_DEPTH}`);
  try {
    return JSON.parse(json);
  } catch (error) {
    throw new SerializationError(`JSON decoding failed: ${reasonOf(error)}`, { cause: error });
  }
};

// ── checks ───────────────────────────────────────────────────────────────────────────────────────

const reasonOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);

/** Python's `None` and `""` are no value. */
const isGiven = (value: unknown): boolean => value !== undefined && value !== null && value !== '';

const plainOf = (data: unknown, what: string): Plain => {
  if (typeof data === 'object' && data !== null && !Array.isArray(data)) return data as Plain;
  throw new SerializationError(`${what} must be an object`);
};

const timestampOf = (value: unknown): string => {
  const timestamp = typeof value === 'string' ? timestampFrom(value) : null;
  if (timestamp === null)
    throw new SerializationError(`Invalid timestamp format: ${String(value).slice(0, 80)}`);
  return timestamp;
};

/** @param what given when a caller's value is checked before it is written. */
const modelOf = <T extends z.ZodType>(schema: T, value: unknown, what?: string): z.output<T> => {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const where = issue?.path.map(String).join('.');
  const reason = `${where ? `${where}: ` : ''}${issue?.message}${given(value, issue?.path)}`;
  throw new SerializationError(
    what === undefined ? reason : `Failed to serialize ${what}: ${reason}`,
    {
      cause: result.error,
    },
  );
};

/** The value that was wrong, if it is short enough for a message. */
const given = (value: unknown, path: readonly PropertyKey[] = []): string => {
  const wrong = path.reduce<unknown>(
    (inner, step) => (inner as Record<PropertyKey, unknown> | undefined)?.[step],
    value,
  );
  return typeof wrong === 'string' || typeof wrong === 'number'
    ? `, not ${JSON.stringify(wrong).slice(0, 80)}`
    : '';
};
