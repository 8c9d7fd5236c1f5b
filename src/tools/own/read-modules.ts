/** Which tools the modules have that the configuration names: read once at start, each module by a thread of its own. */
import { isAbsolute, resolve } from 'node:path';
import { Worker } from 'node:worker_threads';
import { ConfigError } from '../../config/config-error.ts';
import type { Clock } from '../../otp/clock.ts';
import { programFile } from '../../platform/compiled.ts';
import type { OfferedTool } from '../../session/ports/tools.ts';
import type { Definitions } from './wire.ts';

/** As the daemon's environment has it, and as an embedding program has it. */
const SETTING = 'GREENROOM_TOOL_MODULES (moduleTools)';
/** How long a module may take to load. */
const LOAD_MS = 60_000;

/** A tool of a module, without its function. */
export interface ModuleTool {
  /** Of the module; absolute. */
  readonly path: string;
  readonly offered: OfferedTool;
  readonly timeoutMs: number;
}

/** Rejects with a `ConfigError`, code `invalid_settings`, for the first module that cannot be used. */
export const readModules = async (
  paths: readonly string[],
  clock: Clock,
): Promise<readonly ModuleTool[]> => {
  const all = paths.map((path) => (isAbsolute(path) ? path : resolve(path)));
  const found = await Promise.all(all.map((path) => readModule(path, clock)));
  return found.flat();
};

const readModule = async (path: string, clock: Clock): Promise<readonly ModuleTool[]> => {
  const thread = new Worker(programFile('tools/own/definitions-thread'), {
    workerData: { path },
    // As for the pools' threads: one that is ended while it loads by require() takes the process along.
    execArgv: ['--no-experimental-require-module'],
  });
  try {
    const said = await definitions(thread, path, clock);
    if ('problem' in said) throw new ConfigError(`${SETTING}: ${said.problem}`);
    return said.tools.map(({ offered, timeoutMs }) => ({ path, offered, timeoutMs }));
  } finally {
    await thread.terminate();
  }
};

const definitions = (thread: Worker, path: string, clock: Clock): Promise<Definitions> =>
  new Promise((resolveWith, reject) => {
    const fail = (why: string) => reject(new ConfigError(`${SETTING}: ${path}: ${why}`));
    const timer = clock.setTimeout(
      () => fail(`it was not loaded within ${LOAD_MS / 1_000} s`),
      LOAD_MS,
    );
    thread.once('message', (said: Definitions) => resolveWith(said));
    thread.once('error', (error) => fail(`the module cannot be loaded: ${String(error)}`));
    thread.once('exit', (code) => fail(`its thread ended with code ${code}`));
    thread.once('exit', () => timer.cancel());
  });
