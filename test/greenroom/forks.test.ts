/** Forks as their users see them: what they begin with, what they do alone, what outlives what. */
import { describe, expect, it } from 'vitest';
import { codeOf } from '../../src/model/errors.ts';
import { sessionKey } from '../../src/model/ids.ts';
import { holding, type TestGreenroom, testGreenroom } from '../support/greenroom.ts';
import { read } from '../support/read-journal.ts';
import { finishedOf } from '../support/reading.ts';
import { gate } from '../support/until.ts';

const said = (role: 'user' | 'assistant', content: string, id?: string) => ({
  role,
  content,
  ...(id === undefined ? {} : { id }),
});
const dialogue = (words: number) =>
  Array.from({ length: words }, (_, n) =>
    said(n % 2 === 0 ? 'user' : 'assistant', `word ${n + 1}`, `m${n + 1}`),
  );
const textsOf = async (test: TestGreenroom, sessionId: string) => {
  const { entries } = await test.sessions.messages(sessionId, { limit: 1_000 });
  return entries.flatMap((entry) => (entry.type === 'message' ? [entry.message.content] : []));
};
const refusalOf = (outcome: Promise<unknown>) => outcome.then(() => 'none', codeOf);

describe('a fork', () => {
  it('begins with its parent’s transcript, and both go on alone', async () => {
    const test = await testGreenroom();
    await test.sessions.create('parent', { title: 'Tea', tags: ['x'], systemPrompt: 'be kind' });
    await test.sessions.append('parent', dialogue(4));
    const fork = await test.sessions.fork('parent', { newSessionId: 'fork' });
    expect(fork).toMatchObject({
      ...{ sessionId: 'fork', mode: 'forked', status: 'idle', title: 'Fork of Tea', tags: ['x'] },
      ...{ parent: { sessionId: 'parent', seq: 4 }, messageCount: 4, numTurns: 0, version: 1 },
      systemPrompt: 'be kind',
    });
    await test.run('fork', 'only here');
    await test.sessions.append('parent', [said('user', 'only there')]);
    expect(test.lastCall).toContain('word 4');
    expect((await textsOf(test, 'fork')).slice(0, 5)).toEqual([
      ...(await textsOf(test, 'parent')).slice(0, 4),
      'only here',
    ]);
    expect((await textsOf(test, 'parent')).at(-1)).toBe('only there');
  });

  it('keeps the ids of messages, and says who wrote them', async () => {
    const test = await testGreenroom();
    await test.sessions.append('parent', dialogue(2));
    await test.sessions.fork('parent', { newSessionId: 'fork' });
    await test.sessions.append('fork', [said('user', 'mine', 'own')]);
    expect((await test.sessions.messages('fork')).entries).toMatchObject([
      { seq: 1, id: 'm1', origin: 'parent' },
      { seq: 2, id: 'm2', origin: 'parent' },
      { seq: 3, id: 'own' },
    ]);
    expect((await test.sessions.messages('fork')).entries[2]).not.toHaveProperty('origin');
  });

  it('is made at a seq, at a message, or of nothing', async () => {
    const test = await testGreenroom();
    await test.sessions.append('parent', dialogue(6));
    const at = (place: object) => test.sessions.fork('parent', place);
    expect(await at({ atSeq: 3 })).toMatchObject({ seq: 3, messageCount: 3 });
    expect(await at({ atMessageId: 'm2' })).toMatchObject({ seq: 2, messageCount: 2 });
    expect(await at({ atSeq: 0 })).toMatchObject({ seq: 0, messageCount: 0, status: 'created' });
    expect((await at({})).sessionId).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('of a place or a parent that is not there, or under a name that is taken, is refused', async () => {
    const test = await testGreenroom();
    await test.sessions.append('parent', dialogue(2));
    const fork = (place: object, of = 'parent') => refusalOf(test.sessions.fork(of, place));
    expect(await fork({ atSeq: 3 })).toBe('invalid_request');
    expect(await fork({ atMessageId: 'm3' })).toBe('invalid_request');
    expect(await fork({ atSeq: 1, atMessageId: 'm1' })).toBe('invalid_request');
    expect(await fork({ newSessionId: 'parent' })).toBe('session_exists');
    expect(await fork({}, 'nobody')).toBe('session_not_found');
    await test.sessions.delete('parent');
    expect(await fork({})).toBe('session_deleted');
    expect((await test.sessions.search()).sessions).toEqual([]);
  });

  it('of a session that has ended is alive', async () => {
    const test = await testGreenroom();
    await test.sessions.create('parent', { mode: 'background' });
    await test.run('parent', 'work');
    expect((await test.sessions.get('parent')).status).toBe('completed');
    await test.sessions.fork('parent', { newSessionId: 'fork' });
    expect(finishedOf(await test.run('fork', 'more'))).toMatchObject({ status: 'completed' });
  });

  it('counts its own cost; what was spent before is told apart', async () => {
    const test = await testGreenroom();
    await test.run('parent', '[[rehearse: text=a usage.output_tokens=1000]]');
    const { totalCostUsd } = await test.sessions.get('parent');
    const fork = await test.sessions.fork('parent', { newSessionId: 'fork' });
    expect(fork).toMatchObject({ totalCostUsd: 0, inheritedCostUsd: totalCostUsd });
    expect(await test.sessions.count()).toMatchObject({ count: 2, costUsd: totalCostUsd });
    expect(await test.sessions.fork('fork')).toMatchObject({ inheritedCostUsd: totalCostUsd });
  });

  it('between a tool’s use and its result is told that there will be none', async () => {
    const test = await testGreenroom();
    await test.run('parent', '[[rehearse: tool=Bash]] [[rehearse: text=done]]');
    await test.sessions.fork('parent', { newSessionId: 'fork', atSeq: 2 });
    expect(finishedOf(await test.run('fork', 'go on'))).toMatchObject({ status: 'completed' });
    expect(test.lastCall).toContain('tool_result');
  });

  it('does not answer the prompts that wait in its parent', async () => {
    const answer = gate();
    const test = await testGreenroom({ script: holding(answer.opened) });
    const running = test.begin('parent', 'hold');
    await running.saw('delta');
    const waiting = test.begin('parent', 'waits in the parent');
    await waiting.saw('turn.accepted');
    await test.sessions.fork('parent', { newSessionId: 'fork' });
    await test.run('fork', 'asked in the fork');
    expect(test.lastCall).toContain('asked in the fork');
    expect(test.lastCall).not.toContain('waits in the parent');
    answer.open();
    await Promise.all([running.done, waiting.done]);
  });

  it('takes a turn of an id that its parent has had as one of its own, in its own place', async () => {
    const test = await testGreenroom();
    await test.run('parent', 'first', { turnId: 't' });
    await test.run('parent', 'second', { turnId: 'u' });
    await test.sessions.fork('parent', { newSessionId: 'fork' });
    await test.restart();
    await test.run('fork', 'third', { turnId: 't' });
    const { messages } = JSON.parse(test.lastCall);
    expect(messages.map(({ content }: { content: unknown }) => JSON.stringify(content))).toEqual([
      expect.stringContaining('first'),
      expect.anything(),
      expect.stringContaining('second'),
      expect.anything(),
      expect.stringContaining('third'),
    ]);
  });
});

describe('forks and deletions', () => {
  const purge = async (test: TestGreenroom) => {
    const journal = test.journal;
    for (let left = true; left; ) left = (await journal.purge(100)).left;
  };

  it('a fork outlives its parent, restarts included', async () => {
    const test = await testGreenroom();
    await test.sessions.append('parent', dialogue(4));
    await test.sessions.fork('parent', { newSessionId: 'fork', atSeq: 3 });
    await test.sessions.delete('parent');
    await purge(test);
    await test.restart();
    expect(await textsOf(test, 'fork')).toEqual(['word 1', 'word 2', 'word 3']);
    await test.run('fork', 'and on');
    expect(test.lastCall).toContain('word 3');
    expect(test.lastCall).not.toContain('word 4');
    expect(await refusalOf(test.sessions.get('parent'))).toBe('session_deleted');
  });

  it('the parent may go while its fork runs a turn', async () => {
    const answer = gate();
    const test = await testGreenroom({ script: holding(answer.opened) });
    await test.sessions.append('parent', dialogue(4));
    await test.sessions.fork('parent', { newSessionId: 'fork' });
    const running = test.begin('fork', 'hold');
    await running.saw('delta');
    await test.sessions.delete('parent');
    await purge(test);
    answer.open();
    expect(await running.finished()).toMatchObject({ status: 'completed' });
    await test.restart();
    expect((await textsOf(test, 'fork')).slice(0, 4)).toEqual(dialogue(4).map((m) => m.content));
  });

  it('of many forks under one name exactly one is made', async () => {
    const test = await testGreenroom();
    await test.sessions.append('parent', dialogue(4));
    const outcomes = await Promise.all(
      [1, 2, 3, 4].map((atSeq) =>
        refusalOf(test.sessions.fork('parent', { newSessionId: 'fork', atSeq })),
      ),
    );
    expect(outcomes.toSorted()).toEqual(['none', ...Array(3).fill('session_exists')]);
    const made = outcomes.indexOf('none') + 1;
    expect(await test.sessions.get('fork')).toMatchObject({ seq: made, version: 1 });
  });

  it('a fork and the deletion of its parent at once leave a whole fork or none', async () => {
    const test = await testGreenroom();
    for (let round = 0; round < 10; round += 1) {
      const [parent, fork] = [`p${round}`, `f${round}`];
      await test.sessions.append(parent, dialogue(4));
      const forking = refusalOf(test.sessions.fork(parent, { newSessionId: fork }));
      const deleting = test.sessions.delete(parent);
      const refusal = await forking;
      await deleting;
      await purge(test);
      if (refusal === 'none') expect(await textsOf(test, fork)).toHaveLength(4);
      else expect(refusal).toBe('session_deleted');
      expect((await read(test.journal).head(sessionKey('default', fork))) === undefined).toBe(
        refusal !== 'none',
      );
    }
  });
});
