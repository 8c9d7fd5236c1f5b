/**
 * Replies that fit: a page is cut where the largest message of its gateway ends, and says where the next
 * one begins. An entry that is itself too large travels as its size.
 */

import { GreenroomError } from '../model/errors.ts';
import type { SessionReplies } from '../session/verbs/registry.ts';
import type { EntryView } from '../session/verbs/reply-schemas.ts';
import { ShownSession } from '../session/verbs/shown-session.ts';

/** Room for the subject, the headers and the braces of a page. */
const MARGIN_BYTES = 1_024;

/** An entry larger than a quarter of the largest message. */
interface TruncatedEntry {
  readonly seq: number;
  readonly type: EntryView['type'];
  readonly at: string;
  readonly truncated: true;
  /** Size of the entry as JSON. */
  readonly bytes: number;
}

/** A page of messages as JSON of at most `limitBytes`; `nextFrom` moves to the first entry left out. */
const messagesPage = (
  { entries, nextFrom }: SessionReplies['messages'],
  limitBytes: number,
): string => {
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
  return `{"entries":[${parts.join(',')}]${rest}}`;
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

/** What JSON leaves as: a gateway that writes text gives its own way to measure it. */
export interface Form<T> {
  readonly of: (json: string) => T;
  readonly size: (data: T) => number;
}

export const AS_BYTES: Form<Uint8Array> = {
  of: (json) => Buffer.from(json),
  size: ({ length }) => length,
};
export const AS_TEXT: Form<string> = {
  of: (json) => json,
  size: (json) => Buffer.byteLength(json),
};

/** Any other reply; larger than `limitBytes`: `too_large`. */
const wholeReply = <T>(reply: unknown, limitBytes: number, { of, size }: Form<T>): T => {
  const data = of(reply instanceof ShownSession ? reply.json : JSON.stringify(reply ?? {}));
  const bytes = size(data);
  if (bytes > limitBytes - MARGIN_BYTES) throw tooLarge(bytes, limitBytes);
  return data;
};

const tooLarge = (bytes: number, limitBytes: number): GreenroomError =>
  new GreenroomError(
    'too_large',
    `the reply has ${bytes} bytes; ${limitBytes} are taken here. Ask for less: a smaller limit`,
    { details: { bytes, limitBytes } },
  );

/**
 * Any reply to a verb as JSON within the limit: a page that is too large is asked for again with fewer items.
 *
 * @param run asks for it.
 */
export const fittingReply = async <T>(
  { name, request }: { readonly name: string; readonly request: unknown },
  limitBytes: number,
  form: Form<T>,
  run: (request: unknown) => Promise<unknown>,
): Promise<Reply<T>> => {
  const reply = await run(request);
  if (name === 'session.messages')
    return { reply, data: form.of(messagesPage(reply as SessionReplies['messages'], limitBytes)) };
  try {
    return { reply, data: wholeReply(reply, limitBytes, form) };
  } catch (error) {
    const { limit } = request as { limit?: number };
    const fewer = limit === undefined ? undefined : smallerLimit(limit, error);
    if (fewer === undefined) throw error;
    const again = { name, request: { ...(request as object), limit: fewer } };
    return fittingReply(again, limitBytes, form, run);
  }
};

/** What a verb answered, and that as JSON. */
export interface Reply<T> {
  readonly reply: unknown;
  readonly data: T;
}

/** A limit under which a page that came out too large would fit; undefined if one item is too large. */
const smallerLimit = (limit: number, error: unknown): number | undefined => {
  const { bytes, limitBytes } = ((error as GreenroomError).details ?? {}) as Record<string, number>;
  if (bytes === undefined || limitBytes === undefined || limit <= 1) return undefined;
  return Math.max(1, Math.floor((limit * limitBytes * 0.8) / bytes));
};
