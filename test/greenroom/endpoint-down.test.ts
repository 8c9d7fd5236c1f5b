/** The endpoint of the models is down: sessions leave it alone, and all of them go on when it is back. */
import { expect, it } from 'vitest';
import { FAILURES_TO_OPEN } from '../../src/executor/models/breaker.ts';
import { testGreenroom } from '../support/greenroom.ts';
import { skippingClock } from '../support/skipping-clock.ts';
import { until } from '../support/until.ts';

const SESSIONS = 40;
/** Attempts of one step, were there no breaker. */
const ATTEMPTS = 4;

it('many sessions wait in the store for an endpoint that is down, and none of their turns fails', async () => {
  const clock = skippingClock();
  let isDown = true;
  const test = await testGreenroom({
    clock,
    retryDelaySeconds: 5,
    script: () => (isDown ? { kind: 'error', status: 529 } : undefined),
  });
  const names = Array.from({ length: SESSIONS }, (_, n) => `s${n}`);
  const turns = names.map((name) => test.begin(name, 'hi', { turnId: 't' }));
  await until(async () => (await test.sessions.count({ status: ['waiting'] })).count === SESSIONS);
  const whenDown = test.rehearsal.requests.size;
  expect(whenDown).toBeGreaterThanOrEqual(FAILURES_TO_OPEN);
  expect(whenDown).toBeLessThan(2 * SESSIONS); // one call each, and the probes
  isDown = false;
  clock.skip(7_000);
  for (const turn of turns) expect(await turn.finished()).toMatchObject({ status: 'completed' });
  expect(test.rehearsal.requests.size).toBeLessThan(SESSIONS * (ATTEMPTS - 1));
});
