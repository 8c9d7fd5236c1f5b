/**
 * Notes beside copies of directories: of each that takes its place before its session is there. By them the next start
 * removes what a dead daemon left, and nothing else.
 */
import { open, readdir, readFile, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type SessionKey, sessionKey } from '../model/ids.ts';
import { writeFileOf } from './pack/pack.ts';

export interface Leftovers {
  /** Where the directories lie that we make. Absolute; ids of tenants and sessions never begin with a dot. */
  readonly workspaces: string;
  /** Of this start alone, without a dot: what has another one is of a daemon that is gone. */
  readonly life: string;
  readonly isThere: (key: SessionKey) => Promise<boolean>;
  readonly removeWorkspace: (key: SessionKey) => Promise<void>;
}

export const draftsIn = (workspaces: string): string => join(workspaces, '.copying');
export const placeIn = (workspaces: string, { tenant, sessionId }: SessionKey): string =>
  join(workspaces, tenant, sessionId);

const NOTE = '.json';

/** That a directory has been made for a session which is not there yet. */
interface Note {
  readonly tenant: string;
  readonly sessionId: string;
  /** Of the copy: whatever else has come to the place is no business of ours. */
  readonly inode: string;
}

const inodeOf = ({ dev, ino }: { readonly dev: number; readonly ino: number }): string =>
  `${dev}:${ino}`;

/** Resolves when it is on disk, with where that is. */
export const writeNote = async (draft: string, { tenant, sessionId }: SessionKey) => {
  const note = `${draft}${NOTE}`;
  const said: Note = { tenant, sessionId, inode: inodeOf(await stat(draft)) };
  await writeFileOf(note, () => [JSON.stringify(said)]);
  await syncFolder(dirname(note));
  return note;
};

export const syncFolder = async (path: string): Promise<void> => {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
};

/** Removes the copy that it tells of, unless a session has it, and then the note. */
export const forget = async (
  { workspaces, removeWorkspace }: Leftovers,
  note: string,
  isOfSession: (key: SessionKey) => boolean | Promise<boolean>,
): Promise<void> => {
  const said = await readNote(note);
  if (said !== undefined) {
    const key = sessionKey(said.tenant, said.sessionId);
    const there = await stat(placeIn(workspaces, key)).catch(() => undefined);
    const isOurs = there !== undefined && inodeOf(there) === said.inode;
    if (isOurs && !(await isOfSession(key))) await removeWorkspace(key);
  }
  await rm(note, { force: true });
};

/** Undefined: it was not written to its end, so nothing has taken its place. */
const readNote = async (note: string): Promise<Note | undefined> => {
  try {
    return JSON.parse(await readFile(note, 'utf8')) as Note;
  } catch {
    return undefined;
  }
};

export const sweep = async (leftovers: Leftovers): Promise<void> => {
  const { workspaces, life, isThere } = leftovers;
  const drafts = draftsIn(workspaces);
  const names = await readdir(drafts).catch(() => []);
  for (const name of names.filter((each) => !each.startsWith(`${life}.`)))
    if (name.endsWith(NOTE)) await forget(leftovers, join(drafts, name), isThere);
    else await rm(join(drafts, name), { recursive: true, force: true });
};
