/** Tools, errors and tokens of sessions, as searches and sums tell of them: from real turns, imports and exports. */
import { describe, expect, it } from 'vitest';
import { codeOf } from '../../src/model/errors.ts';
import type { Usage } from '../../src/model/usage.ts';
import { sharedGreenroom, type TestGreenroom } from '../support/greenroom.ts';

const shared = sharedGreenroom();

const found = async ({ sessions }: TestGreenroom, q: string): Promise<string[]> => {
  const page = await sessions.search({ q });
  return page.sessions.map(({ sessionId }) => sessionId).toSorted();
};

const uuid = (n: number) => `00000000-0000-4000-8000-00000000000${n}`;
const lineOf = (n: number, content: readonly object[], more: object = {}): string =>
  JSON.stringify({
    ...{ type: 'assistant', uuid: uuid(n), parentUuid: n === 1 ? null : uuid(n - 1) },
    ...{ sessionId: 'foreign', timestamp: `2026-01-01T00:00:0${n}.000Z`, requestId: `req_${n}` },
    message: {
      ...{ id: `msg_${n}`, role: 'assistant', model: 'claude-sonnet-4-5', content },
      usage: { input_tokens: 10, output_tokens: 5, cache_read_input_tokens: 100 },
    },
    ...more,
  });
const use = (name: string) => ({ type: 'tool_use', id: `toolu_${name}`, name, input: {} });
const failed = (n: number): string =>
  lineOf(n, [], {
    type: 'user',
    message: {
      role: 'user',
      content: [{ type: 'tool_result', tool_use_id: 'toolu_Bash', content: 'no', is_error: true }],
    },
  });

const importLines = (
  test: TestGreenroom,
  id: string,
  lines: readonly string[],
  more: object = {},
) =>
  test.greenroom.api.session(id, 'import', {
    ...{ externalKey: `claude-code/${id}`, fromLine: 0, lines: [...lines] },
    ...more,
  });

/** All that a model read and wrote. */
const tokensIn = ({ inputTokens, outputTokens, ...cache }: Usage): number =>
  inputTokens + outputTokens + cache.cacheReadInputTokens + cache.cacheCreationInputTokens;

/** A transcript with a failed tool, and one of a sub-agent. */
const imported = async (test: TestGreenroom): Promise<void> => {
  await importLines(test, 'foreign', [
    lineOf(1, [use('Bash')]),
    failed(2),
    lineOf(3, [use('Read')]),
  ]);
  const side = lineOf(4, [use('mcp__github__list_issues')], { isSidechain: true, agentId: 'x1' });
  await importLines(test, 'foreign', [side], { subpath: 'agent-1' });
};

describe('a session that was imported', () => {
  it('is found by each tool that it or a sub-agent of its used, in any case and by a beginning', async () => {
    const test = shared();
    await imported(test);
    await importLines(test, 'other', [lineOf(9, [use('Read')])]);
    expect(await found(test, 'tool:bash')).toEqual(['foreign']);
    expect(await found(test, 'tool:READ')).toEqual(['foreign', 'other']);
    expect(await found(test, 'tool:mcp__github__*')).toEqual(['foreign']);
    expect(await found(test, 'tool:mcp__github')).toEqual([]);
    expect(await found(test, '-tool:Bash')).toEqual(['other']);
    expect(await test.sessions.get('foreign')).toMatchObject({
      toolsUsed: ['Bash', 'Read', 'mcp__github__list_issues'],
    });
  });

  it('is found by its errors and its tokens, and is counted with them', async () => {
    const test = shared();
    await imported(test);
    await importLines(test, 'other', [lineOf(9, [use('Read')])]);
    expect(await found(test, 'has:errors')).toEqual(['foreign']);
    expect(await found(test, '-has:errors')).toEqual(['other']);
    const { sessions } = await test.sessions.search({ sortBy: 'createdAt', order: 'asc' });
    const tokens = new Map(sessions.map((one) => [one.sessionId, one.tokens]));
    expect(tokens).toEqual(new Map(Object.entries({ foreign: 3 * 115, other: 115 })));
    expect(await found(test, 'tokens:>115')).toEqual(['foreign']);
    expect(await found(test, 'tokens:115')).toEqual(['other']);
    const { facets } = await test.sessions.facets({ by: 'tool' });
    expect(facets).toMatchObject([
      { value: 'Read', sessions: 2, tokens: 4 * 115 },
      { value: 'Bash', sessions: 1, tokens: 3 * 115 },
      { value: 'mcp__github__list_issues', sessions: 1 },
    ]);
    expect(facets[0]?.costUsd).toBeCloseTo((await test.sessions.count()).costUsd, 9);
  });

  it('goes on with the tools that it knows when more lines come, also after a restart', async () => {
    const test = shared();
    await imported(test);
    await test.restart();
    const more = { fromLine: 3 };
    await importLines(test, 'foreign', [lineOf(4, [use('Edit'), use('BASH')])], more);
    expect(await test.sessions.get('foreign')).toMatchObject({
      toolsUsed: ['Bash', 'Read', 'mcp__github__list_issues', 'Edit'],
    });
    expect(await found(test, 'tool:Edit')).toEqual(['foreign']);
  });

  it('keeps them in an export and what is made of it', async () => {
    const test = shared();
    await imported(test);
    const { sessionId } = await test.sessions.importSession(
      test.sessions.exportSession('foreign'),
      {
        as: 'copy',
      },
    );
    const { toolsUsed } = await test.sessions.get('foreign');
    expect(await test.sessions.get(sessionId)).toMatchObject({ toolsUsed });
    expect(await found(test, 'tool:Bash')).toEqual(['copy', 'foreign']);
  });
});

