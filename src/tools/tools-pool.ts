/**
 * Pools of threads for tools, one call a thread: a call that hangs is killed with its thread and disturbs no other. Registers
 * a runner under the name that it is given.
 */
import { workerPool } from '../executor/pool/worker-pool.ts';
import type { Name } from '../otp/name.ts';
import { nameOf } from '../otp/name.ts';
import { programFile } from '../platform/compiled.ts';
import { FILE_TOOLS, WEB_TOOLS } from './builtin/all.ts';
import type { ModuleTool } from './own/read-modules.ts';
import type { ToolRunner } from './tool/runner.ts';
import type { WebSettings } from './tool/tool.ts';
import { type ToolProgramOptions, toolsProgram } from './tools-program.ts';
import type { ToolKinds } from './wire.ts';

export interface ToolsPoolOptions extends ToolProgramOptions {
  readonly name: Name<ToolRunner>;
}

export const toolsWorkerFile = (): string => programFile('tools/tools-worker');

export const ToolsPool = workerPool<ToolKinds, ToolsPoolOptions>({
  workerFile: toolsWorkerFile,
  program: toolsProgram,
  register: (start, { name, tools }, self) =>
    self.register(name, {
      tools,
      start: (call, { about, outcome }) =>
        start(call, {
          ...(about === undefined ? {} : { about }),
          events: () => undefined,
          outcome: (ended) => outcome(ended),
        }),
    }),
});

export const fileToolsName = nameOf<ToolRunner>('file-tools');
export const webToolsName = nameOf<ToolRunner>('web-tools');
export const moduleToolsName = nameOf<ToolRunner>('module-tools');

/** Most threads at work on files. A call takes a core, or waits for the disk. */
const FILE_THREADS = 4;
const MAX_WAITING = 1_000;
/** A call that cost two threads is the one that kills them. */
const MAX_LOSSES = 1;

/** No thread before there is a call. */
const THREADS = { minWorkers: 0, maxWaiting: MAX_WAITING, maxLosses: MAX_LOSSES };

export const fileTools = {
  ...THREADS,
  name: fileToolsName,
  tools: FILE_TOOLS.map(({ offered }) => offered),
  workers: FILE_THREADS,
  maxJobsPerThread: 1,
};

/** One thread: what these wait for is the network. */
export const webTools = (web: WebSettings) => ({
  ...THREADS,
  name: webToolsName,
  tools: WEB_TOOLS.map(({ offered }) => offered),
  web,
  workers: 1,
  maxJobsPerThread: 32,
  timeoutMs: 60_000,
});

/** As with files: a call that hangs is ended with its thread, and no other is on it. */
export const moduleTools = (tools: readonly ModuleTool[]) => ({
  ...THREADS,
  name: moduleToolsName,
  tools: tools.map(({ offered }) => offered),
  modules: new Map(
    tools.map(({ offered, path, timeoutMs }) => [offered.name, { path, timeoutMs }]),
  ),
  workers: FILE_THREADS,
  maxJobsPerThread: 1,
  workerFile: programFile('tools/module-worker'),
});
