/**
 * What PostgreSQL is asked. Each change is one statement, or one transaction that begins with the same gate:
 *
 * 1. It takes the session's lock, then looks at the clock: past the time at which its caller gave up it changes
 *    nothing. So whoever holds the lock knows that nothing older is still to come.
 * 2. The version is compared in the UPDATE itself.
 *
 * The first parameters are the same everywhere: $1 tenant, $2 session, $3 last moment, $4 expected version.
 */
import {
  HEAD_COLUMNS,
  MESSAGE_COLUMNS,
  MESSAGE_TYPES,
  METADATA_COLUMNS,
  METADATA_TYPES,
  PLAIN_COLUMNS,
  READ_COLUMNS,
} from './rows.ts';

export interface Statement {
  /** Prepared under this name, once per connection. */
  readonly name: string;
  readonly text: string;
}

const LOCK = `pg_advisory_xact_lock(hashtextextended($1::text || '/' || $2::text, 0))`;

/** Milliseconds since the epoch on the server's clock. */
const IN_TIME = 'moment.at < to_timestamp($3::double precision / 1000)';

const GATE = `WITH gate AS MATERIALIZED (SELECT ${LOCK}),
moment AS MATERIALIZED (SELECT clock_timestamp() AS at FROM gate)`;

/**
 * The gate of a session that is there, as a condition: with common table expressions, an append would take a quarter
 * longer. CASE has the lock taken before the clock is read. A session that is not there, or is of another version,
 * is passed over without the lock: so "nothing changed" is settled by whoever takes it next (`lock`, `diagnose`).
 */
const IS_IT = `s.tenant = $1 AND s.id = $2 AND ($4::bigint IS NULL OR s.version = $4::bigint)
  AND CASE WHEN ${LOCK}::text IS NOT NULL THEN clock_timestamp() END < to_timestamp($3::double precision / 1000)`;

/** Later than the last one, whatever the clock says. */
const STAMP = `version = s.version + 1,
  updated_at = greatest(clock_timestamp(), s.updated_at + interval '1 microsecond')`;

const parameters = (first: number, count: number): readonly string[] =>
  Array.from({ length: count }, (_, at) => `$${first + at}`);

/** Where nothing else tells PostgreSQL the types. */
const typed = (types: Readonly<Record<string, string>>, first: number): string =>
  Object.values(types)
    .map((type, at) => `$${first + at}::${type}`)
    .join(', ');

/** One list of text for each column of a message. */
const lists = (first: number): string =>
  parameters(first, MESSAGE_COLUMNS.length)
    .map((parameter) => `${parameter}::text[]`)
    .join(', ');

/** The other way. */
const casts = (from: string): string =>
  Object.entries(MESSAGE_TYPES)
    .map(([name, type]) => `${from}${name}::${type}`)
    .join(', ');

const METADATA = METADATA_COLUMNS.join(', ');
const METADATA_SET = METADATA_COLUMNS.map((name, at) => `${name} = $${5 + at}`).join(', ');

/** $2 sessions. In one order everywhere, so that two who need several never wait for each other. */
const LOCKS = `SELECT place, pg_advisory_xact_lock(key) FROM (
  SELECT place, hashtextextended($1::text || '/' || id, 0) AS key
  FROM unnest($2::text[]) WITH ORDINALITY AS asked (id, place) ORDER BY key
) AS sorted`;
const lock: Statement = { name: 'greenroom_lock', text: LOCKS };

const inTime: Statement = {
  name: 'greenroom_in_time',
  text: 'SELECT clock_timestamp() < to_timestamp($1::double precision / 1000) AS is_in_time',
};

/** What became of a change that changed nothing. */
const diagnose: Statement = {
  name: 'greenroom_diagnose',
  text: `SELECT (SELECT version FROM sessions WHERE tenant = $1 AND id = $2) AS version,
  clock_timestamp() < to_timestamp($3::double precision / 1000) AS is_in_time`,
};

const create: Statement = {
  name: 'greenroom_create',
  text: `${GATE}
INSERT INTO sessions (tenant, id, ${METADATA})
SELECT $1, $2, ${typed(METADATA_TYPES, 4)} FROM moment WHERE ${IN_TIME}
ON CONFLICT DO NOTHING`,
};

const HEAD = (also = '') => `WITH head AS (
  UPDATE sessions AS s SET ${STAMP}, total_messages = total_messages + 1${also}
  WHERE ${IS_IT}
  RETURNING s.total_messages - 1 AS position
)`;

const INSERT_MESSAGE = `INSERT INTO messages (tenant, session_id, position, ${MESSAGE_COLUMNS.join(', ')})
SELECT $1, $2, head.position, ${typed(MESSAGE_TYPES, 5)} FROM head`;

const append: Statement = {
  name: 'greenroom_append',
  text: `${HEAD()}
${INSERT_MESSAGE}`,
};

