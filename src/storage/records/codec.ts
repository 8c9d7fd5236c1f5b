/**
 * Records: how values stand on disk. A record is
 *
 *     [format, 1 byte][payload][CRC-32 over key, format and payload, 4 bytes]
 *
 * 1. The checksum covers the key too: a record that turns up under another key is as broken as one
 *    with a flipped bit. Whatever fails its check is `corrupt_record`, never served.
 * 2. Payloads are msgpack, without structures shared between records; our own objects are flat lists
 *    (`fields.ts`). An entry's body stands behind its msgpack part, byte for byte.
 * 3. A head's version and epoch stand at fixed places, so the writer compares them without decoding.
 */
import { crc32 } from 'node:zlib';
import { Unpackr } from 'msgpackr';
import type { SummaryRow } from '../../model/catalog-row.ts';
import type { Entry } from '../../model/entry.ts';
import { GreenroomError } from '../../model/errors.ts';
import { type Head, storedHead } from '../../model/head.ts';
import type { SessionKey } from '../../model/ids.ts';
import type { ClosedTurn } from '../../model/turn.ts';
import type { Bodies } from '../../session/memory/bodies.ts';
import type { AuditRecord, ResponseOwner, StreamRecord } from '../../session/ports/journal.ts';
import { fromFields, packFields } from './fields.ts';
import type { Key } from './keys.ts';
import { Packer } from './packer.ts';
import {
  faultOfAudit,
  faultOfEntry,
  faultOfHead,
  faultOfRow,
  faultOfStream,
  faultOfTurn,
} from './record-faults.ts';

/** Format of a record; a reader refuses what it does not know. */
export const RECORD_FORMAT = 1;

const CHECKSUM_BYTES = 4;
const FRAME_BYTES = 1 + CHECKSUM_BYTES;
const HEAD_PREFIX_BYTES = 8;
const VERSION_AT = 1;
const EPOCH_AT = 5;
/** What of a head's record says its version and epoch. */
export const HEAD_START_BYTES = 9;
const SMALL_RECORD_BYTES = 512;

const OWN: Bodies = { place: (body) => new Uint8Array(body) };

const unpackr = new Unpackr({ useRecords: false, copyBuffers: true });

/** Writes the payload of one kind of record. */
export type Pack<T> = (out: Packer, value: T) => void;

/** What whoever needs a broken record is told; the key is in its details. */
export const corruptRecord = (key: Key, why: string): GreenroomError =>
  new GreenroomError('corrupt_record', `the record ${JSON.stringify(key)} ${why}`, {
    details: { key },
  });

// ── the frame ────────────────────────────────────────────────────────────────────────────────────

/** Writes a record where its key stands right before it, from `keyAt` on. */
export const packRecord = <T>(out: Packer, keyAt: number, pack: Pack<T>, value: T): void => {
  out.reserve(FRAME_BYTES);
  out.bytes[out.at] = RECORD_FORMAT;
  out.at += 1;
  pack(out, value);
  out.uint32LE(crc32(out.bytes.subarray(keyAt, out.at)));
};

/** A record on its own: for what is not written by a batch. */
export const record = <T>(key: Key, pack: Pack<T>, value: T): Buffer => {
  const out = new Packer(Buffer.allocUnsafeSlow(SMALL_RECORD_BYTES));
  out.raw(Buffer.from(key, 'latin1'));
  packRecord(out, 0, pack, value);
  return out.bytes.subarray(key.length, out.at);
};

/** The payload, where it stands, checked. Throws `corrupt_record` naming the key. */
export const payloadOf = (
  key: Key,
  bytes: Buffer,
  keyBytes: Buffer = Buffer.from(key, 'latin1'),
): Buffer => {
  if (bytes.length < FRAME_BYTES) throw corruptRecord(key, 'is too short to be one');
  const end = bytes.length - CHECKSUM_BYTES;
  const sum = crc32(bytes.subarray(0, end), crc32(keyBytes));
  if (sum !== bytes.readUInt32LE(end)) throw corruptRecord(key, 'fails its checksum');
  if (bytes[0] !== RECORD_FORMAT)
    throw corruptRecord(key, `has format ${bytes[0]}, which this version does not know`);
  return bytes.subarray(1, end);
};

// ── values ───────────────────────────────────────────────────────────────────────────────────────

export const packValue: Pack<unknown> = (out, value) => out.value(value);

export const readValue = (key: Key, bytes: Buffer): unknown =>
  unpackr.unpack(payloadOf(key, bytes));

/** What is whole on disk and cannot be shown is as broken as what fails its checksum. */
const sound = <T>(key: Key, value: T, faultOf: (value: T) => string | undefined): T => {
  const fault = faultOf(value);
  if (fault !== undefined) throw corruptRecord(key, fault);
  return value;
};

export const readStream = (key: Key, bytes: Buffer): StreamRecord =>
  sound(key, readValue(key, bytes) as StreamRecord, faultOfStream);

