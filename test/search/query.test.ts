/** A filter made ready for a table: which of its roads is taken, how long each is, and what is left to ask on it. */
import { describe, expect, it } from 'vitest';
import type { Condition } from '../../src/model/criteria.ts';
import { Query } from '../../src/search/query.ts';
import { bitOf, levelOf } from '../../src/search/table/marks.ts';
import { SessionTable } from '../../src/search/table/session-table.ts';
import { rowOf, tenant } from './summary-row.ts';

const DOLLAR = 1_000_000_000;

type Fields = NonNullable<Parameters<typeof rowOf>[1]>;

/** Rows `a`, `b`, …, of which each was made, and updated, a millisecond after the one before it: the first at 1. */
const tableOf = (...rows: readonly Fields[]): SessionTable => {
  const table = new SessionTable(tenant);
  for (const [n, fields] of rows.entries()) {
    const atMs = n + 1;
    const id = String.fromCharCode(97 + n);
    table.put(rowOf(id, { createdAtMs: atMs, updatedAtMs: atMs, ...fields }));
  }
  return table;
};

const idsOn = (table: SessionTable, each: (visit: (slot: number) => void) => void): string => {
  let ids = '';
  each((slot) => {
    ids += table.idAt(slot);
  });
  return ids;
};

/** The rows of the road, and of these the ones that are wanted. */
const roadOf = (table: SessionTable, condition: Condition) => {
  const road = new Query(table, condition).road();
  const all = idsOn(table, road.each);
  const wanted = idsOn(table, (visit) => road.each((slot) => road.isWanted(slot) && visit(slot)));
  return { size: road.size, all, wanted };
};

const stretchOf = (table: SessionTable, condition: Condition, sortBy: 'updatedAt' | 'cost') => {
  const { index, from, to, choice, isWanted } = new Query(table, condition).stretch(sortBy);
  const ids = idsOn(table, (visit) =>
    index.ascend(from, to, (slot) => {
      visit(slot);
      return true;
    }),
  );
  return { size: to - from, ids, choice, isWanted };
};

describe('the road', () => {
  const five = () =>
    tableOf(
      { owner: 'ann', tags: ['x'] },
      { owner: 'ann', tags: ['x', 'y'] },
      { owner: 'bob', tags: ['x'] },
      { owner: 'ann' },
      { owner: 'bob', tags: ['y'] },
    );

  it('without criteria has all rows, newest update last', () => {
    expect(roadOf(five(), {})).toEqual({ size: 5, all: 'abcde', wanted: 'abcde' });
  });

  it('is the shortest, and asks what the others would have', () => {
    const table = five();
    table.put(rowOf('c', { owner: 'bob', tags: ['x'], tokens: 7, updatedAtMs: 3 }));
    const filter = { owner: 'bob', tags: ['x'], minTokens: 1 };
    expect(roadOf(table, filter)).toEqual({ size: 2, all: 'c', wanted: 'c' });
    expect(roadOf(table, { owner: 'bob', minTokens: 1 })).toEqual({
      ...{ size: 2, all: 'ce', wanted: 'c' },
    });
    expect(roadOf(table, { owner: 'ann', idPrefix: 'd' })).toEqual({
      ...{ size: 1, all: 'd', wanted: 'd' },
    });
  });

  it('along a list that names each row once has no other way to go', () => {
    const road = new Query(five(), { owner: 'ann', idPrefix: 'd' }).road();
    expect([road.eachRaw, road.isWantedRaw]).toEqual([undefined, undefined]);
  });

  it('along the list of a tag passes by rows whose marks show that they are not wanted', () => {
    const table = tableOf({ tags: ['x'], costNanoUsd: 5 * DOLLAR }, { tags: ['x'] }, {});
    expect(roadOf(table, { tags: ['x'], minCost: 4 })).toMatchObject({ size: 1 });
    expect(roadOf(table, { tags: ['x'], maxCost: 4 })).toMatchObject({ size: 2, all: 'b' });
  });

  it('of a list has what of it lies in a range of updates', () => {
    const filter = { owner: 'ann', updatedAfter: 2, updatedBefore: 3 };
    expect(roadOf(five(), filter)).toEqual({ size: 1, all: 'b', wanted: 'b' });
  });

  it('of a range has no row outside of it', () => {
    const table = tableOf({ numTurns: 5 }, { numTurns: 1 }, { numTurns: 9 }, { numTurns: 2 });
    expect(roadOf(table, { minTurns: 2, maxTurns: 5 })).toEqual({
      ...{ size: 2, all: 'da', wanted: 'da' },
    });
    expect(roadOf(table, { minTurns: 6 })).toEqual({ size: 1, all: 'c', wanted: 'c' });
    expect(roadOf(table, { maxTurns: 1 })).toEqual({ size: 1, all: 'b', wanted: 'b' });
  });

  it('of what was updated before it was made is empty', () => {
    const filter = { createdAfter: 4, updatedBefore: 2 };
    expect(roadOf(five(), filter)).toEqual({ size: 0, all: '', wanted: '' });
    expect(roadOf(five(), { minTurns: 3, maxTurns: 2 }).size).toBe(0);
  });

  it('passes by rows whose marks show that they are not wanted', () => {
    const table = tableOf(
      { costNanoUsd: DOLLAR },
      { costNanoUsd: 5 * DOLLAR },
      {},
      { tags: ['x'] },
    );
    expect(roadOf(table, { minCost: 4, noTags: ['x'] })).toMatchObject({ all: 'b' });
  });
});

