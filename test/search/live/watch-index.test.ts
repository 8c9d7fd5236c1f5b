/** Under what a watch stands, and that a change is told to those alone that stand under what the row was or is. */
import { describe, expect, it } from 'vitest';
import type { CatalogRow } from '../../../src/model/catalog-row.ts';
import type { Condition } from '../../../src/model/criteria.ts';
import { placeOf, WatchIndex } from '../../../src/search/live/watch-index.ts';
import { rowOf } from '../summary-row.ts';

/** Those that tell sessions apart best first. */
const PLACES: readonly (readonly [Condition, string, string])[] = [
  [{ externalKey: 'k' }, 'externalKey', 'k'],
  [{ parentId: 's1' }, 'parentId', 's1'],
  [{ childOf: 's1' }, 'childOf', 's1'],
  [{ templateId: 't' }, 'templateId', 't'],
  [{ projectKey: 'p' }, 'projectKey', 'p'],
  [{ workingDirectory: '/' }, 'workingDirectory', '/'],
  [{ owner: 'ann' }, 'owner', 'ann'],
  [{ tags: [' X'] }, 'tag', 'x'],
  [{ tool: 'Bash' }, 'tool', 'bash'],
  [{ model: 'm' }, 'model', 'm'],
  [{ status: 'idle' }, 'status', 'idle'],
  [{ permissionMode: 'plan' }, 'permissionMode', 'plan'],
  [{ mode: 'forked' }, 'mode', 'forked'],
];

describe('a watch stands under the field that tells sessions apart best', () => {
  it.each(PLACES)('%j', (condition, field, value) => {
    expect(placeOf(condition)).toMatchObject({ field });
    expect(placeOf(condition)?.values).toContain(value);
    const rest = PLACES.slice(PLACES.findIndex(([one]) => one === condition) + 1);
    const all = Object.assign({}, ...rest.map(([one]) => one), condition) as Condition;
    expect(placeOf(all)).toMatchObject({ field });
  });

  it('whichever of the criteria has it', () => {
    const [owner, tag] = [{ owner: 'ann' }, { tags: ['x'] }];
    expect(placeOf({ ...tag, allOf: [owner] })?.field).toBe('owner');
    expect(placeOf({ ...owner, allOf: [tag] })?.field).toBe('owner');
    expect(placeOf({ ...tag, anyOf: [owner, { owner: 'bob' }] })).toEqual({
      ...{ field: 'owner', values: ['ann', 'bob'] },
    });
    expect(placeOf({ anyOf: [owner, {}] })).toBeUndefined();
    expect(placeOf({ anyOf: [{}, owner] })).toBeUndefined();
  });

  it('of tags under the first that all must have, or under each of those of which one will do', () => {
    expect(placeOf({ allTags: ['B', 'a'], tags: ['c'] })?.values).toEqual(['b']);
    expect(placeOf({ allTags: [], tags: ['C', 'd'] })?.values).toEqual(['c', 'd']);
    expect(placeOf({ allTags: [], tags: [] })).toBeUndefined();
  });

  it('of a status under each, and of a directory under each spelling', () => {
    expect(placeOf({ status: ['idle', 'failed'] })?.values).toEqual(['idle', 'failed']);
    expect(placeOf({ workingDirectory: '/w' })?.values).toEqual(['/w', '/w/', '/w\\']);
  });
});

const indexOf = (...conditions: readonly Condition[]): WatchIndex<number> => {
  const index = new WatchIndex<number>();
  for (const [n, condition] of conditions.entries()) index.add(n, condition);
  return index;
};
const asked = (
  index: WatchIndex<number>,
  before: Partial<CatalogRow> | undefined,
  after: Partial<CatalogRow> | undefined,
) => {
  const row = (fields?: Partial<CatalogRow>) => fields && rowOf('s', fields);
  return [...index.concerned(row(before), row(after))].toSorted();
};

describe('a change concerns', () => {
  it.each<[Condition, Partial<CatalogRow>]>([
    [{ owner: 'ann' }, { owner: 'ann' }],
    [{ tags: ['X'] }, { tags: ['y', 'x'] }],
    [{ tool: 'bash' }, { toolsUsed: ['Read', 'Bash'] }],
    [{ status: 'failed' }, { status: 'failed' }],
    [{ minTurns: 2 }, { numTurns: 2 }],
    [{ allOf: [{ maxTokens: 5 }, {}], minTokens: 1 }, { tokens: 5 }],
    [{ allOf: [{}, { minCost: 1 }] }, { costNanoUsd: 1e9 }],
  ])('a watch of %j if the session was %j, or is', (condition, fields) => {
    const index = indexOf(condition);
    const other = {};
    expect(asked(index, undefined, fields)).toEqual([0]);
    expect(asked(index, fields, undefined)).toEqual([0]);
    expect(asked(index, other, fields)).toEqual([0]);
    expect(asked(index, fields, other)).toEqual([0]);
    expect(asked(index, fields, { ...fields, title: 'T' })).toEqual([0]);
    expect(asked(index, other, { ...other, title: 'T' })).toEqual([]);
    expect(asked(index, undefined, undefined)).toEqual([]);
    index.delete(0);
    expect([asked(index, other, fields), index.size]).toEqual([[], 0]);
  });

  it('each watch that has neither a place nor a range, of whatever session', () => {
    const index = indexOf({}, { noTags: ['x'] }, { owner: 'ann' });
    expect(asked(index, {}, {})).toEqual([0, 1]);
    index.delete(0);
    expect(asked(index, {}, {})).toEqual([1]);
  });

  it('each watch once, whichever of its values the session had and has', () => {
    const index = indexOf({ tags: ['a', 'b', 'c'] }, { tags: ['c'] });
    expect(asked(index, { tags: ['a', 'b'] }, { tags: ['b', 'c'] })).toEqual([0, 1]);
    expect(asked(index, { tags: ['a', 'b'] }, { tags: ['b', 'a'] })).toEqual([0]);
    expect(asked(index, { tags: ['c', 'x'] }, { tags: ['x'] })).toEqual([0, 1]);
    expect(asked(index, { tags: ['c'] }, { tags: ['x'] })).toEqual([0, 1]);
  });

  it('those of tools that were used, if only then', () => {
    const index = indexOf({ tool: 'a' }, { tool: 'b' });
    expect(asked(index, { toolsUsed: ['a'] }, {})).toEqual([0]);
    expect(asked(index, { toolsUsed: ['a', 'b'] }, { toolsUsed: ['b'] })).toEqual([0, 1]);
    expect(asked(index, { toolsUsed: ['a', 'c'] }, { toolsUsed: ['c', 'b'] })).toEqual([0, 1]);
  });

  it('others still when one of the same value is gone', () => {
    const index = indexOf({ owner: 'ann' }, { owner: 'ann' }, { minTurns: 1 }, { minTurns: 1 });
    for (const gone of [0, 2, 7]) index.delete(gone);
    expect(asked(index, undefined, { owner: 'ann', numTurns: 1 })).toEqual([1, 3]);
    expect(index.size).toBe(2);
  });
});
