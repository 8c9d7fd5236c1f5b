/** Where the tools and hooks of a session work. */
import { isAbsolute, resolve } from 'node:path';
import type { Head } from '../../model/head.ts';
import { makeFolderSync } from '../../platform/make-folder.ts';

/**
 * Absolute, for rules, hooks and tools alike: a relative folder, which sessions from elsewhere have, is one as seen from where the
 * daemon was started. `workspace`: of a session that names none.
 */
export const workplaceOf = (
  { workingDirectory }: Pick<Head, 'workingDirectory'>,
  workspace: string,
): string => {
  if (workingDirectory === undefined) return workspace;
  return isAbsolute(workingDirectory) ? workingDirectory : resolve(workingDirectory);
};

/**
 * The same, and the session's own folder is there from the first tool or hook on that works in it. Where there is no room or no right
 * for it, each says what it lacks: a crash would take the answer with it that asks for the tools, as that is not stored yet, and it
 * would be paid for anew with each attempt, and counted with none.
 */
export const madeWorkplace = (head: Pick<Head, 'workingDirectory'>, workspace: string): string => {
  const place = workplaceOf(head, workspace);
  try {
    if (place === workspace) makeFolderSync(workspace);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).syscall === undefined) throw error;
  }
  return place;
};
