/**
 * A log in files of bounded size: `path` is written, `path.1`, `path.2`, … are older. It owns the open file.
 *
 * Not pino's own rotation: that writes from a thread, and the line that tells of a crash would be lost with it.
 *
 * 1. No line stands in two files; only a disk that filled up leaves one cut.
 * 2. At most `files` files, each at most `maxBytes` and a line long. Where they cannot be renamed, or no new one can be
 *    opened, the open one is emptied, and says so: a log must not fill the disk of the store. The older ones stay.
 * 3. After the constructor nothing that the file system says reaches the writer: `LineOutput` drops, counts, tells.
 */
import {
  closeSync,
  fstatSync,
  ftruncateSync,
  openSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { LineOutput } from './line-output.ts';
import { lostLine, ownLine } from './log-line.ts';
import { makeFolderSync } from './make-folder.ts';

export interface LogFileOptions {
  readonly path: string;
  /** Of one file. */
  readonly maxBytes: number;
  /** The one that is written and older ones; at least 1. */
  readonly files: number;
}

export class LogFile {
  readonly #options: LogFileOptions;
  readonly #output: LineOutput;
  #fd: number;
  #bytes: number;
  /** A device or a pipe has no size and no older ones. */
  #isPlain: boolean;

  /** Throws what the file system says if the file cannot be opened. */
  constructor(options: LogFileOptions) {
    this.#options = options;
    makeFolderSync(dirname(options.path));
    const { fd, bytes, isPlain } = opened(options.path);
    this.#fd = fd;
    this.#bytes = bytes;
    this.#isPlain = isPlain;
    this.#output = new LineOutput({ fd, lostLine, writeSome: (_, all) => this.#writeSome(all) });
  }

  /** @param line with its line end. Never throws. */
  write(line: string): void {
    const isFull = this.#bytes + Buffer.byteLength(line) > this.#options.maxBytes;
    if (this.#isPlain && this.#bytes > 0 && isFull) this.#turn();
    this.#output.write(line);
  }

  /** The file that stands at `path` now: another program may have renamed ours. Goes on with ours where that fails. */
  reopen(): void {
    try {
      this.#take(opened(this.#options.path));
    } catch (error) {
      this.#output.write(
        ownLine({}, `the log cannot be opened again: ${(error as Error).message}`),
      );
    }
  }

  #take({ fd, bytes, isPlain }: Opened): void {
    closeSync(this.#fd);
    this.#fd = fd;
    this.#bytes = bytes;
    this.#isPlain = isPlain;
  }

  #writeSome(all: Uint8Array): number {
    const count = writeSync(this.#fd, all);
    this.#bytes += count;
    return count;
  }

  /** The new file is opened before any older one is given up for it: there may be no descriptor or no room for one. */
  #turn(): void {
    const { path } = this.#options;
    const newPath = `${path}.new`;
    let fresh: Opened | undefined;
    try {
      fresh = opened(newPath);
      this.#rename();
      renameSync(newPath, path);
      this.#take(fresh);
    } catch (error) {
      if (fresh !== undefined) discarded(fresh.fd, newPath);
      this.#empty((error as Error).message);
    }
  }

  /** Every name moves by one; the last one's file goes. */
  #rename(): void {
    const { path, files } = this.#options;
    const names = [path, ...Array.from({ length: files - 1 }, (_, at) => `${path}.${at + 1}`)];
    rmSync(names.at(-1) ?? path, { force: true });
    for (let at = names.length - 2; at >= 0; at -= 1) moved(names[at] ?? '', names[at + 1] ?? '');
  }

  #empty(why: string): void {
    const lost = this.#bytes;
    try {
      ftruncateSync(this.#fd);
      this.#bytes = 0;
      const msg = `${lost} bytes of this log were given up: no other file can take its place: ${why}`;
      this.#output.write(ownLine({ lost }, msg));
    } catch {
      this.#bytes = 0; // it takes no change at all: the next look is as many bytes later
    }
  }
}

interface Opened {
  readonly fd: number;
  readonly bytes: number;
  readonly isPlain: boolean;
}

const opened = (path: string): Opened => {
  const fd = openSync(path, 'a', 0o600);
  const found = fstatSync(fd);
  return { fd, bytes: found.size, isPlain: found.isFile() };
};

const discarded = (fd: number, path: string): void => {
  closeSync(fd);
  rmSync(path, { force: true });
};

const moved = (from: string, to: string): void => {
  try {
    renameSync(from, to);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
};
