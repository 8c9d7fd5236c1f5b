/**
 * The session files below one folder: `<base>/projects/<id>/<id>.jsonl`.
 *
 * 1. Only files that begin with a metadata line are ours. Claude Code keeps its transcripts under the same
 *    `projects`: they are never listed, written, locked, cleaned or deleted.
 * 2. An update appends a line; only `replace` writes a whole file, and puts it in place at once.
 * 3. A change needs the session's lock; a read does not.
 */
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ID_PATTERN } from '../../../model/ids.ts';
import { iso } from '../../../model/moment.ts';
import type { Clock } from '../../../otp/clock.ts';
import type { SessionInfo } from '../../classic-store.ts';
import { notFound, versionPassed } from '../../session-store.ts';
import { summarize } from '../../transcript.ts';
import { type FileContent, readContent } from './lines.ts';
import { type FileMark, isSame, OpenFile } from './open-file.ts';
import { ignore, ProcessLock } from './process-lock.ts';
import { putFile, removeFile } from './whole-file.ts';

/** Files of which it is remembered how they were: saves reading what has not changed. */
const MAX_KNOWN = 10_000;
/** Files looked at side by side. */
const AT_ONCE = 16;

/** Something that was found and passed over. */
export interface FileReport {
  readonly kind: 'torn_line' | 'broken_file';
  readonly sessionId: string;
  readonly message: string;
}

export interface SessionFilesOptions {
  readonly clock: Clock;
  readonly lockTimeoutMs?: number | undefined;
  readonly onReport: (report: FileReport) => void;
}

export interface StoredFile {
  readonly content: FileContent;
  readonly updatedAt: string;
}

interface Known {
  readonly mark: FileMark;
  /** The last line was whole. */
  readonly isWhole: boolean;
  readonly info?: SessionInfo;
}

type Line = string | ((content: FileContent) => string);

export class SessionFiles {
  readonly #projects: string;
  readonly #lock: ProcessLock;
  readonly #options: SessionFilesOptions;
  readonly #known = new Map<string, Known>();

  constructor(base: string, options: SessionFilesOptions) {
    this.#projects = join(base, 'projects');
    this.#options = options;
    const { clock, lockTimeoutMs: timeoutMs } = options;
    this.#lock = new ProcessLock(join(base, '.greenroom-locks'), { clock, timeoutMs });
  }

