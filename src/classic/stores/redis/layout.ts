/**
 * How a session lies in Redis: the keys of the Python original, with its values, and beside them one key of ours
 * for what it does not keep, the version and the time of the last change.
 *
 *     session:<id>:messages      list of messages as JSON; absent while there are none
 *     session:<id>:metadata      hash; numbers as text, lists and objects as JSON; no field for what is null
 *     session:<id>:created_at    ISO 8601
 *     session:<id>:state         ours: hash of version, updated_at (microseconds since the epoch), and of what
 *                                was saved beside the messages: tags, description, summary, held
 *     sessions_by_dir:<dir>      set of ids
 *     sessions_by_update[:<dir>] ours: sorted set of ids by updated_at, of all or of one directory
 *     sessions_adopted           ours: there once all keys were looked through for sessions of the original
 *     sessions_directories       ours: hash of the directory by id, for what is gone
 */

import { SerializationError } from '../../../model/errors.ts';
import { iso } from '../../../model/moment.ts';
import { HOLD_TAG, tagKey } from '../../../model/tag-key.ts';
import type { SessionInfo } from '../../classic-store.ts';
import type { NewMetadata, SessionMetadata, SessionState } from '../../models.ts';
import type { SavedSession } from '../../saved-session.ts';
import {
  deserializeMetadata,
  deserializeStored,
  fromJson,
  serializeMetadata,
  toJson,
} from '../../serialization.ts';
import { storedTimestamp, timestampFrom } from '../../timestamp.ts';

export const keysOf = (id: string): readonly string[] =>
  ['messages', 'metadata', 'created_at', 'state'].map((part) => `session:${id}:${part}`);

/** The index that a listing reads. */
export const indexOf = (workingDirectory: string | undefined): string =>
  workingDirectory === undefined ? 'sessions_by_update' : `sessions_by_update:${workingDirectory}`;

/** Field, value, field, value, …: as HSET takes them. The original takes the text `null` for an object. */
export const metadataFields = (metadata: NewMetadata): readonly string[] =>
  Object.entries(serializeMetadata(metadata)).flatMap(([field, value]) =>
    value === null ? [] : [field, typeof value === 'object' ? toJson(value) : String(value)],
  );

const NUMBERS = ['total_cost_usd', 'num_turns'];
const JSON_FIELDS = ['allowed_tools', 'disallowed_tools', 'usage', 'compaction_state'];

/** The other way. Fields that are missing take their defaults. */
export const metadataOf = (fields: readonly string[]): SessionMetadata => {
  const typed: Record<string, unknown> = {};
  for (let at = 0; at + 1 < fields.length; at += 2) {
    const [field = '', value = ''] = [fields[at], fields[at + 1]];
    typed[field] = typedValue(field, value);
  }
  return deserializeMetadata(typed);
};

const typedValue = (field: string, value: string): unknown => {
  if (JSON_FIELDS.includes(field)) return fromJson(value);
  if (!NUMBERS.includes(field)) return value;
  const number = Number(value);
  if (value.trim() === '' || Number.isNaN(number))
    throw new SerializationError(`${field} must be a number, not ${JSON.stringify(value)}`);
  return number;
};

export const messagesOf = (stored: readonly string[]) =>
  stored.map((json) => deserializeStored(fromJson(json)));

type Text = string | null;

/** What the load script gives. */
export type LoadReply = readonly [
  metadata: readonly string[],
  messages: readonly string[],
  createdAt: string,
  state: readonly [version: Text, updatedAt: Text, tags: Text, description: Text],
];

export const stateOf = (
  sessionId: string,
  [metadata, messages, createdAt, [version, updatedAt, tags, description]]: LoadReply,
  nowMs: number,
): SessionState => ({
  sessionId,
  messages: messagesOf(messages),
  metadata: metadataOf(metadata),
  ...timesOf(createdAt, updatedAt, nowMs),
  version: Number(version ?? 0),
  ...(tags === null ? {} : { tags: tagsOf(tags), description }),
});

/** What the describe script gives. */
export type DescribeReply = readonly [
  metadata: readonly string[],
  messageCount: number,
  createdAt: string,
  state: readonly [version: Text, updatedAt: Text, tags: Text, description: Text, summary: Text],
];

export const infoOf = (
  sessionId: string,
  [fields, messageCount, createdAt, state]: DescribeReply,
  nowMs: number,
): SessionInfo => {
  const [version, updatedAt, tags, description, summary] = state;
  const metadata = metadataOf(fields);
  return {
    sessionId,
    ...timesOf(createdAt, updatedAt, nowMs),
    messageCount,
    totalCost: metadata.totalCostUsd,
    tags: tags === null ? [] : tagsOf(tags),
    summary,
    description,
    model: metadata.model,
    workingDirectory: metadata.workingDirectory,
    version: Number(version ?? 0),
  };
};

/** What is saved beside the messages, as HSET takes it. A held session has no time to live. */
export const savedFields = ({ tags, description, summary }: SavedSession): readonly string[] => [
  ...['tags', toJson(tags)],
  ...(description === null ? [] : ['description', description]),
  ...(summary === null ? [] : ['summary', summary]),
  ...(tags.some((tag) => tagKey(tag) === HOLD_TAG) ? ['held', '1'] : []),
];

/** Sessions of the original have no time of change: it counts as that of the making. */
const timesOf = (createdAt: string, updatedAt: Text, nowMs: number) => {
  const created = timestampFrom(createdAt) ?? iso(nowMs);
  const updated = updatedAt === null ? created : iso(Math.ceil(Number(updatedAt) / 1000));
  // The first is the caller's clock, the second the server's.
  const isBefore = Date.parse(updated) < Date.parse(created);
  return { createdAt: created, updatedAt: isBefore ? created : updated };
};

const tagsOf = (json: string): string[] => {
  const tags = fromJson(json);
  if (Array.isArray(tags) && tags.every((tag) => typeof tag === 'string')) return tags;
  throw new SerializationError('tags must be a list of texts');
};

export const createdAtOf = (ms: number): string => storedTimestamp(iso(ms));
