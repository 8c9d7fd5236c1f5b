/** Where model calls and tools run. Sessions look the executor up by name and redo the steps of one that died. */
import { homedir } from 'node:os';
import { HistorianServer } from '../src/executor/history/historian.ts';
import { ModelsPool } from '../src/executor/models/models-pool.ts';
import { supervisor } from '../src/otp/supervisor.ts';
import { endpointOf } from './endpoint.ts';
import { hooks } from './hooks.ts';
import type { Parts } from './parts.ts';
import { tools } from './tools.ts';

export const executors = (parts: Parts) => {
  const { config, log, lent, testHooks, hookTable } = parts;
  return supervisor({
    id: 'executors',
    strategy: 'one_for_one',
    maxRestarts: 3,
    maxSeconds: 5,
    children: [
      ModelsPool.childSpec(
        {
          ...{ provider: config.provider, endpoint: endpointOf(parts), workers: config.workers },
          onEndpoint: ({ isOpen, ...of }) =>
            isOpen
              ? log.warn(of, 'the endpoint of the models does not answer: calls wait until it does')
              : log.info({}, 'the endpoint of the models answers again'),
          ...{ workerFile: testHooks.modelWorkerFile, threads: testHooks.modelThreads },
        },
        { id: 'models' }, // threads for model calls
      ),
      HistorianServer.childSpec({}, { id: 'historian' }), // a thread that reads long imported histories
      hooks({ config, log, lent }, hookTable, homedir()), // what is asked before and behind tool calls and turns
      tools(parts), // what models ask for
    ],
  });
};
