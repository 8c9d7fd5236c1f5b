/**
 * One sweep: which sessions go, in batches, and what became of them. It only reads the catalog and
 * keeps its counts; who carries it out is the cleaner.
 *
 * 1. Age counts from the later of last update and import, so that what was imported today is not old.
 *    Who is exactly as old as the limit goes too: an age of 0 takes all that was done before the request.
 * 2. Nothing tagged `hold`, and nothing with an unfinished turn, is ever named.
 * 3. It remembers a place in the order of updates and no list, so its memory is that of one batch. The sweep of a rule
 *    that keeps the newest begins with these.
 */

import type { CatalogRow } from '../model/catalog-row.ts';
import type { Criteria } from '../model/criteria.ts';
import type { Tenant } from '../model/ids.ts';
import { iso } from '../model/moment.ts';
import { HOLD_TAG } from '../model/tag-key.ts';
import type { Status } from '../model/words.ts';
import type { Catalog } from '../session/ports/catalog.ts';
import type { CleanupReport, SweepOrder, SweptArchives } from '../session/ports/sweeper.ts';
import { type Keep, Kept, type Measure } from './kept.ts';

const DAY_MS = 24 * 3_600_000;
/** Sessions looked at, and deleted at once, before the loop has its turn. */
const BATCH_SIZE = 100;
/** Sessions that a report names; its count is of all. */
export const MAX_LISTED = 1_000;

const UNFINISHED: readonly Status[] = ['queued', 'running', 'waiting'];

export interface SweepRequest extends Omit<SweepOrder, 'maxAgeDays'> {
  readonly tenant: Tenant;
  readonly maxAgeDays: number;
  /** Who wanted it, for the audit record of each session. */
  readonly by: string;
  /** Ended sessions go only out of an archive: one that has none is archived, and a later sweep takes it. */
  readonly archivesFirst?: boolean | undefined;
  /** Of a retention rule. */
  readonly rule?: {
    readonly name: string;
    readonly keep: Keep;
    /** Where each session's export is written to before it is deleted. */
    readonly exportTo: string | undefined;
  };
}

/** What became of one session: `changed` since it was looked at, or deleted by somebody else; `archiving`: it is archived first. All but deleted ones stay as they are. */
export type Outcome = 'deleted' | 'archiving' | 'changed' | 'failed';

/** What one archive takes, and has freed. */
export type Stored = Pick<SweptArchives, 'storedBytes' | 'freedBytes'>;

export class Sweep {
  readonly request: SweepRequest;
  /** Last millisecond in which a session may have been active that goes. */
  readonly #cutoffMs: number;
  readonly #counts = { deleted: 0, archiving: 0, changed: 0, failed: 0 };
  readonly #kept = { kept: 0, storedBytes: 0, freedBytes: 0 };
  readonly #listed: CleanupReport['sessions'][number][] = [];
  #cursor: string | undefined;
  #isDone = false;
  /** What deleting would free, of a dry run. */
  #bytes = 0;
  readonly #newest: Kept;

  constructor(request: SweepRequest, nowMs: number, measure: Measure) {
    this.request = request;
    this.#newest = new Kept(request.rule?.keep ?? {}, measure);
    this.#cutoffMs = Math.floor(nowMs - request.maxAgeDays * DAY_MS);
  }

  get counts(): Readonly<Record<Outcome, number>> {
    return this.#counts;
  }

  /** The next sessions to go, perhaps none of this batch; undefined when all were looked at. */
  async next(catalog: Catalog): Promise<readonly CatalogRow[] | undefined> {
    if (this.#isDone) return undefined;
    const { tenant, texts } = this.request;
    const { rows, nextCursor } = await catalog.search(tenant, this.#criteria(), texts);
    this.#cursor = nextCursor;
    this.#isDone = nextCursor === undefined;
    const gone = await this.#newest.without(rows);
    return gone.filter((row) => isFinished(row) && lastActiveMs(row) <= this.#cutoffMs);
  }

  /**
   * @param stored of one that is deleted and stands in an archive.
   * @param bytes of one that would be deleted.
   */
  note(row: CatalogRow, outcome: Outcome, stored?: Stored, bytes = 0): void {
    this.#counts[outcome] += 1;
    this.#bytes += bytes;
    if (outcome === 'deleted' && stored !== undefined) {
      this.#kept.kept += 1;
      this.#kept.storedBytes += stored.storedBytes;
      this.#kept.freedBytes += stored.freedBytes;
    }
    if (outcome !== 'deleted' || this.#listed.length === MAX_LISTED) return;
    const { key, updatedAtMs, title } = row;
    this.#listed.push({
      sessionId: key.sessionId,
      updatedAt: iso(updatedAtMs),
      ...(title === undefined ? {} : { title }),
    });
  }

  /** @param freedBytes of one that was no dry run. */
  report(freedBytes: number): CleanupReport {
    const { dryRun } = this.request;
    const asked = this.#counts.archiving;
    return {
      count: this.#counts.deleted,
      bytes: dryRun ? this.#bytes : freedBytes,
      sessions: this.#listed,
      dryRun,
      ...(asked + this.#kept.kept === 0 ? {} : { archives: { asked, ...this.#kept } }),
    };
  }

  #criteria(): Criteria {
    const { filter } = this.request;
    return {
      ...filter,
      noTags: [...(filter.noTags ?? []), HOLD_TAG],
      updatedBefore: Math.min(filter.updatedBefore ?? Infinity, this.#cutoffMs),
      sortBy: 'updatedAt',
      order: this.request.rule === undefined ? 'asc' : 'desc',
      limit: BATCH_SIZE,
      ...(this.#cursor === undefined ? {} : { cursor: this.#cursor }),
    };
  }
}

const isFinished = ({ openTurns, status }: CatalogRow): boolean =>
  openTurns === 0 && !UNFINISHED.includes(status);

const lastActiveMs = ({ updatedAtMs, importedAtMs = 0 }: CatalogRow): number =>
  Math.max(updatedAtMs, importedAtMs);
