/** The transcript files below some paths, in a fixed order. */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { CliError } from '../failure.ts';

export interface FoundFile {
  readonly path: string;
  /** At the start of the import: what is appended later waits for the next one. */
  readonly size: number;
}

/**
 * Directories give their `*.jsonl` files at any depth, sorted; a file that is named itself counts
 * whatever its name. Links to directories are not followed: they may lead in a circle.
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
    else if (entry.name.endsWith('.jsonl')) {
      const info = await stat(path).catch(() => undefined); // a link to nowhere
      if (info?.isFile()) files.push({ path, size: info.size });
    }
  }
  return files;
};
