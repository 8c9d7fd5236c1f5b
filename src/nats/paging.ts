/**
 * Replies that fit: a page is cut where the broker's largest message ends, and says where the next
 * one begins. An entry that is itself too large travels as its size.
 */

import { GreenroomError } from '../model/errors.ts';
import type { SessionReplies } from '../session/verbs/registry.ts';
import type { EntryView } from '../session/verbs/reply-schemas.ts';

/** Room for the subject, the headers and the braces of a page. */
const MARGIN_BYTES = 1_024;

/** An entry larger than a quarter of `max_payload`. */
interface TruncatedEntry {
  readonly seq: number;
  readonly type: EntryView['type'];
  readonly at: string;
  readonly truncated: true;
  /** Size of the entry as JSON. */
  readonly bytes: number;
}

/** A page of messages as JSON of at most `limitBytes`; `nextFrom` moves to the first entry left out. */
export const messagesPage = (
  { entries, nextFrom }: SessionReplies['messages'],
  limitBytes: number,
): Buffer => {
  const parts: string[] = [];
  let room = limitBytes - MARGIN_BYTES;
  let next = nextFrom;
  for (const entry of entries) {
    const json = entryWithin(entry, limitBytes / 4);
    room -= Buffer.byteLength(json) + 1;
    if (room < 0) {
      next = entry.seq;
      break;
    }
    parts.push(json);
  }
  const rest = next === undefined ? '' : `,"nextFrom":${next}`;
  return Buffer.from(`{"entries":[${parts.join(',')}]${rest}}`);
};

const entryWithin = (entry: EntryView, limitBytes: number): string => {
  const json = JSON.stringify(entry);
  if (json.length <= limitBytes / 3) return json; // a UTF-16 unit is at most three bytes
  const bytes = Buffer.byteLength(json);
  if (bytes <= limitBytes) return json;
  const { seq, type, at } = entry;
  const stub: TruncatedEntry = { seq, type, at, truncated: true, bytes };
  return JSON.stringify(stub);
};

/** Any other reply as JSON; larger than `limitBytes`: `too_large`. */
export const wholeReply = (reply: unknown, limitBytes: number): Buffer => {
  const bytes = Buffer.from(JSON.stringify(reply ?? {}));
  if (bytes.length > limitBytes - MARGIN_BYTES) throw tooLarge(bytes.length, limitBytes);
  return bytes;
};

const tooLarge = (bytes: number, limitBytes: number): GreenroomError =>
  new GreenroomError(
    'too_large',
    `the reply has ${bytes} bytes; this broker takes ${limitBytes}. Ask for less: a smaller limit`,
    { details: { bytes, limitBytes } },
  );

/** A limit under which a page that came out too large would fit; undefined if one item is too large. */
export const smallerLimit = (limit: number, error: unknown): number | undefined => {
  const { bytes, limitBytes } = ((error as GreenroomError).details ?? {}) as Record<string, number>;
  if (bytes === undefined || limitBytes === undefined || limit <= 1) return undefined;
  return Math.max(1, Math.floor((limit * limitBytes * 0.8) / bytes));
};
