/**
 * The classic file store: a JSONL file per session, as the Python original keeps them, shared by any number of
 * processes. What it keeps where is in `session-files.ts` and `lines.ts`.
 */
import { join } from 'node:path';
import { homeFolder } from '../../../config/home-folder.ts';
import { GreenroomError, StorageError } from '../../../model/errors.ts';
import { iso } from '../../../model/moment.ts';
import type { Clock } from '../../../otp/clock.ts';
import { systemClock } from '../../../otp/system-clock.ts';
import { cleanUp, cutoffOf } from '../../aged-sessions.ts';
import type { CleanupOptions } from '../../classic-store.ts';
import {
  type ClassicStore,
  type InfoCriteria,
  type SaveOptions,
  type SessionInfo,
  searchInfos,
} from '../../classic-store.ts';
import type {
  CompactionState,
  NewMessage,
  NewMetadata,
  SessionState,
  StoredMessage,
} from '../../models.ts';
import { savedSession } from '../../saved-session.ts';
import {
  deserializeMessage,
  serializeCompactionState,
  serializeMessage,
} from '../../serialization.ts';
import {
  alreadyExists,
  type ChangeOptions,
  checkedId,
  checkedRange,
  type ListOptions,
  listingOf,
  notFound,
} from '../../session-store.ts';
import type { AnyMessage } from '../../transcript.ts';
import { CallOrder } from '../shared/call-order.ts';
import { LineBatches } from './line-batches.ts';
import { messageLine, metadataLine, savedLine } from './lines.ts';
import { type FileReport, SessionFiles, type StoredFile } from './session-files.ts';

export interface FileStoreOptions {
  /** Called for torn lines and for files that cannot be read; default: a warning of the process. */
  readonly onReport?: (report: FileReport) => void;
  /** Longest wait for another process that holds a session, in milliseconds; default 10,000. */
  readonly lockTimeoutMs?: number;
  readonly clock?: Clock;
}

export class FileSessionStore implements ClassicStore {
  readonly basePath: string;
  readonly #files: SessionFiles;
  readonly #order = new CallOrder();
  readonly #batches = new LineBatches();
  readonly #clock: Clock;

  constructor(
    basePath: string = join(homeFolder('the folder, as in file:DIR'), '.claude'),
    options: FileStoreOptions = {},
  ) {
    const { clock = systemClock, onReport = warn, lockTimeoutMs } = options;
    this.basePath = basePath;
    this.#clock = clock;
    this.#files = new SessionFiles(basePath, { clock, onReport, lockTimeoutMs });
  }

