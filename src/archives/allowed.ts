/** Which folders may be archived, and be brought back to. */
import { realpath } from 'node:fs/promises';
import { basename, dirname, join, sep } from 'node:path';
import { GreenroomError } from '../model/errors.ts';

export interface AllowedFolders {
  readonly dataDir: string;
  /** Where archives lie, those of all tenants; undefined: in the data directory. */
  readonly archiveDir?: string | undefined;
  /** Where the directories lie that we make; undefined: in the data directory. */
  readonly workspaces?: string | undefined;
  /** Undefined: any. */
  readonly roots: readonly string[] | undefined;
}

/**
 * Rejects with `forbidden` for a folder in the data directory that is not the session's own, for one that the data
 * directory is in, for the same of the folders of archives and of workspaces, and for one outside of the roots. Links are followed first; what
 * has become a link is not the session's own any more. @param own the session's own directory. @returns where it really is.
 */
export const mustBeAllowed = async (
  folder: string,
  own: string,
  { dataDir, archiveDir = dataDir, workspaces = dataDir, roots }: AllowedFolders,
): Promise<string> => {
  const [real, around] = await Promise.all([realOf(folder), realOf(dirname(own))]);
  if (real === join(around, basename(own))) return real;
  for (const ours of await Promise.all([dataDir, archiveDir, workspaces].map(realOf)))
    if (isIn(real, ours) || isIn(ours, real))
      throw forbidden(folder, "it is in Greenroom's own data, or around it");
  if (roots === undefined) return real;
  for (const root of roots) if (isIn(real, await realOf(root))) return real;
  throw forbidden(folder, 'it is in none of the folders of GREENROOM_ARCHIVE_ROOTS');
};

/** As far as it is there; the rest as it is. */
const realOf = async (path: string): Promise<string> => {
  try {
    return await realpath(path);
  } catch {
    const parent = dirname(path);
    if (parent === path) return path;
    return join(await realOf(parent), basename(path));
  }
};

const isIn = (path: string, folder: string): boolean =>
  path === folder || path.startsWith(folder.endsWith(sep) ? folder : `${folder}${sep}`);

const forbidden = (folder: string, why: string): GreenroomError =>
  new GreenroomError('forbidden', `${folder} is no folder for archives: ${why}`);