describe('alternatives', () => {
  const table = () =>
    tableOf({ tags: ['x'] }, { tags: ['x', 'y'] }, { owner: 'ann' }, { tags: ['y'] }, {}, {}, {});
  const anyOf = [{ tags: ['x'] }, { tags: ['y'], noTags: ['z'] }, { owner: 'nobody' }];

  it('have a road of theirs, which names a row that several would name once', () => {
    expect(roadOf(table(), { anyOf })).toEqual({ size: 4, all: 'abd', wanted: 'abd' });
  });

  it('name it twice where each row is tested later', () => {
    const some = table();
    const { eachRaw, isWantedRaw } = new Query(some, { anyOf, noTags: ['y'] }).road();
    expect(eachRaw && idsOn(some, eachRaw)).toBe('abbd');
    expect([1, 2, 3, 4].filter((slot) => isWantedRaw?.(slot))).toEqual([1]);
  });

  it('leave out of a road what another criterion does not want', () => {
    expect(roadOf(table(), { anyOf, noTags: ['y'] }).wanted).toBe('a');
  });
});

describe('how many tests a row may take', () => {
  const table = tableOf({ tags: ['x', 'y'], owner: 'ann' }, {});
  it.each<[number, Condition]>([
    [0, {}],
    [1, { owner: 'ann' }],
    [3, { owner: 'ann', allTags: ['x', 'y'] }],
    [2, { minTurns: 1, maxTurns: 2, minCost: 1 }],
    [3, { owner: 'ann', anyOf: [{ tags: ['x'] }, { tags: ['y'] }] }],
    [4, { owner: 'ann', noneOf: [{ tags: ['x'], owner: 'ann' }, { tags: ['y'] }] }],
    [2, { allOf: [{ owner: 'ann' }, { allOf: [{ tags: ['x'] }] }] }],
  ])('is %i here: %j', (tests, condition) => {
    expect(new Query(table, condition).tests).toBe(tests);
  });
});

describe('the sums of what is asked for', () => {
  const table = tableOf({ owner: 'ann', tags: ['x'], tokens: 5 }, { owner: 'ann', tokens: 6 }, {});
  const sumsOf = (condition: Condition) => new Query(table, condition).sums;

  it('are there where one list has all of it', () => {
    expect(sumsOf({ owner: 'ann' })).toMatchObject({ sessions: 2, tokens: 11 });
    expect(sumsOf({ allOf: [{ tags: ['x'] }] })).toMatchObject({ sessions: 1, tokens: 5 });
  });

  it('are not there for more, or for what has no list', () => {
    expect(sumsOf({ owner: 'ann', tags: ['x'] })).toBeUndefined();
    expect(sumsOf({ minTokens: 1 })).toBeUndefined();
    expect(sumsOf({})).toBeUndefined();
  });

  it('are those of everything where nothing is asked for', () => {
    expect(new Query(table, {}).isEverything).toBe(true);
    expect(new Query(table, { allOf: [{}] }).isEverything).toBe(true);
    expect(new Query(table, { owner: 'ann' }).isEverything).toBe(false);
  });
});

