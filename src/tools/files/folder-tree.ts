/**
 * A folder with all that is in it: listed, removed. Each folder is opened in the one above, none of them by a link, so what stands
 * elsewhere is neither shown nor removed, whatever is swapped meanwhile.
 */
import { basename, dirname } from 'node:path';
import type { Pauses } from '../tool/pauses.ts';
import { Refusal } from '../tool/refusal.ts';
import { FolderAnchor } from './folder-anchor.ts';

/** Lines of one list. */
const MAX_LINES = 1_000;
/** Names of one folder that are read, to be put in order. */
const MAX_NAMES = 10_000;
/** Folders that are open at once, one in the other. */
const MAX_DEPTH = 100;

/** @param real where the folder really is. @returns a line for it, and one for each name that is not hidden. */
export const listed = async (
  real: string,
  levels: number,
  pauses: Pauses,
): Promise<{ readonly lines: readonly string[]; readonly isCut: boolean }> => {
  const folder = FolderAnchor.open(real);
  const list = { lines: [`${sizeOf(folder.size)}\t${real}`], isCut: false };
  try {
    await addNames(list, folder, levels, pauses);
    return list;
  } finally {
    folder.close();
  }
};

interface List {
  readonly lines: string[];
  isCut: boolean;
}

const addNames = async (
  list: List,
  folder: FolderAnchor,
  levels: number,
  pauses: Pauses,
): Promise<void> => {
  await pauses.look();
  const some = folder.someNames(MAX_NAMES + 1);
  if (some.length > MAX_NAMES) list.isCut = true;
  const names = some.filter((name) => !name.startsWith('.') && name !== 'node_modules').sort();
  for (const name of names) {
    if (list.lines.length >= MAX_LINES) {
      list.isCut = true;
      return;
    }
    await pauses.look();
    const stats = folder.stats(name);
    if (stats === undefined) continue; // it is gone by now
    list.lines.push(`${sizeOf(stats.size)}\t${folder.folder === '/' ? '' : folder.folder}/${name}`);
    if (levels > 1)
      await within(folder, name, (inner) => addNames(list, inner, levels - 1, pauses));
  }
};

/** Whether it is a folder. */
const within = async (
  above: FolderAnchor,
  name: string,
  work: (folder: FolderAnchor) => Promise<void>,
): Promise<boolean> => {
  const folder = above.openFolder(name);
  if (folder === undefined) return false;
  try {
    await work(folder);
    return true;
  } finally {
    folder.close();
  }
};

/** @param real where the folder above it really is, with the name of what goes. */
export const removeTree = async (real: string, pauses: Pauses): Promise<void> => {
  const above = FolderAnchor.open(dirname(real));
  try {
    await remove(above, basename(real), MAX_DEPTH, pauses);
  } finally {
    above.close();
  }
};

const remove = async (
  above: FolderAnchor,
  name: string,
  depth: number,
  pauses: Pauses,
): Promise<void> => {
  await pauses.look();
  const isFolder = await within(above, name, async (folder) => {
    if (depth === 0)
      throw new Refusal(`${folder.folder}: folders stand in it more than ${MAX_DEPTH} deep.`);
    for (const each of folder.names()) await remove(folder, each.name, depth - 1, pauses);
  });
  if (isFolder) above.removeFolder(name);
  else above.removeFile(name);
};

const sizeOf = (bytes: number): string =>
  bytes < 1_024 * 1_024
    ? `${(bytes / 1_024).toFixed(1)}K`
    : `${(bytes / 1_024 / 1_024).toFixed(1)}M`;
