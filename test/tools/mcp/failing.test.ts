/** A server that goes on failing. */
import { expect, test } from 'vitest';
import type { System } from '../../../src/otp/system.ts';
import { mcpSupervisorName } from '../../../src/tools/mcp/starting.ts';
import { skippingClock } from '../../support/skipping-clock.ts';
import { until } from '../../support/until.ts';
import { folder, Program, start, stateOf, tool } from './servers.ts';

/** Its process is gone, and its supervisor has set the time of the next start. */
const isWaiting = (system: System): boolean =>
  system.fetch(mcpSupervisorName).children()[0]?.status === 'restarting';

test('it is started ten times more, later each time, then has failed, and a call has it started again', async () => {
  const dir = folder();
  const program = new Program(dir, [tool('say')]);
  const first = await start({ test: program.settings }, { dir });
  await until(() => stateOf(first) === 'connected');
  await first.stop();
  program.has('crash');
  const clock = skippingClock();
  const starts = () => program.ledger.filter((line) => line.startsWith('started')).length - 1;
  const one = await start({ test: program.settings }, { dir, clock });
  for (let lives = 1; lives <= 10; lives += 1) {
    await until(() => starts() === lives && stateOf(one) === 'down');
    await until(() => one.tools.status()[0]?.why?.includes('cannot begin'));
    await until(() => isWaiting(one.system));
    clock.skip(60_000); // the longest wait for the next start
  }
  await until(() => stateOf(one) === 'failed');
  expect(starts()).toBe(11);
  clock.skip(60_000);
  program.has([tool('say')]);
  expect(await one.call('mcp__test__say')).toMatchObject({
    ...{ isError: true, content: expect.stringContaining('The server test is down') },
  });
  await until(() => stateOf(one) === 'connected');
  expect(await one.call('mcp__test__say', { text: 'back' })).toMatchObject({ content: 'back' });
});
