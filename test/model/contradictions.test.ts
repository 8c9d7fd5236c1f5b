/** Criteria that nothing can meet are refused, and no others: what a plain filter finds is never refused. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { contradictions } from '../../src/model/contradictions.ts';
import type { Filter } from '../../src/model/criteria.ts';
import { conditionOf } from '../../src/query/condition.ts';
import { UTC } from '../../src/query/moments.ts';
import { parse } from '../../src/query/parser.ts';
import { matches } from '../search/naive-catalog.ts';
import { anyNestedFilters, summaryRows } from '../search/summary-row.ts';
import { rounds } from '../support/rounds.ts';

const namedOf = (filter: Filter): string[] => contradictions(filter).map(({ field }) => field);

test.each<[Filter, string]>([
  [{ tags: ['x'], noTags: ['X '] }, 'tags'],
  [{ tags: ['x', 'y'], noTags: ['y', 'x'] }, 'tags'],
  [{ allTags: ['x', 'y'], noTags: ['y'] }, 'allTags'],
  [{ allTags: ['alpha'], noneOf: [{ tagPrefix: 'AL' }] }, 'allTags'],
  [{ tagPrefix: 'team/a', noneOf: [{ tagPrefix: 'team/' }] }, 'tagPrefix'],
  [{ allOf: [{ tags: ['x'] }, { noneOf: [{ allTags: ['x', 'X'] }] }] }, 'tags'],
  [{ allTags: ['x'], noneOf: [{ anyOf: [{ owner: 'ann' }, { tags: ['x', 'y'] }] }] }, 'allTags'],
  [{ tool: 'Bash', noneOf: [{ tool: 'bash' }] }, 'tool'],
  [{ tool: 'mcp__a__b', noneOf: [{ toolPrefix: 'mcp__a' }] }, 'tool'],
  [{ status: 'idle', allOf: [{ status: ['parked', 'queued'] }] }, 'status'],
  [{ status: ['idle', 'queued'], noneOf: [{ status: ['idle'] }, { status: 'queued' }] }, 'status'],
  [{ mode: 'forked', allOf: [{ mode: 'interactive' }] }, 'mode'],
  [{ owner: 'ann', noneOf: [{ owner: 'ann' }] }, 'owner'],
  [{ hasErrors: true, allOf: [{ hasErrors: false }] }, 'hasErrors'],
  [{ text: 'flaky', noneOf: [{ text: 'flaky' }] }, 'text'],
  [{ minTurns: 3, allOf: [{ maxTurns: 2 }] }, 'minTurns'],
])('nothing can meet %j', (filter, field) => {
  expect(namedOf(filter)).toEqual([field]);
});

test.each<[Filter]>([
  [{ tags: ['x', 'y'], noTags: ['x'] }],
  [{ allTags: ['x'], noneOf: [{ allTags: ['x', 'y'] }] }],
  [{ allTags: ['x'], noneOf: [{ tags: ['x'], owner: 'ann' }] }],
  [{ tagPrefix: 'team/', noneOf: [{ tagPrefix: 'team/a' }] }],
  [{ tags: ['bash'], noneOf: [{ tool: 'bash' }] }],
  [{ tags: ['x'], anyOf: [{ noTags: ['x'] }, { owner: 'ann' }] }],
  [{ status: ['idle', 'parked'], noneOf: [{ status: 'idle' }] }],
  [{ tags: [], noTags: [], allOf: [{ mode: 'forked' }, { mode: 'forked' }] }],
])('something may meet %j', (filter) => {
  expect(namedOf(filter)).toEqual([]);
});

test.each(['tag:x -tag:x', 'tag:team/a -tag:team/*', 'status:idle status:parked', 'flaky -flaky'])(
  'nor can anything meet the query %s',
  (query) => {
    const { where } = parse(query);
    const condition = where && conditionOf(where, { nowMs: 0, zone: UTC });
    expect(namedOf(condition ?? {})).toHaveLength(1);
  },
);

test('what some session meets is never refused', () => {
  fc.assert(
    fc.property(summaryRows, anyNestedFilters, (row, filter) => {
      if (matches(row, filter)) expect(namedOf(filter)).toEqual([]);
    }),
    { numRuns: rounds(2_000) },
  );
});
