/** Which file a call means, and where it is written: a path as the kernel follows it, links first and `..` behind them. */
import { lstatSync, realpathSync } from 'node:fs';
import { basename, dirname, isAbsolute, join } from 'node:path';
import { Refusal } from '../tool/refusal.ts';
import { codeOf } from '../tool/system-errors.ts';
import type { ToolJob } from '../tool/tool.ts';

/** What relative paths are relative to. */
export const baseOf = ({ memory, workingDirectory }: ToolJob): string =>
  memory.cwd ?? workingDirectory;

/** Absolute, and not tidied: `link/../x` is what the kernel makes of it. */
export const pathOf = (path: string, job: ToolJob): string => {
  if (path.includes('\0')) throw new Refusal('A path cannot hold a NUL character.');
  return isAbsolute(path) ? path : `${baseOf(job)}/${path}`;
};

/** A path as results show it: relative where it lies in the base, which is shorter. */
export const shownPath = (path: string, base: string): string => {
  const folder = base.endsWith('/') ? base : `${base}/`;
  return path.startsWith(folder) ? path.slice(folder.length) : path;
};

/**
 * Where a file would be written: what a link leads to rather than the link, so that the link stays. The file and folders
 * above it may be missing.
 */
export const realTarget = (path: string): string => {
  const real = unlessMissing(() => realpathSync.native(path));
  if (real !== undefined) return real;
  const isLink = lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() ?? false;
  if (isLink) throw new Refusal(`${path} is a link that leads to nothing. Name the file itself.`);
  const name = basename(path);
  if (path.endsWith('/') || name === '' || name === '.' || name === '..')
    throw new Refusal(`${path} does not name a file.`);
  return join(realTarget(dirname(path)), name);
};

/** @param expected see `ToolJob.realPath`. */
export const checkPlace = (real: string, expected: string | undefined): void => {
  if (expected !== undefined && real !== expected)
    throw new Refusal(
      `The path leads to ${real} by now, and the permission was given for ${expected}. Nothing was done; ask again.`,
    );
};

export const unlessMissing = <T>(ask: () => T): T | undefined => {
  try {
    return ask();
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
};
