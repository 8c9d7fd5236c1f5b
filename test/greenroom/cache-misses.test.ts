/** Why the API's cache did not do, as it says, kept with each turn and shown with what it cost. */
import { expect, test } from 'vitest';
import { testGreenroom } from '../support/greenroom.ts';

const LONG = 'A system prompt that is long enough to be kept. '.repeat(400);

test('a turn tells of each miss, and what it cost; over forks, exports and restarts', async () => {
  const t = await testGreenroom({ cacheDiagnosis: 'on' });
  const asked = () =>
    (Object(t.modelCalls.at(-1)?.json) as { diagnostics?: { previous_message_id: unknown } })
      .diagnostics;
  const model = 'claude-sonnet-4-5';
  await t.sessions.create('s', { systemPrompt: LONG, model });
  const missesOf = async (session: string, turnId: string) =>
    (await t.sessions.turnStatus(session, turnId)).cacheMisses;

  await t.run('s', 'Hello', { turnId: 'first' });
  expect(asked()).toEqual({ previous_message_id: null });
  await t.run('s', 'Hello again', { turnId: 'second' });
  expect(asked()).toEqual({ previous_message_id: expect.stringMatching(/^msg_/) });
  expect([await missesOf('s', 'first'), await missesOf('s', 'second')]).toEqual([
    undefined,
    undefined,
  ]);

  await t.sessions.update('s', { systemPrompt: `${LONG}!` });
  await t.restart();
  await t.run('s', 'And now', { turnId: 'third' });
  const [miss, ...others] = (await missesOf('s', 'third')) ?? [];
  expect(others).toEqual([]);
  expect(miss).toMatchObject({ type: 'system_changed', missedInputTokens: expect.any(Number) });
  // 3 dollars a million to send, 0.3 to read
  expect(miss?.costUsd).toBeCloseTo(((miss?.missedInputTokens ?? 0) * 2.7) / 1e6, 9);

  await t.sessions.importSession(t.sessions.exportSession('s'), { as: 'copy' });
  expect(await missesOf('copy', 'third')).toEqual([miss]);
});

test('nothing is asked where that is not wanted', async () => {
  const t = await testGreenroom();
  await t.run('plain', 'Hello');
  expect(t.lastCall).not.toContain('diagnostics');
});