  async createSession(sessionId: string, metadata: NewMetadata = {}): Promise<void> {
    const text = metadataLine(metadata, this.#now());
    await this.#change(checkedId(sessionId), () => this.#create(sessionId, text));
  }

  async loadSession(sessionId: string): Promise<SessionState | null> {
    const stored = await this.#asStorage(() => this.#files.read(checkedId(sessionId)));
    return stored && stateOf(sessionId, stored);
  }

  async appendMessage(
    sessionId: string,
    message: NewMessage,
    { expectedVersion }: ChangeOptions = {},
  ): Promise<void> {
    const id = checkedId(sessionId);
    const line = messageLine(deserializeMessage(serializeMessage(message)));
    if (expectedVersion !== undefined)
      return this.#change(id, () => this.#files.append(id, line, expectedVersion));
    // Not `#change`, which would end the batch that this line may join.
    await this.#batches.add(id, line, (text) =>
      this.#order.run(id, () =>
        this.#asStorage(() => this.#files.hold(id, () => this.#files.append(id, text()))),
      ),
    );
  }

  async updateMetadata(
    sessionId: string,
    metadata: NewMetadata,
    { expectedVersion }: ChangeOptions = {},
  ): Promise<void> {
    const line = metadataLine(metadata, this.#now());
    await this.#change(checkedId(sessionId), () =>
      this.#files.append(sessionId, line, expectedVersion),
    );
  }

  async getMessages(sessionId: string, from?: number, to?: number): Promise<StoredMessage[]> {
    const range = checkedRange(from, to);
    const stored = await this.#asStorage(() => this.#files.read(checkedId(sessionId)));
    if (stored === null) throw notFound(sessionId);
    return stored.content.messages.slice(range.from, range.to);
  }

  async forkSession(sourceSessionId: string, newSessionId: string): Promise<void> {
    const source = checkedId(sourceSessionId);
    const target = checkedId(newSessionId);
    // First in the source's order, then in the new one's: the fork holds what was appended before it was asked for.
    const text = await this.#inOrder(source, () => this.#textOfFork(source));
    await this.#change(target, () => this.#create(target, text));
  }

  async compactSession(
    sessionId: string,
    state: CompactionState,
    { expectedVersion }: ChangeOptions = {},
  ): Promise<void> {
    serializeCompactionState(state); // refuses what is none before anything is read
    const compactionState = structuredClone(state);
    await this.#change(checkedId(sessionId), () =>
      this.#files.append(
        sessionId,
        ({ metadata }) => metadataLine({ ...metadata, compactionState }, this.#now()),
        expectedVersion,
      ),
    );
  }

  async listSessions(
    workingDirectory?: string | null | ListOptions,
    limit?: number,
  ): Promise<string[]> {
    const wanted = listingOf(workingDirectory, limit);
    const ids =
      wanted.workingDirectory === undefined
        ? (await this.#asStorage(() => this.#files.list())).map(({ sessionId }) => sessionId)
        : (await this.listSessionMetadata()).flatMap((info) =>
            info.workingDirectory === wanted.workingDirectory ? [info.sessionId] : [],
          );
    return ids.slice(0, wanted.limit);
  }

  async deleteSession(sessionId: string, { expectedVersion }: ChangeOptions = {}): Promise<void> {
    await this.#change(checkedId(sessionId), () => this.#files.remove(sessionId, expectedVersion));
  }

  async sessionExists(sessionId: string): Promise<boolean> {
    return this.#asStorage(() => this.#files.exists(checkedId(sessionId)));
  }

  async saveSession(
    sessionId: string,
    messages: readonly AnyMessage[],
    options: SaveOptions = {},
  ): Promise<void> {
    const { messages: copies } = savedSession(messages, options); // at the call, and refused before anything is read
    await this.#change(checkedId(sessionId), async () => {
      const before = await this.#files.readHeld(sessionId);
      const text = this.#textOfSaved(before, copies, options);
      if (before === null) await this.#create(sessionId, text);
      else await this.#files.replace(sessionId, text);
    });
  }

  async search(criteria: InfoCriteria = {}): Promise<SessionInfo[]> {
    return searchInfos(await this.#asStorage(() => this.#files.infos()), criteria);
  }

  async listSessionMetadata(): Promise<SessionInfo[]> {
    return this.search();
  }

  async cleanupOldSessions(options: CleanupOptions = {}): Promise<number> {
    const cutoffMs = cutoffOf(options, this.#clock.now());
    return cleanUp(this, await this.listSessionMetadata(), cutoffMs);
  }

  /** Waits for what was asked for; the next call opens again. */
  async close(): Promise<void> {
    await this.#order.idle();
    await this.#files.close();
  }

  #now(): string {
    return iso(this.#clock.now());
  }

  #create(sessionId: string, text: string): Promise<void> {
    return this.#files.create(sessionId, text).catch((error: unknown) => {
      throw (error as NodeJS.ErrnoException).code === 'EEXIST' ? alreadyExists(sessionId) : error;
    });
  }

  async #textOfFork(sourceSessionId: string): Promise<string> {
    const stored = await this.#files.read(sourceSessionId);
    if (stored === null) throw notFound(sourceSessionId);
    const { metadata, messages, saved } = stored.content;
    const lines = [metadataLine(metadata, this.#now()), ...messages.map(messageLine)];
    return [...lines, ...(saved === null ? [] : [savedLine(saved, lines.length + 1)])].join('');
  }

  #textOfSaved(
    before: StoredFile | null,
    messages: readonly AnyMessage[],
    options: SaveOptions,
  ): string {
    const saved = savedSession(messages, options, before?.content.metadata);
    return [
      metadataLine(saved.metadata, before?.content.createdAt ?? this.#now()),
      ...saved.messages.map(messageLine),
      savedLine(saved, (before?.content.version ?? 0) + 1),
    ].join('');
  }

  /** One change of one session: in the order of the calls, and no other process's between. */
  #change<T>(sessionId: string, work: () => Promise<T>): Promise<T> {
    return this.#inOrder(sessionId, () => this.#files.hold(sessionId, work));
  }

  #inOrder<T>(sessionId: string, work: () => Promise<T>): Promise<T> {
    this.#batches.end(sessionId);
    return this.#order.run(sessionId, () => this.#asStorage(work));
  }

  async #asStorage<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw error instanceof GreenroomError ? error : storageError(error);
    }
  }
}

const stateOf = (sessionId: string, { content, updatedAt }: StoredFile): SessionState => ({
  sessionId,
  messages: [...content.messages],
  metadata: content.metadata,
  createdAt: content.createdAt,
  updatedAt,
  version: content.version,
  ...(content.saved === null
    ? {}
    : { tags: [...content.saved.tags], description: content.saved.description }),
});

const storageError = (error: unknown): StorageError => {
  const { message, code } = error as NodeJS.ErrnoException;
  const isFull = code === 'ENOSPC' || code === 'EDQUOT';
  return new StorageError(message, { cause: error }, isFull ? 'disk_low' : 'storage_failed');
};

const warn = ({ message, kind }: FileReport): void => {
  process.emitWarning(message, {
    type: 'GreenroomWarning',
    code: `GREENROOM_${kind.toUpperCase()}`,
  });
};
