/** Asks systemd, where there is one. */
import { spawnSync } from 'node:child_process';
import { findProgram } from '../../config/find-program.ts';
import type { Shell } from '../shell.ts';

const DEADLINE_MS = 120_000;

export interface Answer {
  readonly isDone: boolean;
  /** What it printed, on one line. */
  readonly said: string;
}

export type Systemctl = (...words: readonly string[]) => Answer;

/** undefined: this machine has none. */
export const systemctlOf = (
  { env }: Pick<Shell, 'env'>,
  kind: 'user' | 'system',
): Systemctl | undefined => {
  const program = findProgram('systemctl', env['PATH'] ?? '');
  if (program === undefined) return undefined;
  return (...words) => {
    const args = kind === 'user' ? ['--user', ...words] : words;
    const { status, stdout, stderr, error } = spawnSync(program, args, {
      ...{ env, encoding: 'utf8', timeout: DEADLINE_MS },
    });
    const said = [stdout, stderr, error?.message].join(' ').replaceAll(/\s+/g, ' ').trim();
    return { isDone: status === 0, said };
  };
};
