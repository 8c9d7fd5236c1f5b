/** The data directory: made where there is none, and for its owner only. */
import { chmodSync, existsSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { folderFault } from '../../config/folder-fault.ts';
import { StorageError } from '../../model/errors.ts';

/** Throws `invalid_settings`, with a sentence that says why, where nothing can be kept. */
export const makeDataDir = (dir: string): void => {
  const fault = folderFault(dir);
  if (fault !== undefined) throw unusable(dir, fault);
  try {
    makeWithParents(dir);
    chmodSync(dir, 0o700);
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    throw unusable(dir, code === 'EROFS' ? 'its file system is read-only' : message, cause);
  }
};

/** One by one: where a file system refuses without a reason, Node's `recursive` tries for ever. */
const makeWithParents = (dir: string): void => {
  if (existsSync(dir)) return;
  const parent = dirname(dir);
  if (parent !== dir) makeWithParents(parent);
  try {
    mkdirSync(dir, { mode: 0o700 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
};

const unusable = (dir: string, why: string, cause?: unknown): StorageError =>
  new StorageError(
    `the data directory ${dir} cannot be used: ${why}; set GREENROOM_DATA_DIR, or the name that was given, to a folder that can be written`,
    cause === undefined ? {} : { cause },
    'invalid_settings',
  );
