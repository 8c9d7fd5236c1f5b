/** The text index, with a budget that it cannot use up: what is derived must not take along what it is derived from. */
import { join } from 'node:path';
import { supervisor } from '../src/otp/supervisor.ts';
import { textIndex } from '../src/text/text-index-server.ts';
import type { Parts } from './parts.ts';

export const text = ({ config, log }: Pick<Parts, 'config' | 'log'>) =>
  supervisor({
    id: 'text',
    strategy: 'one_for_one',
    restartGapMs: 1_000, // a disk may be full for hours,
    maxRestarts: 10, // so this is more than the gap lets happen
    maxSeconds: 1,
    children: [
      textIndex({
        path: config.store === 'memory:' ? undefined : join(config.dataDir, 'text', 'index.db'),
        scope: config.textSearch,
        notices: log,
      }), // a process with the words of all sessions
    ],
  });
