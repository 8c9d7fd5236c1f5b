/**
 * What a child of ours sees of this process's environment: what programs need to run and to find their files, and
 * nothing else. Keys stay here, and so do options that are meant for the host, such as `NODE_OPTIONS`.
 */
import process from 'node:process';

const HANDED_ON: ReadonlySet<string> = new Set([
  ...['PATH', 'HOME', 'LANG', 'LC_ALL', 'TZ'],
  ...['TMPDIR', 'TMP', 'TEMP'],
  ...['LD_LIBRARY_PATH', 'LD_PRELOAD', 'DYLD_LIBRARY_PATH'], // where the libraries of native modules are
  ...['MALLOC_ARENA_MAX', 'MALLOC_TRIM_THRESHOLD_'],
  ...['SYSTEMROOT', 'WINDIR', 'USERPROFILE', 'LOCALAPPDATA'],
]);

/** Windows writes the names as it likes. */
export const childEnvironment = (env: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(env).filter(([name]) => HANDED_ON.has(name.toUpperCase())));
