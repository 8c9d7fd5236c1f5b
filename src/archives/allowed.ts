/** Which folders may be archived, and be brought back to. */
import { realpath } from 'node:fs/promises';
import { dirname, join, sep } from 'node:path';
import { GreenroomError } from '../model/errors.ts';

export interface AllowedFolders {
  readonly dataDir: string;
  /** Undefined: any. */
  readonly roots: readonly string[] | undefined;
}

/**
 * Rejects with `forbidden` for a folder in the data directory that is not the session's own, for one that the data
 * directory is in, and for one outside of the roots. Links are followed first. @param own the session's own directory.
 */
export const mustBeAllowed = async (
  folder: string,
  own: string,
  { dataDir, roots }: AllowedFolders,
): Promise<void> => {
  const [real, data, mine] = await Promise.all([folder, dataDir, own].map(realOf));
  if (real === undefined || data === undefined || mine === undefined) return;
  if (real === mine) return;
  if (isIn(real, data) || isIn(data, real))
    throw forbidden(folder, "it is in Greenroom's own data, or around it");
  if (roots === undefined) return;
  for (const root of roots) if (isIn(real, (await realOf(root)) ?? root)) return;
  throw forbidden(folder, 'it is in none of the folders of GREENROOM_ARCHIVE_ROOTS');
};

/** As far as it is there; the rest as it is. */
const realOf = async (path: string): Promise<string | undefined> => {
  try {
    return await realpath(path);
  } catch {
    const parent = dirname(path);
    if (parent === path) return path;
    const real = await realOf(parent);
    return real === undefined ? undefined : join(real, path.slice(parent.length));
  }
};

const isIn = (path: string, folder: string): boolean =>
  path === folder || path.startsWith(folder.endsWith(sep) ? folder : `${folder}${sep}`);

const forbidden = (folder: string, why: string): GreenroomError =>
  new GreenroomError('forbidden', `${folder} is no folder for archives: ${why}`);
