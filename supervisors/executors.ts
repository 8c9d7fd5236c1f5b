/** Where model calls and tools run. Sessions look the executor up by name and redo the steps of one that died. */
import { HistorianServer } from '../src/executor/historian.ts';
import { ModelsPoolServer } from '../src/executor/models-pool.ts';
import { StepSupervisor } from '../src/executor/step-supervisor.ts';
import { toolsPool } from '../src/executor/tools-pool.ts';
import { supervisor } from '../src/otp/supervisor.ts';
import { endpointOf } from './endpoint.ts';
import type { Parts } from './parts.ts';

export const executors = ({ config, seams }: Parts) =>
  supervisor({
    id: 'executors',
    strategy: 'one_for_one',
    maxRestarts: 3,
    maxSeconds: 5,
    children: [
      ModelsPoolServer.childSpec(
        {
          ...{ workers: config.workers, workerFile: seams.modelWorkerFile },
          threads: seams.modelThreads,
        },
        { id: 'models' }, // threads for model calls
      ),
      toolsPool({ id: 'tools' }), // threads for tools
      HistorianServer.childSpec({}, { id: 'historian' }), // a thread that reads long imported histories
      StepSupervisor.childSpec(
        { provider: config.provider, endpoint: endpointOf(config) },
        { id: 'steps' }, // gives steps to the pools, and gives them again when a thread dies
      ),
    ],
  });
