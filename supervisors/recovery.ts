/** Wakes the sessions that have unfinished turns, then ends: at start, and when live sessions were lost. */
import type { ChildSpec } from '../src/otp/child-spec.ts';
import { task } from '../src/otp/task.ts';
import { recoverTurns } from '../src/session/actor/recovery.ts';
import type { Parts } from './parts.ts';

export const recovery = ({ sessions, log }: Parts): ChildSpec =>
  task({
    id: 'recovery',
    restart: 'transient', // once through, it is done
    run: async (system, signal) => {
      const woken = await recoverTurns(system, sessions, signal);
      if (woken > 0) log.info({ sessions: woken }, 'unfinished turns go on');
    },
  });

/** Behind the session supervisor, so that it runs again when that one has taken its sessions with it. */
export const rewake = ({ sessions }: Parts): ChildSpec =>
  task({
    id: 'rewake',
    restart: 'transient',
    run: async (system, signal) => void (await recoverTurns(system, sessions, signal)),
  });
