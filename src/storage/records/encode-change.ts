/**
 * A session's change as operations of a batch: the one place that knows which records a change makes.
 * Throws, with nothing written, for what cannot be stored.
 */

import type { Tally, TallyChange, TallyName } from '../../model/budget.ts';
import { catalogRowOf } from '../../model/catalog-row.ts';
import type { Entry } from '../../model/entry.ts';
import { GreenroomError } from '../../model/errors.ts';
import type { SessionKey, Tenant } from '../../model/ids.ts';
import type { Snapshot } from '../../model/metrics.ts';
import type { Segment } from '../../model/segments.ts';
import type {
  DefinitionChange,
  Fence,
  ResponseClaim,
  SessionChange,
  SessionDelete,
  SessionWrite,
  StreamDrop,
} from '../../session/ports/journal.ts';
import { type Batch, DELETE, WRITE } from './batch.ts';
import {
  packDefinition,
  packEntry,
  packHead,
  packMetrics,
  packNothing,
  packPrompt,
  packRow,
  packTally,
  packTurn,
} from './codec.ts';
import { packOwner, packValue } from './frame.ts';
import * as keys from './keys.ts';
import { AUDIT, ROWS, SESSIONS, UPKEEP } from './keys.ts';
import { MAX_ENTRY_BYTES } from './limits.ts';
import {
  faultOfAudit,
  faultOfEntry,
  faultOfHead,
  faultOfStream,
  faultOfTurn,
} from './record-faults.ts';

/** Who takes the change in: audit records are numbered by that one. */
export interface Author {
  owner(): Fence;
  nextAudit(): number;
  /** What a tally is behind this change, those that wait before it included. */
  tallyWith(tenant: Tenant, change: TallyChange): Tally;
  /** Keys of what is long past when that tally begins; none where it has begun. */
  pastTallies(tenant: Tenant, name: TallyName): readonly keys.Key[];
}

export const encodeChange = (
  batch: Batch,
  change: SessionChange | DefinitionChange,
  author: Author,
): void => {
  if (change.kind === 'define') return encodeDefinition(batch, change, author);
  const prefix = keys.sessionPrefix(change.key);
  const isWrite = change.kind === 'write';
  const { fence = author.owner() } = change;
  batch.begin(keys.headKey(prefix), change.expectedVersion, isWrite ? WRITE : DELETE, fence);
  try {
    if (isWrite) write(batch, prefix, change, fence);
    else remove(batch, prefix, change);
    putDues(batch, prefix, change);
    putAudit(batch, prefix, change, author);
    if (change.tallies !== undefined) putTallies(batch, change.key, change.tallies, author);
    batch.end();
  } catch (error) {
    batch.undo();
    throw error;
  }
};

/** In the place of a session's head, so that version and fence are looked at as a head's are. */
const encodeDefinition = (batch: Batch, change: DefinitionChange, author: Author): void => {
  const { key, expectedVersion, wasDueMs, now, fence = author.owner() } = change;
  const prefix = keys.definitionPrefix(key);
  const headKey = keys.headKey(prefix);
  const due = keys.dueKindOfDefinition(key);
  batch.begin(headKey, expectedVersion, now === undefined ? DELETE : WRITE, fence);
  try {
    if (now === undefined) batch.remove(SESSIONS, headKey);
    else {
      const version = expectedVersion + 1;
      batch.put(SESSIONS, headKey, packDefinition, { version, epoch: fence.epoch, ...now });
    }
    if (wasDueMs !== undefined && wasDueMs !== now?.dueMs)
      batch.remove(UPKEEP, keys.dueKey(due, prefix, wasDueMs));
    if (now?.dueMs !== undefined && wasDueMs !== now.dueMs)
      batch.put(UPKEEP, keys.dueKey(due, prefix, now.dueMs), packNothing, null);
    batch.end();
  } catch (error) {
    batch.undo();
    throw error;
  }
};

