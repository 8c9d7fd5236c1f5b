/**
 * Each backend is linearizable per session: clients in several processes, where the backend allows that,
 * change one session at once, with and without naming a version, and every history is judged. CI plays a
 * few; `GREENROOM_FULL=1` 500 histories of 200 operations for each backend.
 */
import { describe, expect, it } from 'vitest';
import { folders } from '../../storage/folders.ts';
import { mutant } from '../../support/mutant.ts';
import { startPostgres, withoutPostgres } from '../../support/postgres.ts';
import { startRedis, withoutRedis } from '../../support/redis.ts';
import { Dice } from '../dice.ts';
import { isFull } from '../size.ts';
import { type Backend, type Judged, playHistories, type Size } from './clients.ts';

const SIZE: Size = isFull()
  ? { histories: 500, operations: 200 }
  : { histories: 5, operations: 100 };
const TIMEOUT_MS = isFull() ? 3_600_000 : 180_000;
const ALONE = { processes: 1, clientsEach: 6 };
const SHARED = { processes: 3, clientsEach: 2 };

const play = async (
  backend: Backend,
  place: string,
  who: typeof ALONE,
  dist?: string,
): Promise<Judged> => {
  const { seed } = new Dice();
  const options = { backend, place, ...who, ...(dist === undefined ? {} : { dist }) };
  const judged = await playHistories(options, SIZE, seed);
  const { histories, operations, conflicts, unknown, wrong } = judged;
  console.info(
    `${backend}: ${histories} histories, ${operations} operations, ${conflicts} conflicts, ${unknown} unknown, ${wrong.length} violations (GREENROOM_SEED=${seed})`,
  );
  return judged;
};

/** A busy machine may let an operation run into its deadline; that is judged too, but must be the exception. */
const mustBeLinearizable = ({ operations, conflicts, unknown, wrong }: Judged): void => {
  expect(wrong).toEqual([]);
  expect(unknown).toBeLessThan(operations / 10);
  expect(conflicts).toBeGreaterThan(0);
};

describe('histories are linearizable', { timeout: TIMEOUT_MS }, () => {
  const folder = folders();

  it('of the journal in memory', async () => {
    mustBeLinearizable(await play('memory', '-', ALONE));
  });

  it('of the journal on LMDB', async () => {
    mustBeLinearizable(await play('lmdb', folder(), ALONE));
  });

  it('of live sessions on LMDB', async () => {
    mustBeLinearizable(await play('greenroom', folder(), ALONE));
  });

  it.each(['lmdb, read late', 'greenroom, read late'] as const)(
    'of a journal whose reads come late: %s',
    async (backend) => {
      mustBeLinearizable(await play(backend, folder(), ALONE));
    },
  );

  it('of the file store, between processes', async () => {
    mustBeLinearizable(await play('file', folder(), SHARED));
  });

  it.skipIf(withoutRedis())('of the Redis store, between processes', async () => {
    await using server = await startRedis();
    mustBeLinearizable(await play('redis', server.url, SHARED));
  });

  it.skipIf(withoutPostgres())('of the PostgreSQL store, between processes', async () => {
    await using server = await startPostgres();
    mustBeLinearizable(await play('postgres', server.url, SHARED));
  });
});

describe('histories find', { timeout: TIMEOUT_MS }, () => {
  const folder = folders();

  it('a journal that does not compare versions', async () => {
    const dist = mutant(
      'src/storage/records/apply-batch.js',
      /if \(version !== change\.expectedVersion\)/,
      'if (false)',
    );
    expect((await play('lmdb', folder(), ALONE, dist)).wrong).not.toEqual([]);
  });

  it('live sessions that do not compare versions', async () => {
    const dist = mutant(
      'src/session/machine/apply.js',
      /const mustHaveVersion = \(/,
      'const mustHaveVersion = () => {};\nconst forgotten = (',
    );
    expect((await play('greenroom', folder(), ALONE, dist)).wrong).not.toEqual([]);
  });
});
