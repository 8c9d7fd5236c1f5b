/** The models pool: model steps on threads. It is the executor that sessions know. */
import { TELEMETRY } from '../../model/telemetry.ts';
import { programFile } from '../../platform/compiled.ts';
import { executorName } from '../../session/ports/executor.ts';
import { workerPool } from '../pool/worker-pool.ts';
import { Breaker } from './breaker.ts';
import { type EndpointNews, guardedStart } from './guarded-start.ts';
import { type ModelOptions, modelProgram } from './model-program.ts';
import { PacedStart } from './paced-start.ts';
import type { ModelKinds } from './wire.ts';

export const modelWorkerFile = (): string => programFile('executor/models/model-worker');

/** A call is nearly all waiting: one thread has time for so many, and what they say and hear goes together. A busy one is spared (dispatch.ts). */
const FEW_CALLS = 64;

export const ModelsPool = workerPool<ModelKinds, ModelOptions>({
  workerFile: modelWorkerFile,
  program: modelProgram,
  fewJobs: FEW_CALLS,
  register: (start, { provider, onEndpoint }, self) => {
    const { clock, random } = self.system;
    const breaker = new Breaker(random);
    const tell = (news: EndpointNews) => {
      if (TELEMETRY.endpoint.isHeard) TELEMETRY.endpoint.tell(news);
      onEndpoint?.(news);
    };
    const guarded = guardedStart(start, { breaker, clock, tell });
    const paced = new PacedStart({ start: guarded, clock, provider });
    self.own(() => paced.end());
    const { isHeld } = paced;
    self.register(executorName, { ref: self.ref, provider, start: paced.start, isHeld });
  },
});
