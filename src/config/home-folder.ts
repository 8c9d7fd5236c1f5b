/** The user's home folder. A user without a `HOME` and without an entry in the user database has none. */
import { homedir } from 'node:os';
import { isAbsolute } from 'node:path';
import { ConfigError } from './config-error.ts';

/** @param instead what to give that needs no home. Throws `ConfigError` where there is none. */
export const homeFolder = (instead: string): string => {
  const home = homeOrNone();
  if (home !== undefined && isAbsolute(home)) return home;
  throw new ConfigError(
    `this user has no home folder (no HOME, and no entry in the user database): set ${instead}`,
  );
};

const homeOrNone = (): string | undefined => {
  try {
    return homedir();
  } catch {
    return undefined; // the system's error names a system call and nothing that helps
  }
};
