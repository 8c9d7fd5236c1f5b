/** The files below some paths that may hold sessions, in a fixed order. */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { CliError } from '../failure.ts';
import { isClassicJson } from './file-kind.ts';

export interface FoundFile {
  readonly path: string;
  /** At the start of the import: what is appended later waits for the next one. */
  readonly size: number;
}

/**
 * Directories give their `*.jsonl` files at any depth, sorted, and those `*.json` files that are sessions
 * of classic programs; a file that is named itself counts whatever its name. Links to directories are not followed: they may lead in a circle.
 */
export const findFiles = async (paths: readonly string[]): Promise<readonly FoundFile[]> => {
  const found = new Map<string, FoundFile>();
  for (const path of paths) for (const file of await filesOf(path)) found.set(file.path, file);
  return [...found.values()];
};

const filesOf = async (path: string): Promise<readonly FoundFile[]> => {
  const info = await stat(path).catch((error: Error) => {
    throw new CliError(3, `${path} cannot be read: ${error.message}`, 'name a file or a directory');
  });
  return info.isDirectory() ? below(path) : [{ path, size: info.size }];
};

const below = async (folder: string): Promise<readonly FoundFile[]> => {
  const files: FoundFile[] = [];
  const entries = await readdir(folder, { withFileTypes: true });
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) files.push(...(await below(path)));
    else if (/\.jsonl?$/.test(entry.name)) {
      const info = await stat(path).catch(() => undefined); // a link to nowhere
      if (!info?.isFile()) continue;
      const file = { path, size: info.size };
      if (entry.name.endsWith('.jsonl') || (await isClassicJson(file))) files.push(file);
    }
  }
  return files;
};
