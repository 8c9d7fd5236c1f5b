/** The data directory: made where there is none, and for its owner only. */
import { chmodSync } from 'node:fs';
import { dataFolderFault } from '../../config/data-folder.ts';
import { StorageError } from '../../model/errors.ts';
import { makeFolderSync } from '../../platform/make-folder.ts';

/** Throws `invalid_settings`, with a sentence that says why, where nothing can be kept, or another program keeps what is its own. */
export const makeDataDir = (dir: string): void => {
  const fault = dataFolderFault(dir);
  if (fault !== undefined) throw unusable(dir, fault);
  try {
    makeFolderSync(dir);
    chmodSync(dir, 0o700);
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    throw unusable(dir, code === 'EROFS' ? 'its file system is read-only' : message, cause);
  }
};

const unusable = (dir: string, why: string, cause?: unknown): StorageError =>
  new StorageError(
    `the data directory ${dir} cannot be used: ${why}; set GREENROOM_DATA_DIR, or the name that was given, to a folder that can be written`,
    cause === undefined ? {} : { cause },
    'invalid_settings',
  );
