/** The program of a tools thread: one task, `serve`, which lives as long as the thread and runs the built-in tools. */
import type { MessagePort } from 'node:worker_threads';
import { FILE_TOOLS, WEB_TOOLS } from './builtin/all.ts';
import { among, serveTools } from './serve-tools.ts';

/** Serves a port until its other side closes it. */
export const serve = (port: MessagePort): Promise<void> =>
  serveTools(port, among([...FILE_TOOLS, ...WEB_TOOLS]));
