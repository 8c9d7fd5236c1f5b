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
import type { ToolOutcome } from '../session/ports/tools.ts';
import { failed } from './tool/outcome.ts';
import type { BuiltinTool } from './tool/tool.ts';
import type { FromWorker, ToWorker, WireJob } from './wire.ts';

/** How long a call may take to end once it was asked to, in milliseconds. */
const ENDING_MS = 1_000;

export const serveTools = (port: MessagePort, tools: readonly BuiltinTool[]): Promise<void> => {
  const outbox = new Outbox<FromWorker>(port, systemClock);
  const byName = new Map(tools.map((tool) => [tool.offered.name, tool]));
  const runs = new Map<number, Run>();
  let lastLook = performance.eventLoopUtilization();

  const start = (id: number, job: WireJob): void => {
    const run = new Run(job, byName.get(job.name));
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

class Run {
  /** Never rejects. */
  readonly outcome: Promise<ToolOutcome>;
  readonly #job: WireJob;
  readonly #asked = new AbortController();
  #why: 'cancelled' | 'late' | undefined;
  #giveUp: (outcome: ToolOutcome) => void = () => undefined;

  constructor(job: WireJob, tool: BuiltinTool | undefined) {
    this.#job = job;
    const timer = systemClock.setTimeout(() => this.end('late'), job.timeoutMs);
    const givenUp = new Promise<ToolOutcome>((resolve) => {
      this.#giveUp = resolve;
    });
    this.outcome = Promise.race([this.#run(tool), givenUp]).finally(() => timer.cancel());
  }

  end(why: 'cancelled' | 'late'): void {
    if (this.#why !== undefined) return;
    this.#why = why;
    this.#asked.abort();
    const content = `${this.#job.name} was asked to end and has not: ${UNKNOWN}`;
    systemClock.setTimeout(
      () => this.#giveUp(why === 'late' ? this.#late() : { type: 'cancelled', content }),
      ENDING_MS,
    );
  }

  async #run(tool: BuiltinTool | undefined): Promise<ToolOutcome> {
    if (tool === undefined) return failed(`There is no tool ${this.#job.name}.`);
    try {
      const outcome = await tool.run(this.#job, this.#asked.signal);
      return outcome.type === 'cancelled' && this.#why === 'late' ? this.#late() : outcome;
    } catch (error) {
      return failed(`${this.#job.name} failed, by a mistake of its own: ${String(error)}`);
    }
  }

  #late(): ToolOutcome {
    return failed(
      `${this.#job.name} took longer than ${this.#job.timeoutMs} ms and was ended. Ask for less at once.`,
    );
  }
}

const UNKNOWN = 'it is unknown what it has done.';
