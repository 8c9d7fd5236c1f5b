/**
 * The journal: the durable heart, owned here as an interface and implemented in `src/storage`.
 *
 * 1. A commit is one session's change, whole or not at all; the promise resolves when it is on disk (P1).
 * 2. It names the version that the change was computed from, and the fence of its writer: the owner of the store when
 *    that state was read. Once either is another one, nothing is stored and it fails with `version_conflict` (P2).
 * 3. Reads show committed state only. They are promises, so that a journal may be on a server: other commits may come
 *    between two of them. Each is of one moment, which is not before it was asked for. What must be of one moment with
 *    another read is bounded by what that one said (`seq`), or it is checked afterwards; of changes the version decides.
 */

import type { Tally, TallyChange, TallyName } from '../../model/budget.ts';
import type { CatalogRow } from '../../model/catalog-row.ts';
import type { Definition, DefinitionKey, DefinitionKind } from '../../model/definition.ts';
import type { Due, DueKind } from '../../model/due.ts';
import type { Entry } from '../../model/entry.ts';
import type { Head } from '../../model/head.ts';
import type { SessionKey, Tenant, TurnId } from '../../model/ids.ts';
import type { MetricsPoint, Snapshot } from '../../model/metrics.ts';
import type { Segment } from '../../model/segments.ts';
import type { ClosedStatus, ClosedTurn } from '../../model/turn.ts';
import { nameOf } from '../../otp/name.ts';
import type { Bodies } from '../memory/bodies.ts';

/** Where a transcript stands: the main one (`subpath` '') or a side transcript. */
export interface StreamRecord {
  readonly subpath: string;
  /** Last `seq` of the stream. */
  readonly seq: number;
  /** What the importer keeps about the file that the stream came from; opaque to the journal. */
  readonly imported?: unknown;
}

/** A side transcript that goes, with everything that was stored of it. */
export interface StreamDrop {
  readonly subpath: string;
  /** How the keys of its marks among the responses begin: short, plain, not empty. */
  readonly marks: string;
}

export interface StreamAppend {
  readonly subpath: string;
  readonly entries: readonly Entry[];
}

/**
 * One imported response, for counting its usage once however often it is seen; or the mark that a
 * line of a mirrored transcript is stored. Opaque to the journal.
 */
export interface ResponseWrite {
  readonly responseKey: string;
  readonly record: unknown;
}

/** A response as it is stored, for taking it along. `hashed`: the key itself was too long to be kept. */
export interface StoredResponse extends ResponseWrite {
  readonly hashed?: boolean;
}

/** What may happen to a session as a whole. */
export const AUDIT_ACTIONS = [
  'created',
  'forked',
  'compacted',
  'deleted',
  'swept',
  'imported',
  'parked',
  'completed',
  'failed',
  'terminated',
  'reopened',
  'held',
  'released',
  'divided',
  'branched',
  'archived',
  'restored',
  'unarchived',
] as const;

/**
 * In which session of its tenant a response counts, and why: one for all sessions that hold a copy of it.
 * What decides between two sessions is in `response-owner.ts`.
 */
export interface ResponseOwner {
  readonly sessionId: string;
  /** Its lines there say that they were copied from another session. */
  readonly isCopy: boolean;
  /** When the transcript ended that it was first seen in there; null: it was not known. */
  readonly endsAtMs: number | null;
  /** The session was offered it, and does not count it yet: whoever offered it may take it back. */
  readonly isOffered?: true;
}

/**
 * Refused with `ResponseClaimedError` unless the response's owner is still what it was when this was computed, and,
 * where it is taken from a session that is gone, that one is still gone. One that is only offered is free to be taken.
 */
export interface ResponseClaim {
  readonly responseKey: string;
  /** As of `StoredResponse`. */
  readonly hashed?: boolean;
  /** undefined: nobody had it. */
  readonly was: ResponseOwner | undefined;
  readonly now: ResponseOwner;
}

/** What an audit record may be about besides a session's life. */
export const AUDIT_KINDS = ['lifecycle', 'tool', 'permission', 'hook', 'turn'] as const;
export type AuditKind = (typeof AUDIT_KINDS)[number];

interface AuditFacts {
  readonly atMs: number;
  readonly by: string;
  readonly details?: Readonly<Record<string, unknown>>;
}

/** Outlives its session. */
export interface LifecycleRecord extends AuditFacts {
  readonly kind: 'lifecycle';
  readonly action: (typeof AUDIT_ACTIONS)[number];
}

