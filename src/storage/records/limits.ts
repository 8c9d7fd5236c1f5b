/** Names of sessions in the list of changes, in bytes: about 300,000 of them. */
export const CHANGES_MAX_BYTES = 16 * 1024 * 1024;

/** Every limit of the journal: what is larger is refused before it can reach the store (P6). */

const KIB = 1024;
const MIB = 1024 * KIB;

/** Largest body of one entry, in bytes. */
export const MAX_ENTRY_BYTES = 16 * MIB;
/** Largest change, encoded, in bytes. */
export const MAX_CHANGE_BYTES = 64 * MIB;
/**
 * Most records of one change. A chunk of an import is the largest: up to 10,000 lines, about as many
 * responses, and the head, row and stream.
 */
export const MAX_CHANGE_RECORDS = 40_000;
/** Most changes that wait for their transaction. */
export const MAX_WAITING_CHANGES = 20_000;
/** Most bytes of changes that wait for their transaction. */
export const MAX_WAITING_BYTES = 256 * MIB;
/** Buffers of batches, which are used again; a batch of one large change grows beyond, and its buffer is not kept. */
export const BATCH_BYTES = 256 * KIB;
/** A batch that reached this size is handed to the writer without waiting for company, so that few grow. */
export const FULL_BATCH_BYTES = 128 * KIB;
/** With an idle writer, a batch of so many changes does not wait for more. */
export const EAGER_CHANGES = 32;
/** A transaction that takes longer has a slow sync: then batches wait for more company. */
export const SLOW_SYNC_MS = 5;
/**
 * Most bytes of batches that are applied together: bounds how long others wait behind them, and what LMDB keeps for good, as
 * many pages as one transaction has ever changed. A batch that is larger by itself is applied alone.
 */
export const MAX_GROUP_BYTES = 1 * MIB;
/**
 * What may be logged before a checkpoint, to begin with. It doubles after a quick checkpoint that came
 * because there was no room, and halves after a slow one: what waits behind a checkpoint has a deadline.
 */
export const LOG_FIRST_BYTES = 256 * KIB;
export const QUICK_CHECKPOINT_MS = 100;
export const SLOW_CHECKPOINT_MS = 1_000;
/** Most bytes of the commit log: bounds what an opening has to take in, and what waits for a checkpoint, as above. */
export const LOG_MAX_BYTES = 2 * MIB;
/** A larger group goes to LMDB at once: writing all of it twice would cost more than LMDB's commit does. */
export const MAX_LOGGED_BYTES = 1 * MIB;
/** Longest time between a commit and the checkpoint that brings it from the log into LMDB. */
export const CHECKPOINT_MS = 200;
/** With nothing to write for so long, a checkpoint is made at once. */
export const CHECKPOINT_IDLE_MS = 20;
/** When to try again after the queue of waiting changes was full. */
export const QUEUE_RETRY_AFTER_MS = 200;
/** Longest wait of a commit; then its outcome is unknown and the journal stops. */
export const COMMIT_TIMEOUT_MS = 10_000;
/** A deadline that is noticed so much too late was missed by a loop that stood still, not by the writer alone. */
export const HELD_UP_MS = 1_000;
/** What the writer gets for the commits under way after such a standstill. */
export const HELD_UP_GRACE_MS = 5_000;
/** Records that one transaction of a purge removes. */
export const PURGE_BATCH_RECORDS = 500;
/** Bytes of them, but for the last one: others wait behind the transaction. */
export const PURGE_BATCH_BYTES = 16 * MIB;
/** Records, and bytes but for the last one, of one step of the loop when a session is measured. */
export const MEASURE_BATCH_RECORDS = 256;
export const MEASURE_BATCH_BYTES = 1 * MIB;
/** Rows read at a time when all are scanned. */
export const ROW_PAGE = 1_000;
/** Below this much free space changes that add are refused. */
export const MIN_FREE_BYTES = 256 * MIB;
/** How often free space is looked at. */
export const FREE_SPACE_INTERVAL_MS = 5_000;
/** Changes larger than this look at the free space first. */
export const BIG_CHANGE_BYTES = 1 * MIB;
/** How often slots of killed readers are freed. */
export const READER_CHECK_INTERVAL_MS = 30_000;
/**
 * Address space reserved for the store's map; the file grows only as needed, and a page of the map costs nothing before it
 * is read. No store comes near it: 50 GB of transcripts need 64 GiB and more, with the pages that LMDB leaves half empty
 * and those that deletions have freed.
 */
export const MAP_BYTES = 1024 * 1024 * MIB;
/** Of a smaller address space the map takes a part: a second store, such as a copy, is open beside it. LMDB crashes where none is left. */
const MAP_PART = 1 / 4;

/** @param space of the process, in bytes; undefined: not known. A whole number of MiB. */
export const mapBytesIn = (space: number | undefined): number =>
  Math.min(MAP_BYTES, Math.max(1, Math.floor(((space ?? Infinity) * MAP_PART) / MIB)) * MIB);
