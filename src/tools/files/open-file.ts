/**
 * Opens files for reading. What counts is what was opened, never what a look at the path said before: a link that is swapped
 * between the two would fool every check. Only plain files are opened: a pipe would be waited for, a device may act.
 */
import { constants, type Stats } from 'node:fs';
import { type FileHandle, open, readlink, realpath, stat } from 'node:fs/promises';
import { Refusal } from '../tool/refusal.ts';
import { checkPlace } from './place.ts';

export interface OpenFile {
  readonly handle: FileHandle;
  readonly stats: Stats;
  /** Where the opened file really is. */
  readonly realPath: string;
}

/** A pipe answers at once, a terminal does not become ours. */
const FLAGS = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY;

export interface Opening {
  /** See `ToolJob.realPath`. */
  readonly expected?: string | undefined;
  /** The last part of the path must not be a link. */
  readonly isNoLink?: boolean;
}

/** The caller closes the handle. Throws a `Refusal`, or what the file system says. */
export const openFile = async (
  path: string,
  { expected, isNoLink = false }: Opening = {},
): Promise<OpenFile> => {
  if (!isNoLink) refuseOther(await stat(path), path); // some devices act when they are opened
  const handle = await open(path, isNoLink ? FLAGS | constants.O_NOFOLLOW : FLAGS);
  try {
    const stats = await handle.stat();
    refuseOther(stats, path);
    const realPath = await whereIs(handle, path);
    checkPlace(realPath, expected);
    return { handle, stats, realPath };
  } catch (error) {
    await handle.close();
    throw error;
  }
};

const refuseOther = (stats: Stats, path: string): void => {
  if (stats.isFile()) return;
  if (stats.isDirectory()) throw new Refusal(`${path} is a folder. Use Glob to see what is in it.`);
  throw new Refusal(`${path} is ${kindOf(stats)}, and only plain files are read.`);
};

const kindOf = (stats: Stats): string => {
  if (stats.isFIFO()) return 'a named pipe';
  if (stats.isSocket()) return 'a socket';
  return stats.isCharacterDevice() || stats.isBlockDevice() ? 'a device' : 'no plain file';
};

/**
 * Where an open file or folder is. Linux says it of the handle itself; elsewhere the path is followed and what is there compared with
 * the handle, until both looks agree.
 */
export const whereIs = async (handle: FileHandle, path: string): Promise<string> => {
  if (process.platform === 'linux') {
    const said = await readlink(`/proc/self/fd/${handle.fd}`).catch(() => undefined);
    if (said?.startsWith('/')) return said;
  }
  const real = await realpath(path);
  const [opened, there] = await Promise.all([handle.stat(), stat(real)]);
  if (opened.ino !== there.ino || opened.dev !== there.dev || (await realpath(real)) !== real)
    throw new Refusal(`${path} was replaced while it was opened. Try again.`);
  return real;
};
