/**
 * Archives in a folder: a file for each object, which is whole and on disk when it is there under its name. It may be on another
 * machine's disk (SMB, WebDAV, a stick): such file systems know neither second names of a file nor modes, nor a folder that is synced.
 */
import { hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { link, open, opendir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { GreenroomError } from '../../model/errors.ts';
import { makeFolder } from '../../platform/make-folder.ts';
import { isName, type Listed, type Local, mustBeName, type Target } from './target.ts';

const NEW_FILE = { mode: 0o600, flush: true, flag: 'wx' } as const;
const CHUNK = 256 * 1024;

export class FolderTarget implements Target {
  readonly place: { readonly kind: 'folder'; readonly dir: string };
  readonly #disk: Disk;

  /** @param dir absolute; made when the first object comes. @param disk what not every file system can. */
  constructor(dir: string, disk: Disk = DISK) {
    this.place = { kind: 'folder', dir };
    this.#disk = disk;
  }

  uri(name: string): string {
    return pathToFileURL(this.local(name)).href;
  }

  local(name: string): string {
    return join(this.place.dir, mustBeName(name));
  }

  async put(name: string, file: Local, _signal: AbortSignal, isForced = false): Promise<void> {
    if (!isForced && (await this.size(name)) === file.size) return;
    await this.#place(name, (draft) => this.#moved(file.path, draft));
  }

  async putOnce(name: string, bytes: Buffer): Promise<boolean> {
    // Another process may be at the same name: its draft is another file, unless it says the same.
    const own = this.#draft(`${name}.${hash('sha256', bytes).slice(0, 8)}`);
    const draft = await this.#drafted(own, (path) => written(path, bytes));
    try {
      await this.#disk.link(draft, this.local(name)).catch(async (error: unknown) => {
        if (!CANNOT.includes(codeOf(error))) throw error;
        // As with a bucket that knows no condition: who must be alone looks once more.
        if ((await this.size(name)) !== undefined) throw there(name);
        await rename(draft, this.local(name));
      });
    } catch (error) {
      if (codeOf(error) === 'EEXIST') return false;
      throw failed(error);
    } finally {
      await rm(draft, { force: true });
    }
    await this.#sync();
    return true;
  }

  overwrite(name: string, bytes: Buffer): Promise<void> {
    return this.#place(name, (draft) => written(draft, bytes));
  }

  async *read(name: string, from: number, to: number): AsyncGenerator<Uint8Array> {
    if (to <= from) return;
    if ((await this.size(name)) === undefined)
      throw new GreenroomError('archive_not_found', 'the bytes are not where they were put');
    const options = { start: from, end: to - 1, highWaterMark: CHUNK };
    try {
      yield* createReadStream(this.local(name), options) as AsyncIterable<Uint8Array>;
    } catch (error) {
      throw failed(error);
    }
  }

  /** What is no file is none of ours: a pipe of that name would be read for ever. */
  async size(name: string): Promise<number | undefined> {
    try {
      const there = await stat(this.local(name));
      return there.isFile() ? there.size : undefined;
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return undefined;
      throw failed(error);
    }
  }

  async *list(): AsyncGenerator<Listed> {
    try {
      for await (const entry of await opendir(this.place.dir)) {
        const size = isName(entry.name) ? await this.size(entry.name) : undefined;
        if (size !== undefined) yield { name: entry.name, size };
      }
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') throw failed(error);
    }
  }

  async remove(name: string): Promise<void> {
    try {
      await rm(this.local(name), { force: true });
      await rm(this.#draft(name), { force: true });
    } catch (error) {
      throw failed(error);
    }
  }

  #draft(name: string): string {
    return join(this.place.dir, `${mustBeName(name)}.part`);
  }

  async #drafted(draft: string, make: (draft: string) => Promise<void>): Promise<string> {
    try {
      await makeFolder(this.place.dir);
      await rm(draft, { force: true });
      await make(draft);
      return draft;
    } catch (error) {
      await rm(draft, { force: true }).catch(() => undefined);
      throw failed(error);
    }
  }

  async #place(name: string, make: (draft: string) => Promise<void>): Promise<void> {
    const draft = await this.#drafted(this.#draft(name), make);
    await rename(draft, this.local(name)).catch((error: unknown) => {
      throw failed(error);
    });
    await this.#sync();
  }

  async #sync(): Promise<void> {
    await this.#disk.syncFolder(this.place.dir).catch((error: unknown) => {
      if (!CANNOT.includes(codeOf(error))) throw failed(error);
    });
  }

  /** On one disk it is only renamed: the file was synced when it was written. Its mode is set by nothing but its making. */
  async #moved(from: string, to: string): Promise<void> {
    await this.#disk.rename(from, to).catch(async (error: unknown) => {
      if (codeOf(error) !== 'EXDEV') throw error;
      await writeFile(to, createReadStream(from, { highWaterMark: CHUNK }), NEW_FILE);
    });
  }
}

/** What not every file system can. */
export interface Disk {
  readonly link: (from: string, to: string) => Promise<void>;
  readonly rename: (from: string, to: string) => Promise<void>;
  readonly syncFolder: (path: string) => Promise<void>;
}

const DISK: Disk = {
  link,
  rename,
  syncFolder: async (path) => {
    const folder = await open(path, 'r');
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  },
};

/** What such a file system says. */
const CANNOT: readonly (string | undefined)[] = [
  ...['EPERM', 'EACCES', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EINVAL', 'ENOTTY', 'EBADF', 'EMLINK'],
];

const there = (name: string): Error =>
  Object.assign(new Error(`${name} is there`), { code: 'EEXIST' });

const written = (path: string, bytes: Buffer): Promise<void> => writeFile(path, bytes, NEW_FILE);

const codeOf = (error: unknown): string | undefined => (error as NodeJS.ErrnoException).code;

const failed = (cause: unknown): GreenroomError => {
  if (cause instanceof GreenroomError) return cause;
  if (codeOf(cause) === 'ENOENT')
    return new GreenroomError('archive_not_found', 'the bytes are not where they were put', {
      cause,
    });
  return new GreenroomError('unavailable', `the folder of archives: ${(cause as Error).message}`, {
    cause,
  });
};
