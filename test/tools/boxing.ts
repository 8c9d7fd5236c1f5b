/** A toolbox for one test, over real threads. */
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import type { PoolOptions } from '../../src/executor/pool/worker-pool.ts';
import type { Report } from '../../src/otp/report.ts';
import { System } from '../../src/otp/system.ts';
import type { FairLimits } from '../../src/platform/fair-queue.ts';
import {
  type OfferedTool,
  type ToolCall,
  type ToolHandle,
  type ToolOutcome,
  toolboxName,
} from '../../src/session/ports/tools.ts';
import type { ToolRunner } from '../../src/tools/tool/runner.ts';
import { ToolboxServer } from '../../src/tools/toolbox.ts';
import {
  fileTools,
  fileToolsName,
  ToolsPool,
  type ToolsPoolOptions,
} from '../../src/tools/tools-pool.ts';

export const misbehaving = fileURLToPath(new URL('./workers/misbehaving.mjs', import.meta.url));

const offered = (name: string, effect: OfferedTool['effect']): OfferedTool => ({
  name,
  effect,
  description: name,
  inputSchema: { type: 'object' },
});

export const MISBEHAVING: readonly OfferedTool[] = [
  offered('Spins', 'pure'),
  offered('SpinsOnce', 'at_most_once'),
  offered('Kills', 'idempotent'),
  offered('Deaf', 'idempotent'),
  offered('Polite', 'pure'),
  offered('Buggy', 'pure'),
  offered('Echo', 'pure'),
];

export interface Calling extends ToolHandle {
  readonly outcome: Promise<ToolOutcome>;
}

export interface Boxing extends Partial<ToolsPoolOptions & PoolOptions> {
  readonly others?: readonly ToolRunner[];
  /** How many calls run at a time. */
  readonly limits?: FairLimits;
}

export const boxing = async ({ others = [], limits, ...options }: Boxing = {}) => {
  const reports: Report[] = [];
  const system = new System({ onReport: (report) => void reports.push(report) });
  const pool = await ToolsPool.start(system, { ...fileTools, ...options }, { id: 'files' });
  const box = await ToolboxServer.start(
    system,
    {
      runners: () => [system.fetch(fileToolsName), ...others],
      ...(limits === undefined ? {} : { limits }),
    },
    { id: 'toolbox' },
  );
  onTestFinished(async () => {
    await system.stop(box, 'shutdown');
    await system.stop(pool, 'shutdown');
  });
  const toolbox = system.fetch(toolboxName);
  const start = (call: ToolCall): Calling => {
    let handle: ToolHandle | undefined;
    const outcome = new Promise<ToolOutcome>((resolve) => {
      handle = toolbox.start(call, { outcome: resolve });
    });
    return { outcome, cancel: () => handle?.cancel() };
  };
  return { system, pool, box, toolbox, reports, start };
};
