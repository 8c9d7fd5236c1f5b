/**
 * The frame that every record stands in:
 *
 *     [format, 1 byte][payload][CRC-32 over key, format and payload, 4 bytes]
 *
 * 1. The checksum covers the key too: a record that turns up under another key is as broken as one
 *    with a flipped bit. Whatever fails its check is `corrupt_record`, never served.
 * 2. Payloads are msgpack, without structures shared between records.
 * 3. A head's version and epoch stand at fixed places, so the writer compares them without decoding.
 *
 * This is all that the writer knows of records: it starts with every store, so it loads no schemas.
 * What the payloads mean is in `codec.ts`.
 */
import { crc32 } from 'node:zlib';
import { Unpackr } from 'msgpackr';
import { GreenroomError } from '../../model/errors.ts';
import type { ResponseOwner } from '../../session/ports/journal.ts';
import type { Key } from './keys.ts';
import { Packer } from './packer.ts';

/** Format of a record; a reader refuses what it does not know. */
export const RECORD_FORMAT = 1;

const CHECKSUM_BYTES = 4;
const FRAME_BYTES = 1 + CHECKSUM_BYTES;
const VERSION_AT = 1;
const EPOCH_AT = 5;
/** What of a head's record says its version and epoch. */
export const HEAD_START_BYTES = 9;
const SMALL_RECORD_BYTES = 512;

const unpackr = new Unpackr({ useRecords: false, copyBuffers: true });

/** Writes the payload of one kind of record. */
export type Pack<T> = (out: Packer, value: T) => void;

/** What whoever needs a broken record is told; the key is in its details. */
export const corruptRecord = (key: Key, why: string): GreenroomError =>
  new GreenroomError('corrupt_record', `the record ${JSON.stringify(key)} ${why}`, {
    details: { key },
  });

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

/** The msgpack of a part of a payload. */
export const unpack = (payload: Buffer): unknown => unpackr.unpack(payload);

export const packValue: Pack<unknown> = (out, value) => out.value(value);

export const readValue = (key: Key, bytes: Buffer): unknown => unpack(payloadOf(key, bytes));

/** Version of a stored head, unchecked: a wrong one is refused by the comparison or found by the next read. */
export const versionOf = (head: Buffer): number => head.readUInt32LE(VERSION_AT);
/** Epoch of a stored head's writer. */
export const epochOf = (head: Buffer): number => head.readUInt32LE(EPOCH_AT);

/** The checksum of a record, unchecked: records of one key that differ have others. */
export const checksumOf = (record: Buffer): number =>
  record.length < FRAME_BYTES ? 0 : record.readUInt32LE(record.length - CHECKSUM_BYTES);

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
