/** A whole executor for one test: a rehearsal server, real threads, the models pool. */
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { ModelsPool } from '../../src/executor/models/models-pool.ts';
import type { Endpoint } from '../../src/executor/models/wire.ts';
import type { PoolOptions } from '../../src/executor/pool/worker-pool.ts';
import type { Clock } from '../../src/otp/clock.ts';
import type { Report } from '../../src/otp/report.ts';
import { System } from '../../src/otp/system.ts';
import { type RehearsalOptions, startRehearsal } from '../../src/rehearsal/server.ts';
import { Slabs } from '../../src/session/memory/slabs.ts';
import {
  executorName,
  type ModelStep,
  type StepEvent,
  type StepHandle,
  type StepOutcome,
} from '../../src/session/ports/executor.ts';
import { modelThreads } from '../support/model-threads.ts';

export const workerFile = (name: string): string =>
  fileURLToPath(new URL(`./workers/${name}.mjs`, import.meta.url));

export const MODEL = 'claude-opus-5';

/** The messages as a session keeps them: in shared memory, with others around them that must not be sent. */
export const contextOf = (...messages: readonly object[]): ModelStep['context'] => {
  const bytes = Buffer.from(messages.map((message) => JSON.stringify(message)).join(','));
  const { extent } = new Slabs().take(bytes.byteLength + 64);
  const { slab } = extent;
  const byteOffset = 64;
  const around = new Uint8Array(slab.buffer, 0, extent.byteLength);
  around.fill(0x78).set(bytes, byteOffset);
  return { slab, byteOffset, byteLength: bytes.byteLength, hold: () => extent.hold() };
};

export const user = (content: string): object => ({ role: 'user', content });

export const stepOf = (prompt: string, more: Partial<ModelStep> = {}): ModelStep => ({
  model: MODEL,
  maxTokens: 1000,
  context: contextOf(user(prompt)),
  retry: { maxRetries: 2, delayMs: 1, timeoutMs: 30_000 },
  wantsDeltas: true,
  ...more,
});

/** A step under way: what it has told so far, and what it will come to. */
export interface Running extends StepHandle {
  readonly events: StepEvent[];
  readonly outcome: Promise<StepOutcome>;
  /** Resolves at the first event of this type. */
  first(type: StepEvent['type']): Promise<StepEvent>;
}

export interface ExecutingOptions extends PoolOptions {
  readonly clock?: Clock;
  readonly rehearsal?: RehearsalOptions;
  /** Default: the rehearsal server's. */
  readonly endpoint?: () => Omit<Endpoint, 'provider'> | undefined;
}

export const executing = async (options: ExecutingOptions = {}) => {
  const { clock, rehearsal: rehearsed, endpoint, ...poolOptions } = options;
  const reports: Report[] = [];
  const onReport = (report: Report) => void reports.push(report);
  const system = new System({ onReport, ...(clock === undefined ? {} : { clock }) });
  const rehearsal = await startRehearsal(rehearsed);
  const pool = await ModelsPool.start(
    system,
    {
      ...{ provider: 'rehearsal', workers: 1, ...poolOptions },
      endpoint: endpoint ?? (() => ({ baseUrl: rehearsal.url, apiKey: 'k' })),
    },
    { id: 'pool' },
  );
  onTestFinished(async () => {
    await system.stop(pool, 'shutdown');
    await rehearsal.close();
  });
  const start = (step: ModelStep) => running(system, step);
  return { system, rehearsal, reports, pool, start, run: runWith(start) };
};

/** On threads that other tests have had: for what a step does, not for what a thread does. */
export const executingOnLentThreads = (options: ExecutingOptions = {}) =>
  executing({ threads: modelThreads, ...options });

/** Starts a step and waits for its outcome, which has to be a message. */
const runWith = (start: (step: ModelStep) => Running) => async (step: ModelStep) => {
  const outcome = await start(step).outcome;
  if (outcome.type !== 'message') throw new Error(`no message: ${JSON.stringify(outcome)}`);
  return { ...outcome, body: Buffer.from(outcome.body).toString() };
};

const running = (system: System, step: ModelStep): Running => {
  const events: StepEvent[] = [];
  const awaited: { type: string; resolve: (event: StepEvent) => void }[] = [];
  let cancel: () => void = () => undefined;
  const outcome = new Promise<StepOutcome>((resolve) => {
    const handle = system.fetch(executorName).start(step, {
      events: (batch) => {
        events.push(...batch);
        for (const event of batch)
          for (const { type, resolve: found } of awaited) if (type === event.type) found(event);
      },
      outcome: resolve,
    });
    cancel = () => handle.cancel();
  });
  const first = (type: StepEvent['type']) =>
    new Promise<StepEvent>((resolve) => {
      const known = events.find((event) => event.type === type);
      if (known === undefined) awaited.push({ type, resolve });
      else resolve(known);
    });
  return { events, outcome, first, cancel: () => cancel() };
};

/** What the deltas say, joined. */
export const textOf = (events: readonly StepEvent[]): string =>
  events.map((event) => ('text' in event ? event.text : '')).join('');
