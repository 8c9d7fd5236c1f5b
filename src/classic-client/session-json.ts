/**
 * The persistent client's files: `<id>.json` for each session, in one folder, in the older client's form, and in place whole
 * or not at all. A folder may hold files of other programs: those are never listed, written or deleted.
 */
import { open, readdir, readFile, rename, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { jsonFileKind, readJsonFile } from '../classic/json-file.ts';
import type { SessionState, StoredMessage } from '../classic/models.ts';
import { deserializeStored, fromJson, serializeStored, toJson } from '../classic/serialization.ts';
import { checkedId } from '../classic/session-store.ts';
import { storedTimestamp, timestampFrom } from '../classic/timestamp.ts';
import { SerializationError, StorageError } from '../model/errors.ts';
import { newJobId } from '../model/ids.ts';
import { systemClock } from '../otp/system-clock.ts';
import { makeFolder } from '../platform/make-folder.ts';

/** What a file holds. */
export interface SavedConversation {
  readonly sessionId: string;
  readonly startTime: string;
  readonly lastActivity: string;
  readonly conversationHistory: readonly StoredMessage[];
  readonly workingDirectory: string;
  /** By the older names, as they stand there. */
  readonly options: Readonly<Record<string, unknown>>;
}

type Plain = Readonly<Record<string, unknown>>;

export class SessionJsonFiles {
  readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
  }

  pathOf(sessionId: string): string {
    return join(this.folder, `${checkedId(sessionId)}.json`);
  }

  /** Ids, newest activity first. A file that cannot be read is left out. */
  async list(): Promise<string[]> {
    const names = await readdir(this.folder).catch(unlessAbsent(NO_NAMES));
    const found: SavedConversation[] = [];
    for (const name of names.filter((one) => /^[A-Za-z0-9_-]{1,128}\.json$/.test(one))) {
      const saved = await this.load(name.slice(0, -'.json'.length)).catch(unlessBroken);
      if (saved !== null) found.push(saved);
    }
    return found.toSorted(newestFirst).map(({ sessionId }) => sessionId);
  }

  /** null: there is none, or it is another program's. Throws `SerializationError` for one that cannot be read. */
  async load(sessionId: string): Promise<SavedConversation | null> {
    const text = await this.#read(sessionId);
    if (text === null) return null;
    const data = fromJson(text);
    return jsonFileKind(data) === 'conversation' ? conversationIn(data as Plain) : null;
  }

  /** The same as a session of a store. */
  async state(sessionId: string): Promise<SessionState | null> {
    const text = await this.#read(sessionId);
    if (text === null || jsonFileKind(fromJson(text)) !== 'conversation') return null;
    return readJsonFile(text);
  }

  /** Whether there is a file of that name that is not ours to write. */
  async isForeign(sessionId: string): Promise<boolean> {
    const text = await this.#read(sessionId);
    return text !== null && jsonFileKind(fromJson(text)) !== 'conversation';
  }

  async save(saved: SavedConversation): Promise<void> {
    const path = this.pathOf(saved.sessionId);
    await makeFolder(this.folder);
    const temporary = join(this.folder, `.${saved.sessionId}.${newJobId(systemClock.now())}.tmp`);
    try {
      await write(temporary, toJson(plainOf(saved)));
      await rename(temporary, path);
    } catch (error) {
      await unlink(temporary).catch(() => undefined);
      throw new StorageError(`cannot write ${path}`, { cause: error });
    }
  }

  /** Deletes the file if it is ours; one that is not there is no error. */
  async delete(sessionId: string): Promise<void> {
    if ((await this.load(sessionId)) === null) return;
    await unlink(this.pathOf(sessionId)).catch(unlessAbsent(undefined));
  }

  #read(sessionId: string): Promise<string | null> {
    return readFile(this.pathOf(sessionId), 'utf8').catch(unlessAbsent(null));
  }
}

const NO_NAMES: readonly string[] = [];

const unlessAbsent =
  <T>(instead: T) =>
  (error: NodeJS.ErrnoException): T => {
    if (error.code === 'ENOENT') return instead;
    throw error;
  };

const unlessBroken = (error: unknown): null => {
  if (error instanceof SerializationError) return null;
  throw error;
};

const newestFirst = (one: SavedConversation, other: SavedConversation): number =>
  Date.parse(other.lastActivity) - Date.parse(one.lastActivity);

const write = async (path: string, text: string): Promise<void> => {
  const file = await open(path, 'wx', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
};

const plainOf = (saved: SavedConversation): Plain => ({
  session_id: saved.sessionId,
  start_time: storedTimestamp(saved.startTime),
  last_activity: storedTimestamp(saved.lastActivity),
  conversation_history: saved.conversationHistory.map(serializeStored),
  working_directory: saved.workingDirectory,
  options: saved.options,
});

const conversationIn = (data: Plain): SavedConversation => {
  const { conversation_history: history, working_directory, options } = data;
  const startTime = timeIn(data['start_time']);
  return {
    sessionId: textIn(data, 'session_id'),
    startTime,
    lastActivity: data['last_activity'] === undefined ? startTime : timeIn(data['last_activity']),
    conversationHistory: (history as readonly unknown[]).map(deserializeStored),
    workingDirectory: typeof working_directory === 'string' ? working_directory : '.',
    options: typeof options === 'object' && options !== null ? (options as Plain) : {},
  };
};

const textIn = (data: Plain, field: string): string => {
  const value = data[field];
  if (typeof value === 'string') return value;
  throw new SerializationError(`Missing required field: ${field}`);
};

const timeIn = (value: unknown): string => {
  const time = typeof value === 'string' ? timestampFrom(value) : null;
  if (time === null) throw new SerializationError(`Invalid timestamp format: ${String(value)}`);
  return time;
};
