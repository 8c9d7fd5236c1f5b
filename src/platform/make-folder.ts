/**
 * Makes folders, and those above them, one by one: where a file system refuses without a reason (Linux's `proc`),
 * Node's own `recursive` tries for ever.
 */
import { existsSync, mkdirSync } from 'node:fs';
import { access, mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';

/** For its owner only. */
const MODE = 0o700;

/** Does nothing where something of that name is there. Throws what the file system says. */
export const makeFolder = async (folder: string, mode = MODE): Promise<void> => {
  if (await isThere(folder)) return;
  const parent = dirname(folder);
  if (parent !== folder) await makeFolder(parent, mode);
  await mkdir(folder, { mode }).catch(unlessThere);
};

/** The same, for callers that cannot wait. */
export const makeFolderSync = (folder: string, mode = MODE): void => {
  if (existsSync(folder)) return;
  const parent = dirname(folder);
  if (parent !== folder) makeFolderSync(parent, mode);
  try {
    mkdirSync(folder, { mode });
  } catch (error) {
    unlessThere(error);
  }
};

const isThere = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

/** Another process made it meanwhile. */
const unlessThere = (error: unknown): void => {
  if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
};
