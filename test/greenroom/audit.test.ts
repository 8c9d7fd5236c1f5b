/** What became of a session and who did it, as its users may read it. */
import { describe, expect, it } from 'vitest';
import { keyOf, NOW, write } from '../storage/sessions.ts';
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

describe('a filter', () => {
  const withRecords = async () => {
    const test = await testGreenroom();
    for (const [id, tool] of [
      ['s', 'Glob'],
      ['s2', 'Nothing'],
    ] as const) {
      await test.sessions.create(id, { tools: ['Glob'] });
      await test.run(
        id,
        `[[rehearse: tool=${tool} input={"pattern":"*"}]] [[rehearse: text=done]]`,
      );
    }
    return test;
  };

  it('leaves of a session and of all what meets it', async () => {
    const { sessions } = await withRecords();
    const told = async (filter: Parameters<typeof sessions.auditAll>[0]) =>
      (await sessions.auditAll(filter)).audit.map(
        ({ sessionId, kind, action }) => `${sessionId} ${kind} ${action}`,
      );
    expect(await told({ kind: 'lifecycle' })).toEqual([
      's2 lifecycle created',
      's lifecycle created',
    ]);
    expect(await told({ tool: 'Glob' })).toEqual(['s tool succeeded', 's permission allowed']);
    expect(await told({ decision: 'denied' })).toEqual(['s2 permission denied']);
    expect(await told({ decision: 'denied', tool: 'Glob' })).toEqual([]);
    expect(await told({ before: '2020-01-01' })).toEqual([]);
    const { audit } = await sessions.audit('s', { kind: 'permission', after: '2020-01-01' });
    expect(audit.map(({ action }) => action)).toEqual(['allowed']);
  });

  it('gives pages that together are all that meets it, and refuses another list’s cursor', async () => {
    const { sessions } = await withRecords();
    const filter = { kind: 'lifecycle', limit: 1 } as const;
    const first = await sessions.auditAll(filter);
    const cursor = first.nextCursor ?? '';
    const second = await sessions.auditAll({ ...filter, cursor });
    expect([...first.audit, ...second.audit].map(({ sessionId }) => sessionId)).toEqual([
      's2',
      's',
    ]);
    await expect(sessions.audit('s', { cursor })).rejects.toMatchObject({
      code: 'invalid_request',
    });
  });

  it('that few records meet is answered in parts', async () => {
    const { sessions, journal } = await testGreenroom();
    const held = { kind: 'lifecycle', action: 'held', atMs: NOW, by: 'test' } as const;
    const audit = Array.from({ length: 700 }, () => held);
    const first = write(keyOf('s'), undefined, { audit });
    await journal.commit(first);
    const second = write(keyOf('s'), first.head, { audit });
    await journal.commit(second);
    await journal.commit(write(keyOf('s'), second.head, { audit }));
    const part = await sessions.audit('s', { decision: 'denied' });
    expect(part).toMatchObject({ audit: [], nextCursor: expect.any(String) });
    const rest = await sessions.audit('s', { decision: 'denied', cursor: part.nextCursor });
    expect(rest).toEqual({ audit: [] });
  });
});
