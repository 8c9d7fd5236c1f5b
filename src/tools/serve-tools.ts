/**
 * Runs the calls that come over a port, each with the tool of its name.
 *
 * 1. Nothing is kept of a call once its outcome is posted (P4).
 * 2. Each call ends: by itself, by `cancel`, or when its time is up. What does not end then is no longer waited for; what
 *    keeps the thread from answering is killed with it, by the pool.
 */
import { performance } from 'node:perf_hooks';
import type { MessagePort } from 'node:worker_threads';
import { Outbox } from '../executor/pool/outbox.ts';
import { systemClock } from '../otp/system-clock.ts';
import { ChurnMap } from '../platform/churn-map.ts';
import { CallRun } from './tool/call-run.ts';
import type { BuiltinTool } from './tool/tool.ts';
import type { FromWorker, ToWorker, WireJob } from './wire.ts';

/** The tool of a call; undefined: there is none of its name. */
export type FindTool = (job: WireJob) => Pick<BuiltinTool, 'run'> | undefined;

export const among = (tools: readonly BuiltinTool[]): FindTool => {
  const byName = new Map(tools.map((tool) => [tool.offered.name, tool]));
  return ({ name }) => byName.get(name);
};

export const serveTools = (port: MessagePort, find: FindTool): Promise<void> => {
  const outbox = new Outbox<FromWorker>(port, systemClock);
  const runs = new ChurnMap<number, CallRun>();
  let lastLook = performance.eventLoopUtilization();

  const start = (id: number, job: WireJob): void => {
    const { timeoutMs } = job;
    const run = new CallRun({ job, tool: find(job), timeoutMs, clock: systemClock });
    runs.set(id, run);
    void run.outcome.then((outcome) => {
      runs.delete(id);
      outbox.post({ type: 'outcome', id, outcome });
    });
  };
  const loadSinceLastLook = (): number => {
    const { utilization } = performance.eventLoopUtilization(lastLook);
    lastLook = performance.eventLoopUtilization();
    return utilization;
  };
  const receive = (message: ToWorker): void => {
    switch (message.type) {
      case 'start':
        return start(message.id, message.job);
      case 'cancel':
        return runs.get(message.id)?.end('cancelled');
      case 'ping':
        return outbox.post({ type: 'pong', load: loadSinceLastLook() });
      case 'none':
        return;
    }
  };

  return new Promise((resolve) => {
    port.on('message', (messages: readonly ToWorker[]) => {
      for (const message of messages) receive(message);
    });
    port.on('close', () => {
      for (const run of runs.values()) run.end('cancelled');
      resolve();
    });
    outbox.post({ type: 'ready' });
  });
};