  pathOf(sessionId: string): string {
    return join(this.#projects, sessionId, `${sessionId}.jsonl`);
  }

  hold<T>(sessionId: string, work: () => Promise<T>): Promise<T> {
    return this.#lock.hold(sessionId, work);
  }

  /** The session as it is stored; null if it is not ours. A torn line is looked at again under the lock. */
  async read(sessionId: string): Promise<StoredFile | null> {
    const seen = await this.readHeld(sessionId);
    if (seen === null || seen.content.torn === null) return seen;
    const again = await this.hold(sessionId, () => this.readHeld(sessionId));
    if (again?.content.torn) this.#reportTorn(sessionId, again.content.torn);
    return again;
  }

  /** The same, for a caller that holds the lock. */
  async readHeld(sessionId: string): Promise<StoredFile | null> {
    const file = await this.#open(sessionId, 'read');
    if (file === null) return null;
    try {
      const content = readContent(await file.readAll(), this.pathOf(sessionId));
      return { content, updatedAt: iso(Math.round(file.mark.mtimeMs)) };
    } finally {
      await file.close();
    }
  }

  async exists(sessionId: string): Promise<boolean> {
    return (await this.#look(sessionId)) !== null;
  }

  /** Adds a line, or one that is computed from what stands there. The lock must be held. */
  async append(sessionId: string, line: Line, expectedVersion?: number): Promise<void> {
    const file = await this.#open(sessionId, 'append');
    if (file === null) throw notFound(sessionId);
    try {
      const mustRead = expectedVersion !== undefined || typeof line !== 'string';
      const content = mustRead
        ? readContent(await file.readAll(), this.pathOf(sessionId))
        : undefined;
      if (content !== undefined) mustBeAt(sessionId, content, expectedVersion);
      const end = content ?? (await this.#endOf(sessionId, file));
      const text = typeof line === 'string' ? line : line(content as FileContent);
      if (end.wholeBytes < file.mark.size) this.#reportTorn(sessionId, content?.torn ?? null);
      const mark = await file.append(text, end, this.#options.clock);
      this.#remember(sessionId, { mark, isWhole: true });
    } finally {
      await file.close();
    }
  }

  /** Puts a new session in place; fails with `EEXIST` if anything stands there. */
  async create(sessionId: string, text: string): Promise<void> {
    await this.#put(sessionId, text, false);
  }

  async replace(sessionId: string, text: string): Promise<void> {
    await this.#put(sessionId, text, true);
  }

  /** The lock must be held. */
  async remove(sessionId: string, expectedVersion?: number): Promise<void> {
    if (!(await this.exists(sessionId))) throw notFound(sessionId);
    if (expectedVersion !== undefined) {
      const stored = await this.readHeld(sessionId);
      if (stored !== null) mustBeAt(sessionId, stored.content, expectedVersion);
    }
    this.#known.delete(sessionId);
    await removeFile(this.pathOf(sessionId), this.#lock);
  }

  /** Ids of our sessions and when they were updated last, newest first. */
  async list(): Promise<{ readonly sessionId: string; readonly updatedMs: number }[]> {
    const found = await this.#each(async (sessionId) => {
      const mark = await this.#look(sessionId);
      return mark && { sessionId, updatedMs: Math.round(mark.mtimeMs) };
    });
    return found.sort((a, b) => b.updatedMs - a.updatedMs);
  }

  /** What is known of each session. One that cannot be read is reported and passed over. */
  infos(): Promise<SessionInfo[]> {
    return this.#each((sessionId) => this.#info(sessionId));
  }

  async close(): Promise<void> {
    this.#known.clear();
    await this.#lock.clear();
  }

  async #each<T>(look: (sessionId: string) => Promise<T | null>): Promise<T[]> {
    const folders = await readdir(this.#projects, { withFileTypes: true }).catch(
      (error: unknown) => {
        ignore('ENOENT')(error);
        return [];
      },
    );
    const ids = folders.flatMap((folder) =>
      folder.isDirectory() && ID_PATTERN.test(folder.name) ? [folder.name] : [],
    );
    const found: T[] = [];
    for (let at = 0; at < ids.length; at += AT_ONCE)
      for (const each of await Promise.all(ids.slice(at, at + AT_ONCE).map(look)))
        if (each !== null) found.push(each);
    return found;
  }

  /** The file's mark; null if it is not ours. Reads its first line, unless it is known. */
  async #look(sessionId: string): Promise<FileMark | null> {
    const known = this.#known.get(sessionId);
    if (known !== undefined) {
      const mark = await lstat(this.pathOf(sessionId)).catch(() => undefined);
      if (mark !== undefined && isSame(mark, known.mark)) return mark;
    }
    const file = await this.#open(sessionId, 'read');
    if (file === null) return null;
    await file.close();
    this.#remember(sessionId, { mark: file.mark, isWhole: false });
    return file.mark;
  }

  async #info(sessionId: string): Promise<SessionInfo | null> {
    const mark = await this.#look(sessionId);
    const known = this.#known.get(sessionId);
    if (mark === null || known?.info !== undefined) return known?.info ?? null;
    try {
      const stored = await this.read(sessionId);
      const info = stored && infoOf(sessionId, stored);
      if (info !== null && known !== undefined) this.#remember(sessionId, { ...known, info });
      return info;
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      this.#options.onReport({ kind: 'broken_file', sessionId, message });
      return null;
    }
  }

  async #open(sessionId: string, how: 'read' | 'append'): Promise<OpenFile | null> {
    const file = await OpenFile.open(this.pathOf(sessionId), how);
    if (file === null) return null;
    const known = this.#known.get(sessionId);
    if ((known !== undefined && isSame(known.mark, file.mark)) || (await file.isOurs()))
      return file;
    await file.close();
    return null;
  }

  async #endOf(sessionId: string, file: OpenFile) {
    const known = this.#known.get(sessionId);
    return known?.isWhole && isSame(known.mark, file.mark)
      ? { wholeBytes: file.mark.size, isEnded: true }
      : file.end();
  }

  async #put(sessionId: string, text: string, mayReplace: boolean): Promise<void> {
    this.#known.delete(sessionId);
    const { clock } = this.#options;
    await putFile(this.pathOf(sessionId), text, { lock: this.#lock, clock, mayReplace });
  }

  #remember(sessionId: string, known: Known): void {
    this.#known.delete(sessionId);
    this.#known.set(sessionId, known);
    const [oldest] = this.#known.keys();
    if (this.#known.size > MAX_KNOWN && oldest !== undefined) this.#known.delete(oldest);
  }

  #reportTorn(sessionId: string, torn: FileContent['torn']): void {
    const where = torn === null ? 'the last line' : `line ${torn.line}, ${torn.bytes} bytes,`;
    const message = `${where} of ${this.pathOf(sessionId)} was torn and is dropped`;
    this.#options.onReport({ kind: 'torn_line', sessionId, message });
  }
}

const mustBeAt = (sessionId: string, { version }: FileContent, expected: number | undefined) => {
  if (expected !== undefined && expected !== version)
    throw versionPassed(sessionId, expected, version);
};

const infoOf = (sessionId: string, { content, updatedAt }: StoredFile): SessionInfo => ({
  sessionId,
  createdAt: content.createdAt,
  updatedAt,
  messageCount: content.messages.length,
  totalCost: content.metadata.totalCostUsd,
  tags: content.saved?.tags ?? [],
  summary: summarize(content.messages),
  description: content.saved?.description ?? null,
  model: content.metadata.model,
  workingDirectory: content.metadata.workingDirectory,
  version: content.version,
});
