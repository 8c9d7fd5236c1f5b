/** The thread that works on archives, as the main thread holds it: started for an order, and ended with it. */
import { Worker } from 'node:worker_threads';
import { GreenroomError, isErrorCode } from '../model/errors.ts';
import { programFile } from '../platform/compiled.ts';
import type { Kind, Orders, Results, Told } from './archive-thread.ts';
import type { Counts } from './pack/manifest.ts';

const HEAP_MB = 256;

/** Rejects with the thread's error, with `unavailable` where it died, and with the signal's reason once that is aborted. */
export const inThread = <K extends Kind>(
  kind: K,
  order: Orders[K],
  signal: AbortSignal,
  progress: (counts: Counts) => void = () => undefined,
): Promise<Results[K]> =>
  new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const thread = new Worker(programFile('archives/archive-thread'), {
      execArgv: [],
      stdout: true,
      stderr: true,
      resourceLimits: { maxOldGenerationSizeMb: HEAP_MB },
    });
    thread.stdout.resume();
    thread.stderr.resume();
    const over = (then: () => void): void => {
      signal.removeEventListener('abort', stop);
      thread.removeAllListeners();
      thread.on('error', () => undefined);
      void thread.terminate().then(then, then);
    };
    const stop = (): void => over(() => reject(signal.reason));
    signal.addEventListener('abort', stop, { once: true });
    thread.on('error', (cause) =>
      over(() =>
        reject(
          new GreenroomError('unavailable', `the thread of archives died: ${String(cause)}`, {
            cause,
          }),
        ),
      ),
    );
    thread.on('exit', () =>
      over(() => reject(new GreenroomError('unavailable', 'the thread of archives has ended'))),
    );
    thread.on('message', (told: Told) => {
      if (told.kind === 'progress') progress(told.counts);
      else if (told.kind === 'done') over(() => resolve(told.result as Results[K]));
      else over(() => reject(errorOf(told)));
    });
    thread.postMessage({ kind, order });
  });

const errorOf = ({ code, message }: Extract<Told, { kind: 'failed' }>): GreenroomError =>
  new GreenroomError(isErrorCode(code) ? code : 'internal', message);
