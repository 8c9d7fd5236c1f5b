/**
 * What deleting a session and its purge would free, added up a few records at a time. So few that neither many nor large
 * ones hold the loop. No value is copied for it.
 */
import * as keys from './keys.ts';
import { ROWS, SESSIONS } from './keys.ts';
import { MEASURE_BATCH_BYTES, MEASURE_BATCH_RECORDS } from './limits.ts';
import { companionOf, purgeable, referredThrough } from './purgeable.ts';
import type { ReadTables } from './store.ts';

export interface Measured {
  /** So far. */
  readonly bytes: number;
  /** Where the other records begin; undefined: that was all. */
  readonly next: keys.Key | undefined;
  /** Entries through this one stay. */
  readonly keptThrough: number;
}

/** With the catalog row, which the delete itself removes. */
export const beginMeasure = (tables: ReadTables, prefix: keys.Key): Measured => {
  const key = keys.rowKey(prefix);
  const row = tables.get(ROWS, key);
  return {
    bytes: row === undefined ? 0 : key.length + row.length,
    next: prefix,
    keptThrough: referredThrough(tables, prefix),
  };
};

/** One step further. */
export const measureSome = (tables: ReadTables, prefix: keys.Key, so: Measured): Measured => {
  const { next: start, keptThrough } = so;
  if (start === undefined) return so;
  const limit = MEASURE_BATCH_RECORDS;
  const found = purgeable(tables, prefix, { start, keptThrough, limit });
  let bytes = 0;
  let next = found.length === limit ? `${found.at(-1)}\0` : undefined;
  for (const key of found) {
    if (bytes >= MEASURE_BATCH_BYTES) {
      next = key;
      break;
    }
    const length = tables.visit(SESSIONS, key, (value) => value.length) ?? 0;
    bytes += key.length + length + (companionOf(tables, prefix, key)?.bytes ?? 0);
  }
  return { ...so, bytes: so.bytes + bytes, next };
};
