/**
 * Copies a folder into a fresh one, and says what it left. For a thread of its own, as `walk` is.
 *
 * 1. No file shares its bytes with the one that it was copied from: what is written to one never shows in the other. Where the
 *    file system can, they share them until then; a second name of a file (a hard link) becomes a file.
 * 2. Made are files, folders, and links that stay inside; a `.git` that is a file is such a link. No mode but permissions is
 *    set, no owner.
 * 3. Beyond a limit all of it is given up. A file that grows meanwhile is copied up to the size that it was found with.
 * 4. All of it is on disk when the promise resolves. When it rejects, what is there is the caller's to remove.
 */
import {
  closeSync,
  constants,
  copyFileSync,
  fchmodSync,
  fsync,
  futimesSync,
  lutimesSync,
  mkdirSync,
  openSync,
  readSync,
  symlinkSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { GreenroomError } from '../../model/errors.ts';
import type { CopyLimits, LeftOut } from '../../session/ports/copier.ts';
import { type Counts, Tally } from './manifest.ts';
import { faultOfLink } from './paths.ts';
import { Unsynced } from './unsynced.ts';
import { type Found, type FoundFile, walk } from './walk.ts';

export interface CopyOrder {
  /** The folder, absolute. */
  readonly root: string;
  /** There is nothing yet; its parent is there. */
  readonly into: string;
  readonly limits: CopyLimits;
}

export interface CopiedTree extends LeftOut {
  readonly counts: Counts;
}

/** Rejects with `too_large` beyond a limit. */
export const copyFolder = async ({ root, into, limits }: CopyOrder): Promise<CopiedTree> => {
  mkdirSync(into, { mode: PRIVATE });
  const tally = new Tally();
  const copying = new Copying(into, limits, tally);
  try {
    for (const found of walk(root, () => undefined, tally)) await copying.take(found);
    await copying.end();
  } finally {
    await copying.close();
  }
  const { counts, left, leftCount } = tally;
  return { counts, left, leftCount };
};

const PRIVATE = 0o700;
const PERMISSIONS = 0o777;
const CHUNK = 1024 * 1024;
/** Of a file `.git`: what is larger leads nowhere. */
const MOST_POINTER_BYTES = 64 * 1024;
/** Latest time that all systems take, in seconds. */
const LAST_SECOND = 0x7fff_ffff;

const NEW_FILE = constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
const OLD_FILE = constants.O_RDWR | constants.O_NOFOLLOW;
const FOLDER = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;

/** What the name of one thing fails with: it costs that thing, and not the copy. */
const OF_ONE: readonly unknown[] = [
  ...['EEXIST', 'ENAMETOOLONG', 'EINVAL', 'EILSEQ', 'ENOENT', 'ENOTDIR', 'ELOOP'],
];
/** What sharing fails with on a file system that cannot: it is not tried again. */
const CANNOT_SHARE: readonly unknown[] = [
  ...['ENOTSUP', 'EOPNOTSUPP', 'EXDEV', 'EINVAL', 'ENOSYS', 'ENOTTY'],
];
const SHARED = constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE_FORCE;

const synced = promisify(fsync);

interface OpenFolder {
  readonly path: string;
  readonly mode: number;
  readonly mtimeMs: number;
}

class Copying {
  readonly #into: string;
  readonly #limits: CopyLimits;
  readonly #tally: Tally;
  readonly #chunk = Buffer.allocUnsafe(CHUNK);
  /** Folders that the last thing was in: each gets its mode and time when what follows is not in it. */
  readonly #folders: OpenFolder[] = [];
  readonly #unsynced = new Unsynced();
  #entries = 0;
  #shares = true;

  constructor(into: string, limits: CopyLimits, tally: Tally) {
    this.#into = into;
    this.#limits = limits;
    this.#tally = tally;
  }

  async take(found: Found): Promise<void> {
    this.#entries += 1;
    const { entries } = this.#limits;
    if (this.#entries > entries) throw tooLarge(`more than ${entries} files and folders`);
    await this.#leaveFolders(found.path);
    try {
      this.#make(found);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (!OF_ONE.includes(code)) throw error;
      this.#tally.leave(found.path, `it cannot be made: ${code}`);
    }
    await this.#unsynced.look();
  }

  async end(): Promise<void> {
    await this.#leaveFolders(undefined);
    this.#hold(openSync(this.#into, FOLDER));
    await this.#unsynced.flush();
  }

  close(): Promise<void> {
    return this.#unsynced.close();
  }

  #hold(fd: number): void {
    this.#unsynced.hold({ sync: () => synced(fd), close: async () => closeSync(fd) });
  }

  #make(found: Found): void {
    const { path, mode, mtimeMs } = found;
    const at = join(this.#into, path);
    if (found.kind === 'file') return this.#file(found, at);
    if (found.kind === 'folder') {
      mkdirSync(at, { mode: PRIVATE });
      this.#folders.push({ path, mode, mtimeMs });
      this.#tally.folders += 1;
      return;
    }
    const fault = faultOfLink(path, found.target);
    if (fault !== undefined) return this.#tally.leave(path, fault);
    symlinkSync(found.target, at);
    lutimesSync(at, ...timesOf(mtimeMs));
    this.#tally.links += 1;
  }

  #file(found: FoundFile, at: string): void {
    const { bytes } = this.#limits;
    const fault = this.#faultOfGit(found);
    if (fault !== undefined) return this.#tally.leave(found.path, fault);
    if (this.#tally.bytes + found.size > bytes)
      throw tooLarge(`more than ${bytes} bytes (GREENROOM_FORK_MAX_MB)`);
    const isShared = this.#share(found, at);
    const fd = openSync(at, isShared ? OLD_FILE : NEW_FILE, 0o600);
    this.#hold(fd);
    this.#tally.bytes += isShared ? found.size : this.#copy(found, fd);
    fchmodSync(fd, found.mode & PERMISSIONS);
    futimesSync(fd, ...timesOf(found.mtimeMs));
    this.#tally.files += 1;
  }

  /**
   * Of a worktree, or a submodule: git would take the index, and the branch that is checked out, from where it leads, and a
   * commit in the copy would be one in the original.
   */
  #faultOfGit({ path, fd, size }: FoundFile): string | undefined {
    if (!/(?:^|\/)\.git$/.test(path) || size > MOST_POINTER_BYTES) return undefined;
    const read = readSync(fd, this.#chunk, 0, size, 0);
    const [, target] = /^gitdir: *(.*)/.exec(this.#chunk.toString('utf8', 0, read)) ?? [];
    const fault = target === undefined ? undefined : faultOfLink(path, target);
    return fault && `it leads git to the repository of the original: ${fault}`;
  }

  /** Never copies: Node's own way to do so does not end where a file becomes shorter meanwhile. */
  #share({ fd }: FoundFile, at: string): boolean {
    if (!this.#shares || process.platform !== 'linux') return false;
    try {
      copyFileSync(`/proc/self/fd/${fd}`, at, SHARED);
      return true;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (CANNOT_SHARE.includes(code)) this.#shares = false;
      else if (OF_ONE.includes(code)) throw error;
      return false; // whatever it was, the copy tells of it if it matters
    }
  }

  #copy({ fd, size }: FoundFile, to: number): number {
    let at = 0;
    while (at < size) {
      const read = readSync(fd, this.#chunk, 0, Math.min(CHUNK, size - at), at);
      if (read === 0) break;
      for (let from = 0; from < read; )
        from += writeSync(to, this.#chunk, from, read - from, at + from);
      at += read;
    }
    return at;
  }

  async #leaveFolders(next: string | undefined): Promise<void> {
    for (;;) {
      const last = this.#folders.at(-1);
      if (last === undefined || next?.startsWith(`${last.path}/`)) return;
      this.#folders.pop();
      const fd = openSync(join(this.#into, last.path), FOLDER);
      this.#hold(fd);
      fchmodSync(fd, (last.mode & PERMISSIONS) | PRIVATE); // whoever removes it must get in
      futimesSync(fd, ...timesOf(last.mtimeMs));
      await this.#unsynced.look();
    }
  }
}

const timesOf = (mtimeMs: number): [number, number] => {
  const seconds = Math.min(Math.max(0, mtimeMs / 1_000), LAST_SECOND);
  return [seconds, seconds];
};

const tooLarge = (what: string): GreenroomError =>
  new GreenroomError('too_large', `the directory is not copied: it has ${what}`);
