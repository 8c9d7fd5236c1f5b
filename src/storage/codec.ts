/**
 * Records: how values stand on disk. A record is
 *
 *     [format, 1 byte][payload][CRC-32 over key, format and payload, 4 bytes]
 *
 * 1. The checksum covers the key too: a record that turns up under another key is as broken as one
 *    with a flipped bit. Whatever fails its check is `corrupt_record`, never served.
 * 2. Payloads are msgpack, without structures shared between records; our own objects are flattened
 *    (`fields.ts`). An entry's body stands behind its msgpack part, byte for byte.
 * 3. A head's version and epoch stand at fixed places, so the writer compares them without decoding.
 */
import { crc32 } from 'node:zlib';
import { Packr } from 'msgpackr';
import type { Entry } from '../session/entry.ts';
import { GreenroomError } from '../session/errors.ts';
import type { Head } from '../session/head.ts';
import type { SessionKey } from '../session/ids.ts';
import type { SummaryRow } from '../session/summary.ts';
import type { ClosedTurn } from '../session/turn.ts';
import { flatten, unflatten } from './fields.ts';
import type { Key } from './keys.ts';

/** Format of a record; a reader refuses what it does not know. */
export const RECORD_FORMAT = 1;
/** Bytes that a record adds to its payload. */
export const FRAME_BYTES = 5;

const CHECKSUM_BYTES = 4;
const HEAD_PREFIX_BYTES = 8;
const VERSION_AT = 1;
const EPOCH_AT = 5;

const packr = new Packr({ useRecords: false, variableMapSize: true, copyBuffers: true });

/** What a payload is made of, in order. */
export type Parts = readonly Uint8Array[];

const corrupt = (key: Key, why: string): GreenroomError =>
  new GreenroomError('corrupt_record', `the record ${JSON.stringify(key)} ${why}`, {
    details: { key },
  });

// ── the frame ────────────────────────────────────────────────────────────────────────────────────

/** Writes the record of `parts` at `at`, where its key stands right before it. Returns its end. */
export const writeRecord = (bytes: Buffer, keyAt: number, at: number, parts: Parts): number => {
  bytes[at] = RECORD_FORMAT;
  let end = at + 1;
  for (const part of parts) {
    bytes.set(part, end);
    end += part.length;
  }
  return bytes.writeUInt32LE(crc32(bytes.subarray(keyAt, end)), end);
};

/** A record on its own: for what is not written by the batch. */
export const record = (key: Key, parts: Parts): Buffer => {
  const size = parts.reduce((sum, part) => sum + part.length, FRAME_BYTES);
  const bytes = Buffer.allocUnsafe(key.length + size);
  bytes.write(key, 0, 'latin1');
  writeRecord(bytes, 0, key.length, parts);
  return bytes.subarray(key.length);
};

/** The payload, checked. Throws `corrupt_record` naming the key. */
export const payloadOf = (key: Key, bytes: Buffer): Buffer => {
  if (bytes.length < FRAME_BYTES) throw corrupt(key, 'is too short to be one');
  const end = bytes.length - CHECKSUM_BYTES;
  const sum = crc32(bytes.subarray(0, end), crc32(Buffer.from(key, 'latin1')));
  if (sum !== bytes.readUInt32LE(end)) throw corrupt(key, 'fails its checksum');
  if (bytes[0] !== RECORD_FORMAT)
    throw corrupt(key, `has format ${bytes[0]}, which this version does not know`);
  return bytes.subarray(1, end);
};

// ── values ───────────────────────────────────────────────────────────────────────────────────────

export const valueParts = (value: unknown): Parts => [packr.pack(value)];

export const readValue = (key: Key, bytes: Buffer): unknown => packr.unpack(payloadOf(key, bytes));

export const headParts = (head: Head, epoch: number): Parts => {
  const prefix = Buffer.allocUnsafe(HEAD_PREFIX_BYTES);
  prefix.writeUInt32LE(head.version, 0);
  prefix.writeUInt32LE(epoch, 4);
  return [prefix, packr.pack(flatten(head))];
};

export const readHead = (key: Key, bytes: Buffer): Head =>
  unflatten(packr.unpack(payloadOf(key, bytes).subarray(HEAD_PREFIX_BYTES))) as Head;

/** Version of a stored head, unchecked: a wrong one is refused by the comparison or found by the next read. */
export const versionOf = (head: Buffer): number => head.readUInt32LE(VERSION_AT);
/** Epoch of a stored head's writer. */
export const epochOf = (head: Buffer): number => head.readUInt32LE(EPOCH_AT);

export const turnParts = (turn: ClosedTurn): Parts => [packr.pack(flatten(turn))];

export const readTurn = (key: Key, bytes: Buffer): ClosedTurn =>
  unflatten(readValue(key, bytes)) as ClosedTurn;

export const entryParts = (entry: Entry): Parts => {
  const packed = packr.pack(flatten(entry, 'body'));
  const length = Buffer.allocUnsafe(4);
  length.writeUInt32LE(packed.length, 0);
  return entry.kind === 'view' ? [length, packed] : [length, packed, entry.body];
};

/** The entry; its body is a copy of its own. */
export const readEntry = (key: Key, bytes: Buffer): Entry => {
  const payload = payloadOf(key, bytes);
  const bodyAt = 4 + payload.readUInt32LE(0);
  const meta = unflatten(packr.unpack(payload.subarray(4, bodyAt))) as Entry;
  if (meta.kind === 'view') return meta;
  return Object.assign(meta, { body: new Uint8Array(payload.subarray(bodyAt)) });
};

// ── summary rows ─────────────────────────────────────────────────────────────────────────────────

/**
 * A row is an array of these, absent ones `null`: small rows share pages, and a million are decoded
 * at every start. New fields go to the end. Tenant and session id stand in the key.
 */
const ROW_FIELDS = [
  'version',
  'createdAtMs',
  'updatedAtMs',
  'status',
  'mode',
  'tags',
  'messageCount',
  'numTurns',
  'costNanoUsd',
  'costIsPartial',
  'openTurns',
  'model',
  'title',
  'summary',
  'description',
  'workingDirectory',
  'permissionMode',
  'owner',
  'templateId',
  'externalKey',
  'parentId',
  'importedAtMs',
] as const satisfies readonly (keyof SummaryRow)[];

export const rowParts = (row: SummaryRow): Parts => {
  const values: unknown[] = ROW_FIELDS.map((field) => row[field] ?? null);
  while (values.at(-1) === null) values.pop();
  return valueParts(values);
};

export const readRow = (key: Key, bytes: Buffer, session: SessionKey): SummaryRow => {
  const values = readValue(key, bytes) as readonly unknown[];
  const row: Record<string, unknown> = { key: session };
  for (const [at, field] of ROW_FIELDS.entries()) {
    const value = values[at] ?? undefined;
    if (value !== undefined) row[field] = value;
  }
  return row as unknown as SummaryRow;
};
