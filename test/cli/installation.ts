/** Greenroom as it is installed, from outside: a daemon in a process of its own, commands in theirs. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { newFolder, type Ran } from './run-cli.ts';

export const MAIN = fileURLToPath(new URL('../../dist/cli/main.cjs', import.meta.url));
export const START_MS = 30_000;

/** One Greenroom on the machine: its folder, and how to call it. */
export class Installation {
  readonly folder = newFolder();
  readonly dataDir = join(this.folder, 'data');

  get env(): Record<string, string | undefined> {
    const { PATH } = process.env;
    return { PATH, HOME: this.folder, GREENROOM_DATA_DIR: this.dataDir, GREENROOM_NATS_PORT: '0' };
  }

  start(more: Readonly<Record<string, string>> = {}): ChildProcess {
    const less = { GREENROOM_TEXT_SEARCH: 'off' }; // a process more that few tests need
    const env = { ...this.env, ...less, ...more };
    return spawn(process.execPath, [MAIN, 'start'], { env, cwd: this.folder });
  }

  get daemonFile(): string {
    return join(this.dataDir, 'daemon.json');
  }

  call(args: readonly string[], stdin = ''): Promise<Ran> {
    return new Promise((resolve) => {
      const child = execFile(
        process.execPath,
        [MAIN, ...args],
        { env: this.env, cwd: this.folder },
        (_, out, err) => resolve({ code: child.exitCode ?? -1, out, err }),
      );
      child.stdin?.end(stdin);
    });
  }
}

/** The exit code, also of one that is gone already: a daemon that did not start must not hang its tests. */
export const ended = async (child: ChildProcess): Promise<number | null> => {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'close');
  return child.exitCode;
};
