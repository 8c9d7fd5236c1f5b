/** Small files that are on disk, whole, when they are there at all. */
import { closeSync, fsyncSync, openSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Written beside, then renamed into its place. */
export const writeDurably = (dir: string, name: string, text: string): void => {
  const path = join(dir, name);
  const draft = `${path}.new`;
  writeFileSync(draft, text, { flush: true });
  renameSync(draft, path);
  syncFolder(dir);
};

export const syncFile = (path: string): void => sync(path, 'r+');

/** Makes what was renamed or made in it stay. */
export const syncFolder = (dir: string): void => sync(dir, 'r');

const sync = (path: string, flags: string): void => {
  const file = openSync(path, flags);
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
};
