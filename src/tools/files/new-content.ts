/** Puts bytes in the place of a file, or makes it: what `Write` and `Edit` have in common. */
import { createHash } from 'node:crypto';
import { closeSync, lstatSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import type { ToolMemory } from '../../model/tool-memory.ts';
import { Pauses } from '../tool/pauses.ts';
import { Refusal } from '../tool/refusal.ts';
import type { ToolJob } from '../tool/tool.ts';
import { FolderAnchor } from './folder-anchor.ts';
import { refuseUnread, remembered } from './marks.ts';
import { type OpenFile, readWhole } from './open-file.ts';
import { checkPlace, realTarget } from './place.ts';

/** Bytes of a file that is changed. */
export const MAX_CHANGED_BYTES = 32 * 1024 * 1024;

export interface Current {
  readonly bytes: Buffer;
  /** Where it really is. */
  readonly path: string;
}

/** What is to become of a file. */
export type Change<T> = (current: Current | undefined, path: string) => NewContent<T>;

export interface NewContent<T> {
  /** undefined: the file has what it should have, whoever wrote that, and stays as it is. */
  readonly bytes: Uint8Array | undefined;
  readonly told: T;
}

export interface Changed<T> {
  readonly path: string;
  readonly isNew: boolean;
  readonly told: T;
  readonly memory: ToolMemory;
}

/**
 * A file that is there must have been read as it is now. `change` may be called for one that was not: what throws or leaves
 * the file alone comes first, so that a call that is made again after it was lost finds its work done.
 */
export const changeFile = async <T>(
  path: string,
  job: ToolJob,
  change: Change<T>,
  signal: AbortSignal,
): Promise<Changed<T>> => {
  const real = realTarget(path);
  checkPlace(real, job.realPath);
  if (lstatSync(dirname(real), { throwIfNoEntry: false }) === undefined) change(undefined, real); // before folders are made for it
  const folder = FolderAnchor.openMade(dirname(real));
  try {
    const file = folder.openExisting(basename(real));
    try {
      return await put({ folder, file, real, job, signal }, change);
    } finally {
      if (file !== undefined) closeSync(file.fd);
    }
  } finally {
    folder.close();
  }
};

interface Target {
  readonly folder: FolderAnchor;
  readonly file: OpenFile | undefined;
  readonly real: string;
  readonly job: ToolJob;
  readonly signal: AbortSignal;
}

const put = async <T>(
  { folder, file, real, job, signal }: Target,
  change: Change<T>,
): Promise<Changed<T>> => {
  const current =
    file === undefined ? undefined : { bytes: await bytesOf(file, real, signal), path: real };
  const isNew = file === undefined;
  const unread =
    file === undefined ? undefined : refusalOf(() => refuseUnread(job.memory, real, file.stats));
  const { bytes, told } = unreadFirst(unread, () => change(current, real));
  if (bytes === undefined && file !== undefined)
    return { path: real, isNew, told, memory: remembered(real, file.stats) };
  if (unread !== undefined) throw unread;
  const stats = await folder.replace({
    name: basename(real),
    bytes: bytes ?? new Uint8Array(),
    before: file?.stats,
    draftName: draftNameOf(job),
    signal,
  });
  return { path: real, isNew, told, memory: remembered(real, stats) };
};

const refusalOf = (check: () => void): Refusal | undefined => {
  try {
    check();
    return undefined;
  } catch (error) {
    if (error instanceof Refusal) return error;
    throw error;
  }
};

/** That a file was not read is said rather than what does not fit in it. */
const unreadFirst = <T>(unread: Refusal | undefined, change: () => T): T => {
  try {
    return change();
  } catch (error) {
    throw unread ?? error;
  }
};

const bytesOf = async (file: OpenFile, path: string, signal: AbortSignal): Promise<Buffer> => {
  const { size } = file.stats;
  if (size > MAX_CHANGED_BYTES)
    throw new Refusal(
      `${path} has ${size} bytes: files above ${MAX_CHANGED_BYTES} are not changed here.`,
    );
  return readWhole(file, MAX_CHANGED_BYTES, new Pauses(signal));
};

const draftNameOf = ({ toolUseId, turnId }: ToolJob): string => {
  const digest = createHash('sha256').update(`${turnId}/${toolUseId}`).digest('hex');
  return `.${digest.slice(0, 16)}.greenroom-draft`;
};
