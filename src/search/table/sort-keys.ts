/**
 * Keys of 32 bits for the columns that can be sorted by. They never fall along the order, and tell apart what is
 * common: of many sessions that cost nothing, or had one turn, the beginning of the id decides.
 */
import type { IdTable } from './id-table.ts';
import type { Span } from './ordered-index.ts';

/** How the values of a column are told apart in an index. */
export interface Keys {
  of(value: number, slot: number): number;
  /** The keys that rows with this value may have. */
  span(value: number): Span;
}

const LARGEST = 0xffff_ffff;
const clamped = (key: number): number => Math.max(0, Math.min(LARGEST, Math.floor(key)));
const only = (key: number): Span => ({ least: key, most: key });

/** Seconds: up to the year 2106. */
const secondsOf = (ms: number): number => clamped(ms / 1_000);

export const timeKeys: Keys = { of: secondsOf, span: (ms) => only(secondsOf(ms)) };

const ID_BITS = 20;
const IDS = 2 ** ID_BITS;
const idBits = (ids: IdTable, slot: number): number => ids.keyOf(slot) >>> (32 - ID_BITS);

/** Steps of a thousandth of a cent, up to 42,939 dollars. */
const STEP_NANO_USD = 10_000;

/** Of anything but 0. */
const priced = (nanoUsd: number): number =>
  nanoUsd < 0 ? 0 : clamped(IDS + nanoUsd / STEP_NANO_USD);

export const costKeys = (ids: IdTable): Keys => ({
  of: (nanoUsd, slot) => (nanoUsd === 0 ? idBits(ids, slot) : priced(nanoUsd)),
  span: (nanoUsd) => (nanoUsd === 0 ? { least: 0, most: IDS - 1 } : only(priced(nanoUsd))),
});

const MANY_TURNS = LARGEST / IDS - 1;

export const turnsKeys = (ids: IdTable): Keys => ({
  of: (turns, slot) => (turns > MANY_TURNS ? LARGEST : turns * IDS + idBits(ids, slot)),
  span: (turns) => {
    if (turns > MANY_TURNS) return only(LARGEST);
    const least = Math.floor(turns) * IDS; // somebody may ask for two and a half
    return { least, most: least + IDS - 1 };
  },
});
