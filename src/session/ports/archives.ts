/**
 * Archives, as sessions and verbs see them: what is stored of each, and who works on them. Owned here, implemented in
 * `src/archives`.
 *
 * 1. An archive's record outlives its session; it is a definition of its tenant's, under the archive's id.
 * 2. It names each object before the first byte of it is put anywhere: so nothing is ever somewhere that no record names.
 * 3. It stands in the due index as long as it exists: when it is to be worked on, or goes, or `NEVER_MS`.
 */
import type { DefinitionKey } from '../../model/definition.ts';
import { nameOf } from '../../otp/name.ts';

export const ARCHIVE_STATUSES = ['pending', 'in_progress', 'completed', 'failed'] as const;
export type ArchiveStatus = (typeof ARCHIVE_STATUSES)[number];

export const COMPRESSIONS = ['gzip', 'zip', 'tar'] as const;
export type Compression = (typeof COMPRESSIONS)[number];

/** The last moment of the year 9999. */
export const NEVER_MS = 253_402_300_799_999;

/** Where objects lie. Keys for it are never part of this. */
export type Place =
  | { readonly kind: 'folder'; readonly dir: string }
  | {
      readonly kind: 's3';
      readonly endpoint: string;
      readonly region: string;
      readonly bucket: string;
      readonly prefix: string;
    };

/** Bytes at a place, under a name that is made of their hash. */
export interface StoredObject {
  readonly name: string;
  readonly size: number;
  readonly sha256: string;
}

export interface Left {
  readonly path: string;
  readonly why: string;
}

/** The folder, packed. */
export interface PackedFolder extends StoredObject {
  readonly files: number;
  readonly folders: number;
  readonly links: number;
  /** Of its files, unpacked. */
  readonly bytes: number;
  readonly leftCount: number;
  /** The first of them. */
  readonly left: readonly Left[];
}

/** What is asked of an archive that is there. */
export type Task =
  | { readonly kind: 'verify' }
  | { readonly kind: 'delete' }
  | {
      readonly kind: 'restore';
      /** Where the folder goes; absent: it does not. */
      readonly to?: string | undefined;
      /** Whether the session comes back too, where it is gone. */
      readonly withSession: boolean;
    };

export interface Work {
  readonly task: Task;
  readonly status: ArchiveStatus;
  readonly by: string;
  readonly askedAtMs: number;
  readonly endedAtMs?: number | undefined;
  readonly tried: number;
  readonly error?: { readonly code: string; readonly message: string } | undefined;
  /** What it has found, or brought back. */
  readonly result?: Readonly<Record<string, unknown>> | undefined;
}

/** What was known of the session when it was archived: it may be gone. */
export interface ArchivedSession {
  readonly title?: string | undefined;
  readonly owner?: string | undefined;
  readonly tags: readonly string[];
  readonly workingDirectory?: string | undefined;
  readonly messageCount: number;
  readonly numTurns: number;
  readonly costNanoUsd: number;
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
}

export interface StoredArchive {
  readonly sessionId: string;
  readonly by: string;
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
  readonly status: ArchiveStatus;
  readonly place: Place;
  readonly compression: Compression;
  readonly exclude: readonly string[];
  readonly session: ArchivedSession;
  /** The folder that is archived, absolute. */
  readonly directory: string;
  /** Further attempts. */
  readonly tried: number;
  readonly error?: { readonly code: string; readonly message: string } | undefined;
  /** Objects that may be there for it. */
  readonly names: readonly string[];
  /** Absent: there was no folder. */
  readonly folder?: PackedFolder | undefined;
  readonly list?: StoredObject | undefined;
  readonly transcript?: StoredObject | undefined;
  readonly manifest?: StoredObject | undefined;
  /** Read back, and as it was put. */
  readonly archivedAtMs?: number | undefined;
  /** It never goes by its age. */
  readonly hold?: { readonly reason?: string | undefined } | undefined;
  /** The archive of the same session that goes when this one is complete. */
  readonly replaces?: string | undefined;
  /** Nothing is left to do behind it: what it replaces is gone, and so is what failed attempts left. */
  readonly isTidy?: true | undefined;
  /** The folder here is as it was packed, and goes. */
  readonly isGoing?: true | undefined;
  /** Of the folder here, if it was deleted behind the archive. */
  readonly freedBytes?: number | undefined;
  readonly work?: Work | undefined;
}

export const PROGRESS_STEPS = ['packing', 'putting', 'reading', 'unpacking'] as const;

/** How far the work on an archive is. Kept in memory alone. */
export interface Progress {
  /** `putting`: to its place; `reading`: back, to compare it. */
  readonly step: (typeof PROGRESS_STEPS)[number];
  /** Of the files, when they are packed and unpacked; else of the object that is put or read. */
  readonly bytes: number;
  readonly ofBytes?: number | undefined;
  readonly files?: number | undefined;
}

/** Whether something is asked of it that has not ended. */
export const isAsked = (work: Work | undefined): work is Work =>
  work?.status === 'pending' || work?.status === 'in_progress';

export type ArchiveObject = 'folder' | 'list' | 'transcript' | 'manifest';

export interface Archiver {
  /** Where new archives go. Throws `invalid_settings` for a place that is not set. */
  placeFor(kind: 'folder' | 's3' | undefined): Place;
  readonly compression: Compression;
  /** Of an archive that is worked on now. */
  progress(key: DefinitionKey): Progress | undefined;
  /** Something has changed: to be looked at now, and not in a while. */
  look(): void;
  /** Resolves when the archive has ended what is asked of it, or after so long. */
  settled(key: DefinitionKey, timeoutMs: number): Promise<void>;
  /** Has this store be the one whose place it is. @returns whether it was another's. */
  takeOver(place: Place): Promise<boolean>;
  /** Bytes of an object from `from` on, as they come. Rejects with `archive_not_found`, `unavailable`. */
  read(
    record: StoredArchive,
    object: ArchiveObject,
    from: number,
    to: number,
  ): AsyncIterable<Uint8Array>;
}

export const archiverName = nameOf<Archiver>('archiver');
