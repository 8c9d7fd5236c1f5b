/** Searches in words, through the door that all gateways use. */
import { expect, it } from 'vitest';
import { codeOf } from '../../src/model/errors.ts';
import { testGreenroom } from '../support/greenroom.ts';

const NOTHING = { costUsd: 0, tokens: 0, turns: 0 };

const withThree = async () => {
  const { sessions } = await testGreenroom();
  await sessions.create('a', { tags: ['review', 'team/x'], workingDirectory: '/srv/a' });
  await sessions.create('b', { tags: ['review'], workingDirectory: '/srv/b' });
  await sessions.create('c', { tags: ['done'] });
  const found = async (q: string) => {
    const page = await sessions.search({ q });
    return page.sessions.map(({ sessionId }) => sessionId).toSorted();
  };
  return { sessions, found };
};

it('a search, a count, a table of values and a cleanup take a query beside other criteria', async () => {
  const { sessions, found } = await withThree();
  expect(await found('tag:review -tag:team/*')).toEqual(['b']);
  expect(await found('tag:done OR dir:/srv/a')).toEqual(['a', 'c']);
  expect(await found('created:today')).toEqual(['a', 'b', 'c']);
  expect(await sessions.count({ q: 'tag:review', workingDirectory: '/srv/a' })).toMatchObject({
    count: 1,
  });
  const { facets } = await sessions.facets({ q: 'dir:/srv/*', by: 'tag' });
  expect(facets).toEqual([
    { value: 'review', sessions: 2, ...NOTHING },
    { value: 'team/x', sessions: 1, ...NOTHING },
  ]);
  const swept = await sessions.cleanup({ q: 'tag:done', maxAgeDays: 0, dryRun: true });
  expect(swept.sessions.map(({ sessionId }) => sessionId)).toEqual(['c']);
});

it('a query names the order, unless the request does', async () => {
  const { sessions } = await withThree();
  const page = await sessions.search({ q: 'sort:created-asc' });
  expect(page.sessions.map(({ sessionId }) => sessionId)).toEqual(['a', 'b', 'c']);
  const both = sessions.search({ q: 'sort:created', sortBy: 'cost' });
  expect(codeOf(await both.catch((error: unknown) => error))).toBe('invalid_criteria');
});

it.each([
  [{ q: 'tag:a colour:red' }, { details: { column: 7 } }],
  [{ q: 'tag:a', timeZone: 'Mars/Olympus' }, { details: { field: 'timeZone' } }],
  [{ anyOf: [{ minTurns: 5, maxTurns: 1 }] }, {}],
  [{ allOf: [] }, {}],
  [{ minTurns: 5, allOf: [{ maxTurns: 1 }] }, {}],
  [{ q: 'cost:>5 tag:a (cost:<1 tag:b)' }, { details: { field: 'q' } }],
  [{ q: 'updated:..2026-11-01', updatedAfter: '2026-11-20' }, { details: { field: 'q' } }],
])('%j is refused', async (request, more) => {
  const { sessions } = await testGreenroom();
  await expect(sessions.search(request)).rejects.toMatchObject({
    code: 'invalid_criteria',
    ...more,
  });
});

it('criteria are not more than can be asked of each session', async () => {
  const { sessions } = await testGreenroom();
  const list = (length: number) => Array.from({ length }, (_, n) => ({ idPrefix: `x${n}` }));
  const nested = { anyOf: [{ noneOf: list(100) }, { noneOf: list(100) }, { allOf: list(46) }] };
  expect((await sessions.search(nested)).sessions).toBeDefined();
  const more = { anyOf: [...nested.anyOf, { noneOf: list(1) }] };
  await expect(sessions.search(more)).rejects.toMatchObject({
    code: 'invalid_criteria',
    message: expect.stringContaining('more than 250 criteria in all'),
  });
});

it('criteria may not nest without end', async () => {
  const { sessions } = await testGreenroom();
  let deep: object = { tags: ['a'] };
  for (let depth = 0; depth < 5_000; depth += 1) deep = { noneOf: [deep] };
  await expect(sessions.search(deep)).rejects.toMatchObject({ code: 'invalid_criteria' });
});
