/**
 * Opens files for reading. What counts is what was opened, never what a look at the path said before: a link that is swapped
 * between the two would fool every check. Only plain files are opened: a pipe would be waited for, a device may act.
 */
import {
  closeSync,
  constants,
  fstatSync,
  openSync,
  readlinkSync,
  readSync,
  realpathSync,
  type Stats,
  statSync,
} from 'node:fs';
import type { Pauses } from '../tool/pauses.ts';
import { Refusal } from '../tool/refusal.ts';
import { checkPlace } from './place.ts';

export interface OpenFile {
  /** Its descriptor. */
  readonly fd: number;
  readonly stats: Stats;
  /** Where the opened file really is. */
  readonly realPath: string;
}

/** A pipe answers at once, a terminal does not become ours. */
const FLAGS = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY;
/** Bytes of one read. */
const CHUNK = 1024 * 1024;

export interface Opening {
  /** See `ToolJob.realPath`. */
  readonly expected?: string | undefined;
  /** The last part of the path must not be a link. */
  readonly isNoLink?: boolean;
}

/** The caller closes it with `closeSync`. Throws a `Refusal`, or what the file system says. */
export const openFile = (path: string, { expected, isNoLink = false }: Opening = {}): OpenFile => {
  if (!isNoLink) refuseOther(statSync(path), path); // some devices act when they are opened
  const fd = openSync(path, isNoLink ? FLAGS | constants.O_NOFOLLOW : FLAGS);
  try {
    const stats = fstatSync(fd);
    refuseOther(stats, path);
    const realPath = whereIs(fd, path);
    checkPlace(realPath, expected);
    return { fd, stats, realPath };
  } catch (error) {
    closeSync(fd);
    throw error;
  }
};

/** All that is in it; more than `maxBytes` are not read, also of one that grows meanwhile. */
export const readWhole = async (
  { fd, stats }: OpenFile,
  maxBytes: number,
  pauses: Pauses,
): Promise<Buffer> => {
  const chunks: Buffer[] = [];
  for (let length = 0; length < maxBytes; ) {
    await pauses.look();
    // One byte more than there should be: so a file that is as it was takes one read, and one that is empty tells by it.
    const wanted = Math.min(CHUNK, maxBytes - length, Math.max(stats.size - length, 0) + 1);
    const chunk = Buffer.allocUnsafe(wanted);
    const count = readSync(fd, chunk, 0, wanted, length);
    if (count > 0) chunks.push(chunk.subarray(0, count));
    length += count;
    if (count === 0 || (count < wanted && length >= stats.size)) break;
  }
  return chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks);
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
 * Where an open file or folder is. Linux says it of the descriptor itself; elsewhere the path is followed and what is there compared
 * with the descriptor, until both looks agree.
 */
export const whereIs = (fd: number, path: string): string => {
  if (process.platform === 'linux') {
    const said = linkOf(fd);
    if (said?.startsWith('/')) return said;
  }
  const real = realpathSync.native(path);
  const [opened, there] = [fstatSync(fd), statSync(real)];
  if (opened.ino !== there.ino || opened.dev !== there.dev || realpathSync.native(real) !== real)
    throw new Refusal(`${path} was replaced while it was opened. Try again.`);
  return real;
};

const linkOf = (fd: number): string | undefined => {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`);
  } catch {
    return undefined;
  }
};