describe('the stretch', () => {
  const cheap = { costNanoUsd: DOLLAR, owner: 'ann' };
  const dear = { costNanoUsd: 5 * DOLLAR, tags: ['x', 'y'] };
  const table = () => tableOf(cheap, dear, { ...cheap, ...dear }, { owner: 'ann' });

  it('of another order is its range, in which no more is asked than the other criteria', () => {
    const { ids, isWanted, choice } = stretchOf(table(), { minCost: 2, owner: 'ann' }, 'cost');
    expect(ids).toBe('bc');
    expect([2, 3].map((slot) => isWanted(slot))).toEqual([false, true]);
    expect(choice).toBeUndefined();
    // Row `d` costs nothing, which the range tells, and the test does not.
    expect(isWanted(4)).toBe(true);
  });

  it('by update is of the shortest list, of which nobody is asked whether it is on it', () => {
    const some = table();
    const { ids, isWanted } = stretchOf(some, { owner: 'ann', allTags: ['x'] }, 'updatedAt');
    expect(ids).toBe('bc');
    expect([1, 2, 3].map((slot) => isWanted(slot))).toEqual([true, false, true]);
  });

  it('by update is made once', () => {
    const query = new Query(table(), { owner: 'ann' });
    expect(query.stretch('updatedAt')).toBe(query.stretch('updatedAt'));
    expect(query.stretch('cost').index).not.toBe(query.stretch('updatedAt').index);
  });

  it('begins where what was made after a moment may have been updated', () => {
    expect(stretchOf(table(), { createdAfter: 3 }, 'updatedAt').ids).toBe('cd');
    expect(stretchOf(table(), { createdAfter: 2, updatedAfter: 4 }, 'updatedAt').ids).toBe('d');
    expect(stretchOf(table(), { createdAfter: 4, updatedAfter: 2 }, 'updatedAt').ids).toBe('d');
    expect(stretchOf(table(), { createdAfter: 3 }, 'cost').size).toBe(4);
  });

  it('has all while some row was updated before it was made', () => {
    const back = tableOf(cheap, { createdAtMs: 9 }, cheap);
    expect(stretchOf(back, { createdAfter: 3 }, 'updatedAt').ids).toBe('abc');
    back.delete('b');
    expect(stretchOf(back, { createdAfter: 3 }, 'updatedAt').ids).toBe('c');
  });

  it.each<[string, Condition, (bits: number) => unknown]>([
    ['nothing', {}, () => undefined],
    ['an owner', { owner: 'ann' }, () => undefined],
    ['the list that is walked', { tags: ['x'] }, () => undefined],
    [
      'a tag beside a shorter list',
      { tags: ['x'], model: 'm' },
      (bits) => ({ least: 0, most: levelOf(Infinity), bits }),
    ],
    [
      'the least cost',
      { minCost: 2 },
      () => ({ least: levelOf(2 * DOLLAR), most: levelOf(Infinity), bits: 0 }),
    ],
    ['the most cost', { maxCost: 2 }, () => ({ least: 0, most: levelOf(2 * DOLLAR), bits: 0 })],
  ])('by update is chosen by marks as far as they tell: %s', (_, condition, expected) => {
    const some = table();
    some.put(rowOf('e', { model: 'm' }));
    const bits = bitOf(some.tags.keyOf('x'));
    expect(stretchOf(some, condition, 'updatedAt').choice).toEqual(expected(bits));
  });
});

it('of several bounds, under whichever names, the narrowest counts', () => {
  const table = tableOf({}, {}, {}, {}, {}, {}, {}, {}, {});
  const idsOf = (condition: Condition) => roadOf(table, condition).wanted;
  expect(idsOf({ after: 3, createdAfter: 4, allOf: [{ createdAfter: 2 }] })).toBe('defghi');
  expect(idsOf({ after: 4, createdAfter: 3 })).toBe('defghi');
  expect(idsOf({ before: 3, createdBefore: 4, allOf: [{ before: 2 }] })).toBe('ab');
  expect(idsOf({ updatedAfter: 3, allOf: [{ updatedAfter: 8 }, { updatedBefore: 8 }] })).toBe('h');
});

it('either name of a bound on the cost is heard', () => {
  const table = tableOf({ costNanoUsd: DOLLAR }, { costNanoUsd: 2 * DOLLAR }, {});
  const idsOf = (condition: Condition) => roadOf(table, condition).wanted;
  expect([idsOf({ minCost: 2 }), idsOf({ minCostUsd: 2 })]).toEqual(['b', 'b']);
  expect([idsOf({ maxCost: 1 }), idsOf({ maxCostUsd: 1 })]).toEqual(['ca', 'ca']);
});
