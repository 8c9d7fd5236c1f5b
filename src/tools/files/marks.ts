/** Read before it is changed: a file that was not read, or is another one by now, is not written over. */
import type { Stats } from 'node:fs';
import type { FileMark, ToolMemory } from '../../model/tool-memory.ts';
import { Refusal } from '../tool/refusal.ts';

/** @param path where the file really is, so that one file has one mark whatever links lead to it. */
export const markOf = (path: string, { mtimeMs, size }: Stats): FileMark => ({
  path,
  mtimeMs,
  size,
});

export const remembered = (path: string, stats: Stats): ToolMemory => ({
  files: [markOf(path, stats)],
});

export const refuseUnread = (memory: ToolMemory, path: string, stats: Stats): void => {
  const mark = memory.files?.findLast((file) => file.path === path);
  if (mark === undefined)
    throw new Refusal(`${path} has not been read in this session. Read it first, then change it.`);
  if (mark.mtimeMs !== stats.mtimeMs || mark.size !== stats.size)
    throw new Refusal(
      `${path} has changed since it was read, by another program or by a call that was interrupted. Read it again, then change it.`,
    );
};
