/** Live queries, with a budget that they cannot use up: what is derived must not take along what it is derived from. */
import { supervisor } from '../src/otp/supervisor.ts';
import { watchServer } from '../src/search/live/watch-server.ts';

export const live = () =>
  supervisor({
    id: 'live',
    strategy: 'one_for_one',
    restartGapMs: 1_000, // watches that crash it would be back at once,
    maxRestarts: 10, // so this is more than the gap lets happen
    maxSeconds: 1,
    children: [
      watchServer(), // who is told of which sessions
    ],
  });
