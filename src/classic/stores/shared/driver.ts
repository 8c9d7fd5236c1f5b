/**
 * The drivers of Redis and PostgreSQL are optional peers: loaded by the first call that needs one, so that
 * nobody installs what he does not use. Their names are no literals where they are imported: a bundler leaves them
 * alone, and they are found when the program runs.
 */
import { StorageError } from '../../../model/errors.ts';

/** What a store needs, by the name of its package. */
interface Drivers {
  readonly pg: typeof import('pg');
  readonly redis: typeof import('redis');
}

/** Throws `invalid_settings` for a package that is not installed. */
export const loadDriver = async <Name extends keyof Drivers>(
  storeName: string,
  packageName: Name,
  load: (name: string) => Promise<unknown> = importByName,
): Promise<Drivers[Name]> => {
  try {
    return (await load(packageName)) as Drivers[Name];
  } catch (error) {
    if (!isNotInstalled(error, packageName)) throw error;
    throw new StorageError(
      `${storeName} needs the package "${packageName}": run "npm install ${packageName}".`,
      { cause: error },
      'invalid_settings',
    );
  }
};

const importByName = (name: string): Promise<unknown> =>
  import(/* webpackIgnore: true */ /* @vite-ignore */ name);

/** A package that is there and lacks one of its own is another trouble. */
const isNotInstalled = (error: unknown, packageName: string): boolean =>
  error instanceof Error &&
  'code' in error &&
  error.code === 'ERR_MODULE_NOT_FOUND' &&
  error.message.includes(`'${packageName}'`);
