/**
 * The records and messages that a turn of ours makes, as bare bytes of the same number and size: what
 * the floor writes and publishes. Sizes are proportions: a bench measures how many bytes the product
 * writes for a turn and has the floor write as many.
 */

export type TableName = 'sessions' | 'rows' | 'audit';
type Key = string;

export interface FloorRecord {
  readonly table: TableName;
  /** The key's part after the session's; latin1. */
  readonly suffix: (seq: number) => Key;
  readonly bytes: number;
}

const bigEndian = (value: number): Key =>
  String.fromCharCode(value >>> 24, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff);

const ENTRY = (seq: number): Key => `\x40${bigEndian(seq)}`;
const HEAD = (): Key => '\x50';
/** As long as a UUID; the newest first. */
const LEDGER = (seq: number): Key => `\x60${'x'.repeat(32)}${bigEndian(0xffffffff - seq)}\xff`;
const ROW = (): Key => '';

/** The acceptance of a turn: the user's message, the head with the open turn, the row. */
export const ACCEPT: readonly FloorRecord[] = [
  { table: 'sessions', suffix: ENTRY, bytes: 132 },
  { table: 'sessions', suffix: HEAD, bytes: 290 },
  { table: 'rows', suffix: ROW, bytes: 99 },
];

/** The end of a turn: the answer, the head, the closed turn for the ledger, the row. */
export const FINISH: readonly FloorRecord[] = [
  { table: 'sessions', suffix: ENTRY, bytes: 250 },
  { table: 'sessions', suffix: HEAD, bytes: 173 },
  { table: 'sessions', suffix: LEDGER, bytes: 152 },
  { table: 'rows', suffix: ROW, bytes: 99 },
];

/** As long as a time, an epoch and a number. */
const AUDITED = (): Key => '\x70xxxxxxxxxxxxxxxxxxxx';

/** A session that was just made: its head, its row, the record of who made it, and where that one is. */
export const CREATE: readonly FloorRecord[] = [
  { table: 'sessions', suffix: HEAD, bytes: 184 },
  { table: 'rows', suffix: ROW, bytes: 122 },
  { table: 'audit', suffix: ROW, bytes: 81 },
  { table: 'sessions', suffix: AUDITED, bytes: 5 },
];

/** One message of 1 KB, its session's head, its turn's ledger record: the floor of a commit. */
export const MESSAGE: readonly FloorRecord[] = [
  { table: 'sessions', suffix: ENTRY, bytes: 1_150 },
  { table: 'sessions', suffix: HEAD, bytes: 180 },
  { table: 'sessions', suffix: LEDGER, bytes: 150 },
];

const event = (bytes: number, end: string): Buffer =>
  Buffer.from(`{${'"'.padEnd(bytes - end.length - 3, ' ')}"${end}}`);

/** `turn.accepted`, `turn.started`; then `message`, `turn.finished`. */
export const OPENING_EVENTS: readonly Buffer[] = [event(172, ''), event(163, '')];
export const CLOSING_EVENTS: readonly Buffer[] = [
  event(265, ''),
  event(486, ',"status":"completed"'),
];

/** Each event goes to the inbox and to the session's subject; then the empty message. */
export const MESSAGES_PER_TURN = 2 * (OPENING_EVENTS.length + CLOSING_EVENTS.length) + 1;

export const bytesOf = (records: readonly FloorRecord[]): number =>
  records.reduce((sum, { bytes }) => sum + bytes, 0);

/** The same records, so much larger or smaller that all of them together have so many bytes. */
export const scaledTo = (
  total: number,
  records: readonly FloorRecord[],
): readonly FloorRecord[] => {
  const scale = total / bytesOf(records);
  return records.map((record) => ({ ...record, bytes: Math.round(record.bytes * scale) }));
};
