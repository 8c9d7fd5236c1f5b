/**
 * The sandbox of a command, by bubblewrap: it reads all files, writes in its folders and in a `/tmp` of its own, has a
 * network only where it may, and lives in a process namespace that ends with its shell, or with us.
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { SandboxMode } from './wire.ts';

const run = promisify(execFile);
const PROBE_MS = 10_000;

export interface Walls {
  readonly folders: readonly string[];
  readonly cwd: string;
  readonly hasNetwork: boolean;
}

/** Arguments of bubblewrap, to which those of the program are added. */
export const wallsOf = ({ folders, cwd, hasNetwork }: Walls): readonly string[] => [
  ...['--ro-bind', '/', '/', '--dev', '/dev', '--proc', '/proc', '--tmpfs', '/tmp'],
  ...folders.flatMap((folder) => ['--bind', folder, folder]),
  ...['--unshare-all', ...(hasNetwork ? ['--share-net'] : []), '--die-with-parent'],
  ...['--chdir', cwd, '--'],
];

/** Whether it can be had here; else, why not. */
export const probe = async (path: string | undefined): Promise<string | undefined> => {
  if (process.platform !== 'linux') return 'bubblewrap is for Linux';
  const env = path === undefined ? {} : { PATH: path };
  try {
    await run('bwrap', ['--version'], { env, timeout: PROBE_MS });
  } catch {
    return 'bubblewrap (bwrap) is not installed';
  }
  try {
    const walls = wallsOf({ folders: [], cwd: '/', hasNetwork: false });
    await run('bwrap', [...walls, 'true'], { env, timeout: PROBE_MS });
    return undefined;
  } catch (error) {
    const { stderr = '' } = error as { stderr?: string };
    return `bubblewrap does not work here: ${stderr.trim().split('\n')[0] ?? ''}`;
  }
};

/** What to do with a command; `missing`: why there is no sandbox. */
export const choose = (
  mode: SandboxMode,
  missing: string | undefined,
): 'inside' | 'outside' | 'refused' => {
  switch (mode) {
    case 'off':
      return 'outside';
    case 'auto':
      return missing === undefined ? 'inside' : 'outside';
    case 'required':
      return missing === undefined ? 'inside' : 'refused';
  }
};
