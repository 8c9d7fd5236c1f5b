/**
 * Classic files as exports: what an older program kept of a session, as the lines that importing takes.
 * The same file gives the same lines, so importing it again is recognised like any export.
 */
import { createHash } from 'node:crypto';
import { headFields, mustBeDescription, mustBeSettable } from '../../classic/classic-head.ts';
import { entryOf, momentOf } from '../../classic/entries.ts';
import type { SessionMetadata, SessionState, StoredMessage } from '../../classic/models.ts';
import { deserializeMetadata, deserializeStored, fromJson } from '../../classic/serialization.ts';
import { timestampFrom } from '../../classic/timestamp.ts';
import { summarize } from '../../classic/transcript.ts';
import { EMPTY_DIGEST, nextDigest } from '../../claude-code/digest.ts';
import { isPlausibleMoment } from '../../model/bounds.ts';
import type { Entry } from '../../model/entry.ts';
import { GreenroomError, SerializationError } from '../../model/errors.ts';
import { type Head, newHead } from '../../model/head.ts';
import { ID_PATTERN, sessionKey } from '../../model/ids.ts';
import { addTags, isTag, MAX_TAGS } from '../../tags/tags.ts';
import { auditLine, endLine, entryLine, headLine } from './format.ts';

/** Lines of an export, without their newlines. */
export const classicExport = (state: SessionState): readonly string[] => {
  const createdAtMs = momentOf(state.createdAt, 'created_at');
  const { entries, messageCount } = numbered(state.messages, createdAtMs);
  const lines = [
    headLine(headOf(state, createdAtMs, entries.length, messageCount)),
    ...entries.map((entry) => entryLine('', entry)),
    auditLine({ kind: 'lifecycle', action: 'created', atMs: createdAtMs, by: 'classic' }),
  ];
  const digest = lines.reduce((sum, line) => nextDigest(sum, Buffer.from(line)), EMPTY_DIGEST);
  return [...lines, endLine(lines.length, digest)];
};

/** Its own id if that fits the pattern, else `x-` and a hash of it. */
const idOf = (sessionId: string): string =>
  ID_PATTERN.test(sessionId)
    ? sessionId
    : `x-${createHash('sha256').update(sessionId).digest('hex').slice(0, 32)}`;

const headOf = (
  state: SessionState,
  createdAtMs: number,
  seq: number,
  messageCount: number,
): Head => {
  const { metadata, tags = [], description = null, messages } = state;
  mustBeDescription(description);
  const empty = newHead(sessionKey('default', idOf(state.sessionId)), createdAtMs);
  const summary = summarize(messages);
  return {
    ...empty,
    ...headFields(empty, metadata),
    ...{ updatedAtMs: momentOf(state.updatedAt, 'updated_at'), seq, messageCount },
    status: messages.length === 0 ? 'created' : 'idle',
    tags: addTags([], tags.filter(isTag).slice(0, MAX_TAGS)),
    ...(summary === null ? {} : { summary }),
    ...(description === null || description === undefined ? {} : { description }),
  };
};

const numbered = (messages: readonly StoredMessage[], nowMs: number) => {
  const entries = messages.map((message, at): Entry => {
    const entry = numberedError(`message ${at + 1}`, () => entryOf(message, nowMs));
    const position = entry.kind === 'message' ? { position: at + 1 } : {};
    return { ...entry, ...position, seq: at + 1 };
  });
  return { entries, messageCount: entries.length };
};

/** What is thrown says where. */
const numberedError = <T>(where: string, work: () => T): T => {
  try {
    return work();
  } catch (error) {
    throw new SerializationError(`${where}: ${(error as Error).message}`, { cause: error });
  }
};

/** Whether a line begins a file of the classic file store. */
export const beginsClassicLines = (firstLine: string): boolean => {
  try {
    const { type, data } = fromJson(firstLine) as { type?: unknown; data?: unknown };
    return type === 'metadata' && typeof data === 'object' && data !== null;
  } catch {
    return false;
  }
};

/** The session in a file of the classic file store. Throws for a line that cannot be read, with its number. */
export const stateOfLines = (sessionId: string, lines: readonly string[]): SessionState => {
  const reading = new Reading(sessionId);
  for (const [at, line] of lines.entries()) {
    if (line.trim() === '') continue;
    try {
      reading.add(fromJson(line) as Record<string, unknown>);
    } catch (error) {
      // The last line may be half written: what came after it was never there.
      if (at === lines.length - 1) break;
      throw new GreenroomError('invalid_request', `line ${at + 1}: ${(error as Error).message}`);
    }
  }
  return reading.state();
};

class Reading {
  readonly #sessionId: string;
  readonly #messages: StoredMessage[] = [];
  readonly #times: string[] = [];
  #metadata: SessionMetadata | undefined;
  #createdAt: string | undefined;
  #saved: { tags: string[]; description: string | null } | undefined;

  constructor(sessionId: string) {
    this.#sessionId = sessionId;
  }

  add({ type, data, timestamp }: Readonly<Record<string, unknown>>): void {
    if (type === 'metadata') {
      this.#metadata = deserializeMetadata(data);
      mustBeSettable(this.#metadata);
      const at = typeof timestamp === 'string' ? timestampFrom(timestamp) : null;
      if (at === null) throw new SerializationError('Invalid timestamp format: metadata');
      momentOf(at);
      this.#createdAt ??= at;
      this.#times.push(at);
    } else if (type === 'message' || type === 'typed') {
      const message = deserializeStored(data);
      entryOf(message, 0); // so that what it is refused for has the number of its line
      this.#messages.push(message);
      const told = 'timestamp' in message ? message.timestamp : undefined;
      const at = typeof told === 'string' ? timestampFrom(told) : null;
      if (at !== null && isPlausibleMoment(Date.parse(at))) this.#times.push(at);
    } else if (type === 'saved') this.#save(data as Readonly<Record<string, unknown>>);
  }

  #save({ tags, description }: Readonly<Record<string, unknown>>): void {
    this.#saved = {
      tags: Array.isArray(tags) ? tags.map(String) : [],
      description: typeof description === 'string' ? description : null,
    };
  }

  state(): SessionState {
    const createdAt = this.#createdAt;
    if (this.#metadata === undefined || createdAt === undefined)
      throw new SerializationError('this is no session: its first line holds no metadata');
    const updatedAt = this.#times.reduce(
      (a, b) => (Date.parse(a) < Date.parse(b) ? b : a),
      createdAt,
    );
    const { tags, description } = this.#saved ?? { tags: [], description: null };
    return {
      sessionId: this.#sessionId,
      messages: this.#messages,
      metadata: this.#metadata,
      ...{ createdAt, updatedAt, tags, description },
    };
  }
}
