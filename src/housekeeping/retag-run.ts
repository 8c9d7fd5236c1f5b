/**
 * One change of tags over all sessions that it concerns: which come next, and what became of them. It only reads the
 * catalog and keeps its counts; who carries it out is the retagger.
 *
 * It walks in the order of creation, which the change does not touch, and remembers a place in it and no list.
 */
import type { CatalogRow } from '../model/catalog-row.ts';
import type { Criteria, Filter } from '../model/criteria.ts';
import { codeOf } from '../model/errors.ts';
import type { Tenant } from '../model/ids.ts';
import { iso } from '../model/moment.ts';
import type { Catalog } from '../session/ports/catalog.ts';
import type { JobState, RetagJob, RetagOrder } from '../session/ports/retagger.ts';
import { affectedBy, type Retag } from '../tags/retag.ts';

/** Sessions that are changed side by side, before the loop has its turn. */
const BATCH_SIZE = 100;

/** undefined: it had nothing to change. */
export type Changed = boolean | { readonly error: unknown };

export class RetagRun {
  readonly tenant: Tenant;
  readonly jobId: string;
  readonly retag: Retag;
  state: JobState = 'waiting';
  /** Sessions are being changed, and are not counted yet. */
  isChanging = false;
  readonly #order: RetagOrder;
  readonly #askedAt: string;
  readonly #filter: Filter;
  #matched: number | null = null;
  #changed = 0;
  #failed = 0;
  #error: RetagJob['error'];
  #cursor: string | undefined;
  #isThrough = false;

  constructor(tenant: Tenant, jobId: string, order: RetagOrder, nowMs: number) {
    const { filter, retag } = order;
    this.tenant = tenant;
    this.jobId = jobId;
    this.retag = retag;
    this.#order = order;
    this.#askedAt = iso(nowMs);
    this.#filter = { allOf: [filter, affectedBy(retag)] };
  }

  get isOver(): boolean {
    return this.state !== 'waiting' && this.state !== 'running';
  }

  get failed(): number {
    return this.#failed;
  }

  /** The next sessions; undefined when all were looked at. */
  async next(catalog: Catalog): Promise<readonly CatalogRow[] | undefined> {
    this.#matched ??= (await catalog.count(this.tenant, this.#filter)).sessions;
    if (this.#isThrough) return undefined;
    const { rows, nextCursor } = await catalog.search(this.tenant, this.#criteria());
    this.#cursor = nextCursor;
    this.#isThrough = nextCursor === undefined;
    return rows;
  }

  note(outcomes: readonly Changed[]): void {
    this.isChanging = false;
    for (const outcome of outcomes) {
      if (outcome === true) this.#changed += 1;
      if (typeof outcome === 'boolean') continue;
      this.#failed += 1;
      this.#error ??= told(outcome.error);
    }
  }

  end(state: JobState, error?: unknown): void {
    this.state = state;
    if (error !== undefined) this.#error = told(error);
  }

  view(): RetagJob {
    const { by, retag, criteria } = this.#order;
    return {
      jobId: this.jobId,
      state: this.state,
      ...{ askedAt: this.#askedAt, by, change: retag, criteria },
      matched: this.#matched,
      changed: this.#changed,
      failed: this.#failed,
      ...(this.#error === undefined ? {} : { error: this.#error }),
    };
  }

  #criteria(): Criteria {
    return {
      ...this.#filter,
      sortBy: 'createdAt',
      order: 'asc',
      limit: BATCH_SIZE,
      ...(this.#cursor === undefined ? {} : { cursor: this.#cursor }),
    };
  }
}

const told = (error: unknown) => ({
  code: codeOf(error) ?? 'internal',
  message: error instanceof Error ? error.message : String(error),
});
