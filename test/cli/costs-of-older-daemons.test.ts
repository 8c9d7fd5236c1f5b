/** What has been spent, asked of a daemon that runs since before there were totals. */
import { expect, it } from 'vitest';
import { costsOf } from '../../src/session/api/costs.ts';
import type { SessionsApi } from '../../src/session/verbs/api.ts';

const spent = { sessions: 1, turns: 2, costUsd: 0.5, unpriced: 0, cacheMisses: [] };

const answering = (pages: readonly object[]): Pick<SessionsApi, 'sessions'> => {
  const left = [...pages];
  return { sessions: async () => left.shift() as never };
};

it('adds up the totals of all pages', async () => {
  const groups = [{ value: 'review', ...spent }];
  const pages = [
    { groups, total: spent, nextCursor: 'x' },
    { groups, total: spent },
  ];
  const { total } = await costsOf(answering(pages), { by: 'tag' });
  expect(total).toEqual({ ...spent, sessions: 2, turns: 4, costUsd: 1 });
});

it('has the groups, and no total that is not known', async () => {
  const groups = [{ value: 'review', ...spent }];
  expect(await costsOf(answering([{ groups }]), { by: 'tag' })).toEqual({
    groups,
    total: undefined,
  });
});
