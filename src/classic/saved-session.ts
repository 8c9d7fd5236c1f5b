/** What `saveSession` stores, computed from the messages that it is given. Pure; throws `SerializationError` for what is no message. */
import { SerializationError } from '../model/errors.ts';
import { normaliseTags } from '../tags/tags.ts';
import type { SaveOptions } from './classic-store.ts';
import { SessionMetadata, type StoredMessage } from './models.ts';
import { deserializeStored, fromJson, serializeStored, toJson } from './serialization.ts';
import {
  type AnyMessage,
  calculateCost,
  countTurns,
  isKind,
  modelOf,
  summarize,
} from './transcript.ts';

export interface SavedSession {
  readonly messages: readonly StoredMessage[];
  readonly metadata: SessionMetadata;
  readonly tags: readonly string[];
  readonly description: string | null;
  readonly summary: string | null;
}

/** @param before metadata of the session that is replaced: what messages do not tell stays as it was. */
export const savedSession = (
  messages: readonly AnyMessage[],
  { tags = [], description = null }: SaveOptions = {},
  before: SessionMetadata = SessionMetadata.parse({}),
): SavedSession => {
  mustBeList('messages', messages);
  mustBeList('tags', tags);
  const stored = messages.map(copyOf);
  const tellsCost = stored.some((message) => isKind(message, 'result'));
  return {
    messages: stored,
    metadata: {
      ...before,
      model: modelOf(stored) ?? before.model,
      numTurns: countTurns(stored),
      ...(tellsCost ? { totalCostUsd: calculateCost(stored) } : {}),
    },
    tags: normaliseTags(tags),
    description,
    summary: summarize(stored),
  };
};

/** For programs without a compiler: a text has letters that would pass for tags. */
const mustBeList = (name: string, value: unknown): void => {
  if (!Array.isArray(value)) throw new SerializationError(`${name} must be a list`);
};

/** The message as it will be read back, sharing nothing with the caller's. */
const copyOf = (message: AnyMessage): StoredMessage =>
  deserializeStored(fromJson(toJson(serializeStored(message))));
