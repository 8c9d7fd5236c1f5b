/**
 * The lines of a classic session file, and what a whole file says:
 *
 *     {"type":"metadata","data":{…},"timestamp":iso}    the first line, and each update
 *     {"type":"message","data":{role, content, id, timestamp}}
 *     {"type":"typed","data":{…}}                       a typed message, verbatim
 *     {"type":"saved","data":{tags, description, version}}
 *
 * 1. A later metadata line wins; the first one's time is when the session was made.
 * 2. The Python original passes over types that it does not know, and so do we.
 * 3. The version is the number of lines, counted on from what the last `saved` line says.
 * 4. A last line that is torn is dropped. A broken line before it is a `StorageError` that names its number.
 */

import { SerializationError, StorageError } from '../../../model/errors.ts';
import {
  isTyped,
  type NewMetadata,
  type SessionMetadata,
  type StoredMessage,
} from '../../models.ts';
import {
  deserializeMessage,
  deserializeMetadata,
  deserializeStored,
  type Plain,
  serializeMetadata,
  serializeStored,
  toJson,
} from '../../serialization.ts';
import { storedTimestamp, timestampFrom } from '../../timestamp.ts';

export interface SavedFacts {
  readonly tags: readonly string[];
  readonly description: string | null;
}

export interface FileContent {
  readonly metadata: SessionMetadata;
  readonly createdAt: string;
  readonly messages: readonly StoredMessage[];
  readonly saved: SavedFacts | null;
  readonly version: number;
  /** Bytes up to the end of the last whole line. */
  readonly wholeBytes: number;
  /** The last whole line has its newline. */
  readonly isEnded: boolean;
  /** What stands behind them and is dropped. */
  readonly torn: { readonly line: number; readonly bytes: number } | null;
}

// ── writing ──────────────────────────────────────────────────────────────────────────────────────

const lineOf = (entry: Plain): string => `${toJson(entry)}\n`;

export const metadataLine = (metadata: NewMetadata, at: string): string =>
  lineOf({ type: 'metadata', data: serializeMetadata(metadata), timestamp: storedTimestamp(at) });

export const messageLine = (message: StoredMessage): string =>
  lineOf({ type: isTyped(message) ? 'typed' : 'message', data: serializeStored(message) });

/** @param version that of the session once this line stands. */
export const savedLine = ({ tags, description }: SavedFacts, version: number): string =>
  lineOf({ type: 'saved', data: { tags, description, version } });

// ── reading ──────────────────────────────────────────────────────────────────────────────────────

export const NEWLINE = 0x0a;

/** Whether a file begins as one of ours; everything else under the same folder is somebody else's. */
export const isOurs = (firstLine: Buffer): boolean => {
  const entry = parsed(firstLine);
  return entry?.['type'] === 'metadata' && isObject(entry['data']);
};

const isObject = (value: unknown): value is Plain =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A line as the object that it must be; undefined if it is none. */
export const parsed = (line: Buffer): Plain | undefined => {
  try {
    const value: unknown = JSON.parse(line.toString());
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
};

/** @param path for messages. Throws a `StorageError`, code `corrupt_record`. */
export const readContent = (bytes: Buffer, path: string): FileContent => {
  const reading = new Reading(path);
  let at = 0;
  while (at < bytes.length) {
    const newline = bytes.indexOf(NEWLINE, at);
    const end = newline === -1 ? bytes.length : newline + 1;
    reading.take(bytes.subarray(at, end), end === bytes.length);
    at = end;
  }
  return reading.content();
};

class Reading {
  readonly #path: string;
  readonly #messages: StoredMessage[] = [];
  #metadata: SessionMetadata | undefined;
  #createdAt: string | undefined;
  #saved: SavedFacts | null = null;
  #version = 0;
  #line = 0;
  #wholeBytes = 0;
  #isEnded = true;
  #torn: FileContent['torn'] = null;

  constructor(path: string) {
    this.#path = path;
  }

  take(line: Buffer, isLast: boolean): void {
    this.#line += 1;
    const entry = parsed(line);
    if (entry === undefined && !isBlank(line)) {
      if (!isLast || this.#metadata === undefined) throw this.#broken('is no JSON object');
      this.#torn = { line: this.#line, bytes: line.length };
      return;
    }
    if (entry !== undefined) this.#understand(entry);
    this.#wholeBytes += line.length;
    this.#isEnded = line.at(-1) === NEWLINE;
  }

  content(): FileContent {
    if (this.#metadata === undefined || this.#createdAt === undefined)
      throw this.#broken('is no metadata, with which a session begins');
    return {
      metadata: this.#metadata,
      createdAt: this.#createdAt,
      messages: this.#messages,
      saved: this.#saved,
      version: this.#version,
      wholeBytes: this.#wholeBytes,
      isEnded: this.#isEnded,
      torn: this.#torn,
    };
  }

  #understand(entry: Plain): void {
    this.#version += 1;
    try {
      this.#add(entry);
    } catch (error) {
      if (!(error instanceof SerializationError)) throw error;
      throw this.#broken(`cannot be read: ${error.message}`, error);
    }
  }

  #add({ type, data, timestamp }: Plain): void {
    if (type === 'metadata') {
      this.#metadata = deserializeMetadata(data);
      this.#createdAt ??= madeAt(timestamp);
    } else if (type === 'message') this.#messages.push(deserializeMessage(data));
    else if (type === 'typed') this.#messages.push(deserializeStored(data));
    else if (type === 'saved' && isObject(data)) this.#save(data);
  }

  #save({ tags, description, version }: Plain): void {
    this.#saved = {
      tags: Array.isArray(tags) ? tags.map(String) : [],
      description: typeof description === 'string' ? description : null,
    };
    if (typeof version === 'number') this.#version = version;
  }

  #broken(why: string, cause?: unknown): StorageError {
    const line = this.#line;
    return new StorageError(
      `line ${line} of ${this.#path} ${why}`,
      { cause, details: { line, path: this.#path } },
      'corrupt_record',
    );
  }
}

const isBlank = (line: Buffer): boolean => line.toString().trim() === '';

const madeAt = (timestamp: unknown): string => {
  const at = typeof timestamp === 'string' ? timestampFrom(timestamp) : null;
  if (at === null) throw new SerializationError(`Invalid timestamp format: ${String(timestamp)}`);
  return at;
};
