import { describe, expect, test } from 'vitest';
import { codeOf } from '../../src/model/errors.ts';
import { conditionOf } from '../../src/query/condition.ts';
import { UTC, zoneNamed } from '../../src/query/moments.ts';
import { parse } from '../../src/query/parser.ts';

const NOW = Date.parse('2026-11-28T12:00:00Z');
const condition = (text: string, timeZone = 'UTC') => {
  const { where } = parse(text);
  return where && conditionOf(where, { nowMs: NOW, zone: zoneNamed(timeZone) ?? UTC });
};
const at = (text: string) => Date.parse(text);

describe('a query asks the catalog for', () => {
  test.each([
    ['tag:a', { tags: ['a'] }],
    ['reset', { text: 'reset' }],
    ['"connection reset"', { text: 'connection reset' }],
    ['conn*', { text: 'conn*' }],
    ['"conn*"', { text: 'conn' }],
    ['a -b', { allOf: [{ text: 'a' }, { noneOf: [{ text: 'b' }] }] }],
    ['a OR tag:b', { anyOf: [{ text: 'a' }, { tags: ['b'] }] }],
    ['tag:team/*', { tagPrefix: 'team/' }],
    ['tag:(a OR b)', { tags: ['a', 'b'] }],
    ['status:idle OR is:parked', { status: ['idle', 'parked'] }],
    ['tag:a OR status:idle', { anyOf: [{ tags: ['a'] }, { status: 'idle' }] }],
    ['tag:a OR tag:b*', { anyOf: [{ tags: ['a'] }, { tagPrefix: 'b' }] }],
    ['-tag:a', { noneOf: [{ tags: ['a'] }] }],
    ['tag:a tag:b', { allOf: [{ tags: ['a'] }, { tags: ['b'] }] }],
    ['model:opus*', { modelPrefix: 'opus' }],
    ['model:claude-opus-4-1', { model: 'claude-opus-4-1' }],
    ['dir:/srv/app/*', { underDirectory: '/srv/app' }],
    ['dir:/*', { underDirectory: '/' }],
    ['dir:/srv/app', { workingDirectory: '/srv/app' }],
    ['id:9f*', { idPrefix: '9f' }],
    ['cost:0.5..2', { minCostUsd: 0.5, maxCostUsd: 2 }],
    ['cost:>0.5', { minCostUsd: 0.500000001 }],
    ['turns:>3', { minTurns: 4 }],
    ['turns:<3', { maxTurns: 2 }],
    ['turns:3', { minTurns: 3, maxTurns: 3 }],
    ['tool:Bash', { tool: 'Bash' }],
    ['tool:mcp__github__*', { toolPrefix: 'mcp__github__' }],
    ['has:errors', { hasErrors: true }],
    ['has:approval', { hasApproval: true }],
    ['-has:errors', { noneOf: [{ hasErrors: true }] }],
    ['tokens:10k..2m', { minTokens: 10_000, maxTokens: 2_000_000 }],
    ['tokens:>999', { minTokens: 1_000 }],
    ['tokens:<1k', { maxTokens: 999 }],
    ['key:k project:p', { allOf: [{ externalKey: 'k' }, { projectKey: 'p' }] }],
  ])('%s', (text, wanted) => expect(condition(text)).toEqual(wanted));
});

describe('a time is', () => {
  const updated = (text: string, timeZone?: string) => {
    const { updatedAfter, updatedBefore } = condition(`updated:${text}`, timeZone) ?? {};
    return [updatedAfter, updatedBefore].map((ms) =>
      ms === undefined ? undefined : new Date(ms).toISOString(),
    );
  };
  test.each([
    ['a span before now', '7d..', '2026-11-21T12:00:00.000Z', undefined],
    ['a span, younger than which', '<36h', '2026-11-27T00:00:00.000Z', undefined],
    ['a span, older than which', '>36h', undefined, '2026-11-27T00:00:00.000Z'],
    ['a day', '2026-11-20', '2026-11-20T00:00:00.000Z', '2026-11-20T23:59:59.999Z'],
    ['a month', '2026-02', '2026-02-01T00:00:00.000Z', '2026-02-28T23:59:59.999Z'],
    ['the last month of a year', '2026-12', '2026-12-01T00:00:00.000Z', '2026-12-31T23:59:59.999Z'],
    ['after a day', '>2026-11-20', '2026-11-21T00:00:00.000Z', undefined],
    ['before a day', '<2026-11-20', undefined, '2026-11-19T23:59:59.999Z'],
    ['up to the end of a day', '..2026-11-20', undefined, '2026-11-20T23:59:59.999Z'],
    ['yesterday', 'yesterday', '2026-11-27T00:00:00.000Z', '2026-11-27T23:59:59.999Z'],
    ['a moment', '>2026-11-20T08:00:00Z', '2026-11-20T08:00:00.001Z', undefined],
  ])('%s', (_, text, from, to) => expect(updated(text)).toEqual([from, to]));

  test('that of whoever asks, also on the days when clocks are changed', () => {
    expect(updated('2026-11-20', 'America/New_York')).toEqual([
      '2026-11-20T05:00:00.000Z',
      '2026-11-21T04:59:59.999Z',
    ]);
    // 23 hours, 25 hours, and a day that begins at one o'clock.
    const length = (day: string, zone: string) => {
      const [from = '', to = ''] = updated(day, zone);
      return (at(to) + 1 - at(from)) / 3_600_000;
    };
    expect(length('2026-03-29', 'Europe/Berlin')).toBe(23);
    expect(length('2026-10-25', 'Europe/Berlin')).toBe(25);
    expect(length('2024-04-26', 'Africa/Cairo')).toBe(23);
    expect(updated('2024-04-26', 'Africa/Cairo')[0]).toBe('2024-04-25T22:00:00.000Z');
    expect(updated('today', 'Pacific/Kiritimati')[0]).toBe('2026-11-28T10:00:00.000Z');
  });

  test.each([
    ['2021-10-29', 'Asia/Amman', '2021-10-28T21:00:00.000Z', '2021-10-29T21:59:59.999Z'],
    ['2021-10-28', 'Asia/Amman', '2021-10-27T21:00:00.000Z', '2021-10-28T20:59:59.999Z'],
    ['2023-11-05', 'America/Havana', '2023-11-05T04:00:00.000Z', '2023-11-06T04:59:59.999Z'],
    ['2018-02-17', 'America/Sao_Paulo', '2018-02-17T02:00:00.000Z', '2018-02-18T02:59:59.999Z'],
    ['2011-12-31', 'Pacific/Apia', '2011-12-30T10:00:00.000Z', '2011-12-31T09:59:59.999Z'],
  ])('from the first of two midnights, on %s in %s', (day, zone, from, to) => {
    expect(updated(day, zone)).toEqual([from, to]);
  });

  test('in its own century', () => {
    expect(updated('0050-01')).toEqual(['0050-01-01T00:00:00.000Z', '0050-01-31T23:59:59.999Z']);
  });
});

test.each([
  'cost:5..1',
  'turns:2..1',
  'tokens:2k..1k',
  'updated:2026-11-20..2026-11-01',
  'updated:1d..2d',
])('a range that ends before it begins, %s, is refused with its column', (text) => {
  let thrown: unknown;
  try {
    condition(`tag:a ${text}`);
  } catch (error) {
    thrown = error;
  }
  expect(codeOf(thrown)).toBe('invalid_criteria');
  expect((thrown as Error).message).toMatch(/^column \d+: /);
});
