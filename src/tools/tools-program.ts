/** Tool calls as a program of a pool. One that may not run twice is not started again when its thread is lost. */
import type { Program } from '../executor/pool/program.ts';
import type { StepError } from '../session/ports/executor.ts';
import type { OfferedTool, ToolOutcome } from '../session/ports/tools.ts';
import { failed } from './tool/outcome.ts';
import type { ToolJob, WebSettings } from './tool/tool.ts';
import type { ToolKinds } from './wire.ts';

/** What the result of a call says that may have run and may not be run again. */
export const INTERRUPTED = 'interrupted: it is unknown whether it ran';

export interface ToolProgramOptions {
  readonly tools: readonly OfferedTool[];
  /** Milliseconds that a call may take; default 120,000. */
  readonly timeoutMs?: number | undefined;
  readonly web?: WebSettings | undefined;
  /** Of tools that modules bring, by their names. */
  readonly modules?: ReadonlyMap<string, ModuleOf> | undefined;
}

/** Where a tool's function is. */
export interface ModuleOf {
  readonly path: string;
  readonly timeoutMs: number;
}

export const TIMEOUT_MS = 120_000;

export const toolsProgram = ({
  tools,
  web,
  modules,
  timeoutMs = TIMEOUT_MS,
}: ToolProgramOptions): Program<ToolKinds> => {
  const effects = new Map(tools.map(({ name, effect }) => [name, effect]));
  const mayRepeat = ({ name }: ToolJob) => effects.get(name) !== 'at_most_once';
  const wire = (job: ToolJob) => {
    const own = modules?.get(job.name);
    return wired(job, own?.timeoutMs ?? timeoutMs, web, own?.path);
  };
  return {
    prepare: (job) => job,
    hold: () => () => undefined,
    attach: () => ({ wire, look: () => undefined }),
    cancelled: { type: 'cancelled' },
    failed: (error, job) => outcomeOf(error, job, mayRepeat(job)),
    isRepeatable: mayRepeat,
    startsAgain: () => 'again',
  };
};

/** Field by field: what else a caller's object has may not go over a port. */
const wired = (
  job: ToolJob,
  timeoutMs: number,
  web: WebSettings | undefined,
  module: string | undefined,
) => {
  const { key, workingDirectory, memory, turnId, toolUseId, name, input, realPath, hidden } = job;
  return {
    key,
    workingDirectory,
    memory,
    turnId,
    toolUseId,
    name,
    input,
    realPath,
    hidden,
    timeoutMs,
    web,
    module,
  };
};

const outcomeOf = (error: StepError, { name }: ToolJob, mayRepeat: boolean): ToolOutcome => {
  if (error.type !== 'worker_lost')
    return failed(
      `${name} did not run: too many calls wait at the moment. Try again a little later.`,
    );
  if (!mayRepeat) return failed(INTERRUPTED);
  return failed(
    `${name} was ended, also when it was tried again: it kept its thread busy for too long, or made it fail. In a search, a regular expression that tries too many ways does that: then make it simpler, or search in fewer files.`,
  );
};
