/**
 * Brings a database to a version of the tables, up or down, beside running writers. One at a time, whoever asks;
 * a step that has to wait for a lock gives up soon and tries again, so that nobody queues up behind it.
 */

import { StorageError } from '../../../model/errors.ts';
import { type Clock, pause } from '../../../otp/clock.ts';
import { sqlStateOf } from './failure.ts';
import type { PostgresClient } from './postgres-pool.ts';
import { LATEST, MIGRATIONS, type Migration } from './schema.ts';

/** "greenroom", as a number: the lock of whoever migrates. */
const LOCK_KEY = 7_455_206;
const LOCK_TIMEOUT_MS = 1_000;
const PAUSE_MS = 100;
const TRIES = 100;

const TABLE = `CREATE TABLE IF NOT EXISTS greenroom_migrations (
  version integer PRIMARY KEY,
  name text NOT NULL,
  applied_at timestamptz NOT NULL DEFAULT clock_timestamp()
)`;

/** 0: there is nothing of ours. */
export const versionOf = async (client: PostgresClient): Promise<number> => {
  const [known] = await client.command(
    `SELECT to_regclass('greenroom_migrations') IS NOT NULL AS is_there`,
  );
  if (known?.['is_there'] !== true) return 0;
  const [row] = await client.command('SELECT max(version) AS version FROM greenroom_migrations');
  return Number(row?.['version'] ?? 0);
};

/** An empty database gets the tables; others must have them as we know them. */
export const prepare = async (client: PostgresClient, clock: Clock): Promise<void> => {
  const present = await versionOf(client);
  if (present === 0) return migrate(client, clock);
  if (present > LATEST) throw newer(present);
  if (present < LATEST && (await settledVersion(client, clock)) < LATEST)
    throw new StorageError(
      `the tables are of version ${present}, and this Greenroom needs ${LATEST}: call migratePostgres(url)`,
      {},
      'invalid_settings',
    );
};

/** Another store may have met the same empty database and be at work on it: the version when it is done. */
const settledVersion = async (client: PostgresClient, clock: Clock): Promise<number> => {
  for (let tries = 1; tries < TRIES && !(await isLocked(client)); tries += 1)
    await pause(clock, PAUSE_MS);
  try {
    return await versionOf(client);
  } finally {
    await client.command('SELECT pg_advisory_unlock_all()');
  }
};

/** @param target a version of the tables; 0 removes them all, with what is in them. */
export const migrate = async (
  client: PostgresClient,
  clock: Clock,
  target: number = LATEST,
): Promise<void> => {
  if (!Number.isInteger(target) || target < 0 || target > LATEST)
    throw new StorageError(
      `there is no version ${target} of the tables: 0 to ${LATEST}`,
      {},
      'invalid_settings',
    );
  await client.command('SET statement_timeout = 0');
  await client.command(`SET lock_timeout = ${LOCK_TIMEOUT_MS}`);
  try {
    await lock(client, clock);
    await walk(client, clock, target);
  } finally {
    await client.command('SELECT pg_advisory_unlock_all()');
    await client.command('RESET statement_timeout');
    await client.command('RESET lock_timeout');
  }
};

const lock = async (client: PostgresClient, clock: Clock): Promise<void> => {
  while (!(await isLocked(client))) await pause(clock, PAUSE_MS);
};

/** Whether the lock is ours. By trying: who waits for it inside a statement would hold up the building of indexes. */
const isLocked = async (client: PostgresClient): Promise<boolean> => {
  const [row] = await client.command('SELECT pg_try_advisory_lock($1) AS is_ours', [LOCK_KEY]);
  return row?.['is_ours'] === true;
};

const walk = async (client: PostgresClient, clock: Clock, target: number): Promise<void> => {
  await client.command(TABLE);
  const present = await versionOf(client);
  if (present > LATEST) throw newer(present);
  for (const step of MIGRATIONS)
    if (step.version > present && step.version <= target)
      await patiently(clock, () => up(client, step));
  for (const step of MIGRATIONS.toReversed())
    if (step.version <= present && step.version > target)
      await patiently(clock, () => down(client, step));
};

const up = (client: PostgresClient, { version, name, up: statements, isConcurrent }: Migration) =>
  apply(client, isConcurrent, statements, () =>
    client.command('INSERT INTO greenroom_migrations (version, name) VALUES ($1, $2)', [
      version,
      name,
    ]),
  );

const down = (client: PostgresClient, { version, down: statements, isConcurrent }: Migration) =>
  apply(client, isConcurrent, statements, () =>
    client.command('DELETE FROM greenroom_migrations WHERE version = $1', [version]),
  );

const apply = async (
  client: PostgresClient,
  isConcurrent = false,
  statements: readonly string[],
  note: () => Promise<unknown>,
): Promise<void> => {
  const all = async () => {
    for (const statement of statements) await client.command(statement);
    await note();
  };
  if (isConcurrent) return all();
  await client.command('BEGIN');
  try {
    await all();
    await client.command('COMMIT');
  } catch (error) {
    await client.command('ROLLBACK').catch(() => undefined);
    throw error;
  }
};

const LOCK_NOT_AVAILABLE = '55P03';
const DEADLOCK = '40P01';

const patiently = async (clock: Clock, step: () => Promise<void>): Promise<void> => {
  for (let tries = 1; ; tries += 1) {
    try {
      return await step();
    } catch (error) {
      const code = sqlStateOf(error);
      if ((code !== LOCK_NOT_AVAILABLE && code !== DEADLOCK) || tries === TRIES) throw error;
      await pause(clock, PAUSE_MS);
    }
  }
};

const newer = (present: number): StorageError =>
  new StorageError(
    `the tables are of version ${present}, newer than the ${LATEST} that this Greenroom knows: use a newer one`,
    {},
    'invalid_settings',
  );
