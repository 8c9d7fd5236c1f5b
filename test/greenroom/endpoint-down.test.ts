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
  await until(() => test.rehearsal.requests.size >= SESSIONS);
  await until(async () => {
    const { count } = await test.sessions.count({ status: ['waiting'] });
    if (count < SESSIONS) clock.skip(20); // little beside the deadline of a call, should one be under way
    return count === SESSIONS;
  });
  const whenDown = test.rehearsal.requests.size;
  expect(whenDown).toBeGreaterThanOrEqual(FAILURES_TO_OPEN);
  expect(whenDown).toBeLessThan(2 * SESSIONS); // one call each, and the probes
  isDown = false;
  // Each looks again at a moment of its own, and nothing is under way between two of them.
  await until(async () => {
    if ((await test.sessions.count({ status: ['running'] })).count === 0) clock.skip(1_000);
    return (await test.sessions.count({ status: ['idle'] })).count === SESSIONS;
  });
  for (const turn of turns) expect(await turn.finished()).toMatchObject({ status: 'completed' });
  expect(test.rehearsal.requests.size).toBeLessThan(SESSIONS * (ATTEMPTS - 1));
});
