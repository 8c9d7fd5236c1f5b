/**
 * One session file, open: whether it is ours, where its last whole line ends, and how a line is added so that
 * after any failure the file is as it was.
 */
import { constants } from 'node:fs';
import { type FileHandle, lstat, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Clock } from '../../../otp/clock.ts';
import { isOurs, NEWLINE, parsed } from './lines.ts';

const CHUNK_BYTES = 64 * 1024;
/** Where a first line without end is given up: ours are far shorter. */
const MAX_FIRST_LINE_BYTES = 1024 * 1024;

const { O_RDONLY, O_RDWR, O_APPEND, O_NOFOLLOW } = constants;

/** What tells that a file is as it was when it was last looked at. */
export interface FileMark {
  readonly ino: number;
  readonly size: number;
  readonly ctimeMs: number;
  readonly mtimeMs: number;
}

export const isSame = (a: FileMark, b: FileMark): boolean =>
  a.ino === b.ino && a.size === b.size && a.ctimeMs === b.ctimeMs;

export interface FileEnd {
  /** Bytes up to the end of the last whole line. */
  readonly wholeBytes: number;
  readonly isEnded: boolean;
}

export class OpenFile {
  readonly mark: FileMark;
  readonly #handle: FileHandle;

  private constructor(handle: FileHandle, mark: FileMark) {
    this.#handle = handle;
    this.mark = mark;
  }

  /** null: there is none, or what stands there is no plain file in a plain folder. */
  static async open(path: string, how: 'read' | 'append'): Promise<OpenFile | null> {
    try {
      if (!(await lstat(dirname(path))).isDirectory()) return null;
      const handle = await open(path, (how === 'read' ? O_RDONLY : O_RDWR | O_APPEND) | O_NOFOLLOW);
      const stat = await handle.stat();
      if (stat.isFile()) return new OpenFile(handle, stat);
      await handle.close();
      return null;
    } catch (error) {
      if (ABSENT.includes(String((error as NodeJS.ErrnoException).code))) return null;
      throw error;
    }
  }

  /** Whether the first line says so. */
  async isOurs(): Promise<boolean> {
    const chunks: Buffer[] = [];
    for (let at = 0; at < Math.min(this.mark.size, MAX_FIRST_LINE_BYTES); at += CHUNK_BYTES) {
      const chunk = await this.#read(at, CHUNK_BYTES);
      const newline = chunk.indexOf(NEWLINE);
      if (newline !== -1) return isOurs(Buffer.concat([...chunks, chunk.subarray(0, newline)]));
      chunks.push(chunk);
    }
    return isOurs(Buffer.concat(chunks));
  }

  readAll(): Promise<Buffer> {
    return this.#handle.readFile();
  }

  /** Where the last whole line ends: reads that line only. */
  async end(): Promise<FileEnd> {
    const { size } = this.mark;
    let line: Buffer = Buffer.alloc(0);
    for (let at = size; at > 0; ) {
      const from = Math.max(0, at - CHUNK_BYTES);
      line = Buffer.concat([await this.#read(from, at - from), line]);
      at = from;
      const newline = line.lastIndexOf(NEWLINE, line.length - 2);
      if (newline === -1 || line.length < 2) continue;
      line = line.subarray(newline + 1);
      break;
    }
    const isEnded = line.at(-1) === NEWLINE;
    if (parsed(line) !== undefined || line.toString().trim() === '')
      return { wholeBytes: size, isEnded };
    return { wholeBytes: size - line.length, isEnded: true };
  }

  /** Adds the text behind the last whole line; resolves when it is on disk, with the file's new mark. */
  async append(text: string, { wholeBytes, isEnded }: FileEnd, clock: Clock): Promise<FileMark> {
    try {
      if (wholeBytes < this.mark.size) await this.#handle.truncate(wholeBytes);
      await this.#handle.appendFile(isEnded ? text : `\n${text}`);
      await this.touch(clock);
      await this.#handle.datasync();
    } catch (error) {
      await this.#handle.truncate(wholeBytes).catch(() => undefined);
      throw error;
    }
    return this.#handle.stat();
  }

  /** The kernel's own times are some milliseconds coarse: too coarse for an order of updates. */
  async touch(clock: Clock): Promise<void> {
    const seconds = Math.max(clock.now(), Math.round(this.mark.mtimeMs)) / 1_000;
    await this.#handle.utimes(seconds, seconds);
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }

  async #read(position: number, length: number): Promise<Buffer> {
    const { buffer, bytesRead } = await this.#handle.read({
      buffer: Buffer.alloc(length),
      length,
      position,
    });
    return buffer.subarray(0, bytesRead);
  }
}

/** No such file, no such folder, a link, a thing that is no folder. */
const ABSENT: readonly string[] = ['ENOENT', 'ELOOP', 'ENOTDIR', 'EISDIR'];
