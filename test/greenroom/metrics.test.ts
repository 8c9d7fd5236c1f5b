/** A session's series as its users see it: a snapshot for each turn, kept over restarts, and none of a fork's parent. */
import { expect, it } from 'vitest';
import { testGreenroom } from '../support/greenroom.ts';

it('has a snapshot for each turn, newest first, of which the last says what the session says', async () => {
  const test = await testGreenroom();
  for (const text of ['one', 'two', 'three']) await test.run('series', text);
  const snapshots = await test.sessions.metrics('series');
  const session = await test.sessions.get('series');
  expect(snapshots.map(({ totalMessages }) => totalMessages)).toEqual([6, 4, 2]);
  expect(snapshots[0]).toMatchObject({
    ...{ totalMessages: session.messageCount, totalCostUsd: session.totalCostUsd },
    ...{ totalInputTokens: session.usage.inputTokens, avgToolDurationMs: null },
    totalOutputTokens: session.usage.outputTokens,
  });
  expect(await test.sessions.metrics('series', { latest: true })).toEqual(snapshots.slice(0, 1));
  expect(await test.sessions.metrics('series', { limit: 2 })).toEqual(snapshots.slice(0, 2));
  const [{ snapshotAt: after } = { snapshotAt: '' }] = snapshots;
  expect(await test.sessions.metrics('series', { after })).toContainEqual(snapshots[0]);
  expect(await test.sessions.metrics('series', { after: '2999-01-01' })).toEqual([]);

  await test.sessions.fork('series', { newSessionId: 'fork' });
  expect(await test.sessions.metrics('fork')).toEqual([]);
  await test.restart({ sessionMetrics: 'off' });
  await test.run('series', 'four');
  expect(await test.sessions.metrics('series')).toEqual(snapshots);
});
