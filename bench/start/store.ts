/**
 * A store of many small sessions, made by the journal's own commits: one each, a thousand under way. The same number of
 * sessions makes the same ones.
 */
import { type Head, newHead } from '../../src/model/head.ts';
import type { Tenant } from '../../src/model/ids.ts';
import type { Journal } from '../../src/session/ports/journal.ts';
import { openLmdbJournal } from '../../src/storage/journal/lmdb-journal.ts';
import { rows, TENANT } from '../search/rows.ts';

const SEED = 7;
const UNDER_WAY = 1_000;

/**
 * Of sessions as the bench of search has them.
 *
 * @param dir the folder `store` of a data directory.
 * @param tenant default: that of the search bench.
 */
export const makeStore = async (
  dir: string,
  sessions: number,
  tenant: Tenant = TENANT,
): Promise<void> => {
  const { journal, close } = await openLmdbJournal({ dir });
  let wave: Promise<void>[] = [];
  for (const row of rows(sessions, SEED)) {
    const { status, title, tags, numTurns, messageCount, costNanoUsd } = row;
    const { model, workingDirectory, errorCount, createdAtMs, updatedAtMs } = row;
    wave.push(
      made(journal, {
        ...newHead({ ...row.key, tenant }, createdAtMs),
        ...{ version: 1, updatedAtMs, status, title, tags, numTurns, messageCount, costNanoUsd },
        ...{ model, workingDirectory, errorCount },
      }),
    );
    if (wave.length < UNDER_WAY) continue;
    await Promise.all(wave);
    wave = [];
  }
  await Promise.all(wave);
  await close();
};

const made = (journal: Journal, head: Head): Promise<void> =>
  journal.commit({
    kind: 'write',
    key: head.key,
    expectedVersion: 0,
    head,
    audit: [],
    appends: [],
    streams: [],
    turns: [],
    newTurnIds: [],
    responses: [],
  });
