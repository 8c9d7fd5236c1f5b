/** A thread that reads what tools a module has, and says it once: code of others is never loaded into the daemon's own thread. */
import { parentPort, workerData } from 'node:worker_threads';
import { loadTools } from './tool-module.ts';
import type { Definitions } from './wire.ts';

const read = async (path: string): Promise<Definitions> => {
  try {
    const tools = await loadTools(path);
    return { tools: tools.map(({ offered, timeoutMs }) => ({ offered, timeoutMs })) };
  } catch (error) {
    return { problem: error instanceof Error ? error.message : String(error) };
  }
};

const { path } = workerData as { readonly path: string };
parentPort?.postMessage(await read(path));
