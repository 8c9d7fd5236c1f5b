/** Messages and metadata as the columns of their rows, both ways. */

import { SerializationError } from '../../../model/errors.ts';
import type { SessionInfo } from '../../classic-store.ts';
import type { NewMetadata, SessionMetadata, StoredMessage } from '../../models.ts';
import {
  deserializeMetadata,
  deserializeStored,
  type Plain,
  serializeMetadata,
  toJson,
} from '../../serialization.ts';

export type Row = Readonly<Record<string, unknown>>;

// ── messages ─────────────────────────────────────────────────────────────────────────────────────

export const MESSAGE_TYPES = {
  message_id: 'text',
  role: 'text',
  type: 'text',
  content: 'json',
  sent_at: 'timestamptz',
  sent_at_text: 'text',
  model: 'text',
  thinking_content: 'text',
  is_partial: 'boolean',
  parent_message_id: 'text',
  other_fields: 'json',
} as const;
export const MESSAGE_COLUMNS = Object.keys(MESSAGE_TYPES);

/** The columns of a message that has nothing but a role, content, an id and a time, as most have. */
export const PLAIN_COLUMNS = ['message_id', 'role', 'content', 'sent_at', 'sent_at_text'] as const;
const PLAIN_PLACES = PLAIN_COLUMNS.map((name) => MESSAGE_COLUMNS.indexOf(name));

/** Of those columns alone; undefined for a message that has more. */
export const plainValues = (values: readonly unknown[]): readonly unknown[] | undefined => {
  const hasMore = values.some(
    (value, at) => value !== null && value !== false && !PLAIN_PLACES.includes(at),
  );
  return hasMore ? undefined : PLAIN_PLACES.map((at) => values[at]);
};

/** What `messageOf` reads. */
export const READ_COLUMNS = ['message_id', 'role', 'content', 'sent_at_text', 'other_fields'];

/** The values of `MESSAGE_COLUMNS`. @param plain a serialized message, with a role or typed. */
export const messageValues = (plain: Plain): readonly unknown[] =>
  plain['role'] === undefined ? typedValues(plain) : roleValues(plain);

const roleValues = ({ role, content, id, timestamp, ...others }: Plain): readonly unknown[] => [
  exact(id, 'id'),
  exact(role, 'role'),
  null,
  toJson(content),
  timestamp,
  timestamp,
  copied(others['model']),
  thinkingIn(content),
  others['is_partial'] === true,
  copied(others['parent_message_id']),
  Object.keys(others).length === 0 ? null : toJson(others),
];

/** Kept whole: what it holds depends on its type. */
const typedValues = (plain: Plain): readonly unknown[] => [
  ...[null, null, copied(plain['type']), null, null, null, null, null],
  ...[false, null, toJson(plain)],
];

export const messageOf = (row: Row): StoredMessage => {
  const others = row['other_fields'] as Plain | null;
  if (row['role'] === null) return deserializeStored(others ?? {});
  return deserializeStored({
    role: row['role'],
    content: row['content'],
    id: row['message_id'],
    timestamp: row['sent_at_text'],
    ...others,
  });
};

export interface ToolUse {
  readonly id: string;
  readonly name: string;
  readonly input: string;
}
export interface ToolResult {
  readonly id: string;
  readonly output: string;
  readonly isError: boolean;
}

export const toolUsesIn = (plain: Plain): readonly ToolUse[] =>
  blocksOf(plain['content'], 'tool_use').flatMap(({ id, name, input }) =>
    typeof id === 'string' && typeof name === 'string'
      ? [{ id: copied(id) ?? '', name: copied(name) ?? '', input: toJson(input ?? null) }]
      : [],
  );

export const toolResultsIn = (plain: Plain): readonly ToolResult[] =>
  blocksOf(plain['content'], 'tool_result').flatMap(({ tool_use_id: id, content, is_error }) =>
    typeof id === 'string'
      ? [{ id: copied(id) ?? '', output: toJson(content ?? null), isError: is_error === true }]
      : [],
  );

const blocksOf = (content: unknown, type: string): readonly Plain[] =>
  Array.isArray(content) ? content.filter((block: Plain) => block['type'] === type) : [];

