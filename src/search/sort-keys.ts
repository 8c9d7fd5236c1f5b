/**
 * Keys of 32 bits for the columns that can be sorted by. They never fall along the order, and tell apart what is
 * common: of many sessions that cost nothing, or had one turn, the beginning of the id decides.
 */
import type { IdTable } from './id-table.ts';
import type { KeyOf } from './sorted-column.ts';

const LARGEST = 0xffff_ffff;
const clamped = (key: number): number => Math.max(0, Math.min(LARGEST, Math.floor(key)));

/** Seconds: up to the year 2106. */
export const timeKey: KeyOf = (ms) => clamped(ms / 1_000);

const ID_BITS = 20;
const IDS = 2 ** ID_BITS;
const idBits = (ids: IdTable, slot: number): number => ids.keyOf(slot) >>> (32 - ID_BITS);

/** Steps of a thousandth of a cent, up to 42,939 dollars. */
const STEP_NANO_USD = 10_000;

export const costKey =
  (ids: IdTable): KeyOf =>
  (nanoUsd, slot) => {
    if (nanoUsd < 0) return 0;
    return nanoUsd === 0 ? idBits(ids, slot) : clamped(IDS + nanoUsd / STEP_NANO_USD);
  };

const MANY_TURNS = LARGEST / IDS - 1;

export const turnsKey =
  (ids: IdTable): KeyOf =>
  (turns, slot) =>
    turns > MANY_TURNS ? LARGEST : turns * IDS + idBits(ids, slot);
