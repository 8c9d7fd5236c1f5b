/** Starts this program again, as a process that has neither our terminal nor our group. */
import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import type { Launched } from './shell.ts';

/** @param program the script of this process. Its environment and its working folder stay: `.env` lies there. */
export const launchAgain =
  (program: string) =>
  (args: readonly string[], output: string): Launched => {
    const fd = openSync(output, 'w', 0o600);
    try {
      const child = spawn(process.execPath, [...process.execArgv, program, ...args], {
        detached: true,
        stdio: ['ignore', fd, fd],
      });
      let failure: string | undefined;
      child.on('error', ({ message }) => {
        failure = message;
      });
      child.unref();
      return {
        pid: child.pid ?? -1,
        ended: () => {
          const { exitCode, signalCode } = child;
          if (failure !== undefined) return { exitCode: null, signal: failure };
          return exitCode === null && signalCode === null
            ? undefined
            : { exitCode, signal: signalCode };
        },
      };
    } finally {
      closeSync(fd);
    }
  };
