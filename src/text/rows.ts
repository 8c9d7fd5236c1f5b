/** What of a session goes into the index, row by row: the same for whoever writes the index and whoever looks it over. */
import { type EntryKind, piecesOf, type Scope } from './extract.ts';
import { indexed } from './phrase.ts';
import type { SessionText } from './wire.ts';

/** Rows of one session: a `seq` beyond is not indexed. */
export const ROWS = 2 ** 24;

export interface IndexRow {
  readonly seq: number;
  /** Its tokens, with white space between. */
  readonly line: string;
}

/** Of the entries behind `seq`; those without a word have none. */
export function* rowsOf(
  { entries }: SessionText & { is: 'text' },
  bytes: Uint8Array,
  scope: Scope,
  seq: number,
): Generator<IndexRow> {
  for (const entry of entries) {
    if (entry.seq <= seq || entry.seq >= ROWS) continue;
    const body = bytes.subarray(entry.start, entry.end);
    const pieces = piecesOf(entry.kind satisfies EntryKind, body, scope);
    if (pieces.length > 0) yield { seq: entry.seq, line: indexed(pieces) };
  }
}
