/** Brings the tables of a database to another version: an operator runs it before a new release, or before going back. */
import { systemClock } from '../../../otp/system-clock.ts';
import { loadDriver } from '../shared/driver.ts';
import { migrate, versionOf } from './migrate.ts';
import { PostgresClient } from './postgres-pool.ts';
import { LATEST } from './schema.ts';

export interface MigrateOptions {
  /** A version of the tables; default: the newest. 0 removes them, with all that is in them. */
  readonly to?: number | undefined;
}

const CONNECT_WITHIN_MS = 10_000;

/** Resolves with the version before and after. Writers may go on meanwhile. */
export const migratePostgres = async (
  url: string,
  { to = LATEST }: MigrateOptions = {},
): Promise<{ readonly from: number; readonly to: number }> => {
  const driver = await loadDriver('migratePostgres', 'pg');
  const connection = new driver.default.Client({
    connectionString: url,
    connectionTimeoutMillis: CONNECT_WITHIN_MS,
  });
  connection.on('error', () => undefined); // the query under way rejects
  await connection.connect();
  try {
    const client = new PostgresClient(connection, 0);
    const from = await versionOf(client);
    await migrate(client, systemClock, to);
    return { from, to };
  } finally {
    await connection.end();
  }
};
