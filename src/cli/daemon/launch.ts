/** Starts a daemon that outlives this command, and waits until it is ready or says why it is not. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { type Config, ConfigError } from '../../config/config.ts';
import { dataFolderFault } from '../../config/data-folder.ts';
import type { DaemonFile } from '../../platform/daemon-file.ts';
import { makeFolderSync } from '../../platform/make-folder.ts';
import { CliError, type ExitCode } from '../failure.ts';
import { findDaemon } from '../find-daemon.ts';
import type { Shell } from '../shell.ts';

const POLL_MS = 50;
const LAST_BYTES = 8 * 1024;

/** What the daemon is started with, and how long it may take. */
export interface Launch {
  readonly config: Config;
  /** The words behind `start`. */
  readonly words: readonly string[];
  readonly deadlineMs: number;
}

const logFolder = (dataDir: string): string => join(dataDir, 'log');

/** Where a daemon that is detached logs to. */
export const logFileOf = ({ logFile, dataDir }: Config): string =>
  logFile ?? join(logFolder(dataDir), 'greenroom.log');

/** Resolves with what `daemon.json` says of it. Rejects with its own refusal. */
export const launch = async (
  shell: Shell,
  { config, words, deadlineMs }: Launch,
): Promise<DaemonFile> => {
  const { dataDir } = config;
  const fault = dataFolderFault(dataDir);
  if (fault !== undefined)
    throw new ConfigError(
      `the data directory ${dataDir} cannot be used: ${fault}; set GREENROOM_DATA_DIR to a folder that can be written`,
    );
  makeFolderSync(logFolder(dataDir));
  // What does not come from the log: a refusal, the end of a process by the runtime itself.
  const output = join(logFolder(dataDir), 'output.log');
  const log = ['--log-file', logFileOf(config)];
  const launched = shell.launch(['start', '--json', ...words, ...log], output);
  for (let waitedMs = 0; waitedMs < deadlineMs; waitedMs += POLL_MS) {
    const found = findDaemon(dataDir);
    if (found.kind === 'running' && found.daemon.pid === launched.pid) return found.daemon;
    const ended = launched.ended();
    if (ended !== undefined) throw refusal(output, ended);
    await shell.sleep(POLL_MS);
  }
  throw new CliError(
    1,
    `the daemon (process ${launched.pid}) is not ready after ${deadlineMs / 1_000} s; it goes on starting`,
    `greenroom logs --follow shows what it does; kill ${launched.pid} gives it up`,
  );
};

const Refusal = z.object({
  error: z.object({ message: z.string(), nextStep: z.string().optional() }),
});

/** In its own words. */
const refusal = (output: string, { exitCode, signal }: LaunchEnd): CliError => {
  const lines = lastLines(output);
  for (const line of lines.toReversed()) {
    const said = readRefusal(line);
    if (said !== undefined) return new CliError(asExitCode(exitCode), said.message, said.nextStep);
  }
  const how = exitCode === null ? `was ended by ${signal}` : `ended with exit code ${exitCode}`;
  const text = lines.slice(-3).join(' ');
  return new CliError(
    1,
    `the daemon did not start: it ${how}${text === '' ? '' : `: ${text}`}`,
    `greenroom logs shows what it did; ${output} has what did not come from the log`,
  );
};

const readRefusal = (line: string) => {
  try {
    return Refusal.safeParse(JSON.parse(line)).data?.error;
  } catch {
    return undefined;
  }
};

const asExitCode = (code: number | null): ExitCode =>
  code !== null && code >= 1 && code <= 5 ? (code as ExitCode) : 1;

const lastLines = (path: string): readonly string[] =>
  existsSync(path)
    ? readFileSync(path)
        .subarray(-LAST_BYTES)
        .toString()
        .split('\n')
        .filter((line) => line.trim() !== '')
    : [];

export interface LaunchEnd {
  readonly exitCode: number | null;
  readonly signal: string | null;
}
