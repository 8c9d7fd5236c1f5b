/**
 * An open folder, and what is done in it by name. On Linux the names are looked up in the folder that was opened, wherever
 * its path leads meanwhile; elsewhere the path is followed again, and compared.
 *
 * `replace` is whole or not at all: a file beside it gets the bytes, is synced, and takes the name.
 */
import { constants, type Dirent, type Stats } from 'node:fs';
import {
  access,
  type FileHandle,
  lstat,
  mkdir,
  open,
  readdir,
  rename,
  rm,
  stat,
} from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { Refusal } from '../tool/refusal.ts';
import { codeOf } from '../tool/system-errors.ts';
import { type OpenFile, openFile, whereIs } from './open-file.ts';
import { checkPlace, unlessMissing } from './place.ts';

export interface Replacement {
  readonly name: string;
  readonly bytes: Uint8Array;
  /** The file as it was when it was decided to replace it; undefined: there was no such file. */
  readonly before: Stats | undefined;
  /** Of the file beside it: the same for the same call, so that a call that is made again removes what the first one left. */
  readonly draftName: string;
  readonly signal: AbortSignal;
}

export class FolderAnchor {
  /** Without links, without a slash at its end. */
  readonly folder: string;
  readonly #handle: FileHandle;
  readonly #base: string;

  private constructor(folder: string, handle: FileHandle, base: string) {
    this.folder = folder;
    this.#handle = handle;
    this.#base = base;
  }

  /** Refuses a folder that is not where it is named: one of its parts is a link by now. */
  static async open(folder: string): Promise<FolderAnchor> {
    const handle = await open(folder, constants.O_RDONLY | constants.O_DIRECTORY);
    try {
      checkPlace(await whereIs(handle, folder), folder);
      const anchored = `/proc/self/fd/${handle.fd}`;
      const isAnchored = await stat(anchored).then(
        (found) => found.isDirectory(),
        () => false,
      );
      return new FolderAnchor(folder, handle, isAnchored ? anchored : folder);
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  /** Makes it, and those above it, if it is missing: each in the one above, which is held open meanwhile. */
  static async openMade(folder: string): Promise<FolderAnchor> {
    const there = await unlessMissing(FolderAnchor.open(folder));
    if (there !== undefined) return there;
    const above = await FolderAnchor.openMade(dirname(folder));
    try {
      await above.#make(basename(folder));
    } finally {
      await above.close();
    }
    return FolderAnchor.open(folder);
  }

  async #make(name: string): Promise<void> {
    try {
      await this.#naming(name, mkdir(this.#path(name)));
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') throw error; // another process made it
    }
  }

  close(): Promise<void> {
    return this.#handle.close();
  }

  names(): Promise<readonly Dirent[]> {
    return readdir(this.#base, { withFileTypes: true });
  }

  /** undefined if there is no such file. Refuses links, folders, pipes and devices. */
  openExisting(name: string): Promise<OpenFile | undefined> {
    return this.#naming(name, unlessMissing(openFile(this.#path(name), { isNoLink: true })));
  }

  /** Gives what the file is now. Keeps its mode and, where that is allowed, its owner. */
  async replace(replacement: Replacement): Promise<Stats> {
    const { name, before, draftName, signal } = replacement;
    if (before !== undefined) await this.#naming(name, access(this.#path(name), constants.W_OK));
    const draft = this.#path(draftName);
    await rm(draft, { force: true });
    try {
      const stats = await this.#naming(name, writeDraft(draft, replacement));
      await this.#refuseIfChanged(name, before);
      signal.throwIfAborted();
      await this.#naming(name, rename(draft, this.#path(name)));
      await this.#handle.sync().catch(() => undefined); // not every file system syncs folders
      return stats;
    } catch (error) {
      await rm(draft, { force: true }).catch(() => undefined);
      throw error;
    }
  }

  async #refuseIfChanged(name: string, before: Stats | undefined): Promise<void> {
    if (this.#base === this.folder)
      checkPlace(await whereIs(this.#handle, this.folder), this.folder);
    const now = await unlessMissing(lstat(this.#path(name)));
    if (now?.ino === before?.ino && now?.mtimeMs === before?.mtimeMs && now?.size === before?.size)
      return;
    throw new Refusal(`${this.folder}/${name} was changed meanwhile. Read it again.`);
  }

  #path(name: string): string {
    return `${this.#base}/${name}`;
  }

  /** Has errors name the file by its real path. */
  async #naming<T>(name: string, work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (error) {
      const path = `${this.folder === '/' ? '' : this.folder}/${name}`;
      if (error instanceof Refusal)
        throw new Refusal(error.message.replaceAll(this.#path(name), path));
      throw Object.assign(error as Error, { path });
    }
  }
}

const NEW_FILE = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;

const writeDraft = async (path: string, { bytes, before }: Replacement): Promise<Stats> => {
  const handle = await open(path, NEW_FILE, 0o666);
  try {
    await handle.writeFile(bytes);
    if (before !== undefined) await keepRights(handle, before);
    await lookAnother(handle, before);
    await handle.sync();
    return await handle.stat();
  } finally {
    await handle.close();
  }
};

const keepRights = async (handle: FileHandle, before: Stats): Promise<void> => {
  const { uid, gid } = await handle.stat();
  if (uid !== before.uid || gid !== before.gid)
    await handle.chown(before.uid, before.gid).catch(() => undefined); // only root may give files away
  await handle.chmod(before.mode & 0o7777);
};

/** In milliseconds; some file systems keep whole seconds, or two. */
const STEPS_MS = [1, 2_000];

/** A change of the same size within one tick of the file system's clock would look like no change: then its time is put forward. */
const lookAnother = async (handle: FileHandle, before: Stats | undefined): Promise<void> => {
  for (const stepMs of STEPS_MS) {
    const now = await handle.stat();
    if (now.mtimeMs !== before?.mtimeMs || now.size !== before.size) return;
    await handle.utimes(now.atime, new Date(Math.floor(now.mtimeMs) + stepMs));
  }
};