/** How a tool call ended, what was decided about one, or what a hook made of an event. Goes with its session. */
export interface ToolRecord extends AuditFacts {
  readonly kind: 'tool' | 'permission' | 'hook';
  readonly action: (typeof TOOL_ACTIONS)[number];
}

/** How a turn ended; kept only where other programs are notified of it. Goes with its session. */
export interface TurnAudit extends AuditFacts {
  readonly kind: 'turn';
  readonly action: ClosedStatus;
}

export const TOOL_ACTIONS = ['succeeded', 'failed', 'allowed', 'denied', 'asked'] as const;

export type AuditRecord = LifecycleRecord | ToolRecord | TurnAudit;

/** Who owned the store when a change's author read what the change builds on. */
export interface Fence {
  /** The opening of the store that owns it; another one each time. */
  readonly owner: string;
  /** Counts owners. No head is written under an earlier one than it was last. */
  readonly epoch: number;
}

interface ChangeBase {
  readonly key: SessionKey;
  /** Default: the journal's own, for programs that opened it themselves and write at once. */
  readonly fence?: Fence;
  /** Version of the state that the change was computed from; 0: the session must not exist. */
  readonly expectedVersion: number;
  readonly audit: readonly AuditRecord[];
  /** What is due for the session by its new head and was not by the old one, and the other way round. */
  readonly dues?: { readonly added: readonly Due[]; readonly removed: readonly Due[] } | undefined;
  /** What it does to the tenant's tallies; each name once. */
  readonly tallies?: readonly TallyChange[] | undefined;
}

export interface SessionWrite extends ChangeBase {
  readonly kind: 'write';
  /** The head after the change; its version is `expectedVersion + 1`. */
  readonly head: Head;
  readonly appends: readonly StreamAppend[];
  readonly streams: readonly StreamRecord[];
  /** Turns that closed, for the ledger. */
  readonly turns: readonly ClosedTurn[];
  /** Ids that must be unknown to the ledger, else the commit is refused with `turn_known` below. */
  readonly newTurnIds: readonly TurnId[];
  readonly responses: readonly StoredResponse[];
  readonly claims?: readonly ResponseClaim[];
  /** Prompts of turns that are yet to begin, and of those that have begun, or never will. */
  readonly prompts?: readonly PromptWrite[];
  /** Done before everything else of the change. */
  readonly drops?: readonly StreamDrop[];
  /** The next of the session's series. */
  readonly snapshot?: Snapshot;
  /** The first change of a fork: refused with `session_deleted` unless its parent is still there. */
  readonly fork?: ForkOrigin;
}

/** The prompt of a turn that is yet to begin; without a `body` it goes. */
export interface PromptWrite {
  readonly turnId: TurnId;
  readonly body: Uint8Array | undefined;
}

/** Whose entries a fork's head refers to; that one refers to, or wrote, all of them. */
export interface ForkOrigin {
  readonly parent: SessionKey;
  /** The parent's version when the fork was computed from it. */
  readonly parentVersion: number;
}

export interface SessionDelete extends ChangeBase {
  readonly kind: 'delete';
  /** The tombstone lives until then: a late redelivery must not bring the session back. */
  readonly tombstoneUntilMs: number;
  /** What the session shared with those before it: let go of in the same commit. */
  readonly segments?: readonly Segment[];
}

export type SessionChange = SessionWrite | SessionDelete;

/** A definition is made, changed, or goes. Refused with `version_conflict` unless it is still at `expectedVersion`. */
export interface DefinitionChange {
  readonly kind: 'define';
  readonly key: DefinitionKey;
  /** Default: the journal's own. */
  readonly fence?: Fence;
  /** 0: it must not exist. */
  readonly expectedVersion: number;
  /** When it was due; undefined: never. */
  readonly wasDueMs: number | undefined;
  /** undefined: it goes. */
  readonly now: Pick<Definition, 'record' | 'dueMs'> | undefined;
}

/** The ledger knows a turn id that a change called new; nothing was stored. Answered from the ledger. */
export class TurnKnownError extends Error {
  readonly code = 'turn_known';
  readonly turnIds: readonly TurnId[];
  constructor(turnIds: readonly TurnId[]) {
    super(`the ledger knows ${turnIds.join(', ')}`);
    this.turnIds = turnIds;
  }
}

/** Another session claimed one of the change's responses first; nothing was stored. To be computed anew. */
export class ResponseClaimedError extends Error {
  readonly code = 'response_claimed';
  constructor(sessionId: string) {
    super(`a response of ${sessionId} was claimed by another session`);
  }
}

