/** The models pool: model steps on threads. It is the executor that sessions know. */
import { compiledFile } from '../../platform/compiled.ts';
import { executorName } from '../../session/ports/executor.ts';
import { workerPool } from '../pool/worker-pool.ts';
import { type ModelOptions, modelProgram } from './model-program.ts';
import type { ModelKinds } from './wire.ts';

export const modelWorkerFile = (): string => compiledFile(import.meta.url, './model-worker.js');

export const ModelsPool = workerPool<ModelKinds, ModelOptions>({
  workerFile: modelWorkerFile,
  program: modelProgram,
  register: (start, { provider }, self) =>
    self.register(executorName, { ref: self.ref, provider, start }),
});