const write = (batch: Batch, prefix: keys.Key, change: SessionWrite, { epoch }: Fence): void => {
  mustFollow(change);
  mustBeReadable(change);
  const { head, fork } = change;
  if (fork !== undefined) {
    const parent = keys.headKey(keys.sessionPrefix(fork.parent));
    batch.expectHead(SESSIONS, parent, fork.parentVersion);
  }
  for (const turnId of change.newTurnIds)
    batch.expectAbsent(SESSIONS, keys.turnKey(prefix, turnId));
  const { claims = [] } = change;
  for (const claim of claims)
    batch.expectRecord(UPKEEP, ownerKeyOf(change, claim), packOwner, claim.was);
  for (const gone of ownersThatAreGone(change))
    batch.expectRecord(SESSIONS, keys.headKey(keys.sessionPrefix(gone)), packNothing, undefined);
  for (const drop of change.drops ?? []) dropStream(batch, prefix, drop);
  for (const { subpath, entries } of change.appends)
    for (const entry of entries) putEntry(batch, keys.entryKey(prefix, subpath, entry.seq), entry);
  for (const stream of change.streams)
    batch.put(SESSIONS, keys.streamKey(prefix, stream.subpath), packValue, stream);
  for (const { responseKey, record, hashed } of change.responses) {
    const key = hashed ? keys.hashedResponseKey : keys.responseKey;
    batch.put(SESSIONS, key(prefix, responseKey), packValue, record);
  }
  for (const claim of claims)
    if (claim.was?.sessionId !== claim.now.sessionId || claim.was.isOffered)
      batch.put(UPKEEP, ownerKeyOf(change, claim), packOwner, claim.now);
  for (const { turnId, body } of change.prompts ?? []) putPrompt(batch, prefix, turnId, body);
  batch.put(SESSIONS, keys.headKey(prefix), packHead, { head, epoch });
  for (const turn of change.turns)
    batch.put(SESSIONS, keys.turnKey(prefix, turn.turnId), packTurn, turn);
  batch.put(ROWS, keys.rowKey(prefix), packRow, catalogRowOf(head));
  if (change.snapshot !== undefined) putSnapshot(batch, prefix, change.snapshot);
  if (fork === undefined) return;
  for (const segment of head.segments ?? [])
    batch.put(UPKEEP, referenceKey(change, prefix, segment), packNothing, null);
};

/** Whose responses the session takes because there is no such session: it may have come meanwhile, and count them. */
const ownersThatAreGone = ({ key, claims = [] }: SessionWrite): readonly SessionKey[] => {
  const taken = claims.flatMap(({ was, now }) =>
    was === undefined ||
    was.isOffered ||
    now.sessionId !== key.sessionId ||
    was.sessionId === key.sessionId
      ? []
      : [was.sessionId],
  );
  return [...new Set(taken)].map((sessionId) => ({ ...key, sessionId }) as SessionKey);
};

const ownerKeyOf = ({ key }: SessionChange, { responseKey, hashed }: ResponseClaim): keys.Key =>
  (hashed ? keys.hashedOwnerKey : keys.ownerKey)(key.tenant, responseKey);

const referenceKey = ({ key }: SessionChange, holder: keys.Key, segment: Segment): keys.Key => {
  const { sessionId, throughSeq } = segment;
  const owner = keys.sessionPrefix({ ...key, sessionId } as SessionKey);
  return keys.referenceKey(owner, throughSeq, holder);
};

const remove = (batch: Batch, prefix: keys.Key, change: SessionDelete): void => {
  const untilMs = change.tombstoneUntilMs;
  const deletedAtMs = change.audit[0]?.atMs ?? 0;
  batch.remove(SESSIONS, keys.headKey(prefix));
  batch.remove(ROWS, keys.rowKey(prefix));
  batch.put(UPKEEP, keys.tombstoneKey(prefix), packValue, { deletedAtMs, untilMs });
  batch.put(UPKEEP, keys.dueKey('tombstone', prefix, untilMs), packNothing, null);
  for (const segment of change.segments ?? []) {
    const reference = referenceKey(change, prefix, segment);
    batch.release(UPKEEP, reference, keys.purgeKey(keys.ofReferenceKey(reference).prefix));
  }
  batch.putFreed(UPKEEP, keys.purgeKey(prefix));
};

