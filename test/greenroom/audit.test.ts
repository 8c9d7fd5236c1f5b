/** What became of a session and who did it, as its users may read it. */
import { expect, it } from 'vitest';
import { testGreenroom } from '../support/greenroom.ts';

it('the record of a session tells of its life in order', async () => {
  const test = await testGreenroom();
  await test.sessions.create('s');
  await test.sessions.append('s', [
    { role: 'user', content: 'hello' },
    { role: 'assistant', content: 'hi' },
  ]);
  await test.sessions.compact('s', { summary: 'We said hello.' });
  const { audit, nextCursor } = await test.sessions.audit('s');
  expect(audit.map(({ action }) => action)).toEqual(['created', 'compacted']);
  expect(nextCursor).toBeUndefined();
});

it('pages of the record together are the whole of it, each record once', async () => {
  const test = await testGreenroom();
  await test.sessions.create('s');
  await test.sessions.append('s', [
    { role: 'user', content: 'hello' },
    { role: 'assistant', content: 'hi' },
  ]);
  for (const summary of ['one', 'two', 'three']) await test.sessions.compact('s', { summary });
  const whole = await test.sessions.audit('s');
  const read = [];
  for (let cursor: string | undefined, isFirst = true; isFirst || cursor !== undefined; ) {
    const page = await test.sessions.audit(
      's',
      cursor === undefined ? { limit: 1 } : { limit: 1, cursor },
    );
    read.push(...page.audit);
    cursor = page.nextCursor;
    isFirst = false;
  }
  expect(whole.audit.length).toBeGreaterThan(1);
  expect(read).toEqual(whole.audit);
});

it('a session has no other one’s record, and one that is not there has none', async () => {
  const test = await testGreenroom();
  await test.sessions.create('s');
  await test.sessions.create('s2');
  expect((await test.sessions.audit('s')).audit).toHaveLength(1);
  await expect(test.sessions.audit('nobody')).rejects.toMatchObject({ code: 'session_not_found' });
  await test.sessions.delete('s');
  await expect(test.sessions.audit('s')).rejects.toMatchObject({ code: 'session_deleted' });
});
