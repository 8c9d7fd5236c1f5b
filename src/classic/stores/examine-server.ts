/** What the server of a store is, and what it does not promise: for `greenroom doctor --store`. */

import { GreenroomError } from '../../model/errors.ts';
import { systemClock } from '../../otp/system-clock.ts';
import { versionOf } from './postgres/migrate.ts';
import { PostgresPool } from './postgres/postgres-pool.ts';
import { LATEST } from './postgres/schema.ts';
import { durabilityOf, weaknessOf } from './redis/durability.ts';
import { redisLink } from './redis/redis-client.ts';
import { CallDeadlines } from './shared/deadlines.ts';

export interface ServerFindings {
  readonly finding: string;
  /** What can be lost, or does not work yet. */
  readonly weakness?: string;
  readonly whatToDo?: string;
}

const WITHIN_MS = 5_000;
const OLDEST_REDIS = 7;
const OLDEST_POSTGRES = 15;

/** Throws what the store itself would throw. */
export const examineServer = async (url: string): Promise<ServerFindings> => {
  if (/^rediss?:/.test(url)) return examineRedis(url);
  if (/^postgres(ql)?:/.test(url)) return examinePostgres(url);
  throw new GreenroomError(
    'invalid_request',
    'a server is named by a URL that begins with redis:, rediss: or postgres:',
  );
};

const examineRedis = async (url: string): Promise<ServerFindings> => {
  const link = redisLink(
    url,
    systemClock,
    new CallDeadlines(systemClock),
    WITHIN_MS,
    async () => {},
  );
  const client = await link.open();
  try {
    const info = String(await client.command('INFO', 'server'));
    const version = /redis_version:(\S+)/.exec(info)?.[1] ?? 'of unknown version';
    const durability = await durabilityOf(client);
    const weakness = weaknessOf(durability);
    const { appendonly = '?', appendfsync = '?' } = durability;
    const finding = `Redis ${version}, appendonly ${appendonly}, appendfsync ${appendfsync}`;
    if (Number.parseInt(version, 10) < OLDEST_REDIS)
      return { finding, weakness: 'too old', whatToDo: `use Redis ${OLDEST_REDIS} or newer` };
    const whatToDo = 'set "appendonly yes" and "appendfsync always" in its configuration';
    return weakness === undefined ? { finding } : { finding, weakness, whatToDo };
  } finally {
    link.destroy(client);
  }
};

const examinePostgres = async (url: string): Promise<ServerFindings> => {
  const deadlines = new CallDeadlines(systemClock);
  const onOpen = async () => {};
  const options = { url, clock: systemClock, deadlines, limitMs: WITHIN_MS, maxConnections: 1 };
  const pool = new PostgresPool({ ...options, onOpen });
  try {
    const dueMs = deadlines.dueIn(WITHIN_MS);
    const look = async (client: Parameters<Parameters<PostgresPool['use']>[0]>[0]) => ({
      settings: await client.command(
        `SELECT name, setting FROM pg_settings
         WHERE name IN ('server_version', 'fsync', 'synchronous_commit', 'full_page_writes')`,
      ),
      tables: await versionOf(client),
    });
    const { settings, tables } = await pool.use(look, dueMs, false);
    const values = Object.fromEntries(settings.map(({ name, setting }) => [name, setting]));
    return judgePostgres(values as Readonly<Record<string, string>>, tables);
  } finally {
    await pool.close(deadlines.dueIn(WITHIN_MS));
  }
};

const judgePostgres = (
  settings: Readonly<Record<string, string>>,
  tables: number,
): ServerFindings => {
  const { server_version: version = '0' } = settings;
  const held = tables === 0 ? 'no tables yet' : `tables of version ${tables}`;
  const finding = `PostgreSQL ${version}, ${held}`;
  if (Number.parseInt(version, 10) < OLDEST_POSTGRES)
    return { finding, weakness: 'too old', whatToDo: `use PostgreSQL ${OLDEST_POSTGRES} or newer` };
  const off = ['fsync', 'full_page_writes', 'synchronous_commit'].filter(
    (name) => settings[name] === 'off',
  );
  if (off.length > 0)
    return {
      finding,
      weakness: `${off.join(', ')} off: a crash of the server can lose what it has acknowledged`,
      whatToDo: `set ${off.map((name) => `${name} = on`).join(', ')}`,
    };
  if (tables === 0 || tables === LATEST) return { finding };
  return {
    finding,
    weakness: `this Greenroom needs version ${LATEST}`,
    whatToDo: 'call migratePostgres(url), or use the Greenroom that made them',
  };
};
