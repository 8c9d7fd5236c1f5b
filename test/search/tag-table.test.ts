/** Which rows have which tags: by their keys, under which all spellings are one. */
import { describe, expect, it } from 'vitest';
import { tagStarts } from '../../src/model/tag-key.ts';
import { bitOf } from '../../src/search/table/marks.ts';
import { TagTable } from '../../src/search/table/tag-table.ts';
import { recency } from './plain-recency.ts';

/** Rows 1, 2, … with these tags, listed. */
const tableOf = (...rows: readonly (readonly string[])[]): TagTable => {
  const table = new TagTable(recency);
  for (const [n, tags] of rows.entries()) {
    table.set(n + 1, tags);
    table.list(n + 1);
  }
  return table;
};

const keysOf = (table: TagTable, ...tags: readonly string[]): ReadonlySet<number> =>
  new Set(tags.map((tag) => table.keyOf(tag)));

const eachKey = (table: TagTable): [number, string][] => {
  const all: [number, string][] = [];
  table.eachKey((key, spelling) => all.push([key, spelling]));
  return all;
};

it('a table in which no row has tags answers that none has', () => {
  const table = new TagTable(recency);
  expect([table.has(1, 1), table.firstOf(1, new Set([1])), table.count(1)]).toEqual([false, 0, 0]);
  expect([table.tags(1), table.bits(1), table.hasStart(1, ['a'])]).toEqual([[], 0, false]);
  expect([table.keyOf('a'), table.size(1), eachKey(table)]).toEqual([0, 0, []]);
  expect(table.keysWith('a', 5)).toEqual(new Set());
});

describe('the tags of a row', () => {
  const table = tableOf(['Beta', 'alpha'], ['ALPHA'], [], ['gamma', 'beta']);

  it('are as it spells them, in its order', () => {
    expect([1, 2, 3, 4].map((slot) => table.tags(slot))).toEqual([
      ...[['Beta', 'alpha'], ['ALPHA'], [], ['gamma', 'beta']],
    ]);
    expect([1, 2, 3, 4].map((slot) => table.count(slot))).toEqual([2, 1, 0, 2]);
    const seen: string[] = [];
    table.eachOf(1, (key, spelling) => seen.push(key, spelling));
    expect(seen).toEqual(['beta', 'Beta', 'alpha', 'alpha']);
  });

  it('are known by their keys, whatever the spelling', () => {
    const [alpha, beta, gamma] = ['alpha', 'BETA', 'Gamma'].map((tag) => table.keyOf(tag));
    const having = (key = 0) => [1, 2, 3, 4].filter((slot) => table.has(slot, key));
    expect([having(alpha), having(beta), having(gamma)]).toEqual([[1, 2], [1, 4], [4]]);
    expect([alpha, beta, gamma].map((key = 0) => table.size(key))).toEqual([2, 2, 1]);
    expect(table.bits(1)).toBe(bitOf(alpha ?? 0) | bitOf(beta ?? 0));
  });

  it('are asked for several keys at once: the first of its own counts', () => {
    const [alpha = 0, beta = 0, gamma = 0] = keysOf(table, 'alpha', 'beta', 'gamma');
    const either = new Set([alpha, gamma]);
    expect([1, 2, 3, 4].map((slot) => table.firstOf(slot, either))).toEqual([
      ...[alpha, alpha, 0, gamma],
    ]);
    expect(table.firstOf(1, new Set([alpha, beta]))).toBe(beta);
  });

  it('begin so or do not', () => {
    const starting = (prefix: string) =>
      [1, 2, 3, 4].filter((slot) => table.hasStart(slot, tagStarts(prefix)));
    expect([starting('AL'), starting('b'), starting('x')]).toEqual([[1, 2], [1, 4], []]);
  });
});

it('each row that has any of several keys is named once', () => {
  const table = tableOf(['a', 'b'], ['b'], ['c'], ['b', 'a']);
  const named: number[] = [];
  table.each(keysOf(table, 'a', 'b'), (slot) => named.push(slot));
  expect(named.toSorted()).toEqual([1, 2, 4]);
  named.length = 0;
  table.each(keysOf(table, 'b'), (slot) => named.push(slot));
  expect(named).toEqual([1, 2, 4]);
});

it('each key is named with a spelling of its own, also of a row that has others', () => {
  const table = tableOf(['First', 'second', 'Third'], ['FOURTH']);
  expect(
    eachKey(table).map(([key, spelling]) => [table.keyOf(spelling) === key, spelling]),
  ).toEqual(['First', 'FOURTH', 'second', 'Third'].map((spelling) => [true, spelling]));
});

describe('keys that begin alike', () => {
  const table = tableOf(['ab', 'abc'], ['aBd', 'b'], ['a']);
  const textsWith = (prefix: string, limit = 9) => {
    const keys = table.keysWith(prefix, limit);
    return keys && eachKey(table).flatMap(([key, text]) => (keys.has(key) ? [text] : []));
  };

  it('are found, and no others', () => {
    expect(textsWith('AB')).toEqual(['ab', 'abc', 'aBd']);
    expect(textsWith('abc')).toEqual(['abc']);
    expect(textsWith('b')).toEqual(['b']);
    expect([textsWith('aa'), textsWith('c')]).toEqual([[], []]);
  });

  it('are not listed where there are more than so many', () => {
    expect(textsWith('ab', 3)).toHaveLength(3);
    expect(textsWith('ab', 2)).toBeUndefined();
  });
});

it('tags that a row gives up are known no longer, unless another row has them', () => {
  const table = tableOf(['a', 'b'], ['A']);
  table.unlist(1);
  table.set(1, ['c']);
  table.list(1);
  expect(eachKey(table).map(([, spelling]) => spelling)).toEqual(['A', 'c']);
  expect([table.keyOf('b'), table.size(table.keyOf('a')), table.tags(1)]).toEqual([0, 1, ['c']]);
});

it('rows that lose their tags keep no room for them', () => {
  const bytesAfter = (rounds: number): number => {
    const table = new TagTable(recency);
    for (let n = 0; n < rounds; n += 1)
      for (let slot = 1; slot <= 1_000; slot += 1) table.set(slot, n % 2 === 0 ? ['x'] : []);
    return table.bytes;
  };
  // What is given back is 8 bytes each to remember.
  expect(bytesAfter(2) - bytesAfter(1)).toBeLessThanOrEqual(8 * 1_000);
  expect(bytesAfter(7)).toBe(bytesAfter(1));
});
