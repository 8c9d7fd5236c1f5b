/** The rows of each value, as one row alone, as a list of several, and as none again. */
import { describe, expect, it } from 'vitest';
import { Postings } from '../../src/search/table/postings.ts';
import { recency } from './plain-recency.ts';

const VALUE = 3;

const postingsOf = (...slots: readonly number[]): Postings => {
  const postings = new Postings(recency);
  for (const slot of slots) postings.add(VALUE, slot);
  return postings;
};

/** The same rows, asked for in each way. */
const rowsOf = (postings: Postings, value = VALUE): number[] => {
  const [each, ordered]: [number[], number[]] = [[], []];
  postings.each(value, (slot) => each.push(slot));
  postings.ordered(value).each((slot) => ordered.push(slot));
  expect(ordered).toEqual(each);
  const costNanoUsd = each.reduce((sum, slot) => sum + slot, 0);
  const [sessions, tokens] = [each.length, 2 * each.length];
  expect(postings.sums(value)).toEqual({
    ...{ sessions, costNanoUsd, partial: 0, tokens, turns: sessions },
  });
  expect(each.length === 0 ? [0] : each).toContain(postings.first(value));
  return each;
};

describe('the rows of a value', () => {
  it('are none, one, or several in their order', () => {
    expect(rowsOf(postingsOf())).toEqual([]);
    expect(rowsOf(postingsOf(7))).toEqual([7]);
    expect(rowsOf(postingsOf(7, 5, 9))).toEqual([5, 7, 9]);
    expect(rowsOf(postingsOf(7, 5), VALUE + 1)).toEqual([]);
  });

  it('are taken off one by one, and come back', () => {
    const postings = postingsOf(7, 5);
    postings.delete(VALUE, 7);
    expect(rowsOf(postings)).toEqual([5]);
    postings.delete(VALUE, 5);
    expect(rowsOf(postings)).toEqual([]);
    postings.add(VALUE, 9);
    expect(rowsOf(postings)).toEqual([9]);
    postings.delete(VALUE, 9);
    expect(rowsOf(postings)).toEqual([]);
  });

  it('stay as they are when one is taken off that is not among them', () => {
    const [single, several] = [postingsOf(7), postingsOf(7, 5)];
    for (const postings of [single, several]) postings.delete(VALUE, 6);
    expect([rowsOf(single), rowsOf(several)]).toEqual([[7], [5, 7]]);
  });

  it('give sums that do not change with the list', () => {
    const postings = postingsOf(7, 5);
    const sums = postings.sums(VALUE);
    postings.add(VALUE, 9);
    expect(sums).toMatchObject({ sessions: 2, costNanoUsd: 12 });
  });
});

it('one row of a value weighs four bytes, and a list is given up with its last row', () => {
  const postings = postingsOf(7);
  const { bytes } = postings;
  expect(bytes).toBe(16 * 4);
  postings.add(VALUE, 5);
  const list = postings.ordered(VALUE).bytes;
  expect(postings.bytes).toBe(bytes + list + 140);
  for (const slot of [5, 7]) postings.delete(VALUE, slot);
  expect(postings.bytes).toBe(bytes);
});
