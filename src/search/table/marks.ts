/**
 * Marks: what stands of a row beside it in the orders by update, so that a walk passes by most rows that are not wanted
 * without a look at them. The upper half of a mark is a level of what the row costs, the lower one has a bit for each of its tags, which
 * other tags share: so a mark refuses for certain, and whom it lets pass is tested.
 */

/** What marks are chosen by: levels, both ends included, and bits that all must be there. */
export interface Choice {
  readonly least: number;
  readonly most: number;
  readonly bits: number;
}

const HALF_BITS = 16;
const LARGEST_LEVEL = 0xffff;

/** Levels rise with the root of the cost: a cent has the 31st, five dollars the 707th, the last one begins at 42,949 dollars. */
const STEP_NANO_USD = 10_000;

export const ANY: Choice = { least: 0, most: LARGEST_LEVEL, bits: 0 };

/** It never falls with the cost. */
export const levelOf = (nanoUsd: number): number =>
  nanoUsd <= 0 ? 0 : Math.min(LARGEST_LEVEL, Math.floor(Math.sqrt(nanoUsd / STEP_NANO_USD)));

/** @param key the number of a tag's key. */
export const bitOf = (key: number): number => 1 << (key % HALF_BITS);

export const markOf = (nanoUsd: number, bits: number): number =>
  ((levelOf(nanoUsd) << HALF_BITS) | bits) >>> 0;

export const isChosen = (mark: number, least: number, most: number, bits: number): boolean => {
  const level = mark >>> HALF_BITS;
  return level >= least && level <= most && (mark & bits) === bits;
};
