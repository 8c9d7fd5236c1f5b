/** Compaction: a summary stands in for what the model saw, and nothing of it is gone. */
import { describe, expect, it } from 'vitest';
import { codeOf } from '../../src/model/errors.ts';
import { holding, lastText, testGreenroom } from '../support/greenroom.ts';
import { gate } from '../support/until.ts';

const said = (role: 'user' | 'assistant', content: string) => ({ role, content });
const dialogue = (words: number) =>
  Array.from({ length: words }, (_, n) =>
    said(n % 2 === 0 ? 'user' : 'assistant', `word ${n + 1}.`),
  );
const refusalOf = (outcome: Promise<unknown>) => outcome.then(() => 'none', codeOf);

describe('compaction', () => {
  it('the model sees the summary, people see everything', async () => {
    const test = await testGreenroom();
    await test.sessions.append('s', dialogue(6));
    const session = await test.sessions.compact('s', { summary: 'they said words' });
    expect(session).toMatchObject({
      compaction: { throughSeq: 6, fromSeq: 7, seq: 7 },
      messageCount: 6,
    });
    await test.run('s', 'go on');
    expect(test.lastCall).toContain('they said words');
    expect(test.lastCall).not.toContain('word 6.');
    const { entries } = await test.sessions.messages('s');
    expect(entries[5]).toMatchObject({ message: { content: 'word 6.' } });
    expect(entries[6]).toMatchObject({ type: 'view', view: { summary: 'they said words' } });
  });

  it('a part may stay as it is', async () => {
    const test = await testGreenroom();
    await test.sessions.append('s', dialogue(6));
    await test.sessions.compact('s', { throughSeq: 4, summary: 'four words' });
    await test.run('s', 'go on');
    expect(test.lastCall).toContain('four words');
    expect(test.lastCall).toContain('word 5.');
    expect(test.lastCall).not.toContain('word 4.');
  });

  it('without a summary the model makes one, and it is paid for', async () => {
    const test = await testGreenroom({
      script: (request) =>
        lastText(request).includes('Sum up this conversation')
          ? { kind: 'message', content: [{ type: 'text', text: 'SUMMARY OF IT ALL' }] }
          : undefined,
    });
    await test.run('s', 'hello');
    const before = await test.sessions.get('s');
    const after = await test.sessions.compact('s');
    expect(test.lastCall).toContain('hello');
    expect(after.totalCostUsd).toBeGreaterThan(before.totalCostUsd ?? 0);
    expect(after.numTurns).toBe(before.numTurns);
    await test.run('s', 'go on');
    expect(test.lastCall).toContain('SUMMARY OF IT ALL');
    expect(test.lastCall).not.toContain('hello');
  });

  it('a model that gives no summary changes nothing', async () => {
    const test = await testGreenroom({
      script: (request) =>
        lastText(request).includes('Sum up this conversation')
          ? { kind: 'message', content: [], stopReason: 'refusal' }
          : undefined,
    });
    await test.run('s', 'hello');
    const before = await test.sessions.get('s');
    expect(await refusalOf(test.sessions.compact('s'))).toBe('invalid_state');
    expect(await test.sessions.get('s')).toEqual(before);
  });

  it('ends before the turn that is open, which goes on as it was', async () => {
    const answer = gate();
    const test = await testGreenroom({ script: holding(answer.opened) });
    await test.sessions.append('s', dialogue(2));
    const running = test.begin('s', 'hold this');
    await running.saw('delta');
    const { compaction } = await test.sessions.compact('s', { summary: 'before' });
    expect(compaction).toMatchObject({ throughSeq: 2 });
    answer.open();
    expect(await running.finished()).toMatchObject({ status: 'completed' });
    await test.run('s', 'and now');
    expect(test.lastCall).toContain('before');
    expect(test.lastCall).toContain('hold this');
    expect(test.lastCall).not.toContain('word 1.');
  });

  it('never ends within a turn', async () => {
    const test = await testGreenroom();
    await test.run('s', 'one');
    await test.run('s', '[[rehearse: tool=Bash]] [[rehearse: text=done]]');
    const { compaction } = await test.sessions.compact('s', { throughSeq: 4, summary: 'x' });
    expect(compaction).toMatchObject({ throughSeq: 2, fromSeq: 3 });
  });

  it('goes forward only: what is compacted is not compacted again', async () => {
    const test = await testGreenroom();
    await test.sessions.append('s', dialogue(4));
    await test.sessions.compact('s', { throughSeq: 2, summary: 'two' });
    expect(await refusalOf(test.sessions.compact('s', { throughSeq: 2, summary: 'x' }))).toBe(
      'invalid_state',
    );
    await test.sessions.compact('s', { summary: 'all four' });
    expect(await refusalOf(test.sessions.compact('none', { summary: 'x' }))).toBe(
      'session_not_found',
    );
    await test.run('s', 'go on');
    expect(test.lastCall).toContain('all four');
    expect(test.lastCall).not.toContain('two');
  });

  it('a session that wakes reads from there on', async () => {
    const test = await testGreenroom();
    await test.sessions.append('s', dialogue(400));
    await test.sessions.compact('s', { throughSeq: 398, summary: 'a lot' });
    await test.restart();
    await test.run('s', 'awake');
    expect(test.journal.stats().entriesRead).toBeLessThan(10);
    expect(test.lastCall).toContain('a lot');
    expect(test.lastCall).toContain('word 400.');
  });

  it('a fork from before it sees what was said, one from after it the summary', async () => {
    const test = await testGreenroom();
    await test.sessions.append('s', dialogue(4));
    await test.sessions.compact('s', { throughSeq: 2, summary: 'first summary' });
    await test.sessions.append('s', [said('user', 'later')]);
    await test.sessions.compact('s', { summary: 'second summary' });
    const saw = async (atSeq: number) => {
      const { sessionId } = await test.sessions.fork('s', { atSeq });
      await test.run(sessionId, 'go on');
      return ['word 1.', 'word 3.', 'first summary', 'later', 'second summary'].filter((text) =>
        test.lastCall.includes(text),
      );
    };
    expect(await saw(4)).toEqual(['word 1.', 'word 3.']);
    expect(await saw(6)).toEqual(['word 3.', 'first summary', 'later']);
    expect(await saw(7)).toEqual(['second summary']);
  });
});

describe('the step that makes a summary', () => {
  it('is retried as the session says', async () => {
    const test = await testGreenroom({
      script: (request) =>
        lastText(request).includes('Sum up this conversation')
          ? { kind: 'error', status: 529, type: 'overloaded_error', message: 'busy' }
          : undefined,
    });
    await test.sessions.create('s', { retry: { maxRetries: 1, delayMs: 0 } });
    await test.run('s', 'hello');
    const before = test.modelCalls.length;
    expect(await refusalOf(test.sessions.compact('s'))).toBe('unavailable');
    expect(test.modelCalls.length - before).toBe(2);
  });

  it('needs a known price where money is limited, as a turn does', async () => {
    const test = await testGreenroom();
    await test.run('s', 'hello');
    await test.sessions.update('s', { model: 'nobody-knows', limits: { maxCostUsd: 1 } });
    expect(await refusalOf(test.sessions.compact('s'))).toBe('price_unknown');
    expect(await refusalOf(test.run('s', 'more'))).toBe('price_unknown');
  });
});