export interface Tombstone {
  readonly deletedAtMs: number;
  readonly untilMs: number;
}

/** Something that is due, as the index has it. */
export interface DueEntry {
  /** Of a schedule, or an archive: `definitionOf` says which. */
  readonly key: SessionKey;
  readonly atMs: number;
}

export interface EntryRange {
  readonly subpath?: string;
  /** First `seq`, inclusive; default 1. */
  readonly from?: number;
  /** Last `seq`, inclusive; default the stream's end. */
  readonly to?: number;
  /** Most entries returned; default 100. */
  readonly limit?: number;
  /** Bytes of bodies behind which no further entry is returned; default: there is no such limit. */
  readonly maxBytes?: number;
  readonly reverse?: boolean;
}

/** A place in the journal's list of changes. */
export interface ChangeMark {
  readonly epoch: number;
  readonly count: number;
  /** Tells stores apart that went different ways from one backup. */
  readonly token: number;
}

export interface JournalStats {
  readonly commits: number;
  /** Transactions that were synced to disk; `commits / syncs` is the group size. */
  readonly syncs: number;
  /** Reads of heads, entries, turns, streams, responses and tombstones. */
  readonly reads: number;
  /** Entries that were read and decoded. */
  readonly entriesRead: number;
  /** Buffers made for the bodies of entries that were read: a few for a page, none for a session that wakes. */
  readonly readBuffers: number;
  /** Entries of the due index that were read; not among `reads`. */
  readonly duesRead: number;
  readonly recordsWritten: number;
  readonly bytesWritten: number;
  /** Changes that the store did not take; one that is refused (a stale version, a deleted session) is no failure. */
  readonly failedCommits: number;
  readonly waiting: number;
}

export interface JournalInfo {
  readonly kind: 'lmdb' | 'memory';
  readonly storeId: string;
  readonly formatVersion: number;
  readonly epoch: number;
  /** Why new work is refused, if it is: `disk_low` or `storage_failed`. */
  readonly readOnlyBecause: 'disk_low' | 'storage_failed' | null;
  readonly path: string | null;
  readonly freeBytes: number | null;
  readonly fileBytes: number | null;
}

/** A part of a list: so many, from behind `cursor`. */
export interface Page {
  readonly limit: number;
  readonly cursor?: string;
}

/** Of audit records: those that were written then or later, and then or earlier. */
export interface AuditPage extends Page {
  readonly afterMs?: number | undefined;
  readonly beforeMs?: number | undefined;
}

/**
 * One session: its head as it was when it was opened, and reads of all else, as it is when they are asked for. It holds
 * nothing open, and needs no end.
 *
 * 1. Of a session that was not there nothing is read but its tombstone and its audit, also when it comes into being.
 * 2. Of one that was there, reads reject with `session_deleted` once it is gone, or once another one has its id, as far
 *    as that one's version tells: so what is read in many steps has no holes, and is not of two sessions.
 * 3. Besides, reads reject with `corrupt_record`, and with `unavailable` or `storage_failed` once the journal has stopped.
 */
export interface SessionReader {
  readonly key: SessionKey;
  /** As it was committed; undefined: there is no such session. */
  readonly head: Head | undefined;
  /** Who owned the store when the head was read: to be named by changes that build on it. */
  readonly fence: Fence;
  /** Bodies are put where `bodies` says, before the promise resolves; default: behind each other into buffers that the entries share. */
  entries(range?: EntryRange, bodies?: Bodies): Promise<readonly Entry[]>;
  stream(subpath: string): Promise<StreamRecord | undefined>;
  /** The session's streams in order of their subpaths. */
  streams(): Promise<readonly StreamRecord[]>;
  /** A closed turn; open ones are in the head. */
  turn(turnId: TurnId): Promise<ClosedTurn | undefined>;
  /** Closed turns, newest id first, from before `cursor`. */
  turns(page: Page): Promise<readonly ClosedTurn[]>;
  /** Of a turn that is yet to begin. */
  prompt(turnId: TurnId): Promise<Uint8Array | undefined>;
  response(responseKey: string): Promise<unknown>;
  /** All responses and marks, in the order of their keys, from behind `cursor`. */
  responses(page: Page): Promise<readonly (StoredResponse & { cursor: string })[]>;
  /** Undefined when there is none, or its time is over. */
  tombstone(): Promise<Tombstone | undefined>;
  /** What is kept of its series, newest first. */
  metrics(limit: number): Promise<readonly MetricsPoint[]>;
  /** The session's audit records, oldest first, from behind `cursor`. Those of its life outlive it. */
  audit(page: AuditPage): Promise<readonly (AuditRecord & { cursor: string })[]>;
}

