/**
 * The product as a program of the benches: the whole tree as the library starts it, with the same
 * broker and disk as the floors. Beside what a daemon does it only answers the bench's few questions.
 */
import { fileURLToPath } from 'node:url';
import { type Greenroom, startGreenroom } from '../../src/index.ts';
import { apiName } from '../../src/nats/api.ts';
import { type LoopLimits, type Measured, measure } from '../harness/loop.ts';
import { serveCalls } from '../harness/remote.ts';
import { type CpuUsage, cpuUsage, threadCount } from '../harness/usage.ts';

export interface DaemonOptions {
  readonly dataDir: string;
  /** Without a broker only this program asks. */
  readonly natsUrl: string | undefined;
  readonly prefix: string;
  /** Where model calls go. */
  readonly modelUrl: string;
  /** A file of `bench/programs` instead of the real models worker. */
  readonly workerFile?: string;
  readonly workers: number;
  readonly cacheSessions?: number;
}

export interface JournalFigures {
  readonly kind: string;
  readonly commits: number;
  readonly syncs: number;
  readonly reads: number;
  readonly recordsWritten: number;
  readonly bytesWritten: number;
  readonly fileBytes: number | null;
}

export interface DaemonStatus {
  readonly cpu: CpuUsage;
  readonly journal: JournalFigures;
  readonly liveSessions: number;
  readonly knownSessions: number;
  readonly threads: number;
  /** Messages sent to the broker. */
  readonly published: number;
  /** Microseconds of the clock that profiles use. */
  readonly atUs: number;
}

const NO_JOURNAL = {
  kind: 'none',
  commits: 0,
  syncs: 0,
  reads: 0,
  recordsWritten: 0,
  bytesWritten: 0,
  fileBytes: null,
};

const statusOf = (greenroom: Greenroom): DaemonStatus => {
  const { journal, liveSessions, catalog } = greenroom.status();
  return {
    cpu: cpuUsage(),
    journal: journal ?? NO_JOURNAL,
    liveSessions,
    knownSessions: catalog?.sessions ?? 0,
    threads: threadCount(),
    published: greenroom.system.find(apiName)?.stats.published ?? 0,
    atUs: Number(process.hrtime.bigint() / 1000n),
  };
};

const start = ({ natsUrl, workerFile, ...options }: DaemonOptions): Promise<Greenroom> => {
  const { dataDir, prefix, modelUrl, workers, cacheSessions } = options;
  return startGreenroom({
    dataDir,
    nats: natsUrl === undefined ? false : { url: natsUrl },
    prefix,
    provider: 'anthropic',
    anthropicApiKey: 'bench',
    anthropicBaseUrl: modelUrl,
    workers,
    logLevel: 'error',
    minFreeMb: 64,
    ...(cacheSessions === undefined ? {} : { cacheSessions }),
    ...(workerFile === undefined ? {} : { seams: { modelWorkerFile: compiled(workerFile) } }),
  });
};

const compiled = (name: string): string => fileURLToPath(new URL(`./${name}.js`, import.meta.url));

let running: Greenroom | undefined;
const theDaemon = (): Greenroom => {
  if (running === undefined) throw new Error('open first');
  return running;
};

const calls = {
  /** Resolves with the milliseconds until everything was ready. */
  open: async (options: DaemonOptions): Promise<number> => {
    const startMs = performance.now();
    running = await start(options);
    return performance.now() - startMs;
  },
  status: async (_: null): Promise<DaemonStatus> => statusOf(theDaemon()),
  /** Makes sessions from within, one request each: `<name>-0`, `<name>-1`, … */
  create: (options: LoopLimits & { name: string; settings: object }): Promise<Measured> => {
    const { api } = theDaemon();
    return measure(options, (index) =>
      api.session(`${options.name}-${index}`, 'create', options.settings),
    );
  },
  /** Appends messages to one session, a request for each group. */
  append: async (options: {
    sessionId: string;
    groups: number;
    messages: object[];
  }): Promise<void> => {
    const { api } = theDaemon();
    for (let group = 0; group < options.groups; group++)
      await api.session(options.sessionId, 'append', { messages: options.messages as never });
  },
  /** Drains and stops; the process may then end. */
  close: async (_: null): Promise<void> => theDaemon().stop(),
};

export type DaemonCalls = typeof calls;
serveCalls(calls);
