/**
 * Sorting many slots by a column at once, as a start does with all sessions of a store. A radix sort over typed arrays
 * takes a tenth of the time of a sort that compares.
 */

const DIGIT_BITS = 16;
const BASE = 2 ** DIGIT_BITS;
/** Fewer are sorted by comparing: each pass goes through all digits. */
const FEW = 5_000;

interface Values {
  at(slot: number): number;
}

/** The slots in the order of their values; those of equal values stay in the order in which they came. */
export const sortedBy = (slots: Uint32Array, values: Values): Uint32Array => {
  const keys = Float64Array.from(slots, (slot) => values.at(slot));
  const largest = keys.reduce((most, key) => (isKey(key) ? Math.max(most, key) : Infinity), 0);
  if (slots.length < FEW || largest === Infinity)
    return slots.toSorted((a, b) => values.at(a) - values.at(b));
  let order = slots;
  for (let unit = 1; unit <= largest; unit *= BASE) order = byDigit(order, values, unit);
  return order;
};

/** What digits can be taken of. */
const isKey = (value: number): boolean => Number.isSafeInteger(value) && value >= 0;

/** One pass: stable, so that the passes before it decide between equal digits. */
const byDigit = (slots: Uint32Array, values: Values, unit: number): Uint32Array => {
  const digits = new Uint16Array(slots.length);
  const starts = new Uint32Array(BASE + 1);
  for (let n = 0; n < slots.length; n++) {
    const digit = Math.floor(values.at(slots[n] ?? 0) / unit) % BASE;
    digits[n] = digit;
    starts[digit + 1] = (starts[digit + 1] ?? 0) + 1;
  }
  for (let digit = 0; digit < BASE; digit++)
    starts[digit + 1] = (starts[digit + 1] ?? 0) + (starts[digit] ?? 0);
  const sorted = new Uint32Array(slots.length);
  for (let n = 0; n < slots.length; n++) {
    const digit = digits[n] ?? 0;
    const at = starts[digit] ?? 0;
    sorted[at] = slots[n] ?? 0;
    starts[digit] = at + 1;
  }
  return sorted;
};