const thinkingIn = (content: unknown): string | null => {
  const texts = blocksOf(content, 'thinking').map(({ thinking }) => copied(thinking) ?? '');
  return texts.length === 0 ? null : texts.join('\n');
};

// ── metadata ─────────────────────────────────────────────────────────────────────────────────────

/** Tokens that have columns, by the API's names. */
const TOKENS = [
  'input_tokens',
  'output_tokens',
  'cache_creation_input_tokens',
  'cache_read_input_tokens',
] as const;

export const METADATA_TYPES = {
  model: 'text',
  working_directory: 'text',
  permission_mode: 'text',
  allowed_tools: 'jsonb',
  disallowed_tools: 'jsonb',
  total_cost_usd: 'numeric',
  num_turns: 'integer',
  input_tokens: 'bigint',
  output_tokens: 'bigint',
  cache_creation_input_tokens: 'bigint',
  cache_read_input_tokens: 'bigint',
  other_usage: 'json',
  compaction_state: 'json',
} as const;
export const METADATA_COLUMNS = Object.keys(METADATA_TYPES);

/** The values of `METADATA_COLUMNS`. */
export const metadataValues = (metadata: NewMetadata): readonly unknown[] => {
  const plain = serializeMetadata(metadata);
  const usage = plain['usage'] as Readonly<Record<string, number>>;
  const tokens = TOKENS.map((name) => (Number.isSafeInteger(usage[name]) ? usage[name] : null));
  const others = Object.entries(usage).filter(
    ([name, count]) => !isToken(name) || !Number.isSafeInteger(count),
  );
  const compaction = plain['compaction_state'];
  return [
    exact(plain['model'], 'model'),
    exact(plain['working_directory'], 'working_directory'),
    plain['permission_mode'],
    toJson(plain['allowed_tools']),
    toJson(plain['disallowed_tools']),
    plain['total_cost_usd'],
    plain['num_turns'],
    ...tokens,
    toJson(Object.fromEntries(others)),
    compaction === null ? null : toJson(compaction),
  ];
};

const isToken = (name: string): boolean => (TOKENS as readonly string[]).includes(name);

export const metadataOf = (row: Row): SessionMetadata => {
  const tokens = TOKENS.flatMap((name) => (row[name] === null ? [] : [[name, Number(row[name])]]));
  return deserializeMetadata({
    ...row,
    total_cost_usd: Number(row['total_cost_usd']),
    usage: { ...(row['other_usage'] as Plain), ...Object.fromEntries(tokens) },
  });
};

/** Times are read as text: PostgreSQL's have microseconds. */
export const HEAD_COLUMNS = [
  'version',
  'tags',
  'description',
  'summary',
  'total_messages',
  ...['created_at', 'updated_at'].map(
    (name) => `to_char(${name} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS ${name}`,
  ),
];

export const infoOf = (row: Row): SessionInfo => ({
  sessionId: String(row['id']),
  createdAt: String(row['created_at']),
  updatedAt: String(row['updated_at']),
  messageCount: Number(row['total_messages']),
  totalCost: Number(row['total_cost_usd']),
  tags: row['tags'] as string[],
  summary: row['summary'] as string | null,
  description: row['description'] as string | null,
  model: String(row['model']),
  workingDirectory: String(row['working_directory']),
  version: Number(row['version']),
});

// ── text ─────────────────────────────────────────────────────────────────────────────────────────

const HALF_CHARACTER = /\p{Surrogate}/u;
const HALF_CHARACTERS = /\p{Surrogate}/gu;

/** Text that must come back as it is: PostgreSQL's holds neither U+0000 nor half of a character. */
const exact = (value: unknown, field: string): unknown => {
  if (typeof value === 'string' && (value.includes('\0') || HALF_CHARACTER.test(value)))
    throw new SerializationError(`${field} holds characters that PostgreSQL cannot keep`);
  return value;
};

/** Text for those who query, beside the JSON that has it in full. */
const copied = (value: unknown): string | null =>
  typeof value === 'string'
    ? value.replaceAll('\0', '').replaceAll(HALF_CHARACTERS, '\ufffd')
    : null;

/** Values of rows as values of columns, for `unnest`. */
export const columnsOf = (rows: readonly (readonly unknown[])[]): readonly (readonly unknown[])[] =>
  (rows[0] ?? []).map((_, column) => rows.map((row) => row[column]));
