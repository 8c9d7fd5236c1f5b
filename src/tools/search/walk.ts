/**
 * Walks a folder and gives its files. It follows no link below its root, so it goes in no circle and leaves the folder by
 * none, also by one that takes a folder's place meanwhile; and it ends after so many names.
 */
import { join } from 'node:path';
import { FolderAnchor } from '../files/folder-anchor.ts';
import type { Pauses } from '../tool/pauses.ts';
import { Refusal } from '../tool/refusal.ts';
import { codeOf } from '../tool/system-errors.ts';

export interface Entry {
  readonly name: string;
  readonly isFolder: boolean;
  readonly isFile: boolean;
}

/** What is known on the way down. S: what a folder has of the one above it. */
export interface Walker<S> {
  /** What to know in a folder; undefined: it is not entered. */
  enter(name: string, above: S, path: string): S | undefined;
  /** What to know of a folder once its names are there; default what it has. */
  arrive?(state: S, path: string, names: readonly Entry[]): Promise<S>;
  /** It is passed over, a folder with all that is in it. */
  passesOver?(path: string): boolean;
  /** Whether the file is given. */
  wants(entry: Entry, state: S): boolean;
}

export interface Walked {
  /** Absolute paths, in the order of their names, the files of a folder before those below it. */
  readonly files: readonly string[];
  /** It ended before it had seen all. */
  readonly isCut: boolean;
  /** Folders that could not be read. */
  readonly unreadable: number;
}

/** Names that are looked at. */
export const MAX_NAMES = 200_000;
/** Folders of version control: nobody means them who looks for text or files. */
export const VERSION_CONTROL: ReadonlySet<string> = new Set([
  ...['.git', '.svn', '.hg', '.bzr', '.jj', '.sl'],
]);

/** @param root a real path, without links. */
export const walk = async <S>(
  root: string,
  start: S,
  walker: Walker<S>,
  pauses: Pauses,
  maxNames = MAX_NAMES,
): Promise<Walked> => {
  const files: string[] = [];
  const open: [path: string, state: S][] = [[root, start]];
  let [seen, unreadable] = [0, 0];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    await pauses.look();
    const [path, given] = next;
    const entries = namesIn(path, path === root);
    if (entries === undefined) {
      unreadable += 1;
      continue;
    }
    const state = walker.arrive === undefined ? given : await walker.arrive(given, path, entries);
    const below: [string, S][] = [];
    for (const entry of entries) {
      seen += 1;
      if (seen > maxNames) return { files, isCut: true, unreadable };
      const own = join(path, entry.name);
      if (entry.isFolder) {
        const inside = walker.enter(entry.name, state, own);
        if (inside !== undefined && walker.passesOver?.(own) !== true) below.push([own, inside]);
      } else if (walker.wants(entry, state) && walker.passesOver?.(own) !== true) files.push(own);
    }
    open.push(...below.reverse());
  }
  return { files, isCut: false, unreadable };
};

/** undefined for a folder that may not be read, is gone by now or has become a link. */
const namesIn = (path: string, isRoot: boolean): readonly Entry[] | undefined => {
  try {
    return entriesOf(FolderAnchor.open(path));
  } catch (error) {
    if (isRoot) throw error;
    if (error instanceof Refusal || SKIPPED.has(codeOf(error) ?? '')) return undefined;
    throw error;
  }
};

const SKIPPED = new Set(['EACCES', 'EPERM', 'ENOENT', 'ENOTDIR', 'ELOOP']);

const entriesOf = (folder: FolderAnchor): readonly Entry[] => {
  try {
    return folder
      .names()
      .map((entry) => ({
        name: entry.name,
        isFolder: entry.isDirectory(),
        isFile: entry.isFile(),
      }))
      .sort((one, other) => (one.name < other.name ? -1 : 1));
  } finally {
    folder.close();
  }
};