/** Before what the change puts: a stream may begin anew with the commit that drops it. */
const dropStream = (batch: Batch, prefix: keys.Key, drop: StreamDrop): void => {
  batch.removeAll(SESSIONS, keys.sideEntriesPrefix(prefix, drop.subpath));
  batch.removeAll(SESSIONS, keys.responsesPrefix(prefix, drop.marks));
  batch.remove(SESSIONS, keys.streamKey(prefix, drop.subpath));
};

const putEntry = (batch: Batch, key: keys.Key, entry: Entry): void => {
  if (entry.kind !== 'view' && entry.body.length > MAX_ENTRY_BYTES)
    throw new GreenroomError('too_large', `an entry takes at most ${MAX_ENTRY_BYTES} bytes`);
  batch.put(SESSIONS, key, packEntry, entry);
};

const putSnapshot = (batch: Batch, prefix: keys.Key, snapshot: Snapshot): void => {
  const { number, point, drops } = snapshot;
  batch.put(SESSIONS, keys.metricsKey(prefix, number), packMetrics, point);
  for (const gone of drops) batch.remove(SESSIONS, keys.metricsKey(prefix, gone));
};

const putPrompt = (
  batch: Batch,
  prefix: keys.Key,
  turnId: string,
  body: Uint8Array | undefined,
): void => {
  const key = keys.promptKey(prefix, turnId);
  if (body === undefined) return batch.remove(SESSIONS, key);
  batch.put(SESSIONS, key, packPrompt, body);
};

const putDues = (batch: Batch, prefix: keys.Key, { dues }: SessionChange): void => {
  if (dues === undefined) return;
  for (const { kind, atMs } of dues.removed) batch.remove(UPKEEP, keys.dueKey(kind, prefix, atMs));
  for (const { kind, atMs } of dues.added)
    batch.put(UPKEEP, keys.dueKey(kind, prefix, atMs), packNothing, null);
};

const putTallies = (
  batch: Batch,
  { tenant }: SessionKey,
  tallies: readonly TallyChange[],
  author: Author,
): void => {
  for (const each of tallies) {
    const { name } = each;
    const tally = author.tallyWith(tenant, each);
    for (const key of author.pastTallies(tenant, name)) batch.remove(UPKEEP, key);
    batch.put(UPKEEP, keys.tallyKey(tenant, name), packTally, { name, tally });
  }
};

const putAudit = (batch: Batch, prefix: keys.Key, change: SessionChange, author: Author): void => {
  const { sessionId } = change.key;
  for (const record of change.audit) {
    const key = keys.auditKey(prefix, record.atMs, author.owner().epoch, author.nextAudit());
    batch.put(AUDIT, key, packValue, { ...record, sessionId });
    if (change.kind === 'write')
      batch.put(SESSIONS, keys.auditedKey(prefix, key), packNothing, null);
  }
};

/** Nothing is stored that nobody could read again, whichever door it came through. */
const mustBeReadable = ({ head, appends, streams, turns, audit }: SessionWrite): void => {
  const fault =
    faultOfHead(head) ??
    first(streams, faultOfStream) ??
    first(turns, faultOfTurn) ??
    first(audit, faultOfAudit) ??
    first(appends, ({ entries }) => first(entries, faultOfEntry));
  if (fault !== undefined)
    throw new GreenroomError('invalid_request', `this cannot be stored: it ${fault}`);
};

const first = <T>(
  records: readonly T[],
  faultOf: (record: T) => string | undefined,
): string | undefined => {
  for (const record of records) {
    const fault = faultOf(record);
    if (fault !== undefined) return fault;
  }
  return undefined;
};

/** The head must be the next version of the same session: anything else is a bug of the caller. */
const mustFollow = ({ key, head, expectedVersion }: SessionWrite): void => {
  if (head.version !== expectedVersion + 1)
    throw new TypeError(`version ${head.version} does not follow ${expectedVersion}`);
  if (head.key.sessionId !== key.sessionId || head.key.tenant !== key.tenant)
    throw new TypeError(`the head of ${head.key.sessionId} in a change of ${key.sessionId}`);
};
