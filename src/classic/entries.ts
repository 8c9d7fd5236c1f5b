/**
 * Classic messages as entries of the journal, and back.
 *
 * 1. What the model may see, a user's or an assistant's message, is a `message` entry with the API's own bytes; the
 *    rest of it (further fields, a time finer than a millisecond or of another zone, the typed message that it was)
 *    stands beside them.
 * 2. Everything else, `system`, `result` and the like, is kept verbatim as an `imported` line, which the model never sees.
 */

import { isPlausibleMoment } from '../model/bounds.ts';
import type { Entry, ImportedEntry, MessageEntry } from '../model/entry.ts';
import { SerializationError } from '../model/errors.ts';
import { iso } from '../model/moment.ts';
import {
  isTyped,
  isTypedData,
  type Message,
  type StoredMessage,
  type TypedMessage,
} from './models.ts';
import { deserializeStored, serializeStored, toJson } from './serialization.ts';
import { modelView } from './transcript.ts';

export type NewEntry = Omit<MessageEntry, 'seq'> | Omit<ImportedEntry, 'seq'>;

/** @param message checked and copied before. */
export const entryOf = (message: StoredMessage, nowMs: number): NewEntry => {
  const [seen] = modelView([message]);
  if (seen === undefined || !isContent(seen.content)) {
    const body = Buffer.from(toJson(serializeStored(message)));
    return { kind: 'imported', atMs: nowMs, body };
  }
  const body = Buffer.from(toJson(seen));
  if (isTyped(message))
    return { kind: 'message', role: seen.role, atMs: nowMs, body, typed: message };
  const { role: _, content: __, id, timestamp, ...others } = message;
  const atMs = momentOf(timestamp);
  const extra = { ...others, ...(iso(atMs) === timestamp ? {} : { timestamp }) };
  return {
    kind: 'message',
    role: seen.role,
    atMs,
    body,
    ...(id === null ? {} : { id }),
    ...(Object.keys(extra).length === 0 ? {} : { extra }),
  };
};

/** What the API takes as content; anything else is kept, and shown to nobody but who gave it. */
const isContent = (content: unknown): boolean =>
  typeof content === 'string' || (Array.isArray(content) && content.every(isBlock));

const isBlock = (block: unknown): boolean =>
  typeof (block as { readonly type?: unknown } | null)?.type === 'string';

/** Throws `SerializationError` for a time that nothing can have been said at. */
export const momentOf = (timestamp: string, what = 'timestamp'): number => {
  const atMs = Date.parse(timestamp);
  if (isPlausibleMoment(atMs)) return atMs;
  throw new SerializationError(
    `${what}: ${JSON.stringify(timestamp.slice(0, 40))} is no plausible moment`,
  );
};

/**
 * The message that an entry holds; none for a view, and for what an unfinished step left.
 *
 * @param recordIn the record in an imported line that is no JSON, if there is one.
 */
export const messagesOf = (
  entry: Entry,
  recordIn: (line: Uint8Array) => object | undefined,
): StoredMessage[] => {
  if (entry.kind === 'imported') return [importedMessage(entry, recordIn)];
  if (entry.kind === 'view' || entry.isPartial === true) return [];
  if (entry.typed !== undefined && isTypedData(entry.typed)) return [entry.typed];
  const { role, content } = jsonOf(entry.body) as Pick<Message, 'role' | 'content'>;
  const { id = null, atMs, extra = {} } = entry;
  return [{ role, content, id, timestamp: iso(atMs), ...extra }];
};

/** A line of a Claude Code transcript comes as the typed message that it nearly is. */
const importedMessage = (
  { body }: ImportedEntry,
  recordIn: (line: Uint8Array) => object | undefined,
): StoredMessage => {
  const line = jsonOf(body) ?? recordIn(body);
  try {
    return deserializeStored(line);
  } catch {
    return isTypedData(line) ? line : unknownLine(body);
  }
};

const unknownLine = (body: Uint8Array): TypedMessage => ({ type: 'unknown', line: textOf(body) });

const textOf = (body: Uint8Array): string => Buffer.from(body).toString();

const jsonOf = (body: Uint8Array): unknown => {
  try {
    return JSON.parse(textOf(body));
  } catch {
    return undefined;
  }
};
