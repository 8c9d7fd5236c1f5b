import { getEventListeners } from 'node:events';
import { expect, it } from 'vitest';
import { GreenroomError } from '../../../src/model/errors.ts';
import { sessionKey } from '../../../src/model/ids.ts';
import { genServer, protocol } from '../../../src/otp/gen-server.ts';
import { System } from '../../../src/otp/system.ts';
import { virtualClock } from '../../../src/otp/virtual-clock.ts';
import { recoverTurns } from '../../../src/session/actor/recovery.ts';
import { type Catalog, catalogName } from '../../../src/session/ports/catalog.ts';
import { type Executor, executorName } from '../../../src/session/ports/executor.ts';

const HOUR_MS = 3_600_000;
const key = sessionKey('default', 'asleep');

/** What recovery asks for, with one session to wake. */
const Parts = genServer(protocol({ calls: {} }), {
  init: (_: undefined, self) => {
    const catalog: Pick<Catalog, 'withOpenTurns'> = { withOpenTurns: () => [] };
    self.register(catalogName, catalog as Catalog);
    self.register(executorName, {} as Executor);
    return undefined;
  },
  handleCall: {},
});

it('holds no more of the signal after many tries than after one, and ends when it is told to', async () => {
  const clock = virtualClock();
  const system = new System({ clock });
  await Parts.start(system, undefined, { id: 'parts' });
  let tries = 0;
  const sessions = {
    beingRead: () => [key],
    commitsAreIn: () => Promise.resolve(),
    wake: () => {
      tries += 1;
      return Promise.reject(new GreenroomError('unavailable', 'not now'));
    },
  };
  const stopping = new AbortController();
  const recovered = recoverTurns(system, sessions, stopping.signal);
  await clock.advance(HOUR_MS);
  expect(tries).toBeGreaterThan(100);
  expect(getEventListeners(stopping.signal, 'abort')).toHaveLength(1);
  stopping.abort();
  expect(await recovered).toBe(0);
  expect(clock.timers).toBe(0);
});
