/** What the headers of the API's answers say about its rate; and a model that is out of it holds its own steps back. */
import { describe, expect, it } from 'vitest';
import { rateLeft } from '../../../src/executor/models/rate-headers.ts';
import { executingOnLentThreads, stepOf } from '../executing.ts';

const NOW = Date.parse('2026-11-20T09:00:00.000Z');

const headersOf = (limits: Readonly<Record<string, readonly [number | string, number | string]>>) =>
  new Headers(
    Object.entries(limits).flatMap(([kind, [limit, remaining]]): [string, string][] => [
      [`anthropic-ratelimit-${kind}-limit`, String(limit)],
      [`anthropic-ratelimit-${kind}-remaining`, String(remaining)],
      [`anthropic-ratelimit-${kind}-reset`, '2026-11-20T09:00:30Z'],
    ]),
  );

describe('the rate that is left', () => {
  it('is that of the limit which is nearest to its end', () => {
    const headers = headersOf({
      ...{ requests: [50, 40], 'input-tokens': [100_000, 5_000], 'output-tokens': [8_000, 1_000] },
    });
    expect(rateLeft(headers, NOW)).toEqual({ part: 0.05, wholeInMs: 30_000 });
  });

  it.each([
    ['no header', {}],
    ['enough of all', { requests: [50, 40], tokens: [1_000, 999] }],
    ['no numbers', { requests: ['many', 'few'] }],
    ['a limit of nothing', { requests: [0, 0] }],
    ['a number below zero', { requests: [50, -3] }],
  ] as const)('is nothing to be told with %s', (_, limits) => {
    expect(rateLeft(headersOf(limits as never), NOW)).toBeUndefined();
  });

  it('is counted by the clock of the API, for an hour at most', () => {
    const headers = headersOf({ requests: [50, 0] });
    headers.set('date', 'Fri, 20 Nov 2026 08:59:50 GMT');
    expect(rateLeft(headers, NOW + 7_200_000)).toEqual({ part: 0, wholeInMs: 40_000 });
    headers.set('anthropic-ratelimit-requests-reset', '2036-11-20T09:00:30Z');
    expect(rateLeft(headers, NOW)).toEqual({ part: 0, wholeInMs: 3_600_000 });
    headers.set('anthropic-ratelimit-requests-reset', 'soon');
    expect(rateLeft(headers, NOW)).toEqual({ part: 0, wholeInMs: 0 });
  });
});

it('a model of which nothing is left is not asked again before some is back; others are', async () => {
  const { start, run, rehearsal } = await executingOnLentThreads();
  const name = 'anthropic-ratelimit-requests';
  const told = [`${name}-limit: 50`, `${name}-remaining: 0`, `${name}-reset: 2099-01-01T00:00:00Z`];
  const headers = told.map((header) => `header="${header}"`).join(' ');
  await run(stepOf(`[[rehearse: ${headers} text=last]]`));
  const held = start(stepOf('one too many'));
  await run(stepOf('another', { model: 'claude-haiku-4-5' }));
  expect([...rehearsal.requests].map(({ body }) => body.model)).toEqual([
    ...['claude-opus-5', 'claude-haiku-4-5'],
  ]);
  held.cancel();
  expect(await held.outcome).toMatchObject({ type: 'cancelled' });
});
