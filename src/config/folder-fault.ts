/** Whether a folder can be used for what is kept: the same look, in the same words, at the start and in `doctor`. */
import { accessSync, constants, lstatSync, readlinkSync, statfsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

/** Types of file systems that take no folders: of Linux, `proc` and `sysfs`. */
const KERNEL_FILE_SYSTEMS: readonly number[] = [0x9fa0, 0x62656572];

/** Why nothing can be kept in `folder`, in a sentence; undefined: it can, or the folder can be made. */
export const folderFault = (folder: string): string | undefined => {
  const there = nearest(folder);
  try {
    return faultOf(there);
  } catch (error) {
    return `${there} cannot be looked at: ${(error as Error).message}`;
  }
};

/** The folder itself, or the nearest one above that is there; a link that leads nowhere is there. */
export const nearest = (folder: string): string => {
  const parent = dirname(folder);
  return isThere(folder) || parent === folder ? folder : nearest(parent);
};

const isThere = (path: string): boolean => {
  try {
    return lstatSync(path) !== undefined;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code !== 'ENOENT' && code !== 'ENOTDIR';
  }
};

const faultOf = (path: string): string | undefined => {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) return `${path} is a link to ${readlinkSync(path)}, which is not there`;
  if (!found.isDirectory()) return `${path} is no directory`;
  if (process.platform === 'linux' && KERNEL_FILE_SYSTEMS.includes(statfsSync(path).type))
    return `${path} belongs to the kernel: no folder can be made there`;
  return writeFault(path);
};

const writeFault = (path: string): string | undefined => {
  try {
    accessSync(path, constants.W_OK | constants.X_OK);
    return undefined;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'EROFS') return `${path} is read-only`;
    return code === 'EACCES' ? `${path} is not ours to write to` : message;
  }
};
