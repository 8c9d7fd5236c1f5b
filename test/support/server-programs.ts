/**
 * Finds the programs that tests and benches run: redis-server 7 or newer, PostgreSQL 15 or newer, Chromium. What is not there is said in words, for the line that tells of skipped tests.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { findProgram } from '../../src/config/find-program.ts';

/** `path` is a program, for PostgreSQL the folder of its programs. */
export type FoundServer =
  | { readonly path: string; readonly missing?: undefined }
  | { readonly missing: string };

const OLDEST_REDIS = 7;
const OLDEST_POSTGRES = 15;
/** Debian keeps several versions side by side, none of them on the PATH. */
const DEBIAN_POSTGRES = '/usr/lib/postgresql';

const { REDIS_SERVER_BIN, POSTGRES_BIN_DIR, CHROMIUM_BIN, PATH = '' } = process.env;

export const findRedisServer = (): FoundServer => {
  const path = REDIS_SERVER_BIN ?? findProgram('redis-server');
  if (path === undefined) return { missing: 'no redis-server was found (PATH, REDIS_SERVER_BIN)' };
  return majorOf(path, /v=(\d+)/) >= OLDEST_REDIS
    ? { path }
    : { missing: `${path} is not a redis-server ${OLDEST_REDIS} or newer` };
};

export const findPostgres = (): FoundServer => {
  const folders = POSTGRES_BIN_DIR === undefined ? postgresFolders() : [POSTGRES_BIN_DIR];
  const path = folders.find(
    (folder) =>
      existsSync(join(folder, 'initdb')) &&
      majorOf(join(folder, 'postgres'), /\) (\d+)/) >= OLDEST_POSTGRES,
  );
  if (path !== undefined) return { path };
  return {
    missing: `no PostgreSQL ${OLDEST_POSTGRES} or newer was found (PATH, ${DEBIAN_POSTGRES}, POSTGRES_BIN_DIR)`,
  };
};

export const findChromium = (): FoundServer => {
  const path = CHROMIUM_BIN ?? findProgram('chromium') ?? findProgram('google-chrome');
  return path === undefined ? { missing: 'no Chromium was found (PATH, CHROMIUM_BIN)' } : { path };
};

const postgresFolders = (): readonly string[] => {
  const versions = existsSync(DEBIAN_POSTGRES) ? readdirSync(DEBIAN_POSTGRES) : [];
  const newestFirst = versions.sort((a, b) => Number(b) - Number(a));
  const ofDebian = newestFirst.map((version) => join(DEBIAN_POSTGRES, version, 'bin'));
  return [...PATH.split(delimiter).filter((folder) => folder !== ''), ...ofDebian];
};

/** 0 for what cannot be run. */
const majorOf = (program: string, pattern: RegExp): number => {
  try {
    const said = execFileSync(program, ['--version'], { encoding: 'utf8', stdio: 'pipe' });
    return Number(pattern.exec(said)?.[1] ?? 0);
  } catch {
    return 0;
  }
};
