/** `budgets` and `costs`: what they ask of the daemon, and what they say. */
import { expect, test } from 'vitest';
import { FakeDaemon } from './fake-daemon.ts';
import { greenroom, jsonLines } from './run-cli.ts';

const BUDGET = {
  ...{ scope: 'owner', value: 'ann', per: 'month', maxUsd: 100, period: '2026-11' },
  ...{ extraUsd: 10, spentUsd: 12.5, estimatedUsd: 0.5, reservedUsd: 0.25, leftUsd: 96.75 },
};

test('budgets list shows what is spent of each', async () => {
  const daemon = new FakeDaemon({ 'sessions.budgets': { budgets: [BUDGET] } });
  const { out } = await greenroom('budgets list --owner ann', { daemon });
  expect(daemon.asked).toContainEqual(['sessions.budgets', { owner: 'ann' }]);
  expect(out.split('\n')[1]?.split(/ {2,}/)).toEqual([
    ...['owner ann', '2026-11', '$100.00', '+$10.00', '$13.00', '$0.2500', '$96.75'],
  ]);
});

test('budgets put and delete name whose it is', async () => {
  const daemon = new FakeDaemon({
    ...{ 'sessions.put-budget': { budget: BUDGET }, 'sessions.delete-budget': { deleted: true } },
  });
  await greenroom('budgets put 20 --tag nightly --per day', { daemon });
  await greenroom('budgets put $2000 --all', { daemon });
  const { out } = await greenroom('budgets delete --owner ann --per month', { daemon });
  expect(out).toBe('it is lifted\n');
  expect(daemon.asked).toEqual([
    ['sessions.put-budget', { scope: 'tag', value: 'nightly', per: 'day', maxUsd: 20 }],
    ['sessions.put-budget', { scope: 'tenant', per: 'total', maxUsd: 2_000 }],
    ['sessions.delete-budget', { scope: 'owner', value: 'ann', per: 'month' }],
  ]);
  for (const wrong of ['budgets put 5', 'budgets put 5 --all --tag x', 'budgets delete'])
    expect((await greenroom(wrong, { daemon })).code, wrong).toBe(2);
  const wrong = await greenroom('budgets put ten --all', { daemon });
  expect([wrong.code, wrong.err]).toEqual([2, expect.stringContaining('an amount of dollars')]);
});

test('a budget that is not there is named, and one that is waited for shows where to look', async () => {
  const explained = {
    ...{
      sessionId: 'x',
      status: 'waiting',
      waitsFor: 'budget',
      why: 'money',
      queued: 0,
      tools: [],
    },
    ...{ calls: [], delayed: [{ turnId: 'later', deliverAt: '2026-11-30T07:00:00.000Z' }] },
    permissions: { mode: 'default', policies: [], allowed: [], denied: [], daemonRules: 0 },
  };
  const daemon = new FakeDaemon({
    ...{ 'sessions.delete-budget': { deleted: false }, explain: explained },
  });
  const none = await greenroom('budgets delete --owner ann', { daemon });
  expect(none.out).toBe('there was no budget of owner ann (total)\n');
  const { out, err } = await greenroom('explain x', { daemon });
  expect(out).toContain('later at 2026-11-30T07:00:00.000Z');
  expect(err).toContain('approvals list');
});

const group = (value: string, costUsd: number, more = {}) => ({
  ...{ value, sessions: 1, turns: 2, costUsd, unpriced: 0, cacheMisses: [] },
  ...more,
});
const sums = (sessions: number, turns: number, costUsd: number, more = {}) => ({
  ...{ sessions, turns, costUsd, unpriced: 0, cacheMisses: [] },
  ...more,
});
const MISS = { type: 'tools_changed', times: 2, missedInputTokens: 9, costUsd: 0.5 };

test('costs adds its pages up, the dearest first, with each session once in the whole, and says why the cache was missed', async () => {
  const pages = [
    {
      groups: [group('a', 1), group('b', 3, { cacheMisses: [MISS] })],
      total: sums(1, 2, 3, { cacheMisses: [MISS] }),
      nextCursor: 'c',
    },
    {
      groups: [group('a', 4), group('b', 1, { cacheMisses: [MISS] }), group('', 1)],
      total: sums(2, 4, 5, { cacheMisses: [MISS] }),
    },
  ];
  const daemon = new FakeDaemon({ 'sessions.costs': () => pages.shift() });
  const { out } = await greenroom('costs --by tag tag:x', { daemon });
  const rows = out.trim().split('\n').slice(1);
  expect(rows.map((row) => row.trim().split(/ {2,}/))).toEqual([
    ['a', '2', '4', '$5.00', '$0'],
    ['b', '2', '4', '$4.00', '$1.00', 'tools_changed 4'],
    ['(none)', '1', '2', '$1.00', '$0'],
    ['total', '3', '6', '$8.00', '$1.00', 'tools_changed 4'],
  ]);
  expect(daemon.asked).toMatchObject([
    ['sessions.costs', { by: 'tag', q: 'tag:x' }],
    ['sessions.costs', { by: 'tag', cursor: 'c' }],
  ]);
});

test('costs of days tells the latest first, and that a price was not known', async () => {
  const groups = [group('2026-11-01', 1), group('2026-11-02', 2, { unpriced: 1 })];
  const total = sums(1, 4, 3, { unpriced: 1 });
  const daemon = new FakeDaemon({ 'sessions.costs': { groups, total } });
  const { out, err } = await greenroom('costs', { daemon });
  expect(out.split('\n')[1]).toMatch(/^2026-11-02 .*>\$2\.00/);
  expect(out.trim().split('\n').at(-1)).toMatch(/^total .*>\$3\.00/);
  expect(err).toContain('a price was not known');
  const json = await greenroom('costs --json', { daemon });
  expect(jsonLines(json.out)).toHaveLength(2);
});

test.each([
  ['week', ['2026-W47', '2026-W48']],
  ['month', ['2026-11', '2026-12']],
])('costs of each %s tells the latest first', async (by, [first = '', last = '']) => {
  const groups = [group(first, 5), group(last, 1)];
  const daemon = new FakeDaemon({ 'sessions.costs': { groups, total: sums(2, 4, 6) } });
  const { out } = await greenroom(`costs --by ${by}`, { daemon });
  expect(out.split('\n').map((line) => line.split(' ')[0])).toEqual([by, last, first, 'total', '']);
  expect(daemon.asked).toMatchObject([['sessions.costs', { by }]]);
});

test('costs of one group needs no line for the whole', async () => {
  const daemon = new FakeDaemon({
    'sessions.costs': { groups: [group('2026-11-01', 1)], total: sums(1, 2, 1) },
  });
  expect((await greenroom('costs', { daemon })).out).not.toContain('total');
});

test('where nothing was spent, a word that may be a session is said to have been searched for', async () => {
  const daemon = new FakeDaemon({ 'sessions.costs': { groups: [], total: sums(0, 0, 0) } });
  expect((await greenroom('costs', { daemon })).err).toBe('nothing was spent\n');
  expect((await greenroom('costs demo', { daemon })).err).toContain('sessions show demo');
});
