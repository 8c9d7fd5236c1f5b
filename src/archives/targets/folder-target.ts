/** Archives in a folder: a file for each object, which is whole and on disk when it is there under its name. */
import { hash } from 'node:crypto';
import { constants, createReadStream } from 'node:fs';
import { copyFile, link, open, opendir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { GreenroomError } from '../../model/errors.ts';
import { makeFolder } from '../../platform/make-folder.ts';
import { isName, type Listed, type Local, mustBeName, type Target } from './target.ts';

const PRIVATE_FILE = 0o600;
const CHUNK = 256 * 1024;

export class FolderTarget implements Target {
  readonly place: { readonly kind: 'folder'; readonly dir: string };

  /** @param dir absolute; made when the first object comes. */
  constructor(dir: string) {
    this.place = { kind: 'folder', dir };
  }

  uri(name: string): string {
    return pathToFileURL(this.local(name)).href;
  }

  local(name: string): string {
    return join(this.place.dir, mustBeName(name));
  }

  async put(name: string, file: Local, _signal: AbortSignal, isForced = false): Promise<void> {
    if (!isForced && (await this.size(name)) === file.size) return;
    await this.#place(name, (draft) => moved(file.path, draft));
  }

  async putOnce(name: string, bytes: Buffer): Promise<boolean> {
    // Another process may be at the same name: its draft is another file, unless it says the same.
    const own = this.#draft(`${name}.${hash('sha256', bytes).slice(0, 8)}`);
    const draft = await this.#drafted(own, (path) => written(path, bytes));
    try {
      await link(draft, this.local(name));
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
    await rm(this.local(name), { force: true });
    await rm(this.#draft(name), { force: true });
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
    const folder = await open(this.place.dir, 'r');
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  }
}

/** Of one disk it is only renamed. The file was synced when it was written. */
const moved = async (from: string, to: string): Promise<void> => {
  try {
    await rename(from, to);
  } catch (error) {
    if (codeOf(error) !== 'EXDEV') throw error;
    await copyFile(from, to, constants.COPYFILE_EXCL);
    const file = await open(to, 'r+');
    try {
      await file.chmod(PRIVATE_FILE);
      await file.sync();
    } finally {
      await file.close();
    }
  }
};

const written = (path: string, bytes: Buffer): Promise<void> =>
  writeFile(path, bytes, { mode: PRIVATE_FILE, flush: true, flag: 'wx' });

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