/** An audit record, with the session that it is of. */
export const readAudit = (key: Key, bytes: Buffer): AuditRecord & { readonly sessionId: string } =>
  sound(key, readValue(key, bytes) as AuditRecord & { readonly sessionId: string }, faultOfAudit);

/** A record that says all by being there. */
export const packNothing: Pack<null> = () => {};

export const packHead: Pack<{ readonly head: Head; readonly epoch: number }> = (
  out,
  { head, epoch },
) => {
  out.uint32LE(head.version);
  out.uint32LE(epoch);
  packFields(out, head);
};

export const readHead = (key: Key, bytes: Buffer): Head =>
  sound(
    key,
    storedHead(
      fromFields(unpackr.unpack(payloadOf(key, bytes).subarray(HEAD_PREFIX_BYTES))) as Head,
    ),
    faultOfHead,
  );

/** Version of a stored head, unchecked: a wrong one is refused by the comparison or found by the next read. */
export const versionOf = (head: Buffer): number => head.readUInt32LE(VERSION_AT);
/** Epoch of a stored head's writer. */
export const epochOf = (head: Buffer): number => head.readUInt32LE(EPOCH_AT);

/** A list, so that the same owner is always the same bytes: the writer compares them. */
export const packOwner: Pack<ResponseOwner> = (out, { sessionId, isCopy, endsAtMs, isOffered }) =>
  out.value([sessionId, isCopy, endsAtMs, ...(isOffered ? [isOffered] : [])]);

export const readOwner = (key: Key, bytes: Buffer): ResponseOwner => {
  const [sessionId, isCopy, endsAtMs, isOffered] = readValue(key, bytes) as [
    ...[sessionId: string, isCopy: boolean, endsAtMs: number | null],
    isOffered?: true,
  ];
  return { sessionId, isCopy, endsAtMs, ...(isOffered ? { isOffered } : {}) };
};

export const packTurn: Pack<ClosedTurn> = (out, turn) => packFields(out, turn);

export const readTurn = (key: Key, bytes: Buffer): ClosedTurn =>
  sound(key, fromFields(readValue(key, bytes)) as ClosedTurn, faultOfTurn);

/** The length of the msgpack part, the part itself, the body. */
export const packEntry: Pack<Entry> = (out, entry) => {
  const lengthAt = out.at;
  out.uint32LE(0);
  packFields(out, entry, 'body');
  out.bytes.writeUInt32LE(out.at - lengthAt - 4, lengthAt);
  if (entry.kind !== 'view') out.raw(entry.body);
};

/** The entry; its body is a copy of its own, or where `bodies` puts it. */
export const readEntry = (
  key: Key,
  bytes: Buffer,
  bodies: Bodies = OWN,
  keyBytes?: Buffer,
): Entry => {
  const payload = payloadOf(key, bytes, keyBytes);
  const bodyAt = 4 + payload.readUInt32LE(0);
  const stored = fromFields(unpackr.unpack(payload.subarray(4, bodyAt))) as Entry;
  const entry = sound(key, stored, faultOfEntry);
  if (entry.kind === 'view') return entry;
  return Object.assign(entry, { body: bodies.place(payload.subarray(bodyAt)) });
};

// ── summary rows ─────────────────────────────────────────────────────────────────────────────────

/**
 * A row is a list of these, absent ones nil: small rows share pages, and a million are decoded at
 * every start. New fields go to the end. Tenant and session id stand in the key.
 */
const ROW_FIELDS = [
  ...(['version', 'createdAtMs', 'updatedAtMs', 'status', 'mode', 'tags'] as const),
  ...(['messageCount', 'numTurns', 'costNanoUsd', 'costIsPartial', 'openTurns'] as const),
  ...(['model', 'title', 'summary', 'description', 'workingDirectory'] as const),
  ...(['permissionMode', 'owner', 'templateId', 'externalKey', 'parentId'] as const),
  ...(['importedAtMs', 'projectKey', 'offers'] as const),
] as const satisfies readonly (keyof SummaryRow)[];

export const packRow: Pack<SummaryRow> = (out, row) => {
  let length = ROW_FIELDS.length;
  while (length > 0 && fieldAt(row, length - 1) === undefined) length -= 1;
  out.list(length);
  for (let at = 0; at < length; at += 1) out.value(fieldAt(row, at) ?? null);
};

const fieldAt = (row: SummaryRow, at: number): unknown => row[ROW_FIELDS[at] ?? 'key'];

export const readRow = (key: Key, bytes: Buffer, session: SessionKey): SummaryRow => {
  const values = readValue(key, bytes) as readonly unknown[];
  const row: Record<string, unknown> = { key: session };
  for (const [at, field] of ROW_FIELDS.entries()) {
    const value = values[at] ?? undefined;
    if (value !== undefined) row[field] = value;
  }
  return sound(key, row as unknown as SummaryRow, faultOfRow);
};
