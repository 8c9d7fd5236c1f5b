/**
 * An open folder, and what is done in it by name. On Linux the names are looked up in the folder that was opened, wherever
 * its path leads meanwhile; elsewhere the path is followed again, and compared.
 *
 * `replace` is whole or not at all: a file beside it gets the bytes, is synced, and takes the name.
 */
import {
  accessSync,
  closeSync,
  constants,
  type Dirent,
  fchmodSync,
  fchownSync,
  fstatSync,
  fsync,
  futimesSync,
  lstatSync,
  mkdirSync,
  opendirSync,
  openSync,
  readdirSync,
  renameSync,
  rmdirSync,
  rmSync,
  type Stats,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { basename, dirname } from 'node:path';
import { promisify } from 'node:util';
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
  readonly #fd: number;
  readonly #base: string;

  private constructor(folder: string, fd: number, base: string) {
    this.folder = folder;
    this.#fd = fd;
    this.#base = base;
  }

  /** Refuses a folder that is not where it is named: one of its parts is a link by now. */
  static open(folder: string): FolderAnchor {
    const fd = openSync(folder, FOLDER);
    try {
      checkPlace(whereIs(fd, folder), folder);
      const anchored = `/proc/self/fd/${fd}`;
      return new FolderAnchor(folder, fd, isFolder(anchored) ? anchored : folder);
    } catch (error) {
      closeSync(fd);
      throw error;
    }
  }

  /** Makes it, and those above it, if it is missing: each in the one above, which is held open meanwhile. */
  static openMade(folder: string): FolderAnchor {
    const there = unlessMissing(() => FolderAnchor.open(folder));
    if (there !== undefined) return there;
    const above = FolderAnchor.openMade(dirname(folder));
    try {
      above.#make(basename(folder));
    } finally {
      above.close();
    }
    return FolderAnchor.open(folder);
  }

  #make(name: string): void {
    try {
      this.#naming(name, () => mkdirSync(this.#path(name)));
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') throw error; // another process made it
    }
  }

  close(): void {
    closeSync(this.#fd);
  }

  /** Of the folder itself, as the file system counts it. In bytes. */
  get size(): number {
    return fstatSync(this.#fd).size;
  }

  names(): readonly Dirent[] {
    return readdirSync(this.#base, { withFileTypes: true });
  }

  /** The same, no more of them than asked for, in no order. */
  someNames(most: number): readonly string[] {
    const open = opendirSync(this.#base);
    const names: string[] = [];
    try {
      for (let entry = open.readSync(); entry !== null; entry = open.readSync()) {
        if (names.length === most) break;
        names.push(entry.name);
      }
      return names;
    } finally {
      open.closeSync();
    }
  }

  /** Of a link itself; undefined: there is nothing of that name. */
  stats(name: string): Stats | undefined {
    return lstatSync(this.#path(name), { throwIfNoEntry: false });
  }

  /** undefined for what is no folder, also for a link to one. */
  openFolder(name: string): FolderAnchor | undefined {
    return this.#naming(name, () => {
      if (this.stats(name)?.isDirectory() !== true) return undefined;
      const fd = openSync(this.#path(name), FOLDER | constants.O_NOFOLLOW);
      const anchored = `/proc/self/fd/${fd}`;
      const folder = this.#pathOf(name);
      return new FolderAnchor(folder, fd, isFolder(anchored) ? anchored : folder);
    });
  }

  /** A link goes, and not what it leads to. */
  removeFile(name: string): void {
    this.#naming(name, () => unlinkSync(this.#path(name)));
  }

  /** An empty one. */
  removeFolder(name: string): void {
    this.#naming(name, () => rmdirSync(this.#path(name)));
  }

  /** Refuses a name that is there. */
  move(name: string, to: FolderAnchor, newName: string): void {
    if (to.stats(newName) !== undefined)
      throw new Refusal(`${to.#pathOf(newName)} is there already.`);
    this.#naming(name, () => renameSync(this.#path(name), to.#path(newName)));
  }

  /** undefined if there is no such file. Refuses links, folders, pipes and devices. */
  openExisting(name: string): OpenFile | undefined {
    return this.#naming(name, () =>
      unlessMissing(() => openFile(this.#path(name), { isNoLink: true })),
    );
  }

  /** Gives what the file is now. Keeps its mode and, where that is allowed, its owner. */
  async replace(replacement: Replacement): Promise<Stats> {
    const { name, before, draftName, signal } = replacement;
    if (before !== undefined)
      this.#naming(name, () => accessSync(this.#path(name), constants.W_OK));
    const draft = this.#path(draftName);
    rmSync(draft, { force: true });
    try {
      const stats = await writeDraft(draft, replacement).catch((error) =>
        this.#naming(name, () => {
          throw error;
        }),
      );
      this.#refuseIfChanged(name, before);
      signal.throwIfAborted();
      this.#naming(name, () => renameSync(draft, this.#path(name)));
      await sync(this.#fd).catch(() => undefined); // not every file system syncs folders
      return stats;
    } catch (error) {
      remove(draft);
      throw error;
    }
  }

  #refuseIfChanged(name: string, before: Stats | undefined): void {
    if (this.#base === this.folder) checkPlace(whereIs(this.#fd, this.folder), this.folder);
    const now = lstatSync(this.#path(name), { throwIfNoEntry: false });
    if (now?.ino === before?.ino && now?.mtimeMs === before?.mtimeMs && now?.size === before?.size)
      return;
    throw new Refusal(`${this.folder}/${name} was changed meanwhile. Read it again.`);
  }

  #path(name: string): string {
    return `${this.#base}/${name}`;
  }

  #pathOf(name: string): string {
    return `${this.folder === '/' ? '' : this.folder}/${name}`;
  }

  /** Has errors name the file by its real path. */
  #naming<T>(name: string, work: () => T): T {
    try {
      return work();
    } catch (error) {
      const path = this.#pathOf(name);
      if (error instanceof Refusal)
        throw new Refusal(error.message.replaceAll(this.#path(name), path));
      throw Object.assign(error as Error, { path });
    }
  }
}

const FOLDER = constants.O_RDONLY | constants.O_DIRECTORY;
const NEW_FILE = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;

const writeDraft = async (path: string, { bytes, before }: Replacement): Promise<Stats> => {
  const fd = openSync(path, NEW_FILE, 0o666);
  try {
    for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at);
    if (before !== undefined) keepRights(fd, before);
    lookAnother(fd, before);
    await sync(fd);
    return fstatSync(fd);
  } finally {
    closeSync(fd);
  }
};

/** It alone is left to another thread: a busy disk takes seconds for it, and this thread must not look as if it hung. */
const sync = promisify(fsync);

const keepRights = (fd: number, before: Stats): void => {
  const { uid, gid } = fstatSync(fd);
  if (uid !== before.uid || gid !== before.gid) giveAway(fd, before);
  fchmodSync(fd, before.mode & 0o7777);
};

const giveAway = (fd: number, { uid, gid }: Stats): void => {
  try {
    fchownSync(fd, uid, gid);
  } catch {
    // only root may give files away
  }
};

const remove = (path: string): void => {
  try {
    rmSync(path, { force: true });
  } catch {
    // what could not be written is said, and not that its draft stays
  }
};

const isFolder = (path: string): boolean => {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
};

/** In milliseconds; some file systems keep whole seconds, or two. */
const STEPS_MS = [1, 2_000];

/** A change of the same size within one tick of the file system's clock would look like no change: then its time is put forward. */
const lookAnother = (fd: number, before: Stats | undefined): void => {
  for (const stepMs of STEPS_MS) {
    const now = fstatSync(fd);
    if (now.mtimeMs !== before?.mtimeMs || now.size !== before.size) return;
    futimesSync(fd, now.atime, new Date(Math.floor(now.mtimeMs) + stepMs));
  }
};
