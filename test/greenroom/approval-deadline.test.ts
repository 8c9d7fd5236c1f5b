/** A tool call that nobody allows in time: it is denied, though its session sleeps and its daemon has restarted. */
import { expect, it } from 'vitest';
import { testGreenroom } from '../support/greenroom.ts';
import { skippingClock } from '../support/skipping-clock.ts';
import { until } from '../support/until.ts';

const MINUTE_MS = 60_000;
const PROMPT =
  '[[rehearse: tool=Bash input={"command":"touch made"}]] [[rehearse: text="then not"]]';

it('a call is denied when its time is over, after a restart too, and says when that was', async () => {
  const clock = skippingClock();
  const test = await testGreenroom({ clock, passivateMinutes: 1, approvalMinutes: 30 });
  for (const [id, limits] of [
    ['s', {}],
    ['patient', { approvalMinutes: 0 }],
  ] as const) {
    await test.sessions.create(id, { tools: ['Bash'], limits });
    test.run(id, PROMPT, { turnId: 't' }).catch(() => undefined); // its Greenroom stops
    await until(async () => (await test.sessions.get(id)).status === 'waiting');
  }
  const [asked] = await test.sessions.asked('s');
  expect(Date.parse(asked?.answerBy ?? '') - Date.parse(asked?.askedAt ?? '')).toBe(30 * MINUTE_MS);
  expect((await test.sessions.asked('patient'))[0]).not.toHaveProperty('answerBy');
  await test.restart();
  const reading = test.begin('heard', PROMPT, { session: { tools: ['Bash'] } });
  const { approvalId } = await reading.saw('permission.requested');
  clock.skip(29 * MINUTE_MS);
  await until(() => test.live('s') === undefined && test.live('heard') === undefined);
  expect((await test.sessions.get('s')).status).toBe('waiting');
  clock.skip(2 * MINUTE_MS);
  expect(await reading.saw('permission.decided')).toMatchObject({
    ...{ approvalId, decision: 'deny', by: 'deadline' },
  });
  expect(await reading.finished()).toMatchObject({ status: 'completed', text: 'then not' });
  await until(async () => (await test.sessions.get('s')).status === 'idle');
  expect((await test.sessions.get('patient')).status).toBe('waiting');
  const { entries } = await test.sessions.messages('s');
  expect(JSON.stringify(entries)).toContain(`no answer came until ${asked?.answerBy}`);
  expect(JSON.stringify(entries.at(-1))).toContain('then not');
  const { audit } = await test.sessions.audit('s', { decision: 'denied' });
  expect(audit).toMatchObject([{ by: 'deadline', details: { tool: 'Bash' } }]);
  expect(await test.journal.due('approval', { limit: 9 })).toEqual([]);
  const late = { approvalId: asked?.approvalId ?? '', decision: 'allow' } as const;
  await expect(test.sessions.approve('s', late)).rejects.toMatchObject({
    code: 'approval_not_found',
  });
});