const PLAIN_TYPES = Object.fromEntries(PLAIN_COLUMNS.map((name) => [name, MESSAGE_TYPES[name]]));
/** With a third of the parameters less. */
const appendPlain: Statement = {
  name: 'greenroom_append_plain',
  text: `${HEAD()}
INSERT INTO messages (tenant, session_id, position, ${PLAIN_COLUMNS.join(', ')})
SELECT $1, $2, head.position, ${typed(PLAIN_TYPES, 5)} FROM head`,
};

/** $2 sessions, $3 last moments, $4 expected versions, then one list per column: several appends in one commit. */
const appendMany: Statement = {
  name: 'greenroom_append_many',
  text: `WITH given AS MATERIALIZED (
  SELECT * FROM unnest($2::text[], $3::double precision[], $4::bigint[], ${lists(5)})
    WITH ORDINALITY AS given (id, last_moment, expected, ${MESSAGE_COLUMNS.join(', ')}, place)
),
gate AS MATERIALIZED (${LOCKS}),
moment AS MATERIALIZED (SELECT clock_timestamp() AS at FROM (SELECT count(*) FROM gate) AS all_locked),
head AS (
  UPDATE sessions AS s SET ${STAMP}, total_messages = total_messages + 1
  FROM given, moment
  WHERE s.tenant = $1 AND s.id = given.id
    AND moment.at < to_timestamp(given.last_moment / 1000)
    AND (given.expected IS NULL OR s.version = given.expected)
  RETURNING given.place, s.id, s.total_messages - 1 AS position
),
stored AS (
  INSERT INTO messages (tenant, session_id, position, ${MESSAGE_COLUMNS.join(', ')})
  SELECT $1, head.id, head.position, ${casts('given.')} FROM head JOIN given USING (place)
)
SELECT place FROM head`,
};

const TOOLS_AT = 5 + MESSAGE_COLUMNS.length;
const [USE_ID, USE_NAME, USE_INPUT, RESULT_ID, RESULT_OUTPUT, RESULT_ERROR] = parameters(
  TOOLS_AT,
  6,
);

/** A message that uses tools, or brings their results. */
const appendTools: Statement = {
  name: 'greenroom_append_tools',
  text: `${HEAD(`, total_tool_calls = total_tool_calls + cardinality(${USE_ID}::text[])`)},
uses AS (
  INSERT INTO tool_calls (tenant, session_id, position, tool_use_id, tool_name, input)
  SELECT $1, $2, head.position, use.id, use.name, use.input::json
  FROM head, unnest(${USE_ID}::text[], ${USE_NAME}::text[], ${USE_INPUT}::text[]) AS use (id, name, input)
  ON CONFLICT DO NOTHING
),
results AS (
  UPDATE tool_calls AS call SET output = result.output::json, is_error = result.is_error,
    status = CASE WHEN result.is_error THEN 'failed' ELSE 'completed' END
  FROM head, unnest(${RESULT_ID}::text[], ${RESULT_OUTPUT}::text[], ${RESULT_ERROR}::boolean[])
    AS result (id, output, is_error)
  WHERE call.tenant = $1 AND call.session_id = $2 AND call.tool_use_id = result.id
)
${INSERT_MESSAGE}`,
};

const update: Statement = {
  name: 'greenroom_update',
  text: `UPDATE sessions AS s SET ${STAMP}, ${METADATA_SET} WHERE ${IS_IT}`,
};

const compact: Statement = {
  name: 'greenroom_compact',
  text: `UPDATE sessions AS s SET ${STAMP}, compaction_state = $5 WHERE ${IS_IT}`,
};

const remove: Statement = {
  name: 'greenroom_remove',
  text: `DELETE FROM sessions AS s WHERE ${IS_IT}`,
};

const FORKED = `${METADATA}, owner, title, description, summary, tags, tag_keys, total_messages,
  total_tool_calls, template_id`;
/** $3 the new session. */
const forkHead: Statement = {
  name: 'greenroom_fork_head',
  text: `INSERT INTO sessions (tenant, id, mode, ${FORKED})
SELECT tenant, $3, 'forked', ${FORKED}
FROM sessions WHERE tenant = $1 AND id = $2
ON CONFLICT DO NOTHING`,
};
const forkMessages: Statement = {
  name: 'greenroom_fork_messages',
  text: `INSERT INTO messages (tenant, session_id, position, ${MESSAGE_COLUMNS.join(', ')})
SELECT tenant, $3, position, ${MESSAGE_COLUMNS.join(', ')}
FROM messages WHERE tenant = $1 AND session_id = $2`,
};
const TOOL_COLUMNS =
  'position, turn_id, tool_use_id, tool_name, input, output, status, is_error, duration_ms, retries';
const forkTools: Statement = {
  name: 'greenroom_fork_tools',
  text: `INSERT INTO tool_calls (tenant, session_id, ${TOOL_COLUMNS})
SELECT tenant, $3, ${TOOL_COLUMNS} FROM tool_calls WHERE tenant = $1 AND session_id = $2`,
};

