/**
 * Brings an archive back into a folder that was not there, and says what it left. What the archive says is not believed.
 *
 * 1. Everything goes into a fresh folder beside the place; that takes the place's name when all of it is there and the
 *    caller says so. Until then nothing is at the place, and after a failure nothing is left.
 * 2. Made are files, folders, and links that stay inside; links last, so nothing is written through one. No file is
 *    made where something is, no mode but permissions is set, no owner.
 * 3. Beyond a limit all of it is given up.
 * 4. All of it is on disk before it takes its place.
 */
import { constants } from 'node:fs';
import { lstat, lutimes, mkdir, open, opendir, rename, rm, rmdir, symlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { GreenroomError } from '../../model/errors.ts';
import type { Left } from '../../session/ports/archives.ts';
import { type Counts, Tally } from './manifest.ts';
import type { Part } from './parts.ts';
import { faultOfLink, faultOfPath, plainPath } from './paths.ts';
import { Unsynced } from './unsynced.ts';

export interface ExtractLimits {
  readonly entries: number;
  /** Of one file. */
  readonly fileBytes: number;
  /** Of all files. */
  readonly totalBytes: number;
  /** Links, and folders in each other whose times are set at their end. */
  readonly links: number;
}

export const USUAL_LIMITS: ExtractLimits = {
  entries: 10_000_000,
  fileBytes: 1024 ** 4,
  totalBytes: 4 * 1024 ** 4,
  links: 200_000,
};

/** Of an archive of ours: what was packed must come back, and nothing beyond it. */
export const limitsOf = ({ files, folders, links, bytes }: Counts): ExtractLimits => ({
  ...USUAL_LIMITS,
  totalBytes: bytes,
  entries: Math.max(USUAL_LIMITS.entries, files + folders + links),
  links: Math.max(USUAL_LIMITS.links, links),
});

export interface Extracted {
  readonly counts: Counts;
  readonly left: readonly Left[];
  readonly leftCount: number;
}

export interface ExtractOrder {
  readonly parts: AsyncIterable<Part>;
  /** Absolute; there is nothing, or an empty folder. Its parent is there. */
  readonly place: string;
  /** A name that nothing beside the place has. */
  readonly draft: string;
  readonly limits: ExtractLimits;
  readonly progress?: (counts: Counts) => void;
}

/** Both steps. */
export const extractTo = async (order: ExtractOrder): Promise<Extracted> => {
  const extracted = await unpackTo(order);
  await takePlace(order);
  return extracted;
};

/**
 * All of it, into the draft. Rejects with `invalid_state` where something is at the place, `too_large` beyond a limit,
 * `serialization_failed` for what is no archive; then the draft is gone.
 */
export const unpackTo = async (order: ExtractOrder): Promise<Extracted> => {
  const { place, draft, parts, limits, progress } = order;
  await mustBeFree(place);
  await mkdir(draft, { mode: 0o700 });
  try {
    const extraction = new Extraction(draft, limits, progress);
    try {
      for await (const part of parts) await extraction.take(part);
      return await extraction.end();
    } finally {
      await extraction.close();
    }
  } catch (error) {
    await rm(draft, { recursive: true, force: true });
    throw error;
  }
};

/** Of the file systems in use the least takes so many: eCryptfs, of homes. */
const MOST_NAME_BYTES = 143;

/** A name for what is on its way to a place: the place's own and an id, as far as a name may be that long. */
export const draftBeside = (place: string, id: string): string => {
  const name = `${basename(place)}.restoring-${id}`;
  return Buffer.byteLength(name) > MOST_NAME_BYTES
    ? join(dirname(place), `.restoring-${id}`)
    : `${place}.restoring-${id}`;
};

/** Rejects with `invalid_state` where something is, but for an empty folder that another may take the place of. */
export const mustBeFree = async (place: string): Promise<void> => {
  const there = await lstat(place).catch(unlessMissing);
  if (there === undefined) return;
  if (there.isDirectory() && (await lstat(dirname(place))).dev !== there.dev)
    throw isMounted(place);
  const isEmpty = there.isDirectory() && (await isEmptyFolder(place));
  if (!isEmpty)
    throw new GreenroomError(
      'invalid_state',
      `${place} is there and not empty: name another place`,
    );
};

/** A folder cannot take the place of one where a disk, or a volume of a container, is mounted. */
const isMounted = (place: string): GreenroomError =>
  new GreenroomError('invalid_state', `something is mounted at ${place}: name a folder in it`);

const isEmptyFolder = async (place: string): Promise<boolean> => {
  const folder = await opendir(place);
  try {
    return (await folder.read()) === null;
  } finally {
    await folder.close();
  }
};

/** A folder takes the place of an empty one, and of nothing else: what is there then stays, and the draft goes. */
export const takePlace = async ({
  draft,
  place,
}: Pick<ExtractOrder, 'draft' | 'place'>): Promise<void> => {
  try {
    await mustBeFree(place);
    await rmdir(place).catch(unlessMissing);
    await rename(draft, place);
  } catch (error) {
    await rm(draft, { recursive: true, force: true });
    if (codeOf(error) === 'EBUSY') throw isMounted(place);
    if (['ENOTEMPTY', 'EEXIST', 'ENOTDIR'].includes(codeOf(error) ?? ''))
      throw new GreenroomError('invalid_state', `something came to ${place} meanwhile`);
    throw error;
  }
  const parent = await open(dirname(place), 'r');
  try {
    await parent.sync();
  } finally {
    await parent.close();
  }
};

const codeOf = (error: unknown): string | undefined => (error as NodeJS.ErrnoException).code;
const unlessMissing = (error: unknown): undefined => {
  if (codeOf(error) === 'ENOENT') return undefined;
  throw error;
};

const PERMISSIONS = 0o777;
const NEW_FILE = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
/** What a name in a folder fails with that costs itself, and not the extraction. */
const OF_ONE = [
  'EEXIST',
  'ENOTDIR',
  'EISDIR',
  'ELOOP',
  'ENAMETOOLONG',
  'EINVAL',
  'EILSEQ',
  'ENOENT',
];
const PROGRESS_ENTRIES = 500;
/** Latest time that all systems take, in seconds. */
const LAST_SECOND = 0x7fff_ffff;

interface OpenFolder {
  readonly path: string;
  readonly mode: number;
  readonly mtimeMs: number;
}

interface WantedLink {
  readonly path: string;
  readonly target: string;
  readonly mtimeMs: number;
}

class Extraction {
  readonly #root: string;
  readonly #limits: ExtractLimits;
  readonly #progress: ((counts: Counts) => void) | undefined;
  readonly #tally = new Tally();
  readonly #links: WantedLink[] = [];
  /** Folders that the last entry was in: each gets its mode and time when what follows is not in it. */
  readonly #folders: OpenFolder[] = [];
  /** Folders whose time is set once more behind the links in them. */
  readonly #withLinks = new Map<string, OpenFolder>();
  readonly #unsynced = new Unsynced();
  #entries = 0;

  constructor(root: string, limits: ExtractLimits, progress?: (counts: Counts) => void) {
    this.#root = root;
    this.#limits = limits;
    this.#progress = progress;
  }

  async take(part: Part): Promise<void> {
    this.#entries += 1;
    if (this.#entries > this.#limits.entries)
      throw tooLarge(`it has more than ${this.#limits.entries} entries`);
    if (this.#entries % PROGRESS_ENTRIES === 0) this.#progress?.(this.#tally.counts);
    const path = plainPath(part.path);
    if ((path === '' || path === '.') && part.kind === 'folder') return; // the root itself
    const fault = faultOfPath(path) ?? part.fault ?? faultOfKind(part.kind);
    if (fault !== undefined) return this.#tally.leave(part.path, fault);
    await this.#leaveFolders(path);
    try {
      await this.#make(path, part);
    } catch (error) {
      if (!OF_ONE.includes(codeOf(error) ?? '')) throw error;
      this.#tally.leave(path, whyOf(codeOf(error)));
    }
  }

  async end(): Promise<Extracted> {
    await this.#leaveFolders(undefined);
    for (const link of this.#links) await this.#link(link);
    for (const folder of this.#withLinks.values()) await this.#finish(folder);
    this.#unsynced.hold(await open(this.#root, 'r'));
    await this.#unsynced.flush();
    const { counts, left, leftCount } = this.#tally;
    this.#progress?.(counts);
    return { counts, left, leftCount };
  }

  close(): Promise<void> {
    return this.#unsynced.close();
  }

  async #make(path: string, part: Part): Promise<void> {
    if (part.kind === 'folder') return this.#folder(path, part);
    await this.#parents(path);
    if (part.kind === 'file') return this.#file(path, part);
    const fault = faultOfLink(path, part.target);
    if (fault !== undefined) return this.#tally.leave(path, fault);
    if (this.#links.length >= this.#limits.links)
      throw tooLarge(`it has more than ${this.#limits.links} links`);
    this.#links.push({ path, target: part.target, mtimeMs: part.mtimeMs });
    const innermost = this.#folders.at(-1);
    if (innermost?.path === dirname(path)) this.#withLinks.set(innermost.path, innermost);
  }

  async #folder(path: string, { mode, mtimeMs }: Part): Promise<void> {
    await this.#parents(path);
    await mkdir(join(this.#root, path), { mode: 0o700 }).catch(async (error: unknown) => {
      if (codeOf(error) !== 'EEXIST' || !(await this.#isFolder(path))) throw error;
    });
    this.#tally.folders += 1;
    this.#folders.push({ path, mode, mtimeMs });
  }

  /** Archives of others may leave folders out that something is in. None of them is a link: those come last. */
  async #parents(path: string): Promise<void> {
    const parent = dirname(path);
    const innermost = this.#folders.at(-1)?.path;
    if (parent === '.' || parent === innermost) return;
    await this.#parents(parent);
    await mkdir(join(this.#root, parent), { mode: 0o700 }).catch((error: unknown) => {
      if (codeOf(error) !== 'EEXIST') throw error;
    });
  }

  async #isFolder(path: string): Promise<boolean> {
    return (await lstat(join(this.#root, path))).isDirectory();
  }

  async #file(path: string, { bytes, mode, mtimeMs }: Part): Promise<void> {
    const { fileBytes, totalBytes } = this.#limits;
    const file = await open(join(this.#root, path), NEW_FILE, 0o600);
    this.#unsynced.hold(file);
    let size = 0;
    let isHole = false;
    for await (const chunk of bytes) {
      size += chunk.length;
      this.#tally.bytes += chunk.length;
      if (size > fileBytes) throw tooLarge(`a file of it has more than ${fileBytes} bytes`);
      if (this.#tally.bytes > totalBytes)
        throw tooLarge(`its files have more than ${totalBytes} bytes`);
      const from = size - chunk.length;
      isHole = isZero(chunk); // nothing is written: what had holes would need all of its size
      for (let at = isHole ? chunk.length : 0; at < chunk.length; )
        at += (await file.write(chunk, at, chunk.length - at, from + at)).bytesWritten;
    }
    if (isHole) await file.truncate(size);
    await file.chmod(mode & PERMISSIONS);
    await file.utimes(...timesOf(mtimeMs));
    await this.#unsynced.look();
    this.#tally.files += 1;
  }

  async #link({ path, target, mtimeMs }: WantedLink): Promise<void> {
    try {
      await symlink(target, join(this.#root, path));
      await lutimes(join(this.#root, path), ...timesOf(mtimeMs));
      this.#tally.links += 1;
    } catch (error) {
      if (!OF_ONE.includes(codeOf(error) ?? '')) throw error;
      this.#tally.leave(path, whyOf(codeOf(error)));
    }
  }

  /** Those that the next entry is not in are done. */
  async #leaveFolders(next: string | undefined): Promise<void> {
    for (;;) {
      const last = this.#folders.at(-1);
      if (last === undefined || next?.startsWith(`${last.path}/`)) return;
      this.#folders.pop();
      await this.#finish(last);
    }
  }

  /** Its owner may go on in it, whatever the archive says: a link may be made in there yet. */
  async #finish({ path, mode, mtimeMs }: OpenFolder): Promise<void> {
    const folder = await open(
      join(this.#root, path),
      constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW,
    );
    this.#unsynced.hold(folder);
    await folder.chmod((mode & PERMISSIONS) | 0o700);
    await folder.utimes(...timesOf(mtimeMs));
    await this.#unsynced.look();
  }
}

const ZEROS = Buffer.alloc(256 * 1024);
const isZero = (chunk: Buffer): boolean =>
  chunk.length <= ZEROS.length && chunk.equals(ZEROS.subarray(0, chunk.length));

const timesOf = (mtimeMs: number): [number, number] => {
  const seconds = Number.isFinite(mtimeMs)
    ? Math.min(Math.max(0, mtimeMs / 1_000), LAST_SECOND)
    : 0;
  return [seconds, seconds];
};

const faultOfKind = (kind: Part['kind']): string | undefined => {
  if (kind === 'special') return 'it is a device, a pipe, or of no kind that is known';
  return kind === 'hardlink' ? 'it is a second name of another file' : undefined;
};

const whyOf = (code: string | undefined): string =>
  code === 'EEXIST' ? 'something of that name is there already' : `it cannot be made: ${code}`;

const tooLarge = (why: string): GreenroomError =>
  new GreenroomError('too_large', `the archive is given up: ${why}`);
