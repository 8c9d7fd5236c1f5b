/** Where the tools of a session work. */
import { isAbsolute, resolve } from 'node:path';
import type { Head } from '../../model/head.ts';

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
