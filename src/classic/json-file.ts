/**
 * The JSON files of two older programs, a file per session in one folder: the GenServer store's, known by its
 * `messages`, and the persistent client's, known by its `conversation_history`. Both are read as the same thing.
 */
import { SerializationError } from '../model/errors.ts';
import { isTag } from '../tags/tags.ts';
import { SessionMetadata, type SessionState, type StoredMessage } from './models.ts';
import {
  deserializeMetadata,
  deserializeStored,
  fromJson,
  type Plain,
  serializeStored,
  toJson,
} from './serialization.ts';
import { storedTimestamp, timestampFrom } from './timestamp.ts';
import { calculateCost, countTurns, modelOf, summarize } from './transcript.ts';

export type JsonFileKind = 'saved' | 'conversation';

/** Which of the two a file's content is; undefined: neither. */
export const jsonFileKind = (data: unknown): JsonFileKind | undefined => {
  if (!isObject(data)) return undefined;
  if (Array.isArray(data['messages'])) return 'saved';
  return Array.isArray(data['conversation_history']) ? 'conversation' : undefined;
};

/** The session that a file holds. Throws `SerializationError`. */
export const readJsonFile = (text: string): SessionState => {
  const data = fromJson(text);
  const kind = jsonFileKind(data);
  if (kind === undefined || !isObject(data))
    throw new SerializationError('this is no session: it has no messages, no conversation_history');
  return kind === 'saved' ? savedState(data) : conversationState(data);
};

/** The GenServer store's file, for the programs that read it. */
export const savedJson = (state: SessionState): string => {
  const { sessionId, messages, metadata, tags = [], description = null } = state;
  const created_at = storedTimestamp(state.createdAt);
  const updated_at = storedTimestamp(state.updatedAt);
  return toJson({
    session_id: sessionId,
    messages: messages.map(serializeStored),
    metadata: {
      session_id: sessionId,
      created_at,
      updated_at,
      message_count: messages.length,
      total_cost: metadata.totalCostUsd,
      tags,
      summary: summarize(messages),
      description,
      model: metadata.model,
    },
    created_at,
    updated_at,
  });
};

const savedState = (data: Plain): SessionState => {
  const messages = messagesIn(data['messages']);
  const told = isObject(data['metadata']) ? data['metadata'] : {};
  const { total_cost, tags, description, model } = told;
  const times = timesOf(data, ['created_at', 'updated_at'], told);
  return {
    ...{ sessionId: idOf(data), messages, ...times },
    metadata: {
      ...SessionMetadata.parse({}),
      ...modelIn(model, messages),
      totalCostUsd: typeof total_cost === 'number' ? total_cost : calculateCost(messages),
      numTurns: countTurns(messages),
    },
    tags: Array.isArray(tags) ? tags.map(String).filter(isTag) : [],
    description: typeof description === 'string' ? description : null,
  };
};

const conversationState = (data: Plain): SessionState => {
  const messages = messagesIn(data['conversation_history']);
  const options = isObject(data['options']) ? data['options'] : {};
  const { working_directory } = data;
  const fromOptions = deserializeMetadata(known(options));
  return {
    ...{ sessionId: idOf(data), messages },
    ...timesOf(data, ['start_time', 'last_activity']),
    metadata: {
      ...fromOptions,
      ...modelIn(options['model'], messages),
      ...(typeof working_directory === 'string' ? { workingDirectory: working_directory } : {}),
      totalCostUsd: calculateCost(messages),
      numTurns: countTurns(messages),
    },
  };
};

/** Of the options of a client, those that metadata have too; the others were that program's. */
const known = (options: Plain): Plain =>
  Object.fromEntries(
    ['permission_mode', 'allowed_tools', 'disallowed_tools'].flatMap((name) =>
      options[name] === undefined || options[name] === null ? [] : [[name, options[name]]],
    ),
  );

const messagesIn = (list: unknown): StoredMessage[] =>
  Array.isArray(list) ? list.map(deserializeStored) : [];

const modelIn = (told: unknown, messages: readonly StoredMessage[]): { model?: string } => {
  const model = typeof told === 'string' && told !== '' ? told : modelOf(messages);
  return model === undefined ? {} : { model };
};

const idOf = ({ session_id }: Plain): string => {
  if (typeof session_id === 'string') return session_id;
  throw new SerializationError('Missing required field: session_id');
};

const timesOf = (
  data: Plain,
  [first, last]: readonly [string, string],
  otherwise: Plain = {},
): Pick<SessionState, 'createdAt' | 'updatedAt'> => {
  const createdAt = timeIn(data[first] ?? otherwise[first]);
  return { createdAt, updatedAt: timeIn(data[last] ?? otherwise[last] ?? createdAt) };
};

const timeIn = (value: unknown): string => {
  const time = typeof value === 'string' ? timestampFrom(value) : null;
  if (time === null) throw new SerializationError(`Invalid timestamp format: ${String(value)}`);
  return time;
};

const isObject = (value: unknown): value is Plain =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
