/**
 * The historian: an actor that owns the thread on which long imported histories are parsed. The thread comes with the
 * first of them and goes when there are none for a while.
 */
import { Piscina } from 'piscina';
import { compiledFile } from '../compiled.ts';
import { genServer, protocol } from '../otp/gen-server.ts';
import type { Self } from '../otp/self.ts';
import { GreenroomError } from '../session/errors.ts';
import type { ContextSlice } from '../session/executor.ts';
import { type Historian, historianName } from '../session/historian.ts';
import type { HistoryTask } from './historian-worker.ts';
import { packHistory } from './packed-history.ts';

/** Histories that may wait for the thread; one more is refused as `unavailable`. */
const MAX_WAITING = 64;
const RETRY_AFTER_MS = 1_000;
/** How long the thread stays without work. */
const IDLE_MS = 10_000;

const historianProtocol = protocol({ calls: {} });

export const HistorianServer = genServer(historianProtocol, {
  init: (_: undefined, self: Self<typeof historianProtocol>): Piscina => {
    const piscina = new Piscina({
      filename: compiledFile(import.meta.url, './historian-worker.js'),
      name: 'build',
      minThreads: 0,
      maxThreads: 1,
      maxQueue: MAX_WAITING,
      idleTimeout: IDLE_MS,
      atomics: 'disabled',
      recordTiming: false,
      execArgv: ['--no-experimental-require-module'], // see models-pool.ts
    });
    piscina.on('error', (error) => self.exit({ crashed: error }));
    const life = { isOver: false };
    self.own(() => {
      life.isOver = true;
      return piscina.destroy();
    });
    self.register(historianName, faceOf(piscina, life));
    return piscina;
  },
  handleCall: {},
  redact: (piscina) => ({ waiting: piscina.queueSize, threads: piscina.threads.length }),
});

const faceOf = (piscina: Piscina, life: { readonly isOver: boolean }): Historian => ({
  build: async (entries, options) => {
    if (piscina.queueSize >= MAX_WAITING)
      throw new GreenroomError('unavailable', 'too many histories wait to be read', {
        retryAfterMs: RETRY_AFTER_MS,
      });
    const task: HistoryTask = { history: packHistory(entries), options };
    try {
      return (await piscina.run(task)) as ContextSlice;
    } catch (error) {
      if (!life.isOver) throw error;
      throw new GreenroomError('unavailable', 'the historian was restarted', { cause: error });
    }
  },
});
