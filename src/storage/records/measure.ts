/**
 * What deleting a session and its purge would free, added up a few records at a time. So few that large ones do not hold
 * the loop, and more where they are small.
 */
import * as keys from './keys.ts';
import { ROWS } from './keys.ts';
import { MEASURE_BATCH_RECORDS, MEASURE_MOST_RECORDS, MEASURE_SMALL_BYTES } from './limits.ts';
import { companionOf, type Looked, purgeable, referredThrough } from './purgeable.ts';

export interface Measured {
  /** So far. */
  readonly bytes: number;
  /** Where the other records begin; undefined: that was all. */
  readonly next: keys.Key | undefined;
  /** Entries through this one stay. */
  readonly keptThrough: number;
  /** Records of the next step. */
  readonly records: number;
}

/** With the catalog row, which the delete itself removes. */
export const beginMeasure = (tables: Looked, prefix: keys.Key): Measured => {
  const key = keys.rowKey(prefix);
  const row = tables.get(ROWS, key);
  return {
    bytes: row === undefined ? 0 : key.length + row.length,
    next: prefix,
    keptThrough: referredThrough(tables, prefix),
    records: MEASURE_BATCH_RECORDS,
  };
};

/** One step further. */
export const measureSome = (tables: Looked, prefix: keys.Key, so: Measured): Measured => {
  const { next: start, keptThrough, records: limit } = so;
  if (start === undefined) return so;
  const found = purgeable(tables, prefix, { start, keptThrough, limit });
  let bytes = 0;
  for (const { key, value } of found)
    bytes += key.length + value.length + (companionOf(tables, prefix, key)?.bytes ?? 0);
  const last = found.at(-1);
  const isSmall = bytes < MEASURE_SMALL_BYTES;
  return {
    ...so,
    bytes: so.bytes + bytes,
    next: last !== undefined && found.length === limit ? `${last.key}\0` : undefined,
    records: isSmall ? Math.min(2 * limit, MEASURE_MOST_RECORDS) : MEASURE_BATCH_RECORDS,
  };
};
