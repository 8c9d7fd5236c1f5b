/**
 * The product as a program of the benches: the whole tree, started as the daemon starts it, with the
 * same broker and disk as the floors. Beside what a daemon does it only answers the bench's questions.
 */

import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { RunningGreenroom } from '../../src/app/greenroom.ts';
import { loadConfig } from '../../src/config/config.ts';
import { tokensName } from '../../src/http/access/tokens.ts';
import { httpName } from '../../src/http/http-server.ts';
import { Tenant } from '../../src/model/id-schemas.ts';
import { sessionKey } from '../../src/model/ids.ts';
import { ANYONE, newTraceId, type RequestContext } from '../../src/model/request-context.ts';
import { apiName } from '../../src/nats/api.ts';
import { boundEngine, garbageCollector } from '../../src/platform/garbage.ts';
import { createLog } from '../../src/platform/log.ts';
import { embeddedApi } from '../../src/session/api/embedded.ts';
import type { Publication } from '../../src/session/events/feed.ts';
import { journalName } from '../../src/session/ports/journal.ts';
import type { SessionsApi } from '../../src/session/verbs/api.ts';
import { NEEDS } from '../../src/session/verbs/verb-facts.ts';
import { type LoopLimits, type Measured, measure } from '../harness/loop.ts';
import { serveCalls } from '../harness/remote.ts';
import { type CpuUsage, cpuUsage, threadCount } from '../harness/usage.ts';
import { type Moved, movedSoFar } from './moved-bytes.ts';

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
  /** Default: the product's. */
  readonly passivateMinutes?: number;
  /** Model calls at a time; default: the product's. */
  readonly concurrentCalls?: number;
  /** Default: the product's. */
  readonly sessionMetrics?: 'on' | 'off';
  /** Default: not. */
  readonly servesHttp?: boolean;
}

export interface JournalFigures {
  readonly kind: string;
  readonly commits: number;
  readonly syncs: number;
  readonly reads: number;
  readonly recordsWritten: number;
  readonly bytesWritten: number;
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
  readonly memory: NodeJS.MemoryUsage;
  /** What live sessions hold, as `status` tells it. */
  readonly liveBytes: number;
  /** p99 of how late the event loop was since the last status, in milliseconds. */
  readonly loopDelayMs: number;
}

const NO_JOURNAL = {
  kind: 'none',
  commits: 0,
  syncs: 0,
  reads: 0,
  recordsWritten: 0,
  bytesWritten: 0,
};

const nowUs = (): number => Number(process.hrtime.bigint() / 1000n);

const delay = monitorEventLoopDelay({ resolution: 10 });

/** Counted from the first question on: other benches ask none while they measure. */
const loopDelayMs = (): number => {
  delay.enable();
  const ms = delay.count === 0 ? 0 : delay.percentile(99) / 1e6;
  delay.reset();
  return ms;
};

const statusOf = (running: RunningGreenroom): DaemonStatus => {
  const { journal, liveSessions, liveBytes, catalog } = running.status();
  return {
    cpu: cpuUsage(),
    journal: journal ?? NO_JOURNAL,
    liveSessions,
    liveBytes,
    knownSessions: catalog?.sessions ?? 0,
    threads: threadCount(),
    published: running.system.find(apiName)?.stats.published ?? 0,
    atUs: nowUs(),
    memory: process.memoryUsage(),
    loopDelayMs: loopDelayMs(),
  };
};

const compiled = (name: string): string => fileURLToPath(new URL(`./${name}.js`, import.meta.url));

const start = (options: DaemonOptions): Promise<RunningGreenroom> => {
  const { natsUrl, workerFile, modelUrl, dataDir, prefix, workers, cacheSessions } = options;
  const { passivateMinutes, sessionMetrics, concurrentCalls } = options;
  const flags = {
    ...{ dataDir, prefix, workers, natsUrl, cacheSessions, passivateMinutes },
    ...{ sessionMetrics, concurrentCalls },
    provider: 'anthropic',
    anthropicApiKey: 'bench',
    anthropicBaseUrl: modelUrl,
    minFreeMb: 64,
    httpPort: 0,
  };
  const { config } = loadConfig({ flags, env: {}, newestModel: 'claude-sonnet-4-5' });
  boundEngine();
  return RunningGreenroom.start({
    config,
    bus: { wanted: natsUrl !== undefined },
    servesHttp: options.servesHttp ?? false,
    log: createLog({ level: 'error' }),
    testHooks: workerFile === undefined ? {} : { modelWorkerFile: compiled(workerFile) },
    onFatal: () => process.exit(70),
    collectGarbage: garbageCollector(),
  });
};

