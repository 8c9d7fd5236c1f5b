/**
 * What a session has outside of its records: its working directory, unless it was given one, and what its tools printed at
 * length. Both are below the data directory, in a folder of the session that Greenroom makes and removes.
 *
 * Removed is what stands in the folder that was opened, name by name, wherever its path leads meanwhile (on Linux). A link
 * is removed as a link, and what stands behind one is never looked at. Elsewhere the path is followed again for each name.
 */
import { constants } from 'node:fs';
import { type FileHandle, open, readdir, rmdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { SessionKey } from '../../model/ids.ts';

const WORKSPACES = 'workspaces';
export const TOOL_OUTPUT = 'tool-output';

/** Where sessions have their folders: absolute. */
export interface SessionFolders {
  readonly dataDir: string;
  /** GREENROOM_WORKSPACE_DIR; undefined: in the data directory. */
  readonly workspaceDir?: string | undefined;
}

/** Below it each session has its directory, by tenant and id. */
export const workspacesIn = ({ dataDir, workspaceDir }: SessionFolders): string =>
  workspaceDir ?? join(dataDir, WORKSPACES);

/** Folders that are open at once, one in the other: what stands deeper stays, and is told of. */
const MAX_DEPTH = 200;

const SLASH = Buffer.from('/');

const FOLDER = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;

/** Never rejects: what cannot be removed stays, and `onLeft` is told where and why. */
export const removeSessionFolders = (
  folders: SessionFolders,
  key: SessionKey,
  onLeft: (path: string, error: Error) => void,
): Promise<void> =>
  removeFolders([placeOfWorkspaces(folders), [folders.dataDir, TOOL_OUTPUT]], key, onLeft);

/** Of these, the working directory alone. */
export const removeWorkspace = (
  folders: SessionFolders,
  key: SessionKey,
  onLeft: (path: string, error: Error) => void,
): Promise<void> => removeFolders([placeOfWorkspaces(folders)], key, onLeft);

/** A folder that is where it is said to be, and names below it that may be no links. */
type Place = readonly [base: string, ...names: readonly string[]];

const placeOfWorkspaces = ({ dataDir, workspaceDir }: SessionFolders): Place =>
  workspaceDir === undefined ? [dataDir, WORKSPACES] : [workspaceDir];

const removeFolders = async (
  places: readonly Place[],
  { tenant, sessionId }: SessionKey,
  onLeft: (path: string, error: Error) => void,
): Promise<void> => {
  for (const [base, ...names] of places)
    try {
      await descend(base, [...names, tenant], (folder) =>
        remove(Buffer.from(folder), Buffer.from(sessionId), MAX_DEPTH),
      );
    } catch (error) {
      if (codeOf(error) !== 'ENOENT')
        onLeft(join(base, ...names, tenant, sessionId), error as Error);
    }
};

/** Opens each folder in the one before, none of them by a link. The first one is where it is said to be. */
const descend = async (
  base: string,
  [name, ...rest]: readonly string[],
  work: (folder: string) => Promise<void>,
): Promise<void> => {
  if (name === undefined) return work(base);
  const path = join(base, name);
  const handle = await open(path, FOLDER);
  try {
    await descend(placeOf(handle, path), rest, work);
  } finally {
    await handle.close();
  }
};

/** What is there under that name, with all that is in it. What goes by itself meanwhile is gone. Names are bytes: not all are text. */
const remove = async (parent: Buffer, name: Buffer, depth: number): Promise<void> => {
  const path = Buffer.concat([parent, SLASH, name]);
  const handle = await open(path, FOLDER).catch((error: unknown) => {
    if (NO_FOLDER.includes(codeOf(error))) return undefined;
    throw error;
  });
  if (handle === undefined) return unlink(path).catch(unlessMissing);
  try {
    if (depth === 0) throw new Error(`folders stand in it more than ${MAX_DEPTH} deep`);
    await handle.chmod(0o700).catch(() => undefined); // a package manager may have made it read-only
    const folder = placeOf(handle, path);
    for (const entry of await readdir(folder, 'buffer'))
      await remove(Buffer.from(folder), entry, depth - 1);
  } finally {
    await handle.close();
  }
  await rmdir(path).catch(unlessMissing);
};

/** What names are looked up in: the open folder itself, where the system has a path for it. */
const placeOf = <Path extends string | Buffer>({ fd }: FileHandle, path: Path): string | Path =>
  process.platform === 'linux' ? `/proc/self/fd/${fd}` : path;

/** What opening a file, or a link, as a folder fails with. */
const NO_FOLDER: readonly (string | undefined)[] = ['ENOTDIR', 'ELOOP'];

const codeOf = (error: unknown): string | undefined => (error as NodeJS.ErrnoException).code;

const unlessMissing = (error: unknown): void => {
  if (codeOf(error) !== 'ENOENT') throw error;
};
