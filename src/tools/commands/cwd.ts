/** Where the next command of a session begins: where the shell of this one stood, while that is inside its folders. */
import { isWithin } from '../../permissions/paths.ts';
import type { CommandSpec, Ended } from './wire.ts';

export interface Stand {
  readonly cwd: string;
  /** The shell stood outside. */
  readonly isReset: boolean;
}

export const standAfter = (
  { cwd, workingDirectory }: Pick<CommandSpec, 'cwd' | 'workingDirectory'>,
  { cwd: said, roots, isMoved }: Pick<Ended, 'cwd' | 'roots' | 'isMoved'>,
): Stand => {
  if (said === undefined) return { cwd: isMoved ? workingDirectory : cwd, isReset: false };
  // By its own name: it may be a link.
  if (said === roots[0]) return { cwd: workingDirectory, isReset: false };
  const isInside = roots.some((root) => isWithin(said, root));
  return isInside ? { cwd: said, isReset: false } : { cwd: workingDirectory, isReset: true };
};