/** A session that was there when it was opened. */
export type KnownSession = SessionReader & { readonly head: Head };

export const isKnown = (session: SessionReader): session is KnownSession =>
  session.head !== undefined;

export interface Journal {
  /** The fence of whoever opened this journal. */
  owner(): Fence;
  /** Resolves once the change is durable. See the invariants for what it rejects with; besides: `disk_low`, `storage_failed`, `too_large`, `unavailable`. */
  commit(change: SessionChange): Promise<void>;
  /** The same for a definition, with the same fence and the same durability. Subscribers are not told. */
  define(change: DefinitionChange): Promise<void>;
  definition(key: DefinitionKey): Promise<Definition | undefined>;
  /** A tenant's definitions of a kind in the order of their names, from behind the name `cursor`, or in the opposite order. */
  definitions(
    tenant: Tenant,
    kind: DefinitionKind,
    page: Page & { readonly reverse?: boolean },
  ): Promise<readonly Definition[]>;
  /**
   * Reads a session's head. Rejects with `corrupt_record`, `unavailable`, `storage_failed`.
   *
   * @param known the head that its last known commit has made: taken as it is while the stored one has its version.
   */
  open(key: SessionKey, known?: Head): Promise<SessionReader>;
  /** In which of the tenant's sessions the response counts; that one may be gone, or yet to come. */
  responseOwner(
    tenant: Tenant,
    responseKey: string,
    hashed?: boolean,
  ): Promise<ResponseOwner | undefined>;
  /** What is due first of a kind, in the order of time, from behind `after`. Costs what it gives, however much is due. */
  due(
    kind: DueKind,
    options: { limit: number; after?: DueEntry | undefined },
  ): Promise<readonly DueEntry[]>;
  /** A tenant's audit records, newest first, from before `cursor`. */
  audit(
    tenant: Tenant,
    page: AuditPage,
  ): Promise<readonly (AuditRecord & { sessionId: string; cursor: string })[]>;
  /** Every catalog row, for building the catalog; visits in pages and yields to the loop between them. */
  scanRows(visit: (row: CatalogRow) => void): Promise<void>;
  /**
   * The sessions that have changed, or gone, since this mark, and perhaps others; undefined: it is of another store, or
   * so old that nobody knows, and everything has to be read.
   */
  changedSince(mark: ChangeMark): Promise<readonly SessionKey[] | undefined>;
  /** One catalog row, as `scanRows` would give it; undefined: there is no such session, or it cannot be read. */
  row(key: SessionKey): CatalogRow | undefined;
  /** What was committed of a tally, as it is in this tick; one that nothing was added to is nothing but zeros. */
  tally(tenant: Tenant, name: TallyName): Tally;
  /** Told of each durable change in the tick in which its commit resolves, before the promise's own callbacks. */
  subscribe(listener: (committed: readonly SessionChange[]) => void): () => void;
  stats(): JournalStats;
  info(): JournalInfo;
}

/** What a change of a session is computed from: its own records, and those that it shares with its tenant's others. */
export interface Stored {
  readonly session: SessionReader;
  readonly journal: Pick<Journal, 'open' | 'responseOwner'>;
}

/** Work for the journal's maintenance; only housekeeping uses it. */
export interface JournalUpkeep {
  /**
   * Removes the records and folders of up to `limit` deleted sessions in small batches, and tombstones whose time is
   * over; resolves with the sessions that are gone whole, the bytes freed, and whether more are left.
   */
  purge(
    limit: number,
  ): Promise<{ readonly purged: number; readonly bytes: number; readonly left: boolean }>;
  /**
   * Bytes that deleting the session and its purge would free: of its records, and of what goes with them. Entries that
   * forks refer to are not among them. Reads all of it, a few records at a time, with room for others before each; what
   * is committed meanwhile may count or not. 0: there is no such session.
   */
  bytesOf(key: SessionKey): Promise<number>;
  /** The end of the list of changes; undefined: this journal keeps none. */
  changeMark(): ChangeMark | undefined;
  /** Whether anything was committed since this mark besides changes of this definition; true also where that is not known. */
  hasChangedSince(mark: ChangeMark, besides: DefinitionKey): boolean;
  /** Nobody will ask for changes since an earlier mark: the list is cut, a part at a time. */
  forgetChanges(mark: ChangeMark): void;
}

export const journalName = nameOf<Journal & JournalUpkeep>('journal');
