/** The floors of the stores on servers: what their drivers can do with nothing of ours around them. */
import pg from 'pg';
import { createClient } from 'redis';

export interface BareStore {
  /** The message, appended: no head, no index, no check. */
  message(id: string, json: string): Promise<unknown>;
  /** As many records and bytes as a store of ours writes for it, in one commit. */
  sameBytes(id: string, json: string): Promise<unknown>;
  close(): Promise<void>;
}

export interface BarePostgres extends BareStore {
  /** Bytes in the server's write-ahead log since it began, whoever wrote them. */
  walBytes(): Promise<number>;
}

const DIRECTORY = '/srv/project';

export const bareRedis = async (url: string): Promise<BareStore> => {
  const client = createClient({ url, RESP: 2 });
  await client.connect();
  let version = 0;
  return {
    message: (id, json) => client.rPush(`bare:${id}`, json),
    sameBytes: (id, json) => {
      const now = Date.now() * 1000;
      version += 1;
      return client
        .multi()
        .rPush(`b:${id}:messages`, json)
        .hSet(`b:${id}:state`, { version: String(version), updated_at: String(now) })
        .zAdd('b_by_update', { score: now, value: id })
        .zAdd(`b_by_update:${DIRECTORY}`, { score: now, value: id })
        .exec();
    },
    close: async () => client.destroy(),
  };
};

/**
 * Tables of the least that is written as ours are, record for record in the server's log: a head with two indexes, as
 * wide as one of forty columns (what stands between two columns that change is logged again), and an entry that
 * refers to it, for which the server locks the head.
 */
const OTHER_BYTES = 236;

const TABLES = `
CREATE TABLE bare_messages (id text, position bigint GENERATED ALWAYS AS IDENTITY, content json, PRIMARY KEY (id, position));
CREATE TABLE bare_heads (tenant text, id text, version bigint, updated_at timestamptz, directory text, others text,
  messages integer, PRIMARY KEY (tenant, id));
CREATE INDEX bare_updated ON bare_heads (tenant, updated_at);
CREATE INDEX bare_directory ON bare_heads (tenant, directory, updated_at);
CREATE TABLE bare_entries (tenant text, session_id text, position integer, role text, content json, sent_at timestamptz,
  sent_at_text text, PRIMARY KEY (tenant, session_id, position),
  FOREIGN KEY (tenant, session_id) REFERENCES bare_heads (tenant, id));`;

export const barePostgres = async (
  url: string,
  max: number,
  sessions: number,
): Promise<BarePostgres> => {
  const pool = new pg.Pool({ connectionString: url, max });
  await pool.query(TABLES);
  await pool.query(
    `INSERT INTO bare_heads SELECT 'default', 'bench-session-' || n, 1, now(), '${DIRECTORY}', repeat('x', ${OTHER_BYTES}), 0
     FROM generate_series(0, $1::integer - 1) AS n`,
    [sessions],
  );
  return {
    message: (id, json) =>
      pool.query({
        name: 'bare_message',
        text: 'INSERT INTO bare_messages (id, content) VALUES ($1, $2)',
        values: [id, json],
      }),
    sameBytes: (id, json) => {
      const { role, content, timestamp } = JSON.parse(json) as Record<string, string>;
      return pool.query({
        name: 'bare_entry',
        text: `WITH head AS (
  UPDATE bare_heads SET version = version + 1, messages = messages + 1, updated_at = clock_timestamp()
  WHERE tenant = 'default' AND id = $1 RETURNING messages - 1 AS position
)
INSERT INTO bare_entries SELECT 'default', $1, position, $2, $3, $4::timestamptz, $4::text FROM head`,
        values: [id, role, JSON.stringify(content), timestamp],
      });
    },
    walBytes: async () => {
      const asked = `SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0') AS bytes`;
      const { rows } = await pool.query<{ bytes: string }>(asked);
      return Number(rows[0]?.bytes);
    },
    close: () => pool.end(),
  };
};
