/** Each criterion of a watch, asked of a row that meets it and of one that does not. */
import { expect, test } from 'vitest';
import type { CatalogRow } from '../../../src/model/catalog-row.ts';
import type { Condition } from '../../../src/model/criteria.ts';
import { rangesAsked, rowTest, sizeOf } from '../../../src/search/live/row-test.ts';
import { rowOf } from '../summary-row.ts';

type Fields = Partial<CatalogRow>;
const CENT = 10_000_000;

test.each<[Condition, Fields, Fields]>([
  [{ owner: 'ann' }, { owner: 'ann' }, {}],
  [{ mode: 'forked' }, { mode: 'forked' }, {}],
  [{ permissionMode: 'plan' }, { permissionMode: 'plan' }, {}],
  [{ status: 'failed' }, { status: 'failed' }, { status: 'parked' }],
  [{ status: ['failed', 'parked'] }, { status: 'parked' }, {}],
  [{ workingDirectory: '/w' }, { workingDirectory: '/w/' }, { workingDirectory: '/w/x' }],
  [{ workingDirectory: '/w' }, { workingDirectory: '/w' }, {}],
  [{ hasErrors: true }, { errorCount: 1 }, { errorCount: 0 }],
  [{ hasErrors: false }, { errorCount: 0 }, { errorCount: 1 }],
  [{ hasArchive: true }, { hasArchive: true }, {}],
  [{ hasArchive: false }, {}, { hasArchive: true }],
  [{ hasApproval: true }, { hasApproval: true }, { hasApproval: false }],
  [{ hasApproval: false }, {}, { hasApproval: true }],
  [{ modelPrefix: 'opus' }, { model: 'opus-4' }, { model: 'x-opus' }],
  [{ modelPrefix: 'opus' }, { model: 'claude-opus-4' }, {}],
  [{ underDirectory: '/w' }, { workingDirectory: '/w' }, { workingDirectory: '/wx' }],
  [{ underDirectory: '/w' }, { workingDirectory: '/w/x' }, {}],
  [{ underDirectory: '/w' }, { workingDirectory: '/w\\x' }, { workingDirectory: '/v' }],
  [{ underDirectory: '/' }, { workingDirectory: '/v' }, { workingDirectory: '' }],
  [{ idPrefix: 's' }, {}, { key: rowOf('t-s').key }],
  [{ tags: ['A', 'b'] }, { tags: ['x', 'B'] }, { tags: ['x'] }],
  [{ allTags: ['a', 'b'] }, { tags: ['b', 'A'] }, { tags: ['a'] }],
  [{ noTags: ['a', 'b'] }, { tags: ['x'] }, { tags: ['x', 'b'] }],
  [{ tagPrefix: ' Re' }, { tags: ['x', 'repo'] }, { tags: ['x-re'] }],
  [{ tool: 'bash' }, { toolsUsed: ['Read', 'Bash'] }, { toolsUsed: ['bash2'] }],
  [{ tool: 'bash' }, { toolsUsed: ['BASH'] }, {}],
  [{ toolPrefix: 'MCP_' }, { toolsUsed: ['x', 'mcp_a'] }, { toolsUsed: ['x_mcp_'] }],
  [{ minCostUsd: 0.01 }, { costNanoUsd: CENT }, { costNanoUsd: CENT - 1 }],
  [{ minCost: 0.01 }, { costNanoUsd: CENT }, { costNanoUsd: CENT - 1 }],
  [{ maxCostUsd: 0.01 }, { costNanoUsd: CENT }, { costNanoUsd: CENT + 1 }],
  [{ maxCost: 0.01 }, { costNanoUsd: CENT }, { costNanoUsd: CENT + 1 }],
  [{ minTokens: 5 }, { tokens: 5 }, { tokens: 4 }],
  [{ maxTokens: 5 }, { tokens: 5 }, { tokens: 6 }],
  [{ minTurns: 5 }, { numTurns: 5 }, { numTurns: 4 }],
  [{ maxTurns: 5 }, { numTurns: 5 }, { numTurns: 6 }],
  [{ createdAfter: 5 }, { createdAtMs: 5 }, { createdAtMs: 4 }],
  [{ after: 5 }, { createdAtMs: 5 }, { createdAtMs: 4 }],
  [{ createdBefore: 5 }, { createdAtMs: 5 }, { createdAtMs: 6 }],
  [{ before: 5 }, { createdAtMs: 5 }, { createdAtMs: 6 }],
  [{ updatedAfter: 5 }, { updatedAtMs: 5 }, { updatedAtMs: 4 }],
  [{ updatedBefore: 5 }, { updatedAtMs: 5 }, { updatedAtMs: 6 }],
  [
    { minTurns: 1, owner: 'ann', mode: 'forked' },
    { numTurns: 1, owner: 'ann', mode: 'forked' },
    { numTurns: 1, owner: 'ann' },
  ],
  [{ allOf: [{ owner: 'ann' }, { minTurns: 1 }] }, { owner: 'ann', numTurns: 1 }, { owner: 'ann' }],
  [{ anyOf: [{ owner: 'ann' }, { minTurns: 1 }] }, { numTurns: 1 }, { owner: 'bob' }],
  [{ noneOf: [{ owner: 'ann' }, { minTurns: 1 }] }, {}, { numTurns: 1 }],
])('%j is met by %j, and not by %j', (condition, meeting, other) => {
  const meets = rowTest(condition);
  const rowWith = ({ key, ...fields }: Fields): CatalogRow => ({
    ...rowOf('s1', fields),
    ...(key && { key }),
  });
  expect([meets(rowWith(meeting)), meets(rowWith(other))]).toEqual([true, false]);
});

test('what asks for nothing is met by every row', () => {
  for (const condition of [{}, { tags: [], allTags: [], noTags: [] }, { allOf: [{}] }])
    expect(rowTest(condition)(rowOf('s'))).toBe(true);
});

test('of several bounds of one thing the narrowest counts, and none is no range', () => {
  const [range, ...others] = rangesAsked({
    after: 3,
    createdAfter: 5,
    before: 9,
    createdBefore: 8,
  });
  expect([range?.min, range?.max, others]).toEqual([5, 8, []]);
  const [least] = rangesAsked({ minTurns: 2 });
  expect([least?.min, least?.max]).toEqual([2, Infinity]);
  const [most] = rangesAsked({ maxTurns: 2 });
  expect([most?.min, most?.max]).toEqual([-Infinity, 2]);
  expect(rangesAsked({ owner: 'ann' })).toEqual([]);
});

test('ranges of what few sessions meet stand first', () => {
  const row = rowOf('s', {
    costNanoUsd: 1,
    tokens: 2,
    numTurns: 3,
    createdAtMs: 4,
    updatedAtMs: 5,
  });
  const all = { updatedAfter: 0, after: 0, minTurns: 0, minTokens: 0, minCost: 0 };
  expect(rangesAsked(all).map(({ valueIn }) => valueIn(row))).toEqual([1, 2, 3, 4, 5]);
});

test('a condition is as large as there are criteria in each other', () => {
  const two = { allOf: [{}] };
  expect([
    sizeOf({}),
    sizeOf(two),
    sizeOf({ allOf: [two], anyOf: [two, {}], noneOf: [two] }),
  ]).toEqual([...[1, 2, 8]]);
});