/** How late timers are looked at, in milliseconds. */
const RESOLUTION_MS = 5;
let delays: IntervalHistogram | undefined;

const TENANT = Tenant.parse('default');
let running: RunningGreenroom | undefined;
let api: SessionsApi | undefined;
const theDaemon = (): RunningGreenroom => {
  if (running === undefined) throw new Error('open first');
  return running;
};
const theApi = (): SessionsApi => {
  api ??= embeddedApi(theDaemon().sessions, TENANT);
  return api;
};

const calls = {
  /** Resolves with the milliseconds until everything was ready. */
  open: async (options: DaemonOptions): Promise<number> => {
    const startMs = performance.now();
    running = await start(options);
    return performance.now() - startMs;
  },
  status: async (_: null): Promise<DaemonStatus> => statusOf(theDaemon()),
  /** Where HTTP is served, with a token for all of it. */
  http: async (_: null): Promise<{ readonly url: string; readonly token: string }> => {
    const { url } = theDaemon().system.fetch(httpName);
    const wanted = { name: 'bench', scopes: [...NEEDS] };
    const { token } = theDaemon().system.fetch(tokensName).create(TENANT, 'bench', wanted);
    return { url, token };
  },
  /** From now on it is looked how long the loop keeps others waiting. */
  watchLoop: async (_: null): Promise<void> => {
    delays = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
    delays.enable();
  },
  /** Since then; the wait that was meant is not in it. */
  loopDelay: async (_: null): Promise<{ p50Ms: number; p99Ms: number; maxMs: number }> => {
    if (delays === undefined) throw new Error('watch first');
    delays.disable();
    const late = (ns: number) => Math.max(0, ns / 1e6 - RESOLUTION_MS);
    const { max } = delays;
    return {
      p50Ms: late(delays.percentile(50)),
      p99Ms: late(delays.percentile(99)),
      maxMs: late(max),
    };
  },
  /** What went between threads, if `count-moved` was loaded. */
  moved: async (_: null): Promise<Moved> => movedSoFar(),
  /** Makes sessions from within, one request each: `<name>-0`, `<name>-1`, … */
  create: (options: LoopLimits & { name: string; settings: object }): Promise<Measured> =>
    measure(options, (index) =>
      theApi().session(`${options.name}-${index}`, 'create', options.settings),
    ),
  /** Appends the same messages to so many sessions, `groups` times each, a request for each group. */
  append: (
    options: LoopLimits & { name: string; groups: number; messages: object[] },
  ): Promise<Measured> =>
    measure(options, async (index) => {
      const request = { messages: options.messages as never };
      for (let group = 0; group < options.groups; group++)
        await theApi().session(`${options.name}-${index}`, 'append', request);
    }),
  /** Turns from within, over sessions of these names: `<name>-0`, `<name>-1`, …; their events are read. */
  turns: (options: LoopLimits & { name: string; sessions: number; prompt: string }) =>
    measure(options, async (index) => {
      const session = `${options.name}-${index % options.sessions}`;
      let last: string | undefined;
      for await (const event of theApi().turn(session, { prompt: options.prompt }))
        last = event.type === 'turn.finished' ? event.status : undefined;
      if (last !== 'completed') throw new Error(`a turn ended as ${last}`);
    }),
  /** One turn from within; resolves at its end with the moment when its acceptance was durable. */
  turn: async (options: { sessionId: string; prompt: string }): Promise<{ acceptedUs: number }> => {
    const { sessions, system } = theDaemon();
    const key = sessionKey(TENANT, options.sessionId);
    let acceptedUs = Number.NaN;
    const unsubscribe = system.fetch(journalName).subscribe(() => {
      if (Number.isNaN(acceptedUs)) acceptedUs = nowUs();
    });
    try {
      await new Promise<void>((resolve, reject) => {
        const listen = ({ event }: Publication) => {
          if (event.body.type !== 'turn.finished') return;
          if (event.body.status === 'completed') resolve();
          else reject(new Error(`the turn ${event.body.status}`));
        };
        const context: RequestContext = {
          ...{ tenant: key.tenant, principal: ANYONE, via: 'internal', traceId: newTraceId() },
          ...{ receivedAtMs: 0, deadlineMs: Number.POSITIVE_INFINITY },
        };
        sessions.turn(context, key, undefined, { prompt: options.prompt }, listen).catch(reject);
      });
    } finally {
      unsubscribe();
    }
    return { acceptedUs };
  },
  /** Drains and stops; the process may then end. */
  close: async (_: null): Promise<void> => {
    await theDaemon().drain(10_000);
    await theDaemon().stop();
  },
};

export type DaemonCalls = typeof calls;
serveCalls(calls);
