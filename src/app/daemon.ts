/**
 * The daemon: starts the tree, says where everything is, waits for a signal, drains, stops in reverse.
 *
 * 1. `daemon.json` is written when everything is ready and not before, kept, and removed at exit.
 * 2. The first SIGTERM or SIGINT drains, or gives the start up; a second ends the process at once. P1 and P3 hold
 *    either way.
 * 3. SIGHUP has settings read again, and ends nothing but where it is the last word of the terminal it was started at.
 * 4. A store that failed ends the process with a code of its own: nothing is answered from it any more.
 */

import type { Config } from '../config/config.ts';
import { systemClock } from '../otp/system-clock.ts';
import { daemonFileIn } from '../platform/daemon-file.ts';
import { boundEngine, garbageCollector } from '../platform/garbage.ts';
import type { Log } from '../platform/log.ts';
import { startTimeOf } from '../platform/process-start.ts';
import { version } from '../platform/version.ts';
import { EXIT_STORE_FAILED, RunningGreenroom } from './greenroom.ts';
import { type Again, onHangUp } from './hang-up.ts';
import { KeptFile } from './kept-file.ts';
import { mustBeAlone } from './running-daemon.ts';
import { ServiceManager } from './service-manager.ts';

/** Runs until told to stop; resolves with the exit code. */
export const runDaemon = async (config: Config, log: Log, again: Again): Promise<number> => {
  boundEngine();
  mustBeAlone(config.dataDir);
  const stop = signals();
  let running: RunningGreenroom | undefined;
  onHangUp(() => running, log, again, stop.ask);
  let fatal: Error | undefined;
  const onFatal = (error: Error) => {
    log.fatal({ err: error }, 'the store failed: stopping at once, restart to recover');
    fatal = error;
    process.exit(EXIT_STORE_FAILED);
  };
  if (config.provider === 'rehearsal')
    log.warn('no ANTHROPIC_API_KEY: the rehearsal model answers, nothing is sent to Claude');
  running = await RunningGreenroom.start({
    config,
    bus: { wanted: true },
    servesHttp: config.httpPort !== 'off',
    log,
    onFatal,
    collectGarbage: garbageCollector(),
    signal: stop.signal,
  }).catch((error: unknown): undefined => {
    if (!stop.signal.aborted) throw error;
  });
  if (running === undefined) {
    log.info('stopped before it was ready');
    return 0;
  }
  const file = announce(config, running, log);
  const manager = new ServiceManager(process.env, log, systemClock);
  manager.ready();
  const why = await Promise.race([stop.asked, running.exited]);
  file.remove();
  if (typeof why !== 'string' || why !== 'signal') {
    log.fatal({ reason: why }, 'the tree is gone');
    return fatal === undefined ? 1 : EXIT_STORE_FAILED;
  }
  manager.stopping();
  log.info('draining; a second signal stops at once');
  await running.drain(config.drainSeconds * 1_000);
  await running.stop();
  manager.end();
  log.info('stopped');
  return 0;
};

/** One press of Ctrl-C may come twice, from the terminal and through npm: so soon it is no second signal. */
const SAME_SIGNAL_MS = 500;

interface Signals {
  readonly asked: Promise<'signal'>;
  /** As a first signal does. */
  ask(): void;
  /** The same, for what can be given up. */
  readonly signal: AbortSignal;
}

/** The first signal asks, the second ends the process: what is durable is durable. */
const signals = (): Signals => {
  let askedAtMs: number | undefined;
  const abort = new AbortController();
  const asked = new Promise<'signal'>((resolve) => {
    abort.signal.addEventListener('abort', () => resolve('signal'), { once: true });
  });
  const onSignal = () => {
    const nowMs = systemClock.monotonic();
    if (askedAtMs !== undefined && nowMs - askedAtMs > SAME_SIGNAL_MS) process.exit(1);
    askedAtMs ??= nowMs;
    abort.abort();
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
  return { asked, ask: () => abort.abort(), signal: abort.signal };
};

/** Tells programs by `daemon.json` and people by a line where everything is. */
const announce = (config: Config, running: RunningGreenroom, log: Log): KeptFile => {
  const { broker, http: httpUrl, startedAt } = running.status();
  const natsUrl = broker ?? config.natsUrl ?? null;
  const { pid } = process;
  const processStart = startTimeOf(pid) ?? '';
  const { logFile } = config;
  const daemon = {
    ...{ pid, processStart, natsUrl, httpUrl, version, startedAt },
    ...(logFile === undefined ? {} : { logFile }),
  };
  const file = new KeptFile(daemonFileIn(config.dataDir), daemon, log, systemClock);
  log.info(
    { natsUrl, httpUrl, dataDir: config.dataDir, provider: config.provider, model: config.model },
    'ready',
  );
  return file;
};
