/** The data directory: made where there is none, and for its owner only. */
import { mkdirSync } from 'node:fs';
import { StorageError } from '../session/errors.ts';

/** Throws `storage_failed` where it cannot be made. */
export const makeDataDir = (dir: string): void => {
  try {
    mkdirSync(dir, { recursive: true, mode: 0o700 });
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new StorageError(`the data directory ${dir} cannot be made: ${why}`, { cause });
  }
};
