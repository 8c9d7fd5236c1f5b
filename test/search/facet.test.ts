/** A field of which a row has one value or none: its values while rows have them, and their rows while they are listed. */
import { describe, expect, it } from 'vitest';
import { Facet } from '../../src/search/table/facet.ts';
import { recency } from './plain-recency.ts';

/** Rows 1, 2, … with these values, listed. */
const facetOf = (...texts: readonly (string | undefined)[]): Facet => {
  const facet = new Facet(recency, { isSorted: true });
  for (const [n, text] of texts.entries()) {
    facet.set(n + 1, text);
    facet.list(n + 1);
  }
  return facet;
};

const textsWith = (facet: Facet, start: string, limit = 9) => {
  const keys = new Set<number>();
  const isAll = facet.keysWith(start, limit, keys);
  const texts: string[] = [];
  facet.eachValue((value, text) => keys.has(value) && texts.push(text));
  return [isAll, ...texts.toSorted()];
};

const rowsOf = (facet: Facet, text: string): number[] => {
  const rows: number[] = [];
  facet.postings.each(facet.valueOf(text), (slot) => rows.push(slot));
  return rows;
};

describe('a value', () => {
  it('is there while some row has it, with as many rows', () => {
    const facet = facetOf('a', 'b', 'a', undefined);
    expect([1, 2, 3, 4].map((slot) => facet.text(slot))).toEqual(['a', 'b', 'a', undefined]);
    const [a, b] = [facet.valueOf('a'), facet.valueOf('b')];
    expect([1, 2, 3, 4].map((slot) => facet.valueAt(slot))).toEqual([a, b, a, 0]);
    expect([facet.size(a), facet.size(b), facet.valueOf('c')]).toEqual([2, 1, 0]);
    expect([rowsOf(facet, 'a'), rowsOf(facet, 'b')]).toEqual([[1, 3], [2]]);
  });

  it('gives way to another one, or to none', () => {
    const facet = facetOf('a', 'b', 'a');
    for (const slot of [1, 2]) facet.unlist(slot);
    facet.set(1, 'c');
    facet.set(2, undefined);
    for (const slot of [1, 2]) facet.list(slot);
    expect([rowsOf(facet, 'a'), rowsOf(facet, 'c'), facet.valueOf('b')]).toEqual([[3], [1], 0]);
    expect(facet.text(2)).toBeUndefined();
    expect(textsWith(facet, '')).toEqual([true, 'a', 'c']);
  });

  it('that is set again is the same', () => {
    const facet = facetOf('a');
    const value = facet.valueAt(1);
    facet.set(1, 'a');
    expect([facet.valueAt(1), facet.size(value), rowsOf(facet, 'a')]).toEqual([value, 1, [1]]);
    expect(textsWith(facet, 'a')).toEqual([true, 'a']);
  });
});

describe('values that begin alike', () => {
  const facet = facetOf('ab', 'b', 'abc', 'a', 'abd', 'ab');

  it('are found once each, and no others', () => {
    expect(textsWith(facet, 'ab')).toEqual([true, 'ab', 'abc', 'abd']);
    expect(textsWith(facet, 'abd')).toEqual([true, 'abd']);
    expect(textsWith(facet, 'aa')).toEqual([true]);
    expect(textsWith(facet, 'c')).toEqual([true]);
  });

  it('are no more than so many, beside those that were found before', () => {
    expect(textsWith(facet, 'ab', 3)).toHaveLength(4);
    expect(textsWith(facet, 'ab', 2)[0]).toBe(false);
    const keys = new Set([facet.valueOf('b')]);
    expect(facet.keysWith('ab', 3, keys)).toBe(false);
  });

  it('are not looked through when there are too many', () => {
    const keys = new Set<number>();
    const many = facetOf(...Array.from({ length: 50 }, (_, n) => `x${n}`));
    expect(many.keysWith('x', 5, keys)).toBe(false);
    expect(keys.size).toBe(6);
  });
});

it('a facet weighs its values, their order, its column and the lists', () => {
  const [sorted, plain] = [new Facet(recency, { isSorted: true }), new Facet(recency)];
  const order = sorted.bytes - plain.bytes;
  expect(order).toBeGreaterThan(0);
  const before = plain.bytes;
  plain.set(1, 'x'.repeat(1_000));
  const set = plain.bytes;
  expect(set - before).toBeGreaterThan(1_000 + 64);
  plain.list(1);
  expect(plain.bytes - set).toBe(64);
});
