/**
 * Records: what their payloads mean. Our own objects are flat lists (`fields.ts`); an entry's body stands behind
 * its msgpack part, byte for byte. The frame around a payload is in `frame.ts`.
 */
import type { Tally, TallyName } from '../../model/budget.ts';
import type { CatalogRow } from '../../model/catalog-row.ts';
import type { Definition } from '../../model/definition.ts';
import type { Entry } from '../../model/entry.ts';
import { type Head, storedHead } from '../../model/head.ts';
import type { SessionKey } from '../../model/ids.ts';
import type { MetricsPoint } from '../../model/metrics.ts';
import type { ClosedTurn } from '../../model/turn.ts';
import { isAtTurn } from '../../model/words.ts';
import type { Bodies } from '../../session/memory/bodies.ts';
import type { AuditRecord, StreamRecord } from '../../session/ports/journal.ts';
import { fromFields, packFields } from './fields.ts';
import { corruptRecord, type Pack, payloadOf, readValue, unpack, versionOf } from './frame.ts';
import { definitionIn, type Key } from './keys.ts';
import {
  faultOfAudit,
  faultOfEntry,
  faultOfHead,
  faultOfPoint,
  faultOfRow,
  faultOfStream,
  faultOfTally,
  faultOfTurn,
} from './record-faults.ts';

const HEAD_PREFIX_BYTES = 8;

const OWN: Bodies = { place: (body) => new Uint8Array(body) };

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

/** A prompt, byte for byte. */
export const packPrompt: Pack<Uint8Array> = (out, body) => out.raw(body);

export const readPrompt = (key: Key, bytes: Buffer): Uint8Array =>
  new Uint8Array(payloadOf(key, bytes));

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
    storedHead(fromFields(unpack(payloadOf(key, bytes).subarray(HEAD_PREFIX_BYTES))) as Head),
    faultOfHead,
  );

interface DefinitionRecord extends Pick<Definition, 'record' | 'dueMs'> {
  readonly version: number;
  readonly epoch: number;
}

/** Version and epoch first, as of a head: the writer compares both. */
export const packDefinition: Pack<DefinitionRecord> = (out, { version, epoch, record, dueMs }) => {
  out.uint32LE(version);
  out.uint32LE(epoch);
  out.value([record, dueMs ?? null]);
};

export const readDefinition = (key: Key, bytes: Buffer): Definition => {
  const payload = payloadOf(key, bytes);
  const [record, dueMs] = unpack(payload.subarray(HEAD_PREFIX_BYTES)) as [
    ...[record: Definition['record'], dueMs: number | null],
  ];
  const whose = definitionIn(key);
  if (whose === undefined || typeof record !== 'object' || record === null)
    throw corruptRecord(key, 'is no definition');
  return { key: whose, version: versionOf(bytes), record, dueMs: dueMs ?? undefined };
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
  const stored = fromFields(unpack(payload.subarray(4, bodyAt))) as Entry;
  const entry = sound(key, stored, faultOfEntry);
  if (entry.kind === 'view') return entry;
  return Object.assign(entry, { body: bodies.place(payload.subarray(bodyAt)) });
};

// ── metrics ──────────────────────────────────────────────────────────────────────────────────────

/** A list of these; new fields go to the end. */
const POINT_FIELDS = [
  ...(['atMs', 'messages', 'toolCalls', 'hookExecutions', 'permissionChecks'] as const),
  ...(['errors', 'retries', 'costNanoUsd', 'inputTokens', 'outputTokens'] as const),
  ...(['cacheCreationInputTokens', 'cacheReadInputTokens', 'runMs', 'toolRuns', 'toolMs'] as const),
] as const satisfies readonly (keyof MetricsPoint)[];

export const packMetrics: Pack<MetricsPoint> = (out, point) => {
  out.list(POINT_FIELDS.length);
  for (const field of POINT_FIELDS) out.value(point[field]);
};

export const readMetrics = (key: Key, bytes: Buffer): MetricsPoint => {
  const values = readValue(key, bytes) as readonly unknown[];
  const point = Object.fromEntries(POINT_FIELDS.map((field, at) => [field, values[at]]));
  return sound(key, point as unknown as MetricsPoint, faultOfPoint);
};

/** A list; the name is there because its key may be a hash of it. */
export const packTally: Pack<{ readonly name: TallyName; readonly tally: Tally }> = (
  out,
  { name, tally: { spent, estimated, reserved, extra } },
) => out.value([name, spent, estimated, reserved, extra]);

export const readTally = (key: Key, bytes: Buffer): Tally => {
  const values = readValue(key, bytes) as readonly unknown[];
  const [, spent = 0, estimated = 0, reserved = 0, extra = 0] = values as [unknown, ...number[]];
  return sound(key, { spent, estimated, reserved, extra }, faultOfTally);
};

// ── catalog rows ─────────────────────────────────────────────────────────────────────────────────

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
  ...(['errorCount', 'tokens', 'toolsUsed'] as const),
  ...(['childOf', 'hasArchive', 'hasApproval'] as const),
] as const satisfies readonly (keyof CatalogRow)[];

/** The first field that rows of older versions lack, and all others have. */
const SINCE_ERRORS_COUNT = ROW_FIELDS.indexOf('errorCount');
/** The first one that rows of sessions at a turn lack where an older version wrote them. */
const SINCE_APPROVALS = ROW_FIELDS.indexOf('hasApproval');
const STATUS = ROW_FIELDS.indexOf('status');

export const packRow: Pack<CatalogRow> = (out, row) => {
  let length = ROW_FIELDS.length;
  while (length > 0 && fieldAt(row, length - 1) === undefined) length -= 1;
  out.list(length);
  for (let at = 0; at < length; at += 1) out.value(fieldAt(row, at) ?? null);
};

const fieldAt = (row: CatalogRow, at: number): unknown => row[ROW_FIELDS[at] ?? 'key'];

/** undefined: an older version wrote it, which knew less; its session's head has what it lacks. */
export const readRow = (key: Key, bytes: Buffer, session: SessionKey): CatalogRow | undefined => {
  const values = readValue(key, bytes) as readonly unknown[];
  if (values[SINCE_ERRORS_COUNT] === undefined) return undefined;
  if (isAtTurn(values[STATUS]) && values[SINCE_APPROVALS] === undefined) return undefined;
  const row: Record<string, unknown> = { key: session };
  for (const [at, field] of ROW_FIELDS.entries()) {
    const value = values[at] ?? undefined;
    if (value !== undefined) row[field] = value;
  }
  return sound(key, row as unknown as CatalogRow, faultOfRow);
};
