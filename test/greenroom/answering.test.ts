/** How a model is to answer: what a session and a turn say of thinking, effort and form, as the API is asked. */
import { describe, expect, it } from 'vitest';
import { sharedGreenroom, type TestGreenroom } from '../support/greenroom.ts';
import { finishedOf } from '../support/reading.ts';
import { toolCalls } from '../support/tool-turns.ts';
import { until } from '../support/until.ts';

const greenroom = sharedGreenroom();
/** Model calls of the tests before. */
const earlier = { count: 0 };
const shared = (): TestGreenroom => {
  const test = greenroom();
  earlier.count = test.modelCalls.length;
  return test;
};
const schema = { type: 'object', properties: { name: { type: 'string' } } };

const asked = (test: TestGreenroom) =>
  test.modelCalls
    .slice(earlier.count)
    .map(({ rawBody }) => JSON.parse(rawBody.toString()) as Record<string, unknown>);

describe('how a model is to answer', () => {
  it('is said by the session, unless the turn says something else', async () => {
    const test = shared();
    await test.sessions.create('s', {
      ...{ thinking: { type: 'adaptive', display: 'omitted' }, effort: 'low' },
      outputFormat: { type: 'json_schema', schema },
    });
    await test.run('s', 'one');
    await test.run('s', 'two', { effort: 'max', thinking: { type: 'disabled' } });
    expect(asked(test)).toMatchObject([
      {
        thinking: { type: 'adaptive', display: 'omitted' },
        output_config: { effort: 'low', format: { type: 'json_schema', schema } },
      },
      { thinking: { type: 'disabled' }, output_config: { effort: 'max' } },
    ]);
  });

  it('is not said where neither does', async () => {
    const test = shared();
    await test.run('s', 'one');
    expect(Object.keys(asked(test)[0] ?? {})).not.toEqual(
      expect.arrayContaining([expect.stringMatching(/thinking|output_config/)]),
    );
  });

  it('has the tokens of thinking on top of those of the answer', async () => {
    const test = shared();
    const thinking = { type: 'enabled', budgetTokens: 2_048 } as const;
    await test.sessions.create('s', { thinking, maxTokens: 100 });
    await test.run('s', 'one');
    expect(asked(test)).toMatchObject([
      { max_tokens: 2_148, thinking: { type: 'enabled', budget_tokens: 2_048 } },
    ]);
  });

  it('stays as it was when the turn began', async () => {
    const test = shared();
    await test.sessions.create('s', { effort: 'low', workingDirectory: '/' });
    const turn = test.begin('s', toolCalls([['Bash', { command: 'touch /never' }]]));
    await until(async () => (await test.sessions.get('s')).status === 'waiting');
    await test.sessions.update('s', { effort: 'high' });
    const [{ approvalId } = { approvalId: '' }] = await test.sessions.asked('s');
    await test.sessions.approve('s', { approvalId, decision: 'deny' });
    finishedOf(await turn.done);
    await test.run('s', 'next');
    const efforts = asked(test).map(({ output_config }) => output_config);
    expect(efforts).toEqual([{ effort: 'low' }, { effort: 'low' }, { effort: 'high' }]);
  });

  it.each([
    [{ thinking: { type: 'enabled' } }, 'invalid_request'],
    [{ thinking: { type: 'enabled', budgetTokens: 10 } }, 'invalid_settings'],
    [{ effort: 'huge' }, 'invalid_settings'],
    [{ outputFormat: { type: 'json_schema' } }, 'invalid_request'],
  ])('is refused as %j', async (settings, code) => {
    const made = shared().sessions.create('s', settings as never);
    await expect(made).rejects.toMatchObject({ code });
  });

  it('and the tools that a model is offered are the same for a fork', async () => {
    const test = shared();
    await test.sessions.create('s', { effort: 'low', tools: [], workingDirectory: '/' });
    await test.run('s', 'one');
    const fork = await test.sessions.fork('s', { newSessionId: 'f' });
    expect(fork).toMatchObject({ effort: 'low', tools: [] });
    await test.run('f', 'two');
    expect(asked(test).at(-1)).not.toHaveProperty('tools');
  });
});
