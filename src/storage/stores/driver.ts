/**
 * The drivers of Redis and PostgreSQL are optional peers: loaded by the first call that needs one, so that
 * nobody installs what he does not use.
 */
import { StorageError } from '../../session/errors.ts';

/** @param load such as `() => import('pg')`. */
export const loadDriver = async <M>(
  storeName: string,
  packageName: string,
  load: () => Promise<M>,
): Promise<M> => {
  try {
    return await load();
  } catch (error) {
    if (!isNotInstalled(error, packageName)) throw error;
    throw new StorageError(
      `${storeName} needs the package "${packageName}": run "npm install ${packageName}".`,
      { cause: error },
      'invalid_settings',
    );
  }
};

/** A package that is there and lacks one of its own is another trouble. */
const isNotInstalled = (error: unknown, packageName: string): boolean =>
  error instanceof Error &&
  'code' in error &&
  error.code === 'ERR_MODULE_NOT_FOUND' &&
  error.message.includes(`'${packageName}'`);
