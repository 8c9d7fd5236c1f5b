/** The program of a thread that runs the tools of modules. A module is loaded when the first call of one of its tools comes. */
import type { MessagePort } from 'node:worker_threads';
import { loadTools } from './own/tool-module.ts';
import { type FindTool, serveTools } from './serve-tools.ts';
import { failed } from './tool/outcome.ts';

/** Serves a port until its other side closes it. */
export const serve = (port: MessagePort): Promise<void> => serveTools(port, inModules());

const inModules = (): FindTool => {
  const modules = new Map<string, ReturnType<typeof loadTools>>();
  return ({ module: path }) => {
    if (path === undefined) return undefined;
    const tools = modules.get(path) ?? loadTools(path);
    modules.set(path, tools);
    return {
      run: async (job, signal) => {
        const tool = (await tools).find(({ offered }) => offered.name === job.name);
        return tool?.run(job, signal) ?? failed(`${path} has no tool ${job.name} any more.`);
      },
    };
  };
};
