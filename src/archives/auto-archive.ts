/** Sessions that ended long enough ago, and runs of tasks that say so: they are archived by themselves. */
import type { CatalogRow } from '../model/catalog-row.ts';
import type { Filter } from '../model/criteria.ts';
import { codeOf } from '../model/errors.ts';
import type { SessionKey, Tenant } from '../model/ids.ts';
import { HOLD_TAG } from '../model/tag-key.ts';
import type { Catalog } from '../session/ports/catalog.ts';
import type { Journal } from '../session/ports/journal.ts';
import { taskTag } from '../session/tasks/render.ts';

const PAGE = 100;
/** In one go; the others have their turn when it is looked again. */
const MOST = 1_000;

interface Wanted {
  readonly autoArchiveMs: number;
  readonly archive: (key: SessionKey) => Promise<void>;
}

/** What has changed since it was found is passed over. Those that are held stay as they are. */
export const archiveAged = async (
  catalog: Catalog,
  { autoArchiveMs, archive }: Wanted,
  nowMs: number,
): Promise<void> => {
  const cutoffMs = nowMs - autoArchiveMs;
  for (const tenant of catalog.tenants())
    await archiveAll(
      catalog,
      tenant,
      { updatedBefore: cutoffMs },
      async ({ key, importedAtMs = 0 }) => {
        if (importedAtMs <= cutoffMs) await archive(key);
      },
    );
};

/** Sessions of tasks that say so. */
export const archiveRuns = async (
  catalog: Catalog,
  journal: Pick<Journal, 'definitions'>,
  archive: Wanted['archive'],
): Promise<void> => {
  for (const tenant of catalog.tenants())
    for (const { key, record } of await journal.definitions(tenant, 'task', { limit: MOST }))
      if (record['autoArchive'] === true)
        await archiveAll(catalog, tenant, { tags: [taskTag(key.name)] }, (row) => archive(row.key));
};

const archiveAll = async (
  catalog: Catalog,
  tenant: Tenant,
  filter: Filter,
  archive: (row: CatalogRow) => Promise<void>,
): Promise<void> => {
  let cursor: string | undefined;
  for (let seen = 0; seen < MOST; seen += PAGE) {
    const { rows, nextCursor } = await catalog.search(tenant, {
      ...{ ...filter, status: ['completed', 'failed', 'terminated'], noTags: [HOLD_TAG] },
      ...{ sortBy: 'updatedAt', order: 'asc', limit: PAGE },
      ...(cursor === undefined ? {} : { cursor }),
    });
    for (const row of rows) await archive(row).catch(unlessChanged);
    cursor = nextCursor;
    if (cursor === undefined) return;
  }
};

const unlessChanged = (error: unknown): void => {
  const passed = ['invalid_state', 'session_not_found', 'session_deleted', 'corrupt_record'];
  if (!passed.includes(codeOf(error))) throw error;
};
