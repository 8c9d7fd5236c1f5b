/** The files below some paths that may hold sessions, in a fixed order. */
import type { Stats } from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { CliError } from '../failure.ts';
import { isClassicJson } from './file-kind.ts';

export interface FoundFile {
  readonly path: string;
  /** At the start of the import: what is appended later waits for the next one. */
  readonly size: number;
  /** When it was last written to, in milliseconds since the epoch. */
  readonly atMs: number;
}

/**
 * Directories give their `*.jsonl` files at any depth, sorted, and those `*.json` files that are sessions
 * of classic programs; a file that is named itself counts whatever its name. Links are
 * followed, and no directory is read twice: so one that leads in a circle ends.
 */
export const findFiles = async (paths: readonly string[]): Promise<readonly FoundFile[]> => {
  const files = new Map<string, FoundFile>();
  const seen = new Set<string>();
  for (const path of paths)
    for (const file of await filesOf(path, seen)) files.set(file.path, file);
  return [...files.values()];
};

const filesOf = async (path: string, seen: Set<string>): Promise<readonly FoundFile[]> => {
  const info = await stat(path).catch((error: Error) => {
    throw new CliError(3, `${path} cannot be read: ${error.message}`, 'name a file or a directory');
  });
  return info.isDirectory() ? below(path, seen) : [found(path, info)];
};

const found = (path: string, { size, mtimeMs }: Stats): FoundFile => ({
  ...{ path, size, atMs: Math.floor(mtimeMs) },
});

/** @param seen real paths of the directories that were read. */
const below = async (folder: string, seen: Set<string>): Promise<readonly FoundFile[]> => {
  const real = await realpath(folder);
  if (seen.has(real)) return [];
  seen.add(real);
  const files: FoundFile[] = [];
  const entries = await readdir(folder, { withFileTypes: true });
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = join(folder, entry.name);
    const isNamed = /\.jsonl?$/.test(entry.name);
    if (!isNamed && !entry.isDirectory() && !entry.isSymbolicLink()) continue;
    const info = await stat(path).catch(() => undefined); // a link to nowhere
    if (info?.isDirectory()) files.push(...(await below(path, seen)));
    else if (isNamed && info?.isFile()) {
      const file = found(path, info);
      if (entry.name.endsWith('.jsonl') || (await isClassicJson(file))) files.push(file);
    }
  }
  return files;
};