describe('a session of our own', () => {
  it('is found by the tools that its model asked for', async () => {
    const test = shared();
    await test.run('s', '[[rehearse: tool=Bash]] [[rehearse: tool=bash]] [[rehearse: text=done]]');
    await test.run('none', 'hello');
    expect(await test.sessions.get('s')).toMatchObject({ toolsUsed: ['Bash'] });
    expect(await test.sessions.get('none')).not.toHaveProperty('toolsUsed');
    expect(await found(test, 'tool:BASH')).toEqual(['s']);
    await test.restart();
    expect(await found(test, 'tool:BASH')).toEqual(['s']);
  });

  it('is in the sums of its day there, with what it cost, its tokens and its turns', async () => {
    const test = shared();
    for (const id of ['a', 'b']) await test.run(id, 'hello');
    const all = await Promise.all(['a', 'b'].map((id) => test.sessions.get(id)));
    const counted = await test.sessions.count();
    expect(counted).toMatchObject({ count: 2, turns: 2 });
    expect(counted.tokens).toBe(all.reduce((sum, { usage }) => sum + tokensIn(usage), 0));
    expect(counted.tokens).toBeGreaterThan(0);
    const timeZone = 'Asia/Kathmandu';
    const dayOf = ({ createdAt }: { createdAt: string }) =>
      new Date(createdAt).toLocaleDateString('sv-SE', { timeZone });
    const days = new Set(all.map(dayOf));
    const { facets, values } = await test.sessions.facets({ by: 'day', timeZone });
    expect(facets.map(({ value }) => value)).toEqual([...days].toSorted().toReversed());
    expect(values).toBe(days.size);
    expect(facets.reduce((sum, day) => sum + day.tokens, 0)).toBe(counted.tokens);
    expect(facets.reduce((sum, day) => sum + day.turns, 0)).toBe(2);
  });
});

it('days in a zone that is none are refused, and so are bounds that contradict each other', async () => {
  const { sessions } = shared();
  const facets = sessions.facets({ by: 'week', timeZone: 'Mars/Olympus' });
  await expect(facets).rejects.toMatchObject({
    ...{ code: 'invalid_criteria', details: { field: 'timeZone' } },
  });
  const count = sessions.count({ minTokens: 2, maxTokens: 1 });
  expect(await count.then(() => 'none', codeOf)).toBe('invalid_criteria');
});

it('a total of which a part is not known is told as more than what is known', async () => {
  const test = await shared();
  await importLines(test, 'priced', [lineOf(1, [{ type: 'text', text: 'hi' }])]);
  const known = await test.sessions.count({});
  expect(known).not.toHaveProperty('costIsPartial');
  const odd = { message: { ...JSON.parse(lineOf(2, [])).message, model: 'nobody-knows-it' } };
  await importLines(test, 'unpriced', [lineOf(2, [], odd)]);
  expect(await test.sessions.count({})).toMatchObject({ count: 2, costIsPartial: true });
  const { facets } = await test.sessions.facets({ by: 'status' });
  expect(facets).toMatchObject([{ sessions: 2, costUsd: known.costUsd, costIsPartial: true }]);
});
