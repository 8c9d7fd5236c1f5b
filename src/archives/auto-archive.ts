/** Sessions that ended long enough ago: they are archived by themselves. */
import { codeOf } from '../model/errors.ts';
import type { SessionKey } from '../model/ids.ts';
import { HOLD_TAG } from '../model/tags.ts';
import type { Catalog } from '../session/ports/catalog.ts';

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
  for (const tenant of catalog.tenants()) {
    let cursor: string | undefined;
    for (let seen = 0; seen < MOST; seen += PAGE) {
      const { rows, nextCursor } = await catalog.search(tenant, {
        ...{ status: ['completed', 'failed', 'terminated'], updatedBefore: cutoffMs },
        ...{ noTags: [HOLD_TAG], sortBy: 'updatedAt', order: 'asc', limit: PAGE },
        ...(cursor === undefined ? {} : { cursor }),
      });
      for (const { key, importedAtMs = 0 } of rows)
        if (importedAtMs <= cutoffMs) await archive(key).catch(unlessChanged);
      cursor = nextCursor;
      if (cursor === undefined) break;
    }
  }
};

const unlessChanged = (error: unknown): void => {
  const passed = ['invalid_state', 'session_not_found', 'session_deleted', 'corrupt_record'];
  if (!passed.includes(codeOf(error))) throw error;
};
