/** Wakes the sessions that have unfinished turns, then ends. */
import { task } from '../src/otp/task.ts';
import { recoverTurns } from '../src/session/recovery.ts';
import type { Parts } from './parts.ts';

export const recovery = ({ sessions, log }: Parts) =>
  task({
    id: 'recovery',
    restart: 'transient', // once through, it is done
    run: async (system, signal) => {
      const woken = await recoverTurns(system, sessions, signal);
      if (woken > 0) log.info({ sessions: woken }, 'unfinished turns go on');
    },
  });
