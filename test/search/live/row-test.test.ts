/** A watch and a search agree on every row; and a watch is asked about every row that it may want. */

import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { CatalogRow } from '../../../src/model/catalog-row.ts';
import type { Condition } from '../../../src/model/criteria.ts';
import { MemoryCatalog } from '../../../src/search/catalog/catalog.ts';
import { rowTest } from '../../../src/search/live/row-test.ts';
import { placeOf, WatchIndex } from '../../../src/search/live/watch-index.ts';
import { isFull } from '../../chaos/size.ts';
import { rounds } from '../../support/rounds.ts';
import { matches } from '../naive-catalog.ts';
import { criteriaOf, filters, nestedFilters, rowOf, summaryRows, tenant } from '../summary-row.ts';

const NUM_RUNS = isFull() ? 20_000 : rounds(500);
const either = fc.oneof(filters, nestedFilters);

test('a row meets a condition when a plain filter says so', () => {
  fc.assert(
    fc.property(summaryRows, either, (row, condition) => {
      expect(rowTest(condition)(row)).toBe(matches(row, condition));
    }),
    { numRuns: NUM_RUNS },
  );
});

const found = async (row: CatalogRow, condition: Condition): Promise<boolean> => {
  const catalog = new MemoryCatalog();
  catalog.put(row);
  return (await catalog.search(tenant, criteriaOf(condition))).rows.length === 1;
};

test.each([
  [{ workingDirectory: '/home/a/' }, { workingDirectory: '/home/a' }],
  [{ workingDirectory: '/home/a' }, { workingDirectory: '/home/a/' }],
  [{ workingDirectory: '/home/a' }, { workingDirectory: '/home//a' }],
  [{ workingDirectory: '/home/a/x' }, { underDirectory: '/home//a' }],
  [{ workingDirectory: '/home/a' }, { underDirectory: '//home/a//' }],
  [{ workingDirectory: '/' }, { underDirectory: '/' }],
  [{ workingDirectory: 'C:\\work\\x' }, { underDirectory: 'C:\\work\\' }],
  [{ workingDirectory: '/home/ab' }, { underDirectory: '/home/a' }],
  [{}, { underDirectory: '/' }],
  [{ tags: ['Größe'] }, { tags: [' GRÖSSE ', ' gröSSe', 'größe'.normalize('NFD')] }],
  [{ tags: ['ΝΑΣΟΣ'] }, { tagPrefix: 'ΝΑΣ' }],
  [{ tags: ['νας/α'] }, { tagPrefix: 'ΝΑΣ/' }],
  [{ tags: ['ΝΑΣ.Α'] }, { tagPrefix: 'νας.' }],
  [{ tags: ['ΝΑΤΟ'] }, { tagPrefix: 'ΝΑΣ' }],
  [{ tags: ['ΐ'.toUpperCase().normalize('NFC')] }, { tags: ['ΐ'] }],
  [{ tags: ['a'] }, { tags: [] }],
  [{ tags: ['a'] }, { noTags: ['A '] }],
  [{ toolsUsed: ['Bash'] }, { tool: ' Bash' }],
  [{ toolsUsed: ['mcp__x'] }, { toolPrefix: 'MCP' }],
  [{ model: 'claude-opus-4-1' }, { modelPrefix: 'opus' }],
  [{ permissionMode: 'plan' }, { permissionMode: 'plan' }],
  [{ externalKey: 'k' }, { externalKey: 'K' }],
  [
    { templateId: 't', projectKey: 'p' },
    { templateId: 't', projectKey: 'p' },
  ],
  [{ costNanoUsd: 100_000_000 }, { minCostUsd: 0.1, maxCost: 0.1 }],
  [{ status: 'idle' }, { status: ['parked', 'idle'] }],
] as const satisfies readonly (readonly [Partial<CatalogRow>, Condition])[])(
  'of %j a search by %j finds what its watch does',
  async (fields, condition) => {
    const row = rowOf('s1', fields as Partial<CatalogRow>);
    expect(rowTest(condition)(row)).toBe(await found(row, condition));
  },
);

test('whatever a watch wants, it is asked about, and once', () => {
  fc.assert(
    fc.property(summaryRows, summaryRows, fc.array(either, { maxLength: 8 }), (one, other, all) => {
      const index = new WatchIndex<Condition>();
      for (const condition of all) index.add(condition, condition);
      const asked = [...index.concerned(one, other)];
      expect(new Set(asked).size).toBe(asked.length);
      const wanting = all.filter((each) => [one, other].some(rowTest(each)));
      expect(wanting.filter((each) => !asked.includes(each))).toEqual([]);
      for (const row of [one, other]) {
        const alone = [...index.concerned(undefined, row)];
        expect([...index.concerned(row, undefined)]).toEqual(alone);
        expect([...index.concerned(row, row)]).toEqual(alone);
        expect(alone.filter((each) => !asked.includes(each))).toEqual([]);
      }
      for (const condition of all) index.delete(condition);
      expect(index.concerned(one, other)).toEqual([]);
    }),
    { numRuns: NUM_RUNS },
  );
});

test.each<[Condition, ReturnType<typeof placeOf>]>([
  [
    { status: 'idle', tags: ['A', 'b'] },
    { field: 'tag', values: ['a', 'b'] },
  ],
  [
    { allTags: ['A', 'b'], mode: 'forked' },
    { field: 'tag', values: ['a'] },
  ],
  [{ allOf: [{ minTurns: 2 }, { owner: 'ann' }] }, { field: 'owner', values: ['ann'] }],
  [
    { anyOf: [{ status: 'idle' }, { status: 'parked', minTurns: 1 }] },
    { field: 'status', values: ['idle', 'parked'] },
  ],
  [{ anyOf: [{ owner: 'ann' }, { tags: ['a'] }] }, undefined],
  [{ noneOf: [{ owner: 'ann' }], noTags: ['a'] }, undefined],
  [{ minCostUsd: 1 }, undefined],
])('the watch of %j stands under %j', (condition, place) => {
  expect(placeOf(condition)).toEqual(place);
});