const SAVED = [...METADATA_COLUMNS, 'tags', 'tag_keys', 'description', 'summary', 'total_messages'];
/** $3 and on: the values of `SAVED`. */
const saveHead: Statement = {
  name: 'greenroom_save_head',
  text: `INSERT INTO sessions AS s (tenant, id, ${SAVED.join(', ')})
VALUES ($1, $2, ${parameters(3, SAVED.length).join(', ')})
ON CONFLICT (tenant, id) DO UPDATE SET ${SAVED.map((name) => `${name} = EXCLUDED.${name}`).join(', ')},
  version = s.version + 1, total_tool_calls = 0,
  updated_at = greatest(clock_timestamp(), s.updated_at + interval '1 microsecond')`,
};
const clearMessages: Statement = {
  name: 'greenroom_clear_messages',
  text: 'DELETE FROM messages WHERE tenant = $1 AND session_id = $2',
};
const clearTools: Statement = {
  name: 'greenroom_clear_tools',
  text: 'DELETE FROM tool_calls WHERE tenant = $1 AND session_id = $2',
};
/** $3 the first position, then one list per column. */
const insertMessages: Statement = {
  name: 'greenroom_insert_messages',
  text: `INSERT INTO messages (tenant, session_id, position, ${MESSAGE_COLUMNS.join(', ')})
SELECT $1, $2, $3::integer + place - 1, ${casts('')}
FROM unnest(${lists(4)})
  WITH ORDINALITY AS given (${MESSAGE_COLUMNS.join(', ')}, place)`,
};

const head: Statement = {
  name: 'greenroom_head',
  text: `SELECT ${[...HEAD_COLUMNS, ...METADATA_COLUMNS].join(', ')}
FROM sessions WHERE tenant = $1 AND id = $2`,
};

const messages: Statement = {
  name: 'greenroom_messages',
  text: `SELECT ${READ_COLUMNS.join(', ')} FROM messages
WHERE tenant = $1 AND session_id = $2 ORDER BY position`,
};

/** One row without a position: there are no messages in the range. */
const range: Statement = {
  name: 'greenroom_range',
  text: `SELECT position, ${READ_COLUMNS.map((name) => `m.${name}`).join(', ')}
FROM sessions AS s LEFT JOIN messages AS m ON m.tenant = s.tenant AND m.session_id = s.id
  AND m.position >= $3::bigint AND m.position < $4::bigint
WHERE s.tenant = $1 AND s.id = $2 ORDER BY position`,
};

const exists: Statement = {
  name: 'greenroom_exists',
  text: 'SELECT 1 FROM sessions WHERE tenant = $1 AND id = $2',
};

const list: Statement = {
  name: 'greenroom_list',
  text: 'SELECT id FROM sessions WHERE tenant = $1 ORDER BY updated_at DESC LIMIT $2::bigint',
};

/** By a digest: a path may be longer than an index takes. */
const listDirectory: Statement = {
  name: 'greenroom_list_directory',
  text: `SELECT id FROM sessions
WHERE tenant = $1 AND md5(working_directory) = md5($3::text) AND working_directory = $3
ORDER BY updated_at DESC LIMIT $2::bigint`,
};

/** A criterion that is null says nothing. Times in milliseconds, compared as such. */
const search: Statement = {
  name: 'greenroom_search',
  text: `SELECT id, total_cost_usd, model, working_directory, ${HEAD_COLUMNS.join(', ')} FROM sessions
WHERE tenant = $1
  AND ($2::text[] IS NULL OR tag_keys && $2)
  AND ($3::double precision IS NULL OR sessions.created_at >= to_timestamp($3 / 1000))
  AND ($4::double precision IS NULL OR sessions.created_at <= to_timestamp($4 / 1000))
  AND ($5::numeric IS NULL OR total_cost_usd >= $5)
  AND ($6::numeric IS NULL OR total_cost_usd <= $6)
ORDER BY sessions.updated_at DESC, id LIMIT $7::bigint`,
};

/** $2 milliseconds, $3 a tag that keeps, $4 how many at once. */
const cleanUp: Statement = {
  name: 'greenroom_clean_up',
  text: `DELETE FROM sessions WHERE tenant = $1 AND id IN (
  SELECT id FROM sessions
  WHERE tenant = $1 AND updated_at < to_timestamp($2::double precision / 1000) AND NOT $3::text = ANY (tag_keys)
  ORDER BY updated_at LIMIT $4::bigint FOR UPDATE SKIP LOCKED
)`,
};

export const STATEMENTS = {
  lock,
  inTime,
  diagnose,
  create,
  append,
  appendPlain,
  appendMany,
  appendTools,
  update,
  compact,
  remove,
  forkHead,
  forkMessages,
  forkTools,
  saveHead,
  clearMessages,
  clearTools,
  insertMessages,
  head,
  messages,
  range,
  exists,
  list,
  listDirectory,
  search,
  cleanUp,
} as const;
export type StatementName = keyof typeof STATEMENTS;
