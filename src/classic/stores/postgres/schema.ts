/**
 * The tables of the PostgreSQL store, as steps up and down. What is in them is for anybody with `psql`: one row
 * per session, message and tool call, nothing that holds a session whole.
 *
 * 1. A step runs in one transaction, but for indexes on filled tables: those are built beside running writers.
 * 2. A step that was interrupted can be made again.
 * 3. The columns and indexes are those of the classic documents; session ids are text under a tenant.
 * 4. Content is `json` and not `jsonb`: it comes back byte for byte, and may hold what `jsonb` cannot.
 * 5. Indexes that few rows need are partial, so that an append does not pay for them.
 * 6. Sessions get their primary key last. Statements are planned once, while the tables are all but empty; every
 *    index that begins with the tenant looks equally good then, and of such PostgreSQL takes the newest. One of the
 *    others would have each change read all sessions of its tenant, until the tables are analyzed.
 * 7. Modes are checked by a trigger, where they are set: PostgreSQL looks at the CHECK of a column with each change of
 *    a row, and reads its text anew each time, which took a tenth of an append.
 */

export interface Migration {
  readonly version: number;
  readonly name: string;
  readonly up: readonly string[];
  readonly down: readonly string[];
  /** Its statements cannot run inside a transaction. */
  readonly isConcurrent?: boolean;
}

const SESSION_KEY = `
  tenant text NOT NULL,
  session_id text NOT NULL,
  FOREIGN KEY (tenant, session_id) REFERENCES sessions (tenant, id) ON DELETE CASCADE`;

const SESSIONS: Migration = {
  version: 1,
  name: 'sessions, messages and tool calls',
  up: [
    `CREATE TABLE sessions (
  tenant text NOT NULL DEFAULT 'default',
  id text NOT NULL,
  version bigint NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL DEFAULT date_trunc('milliseconds', clock_timestamp()),
  updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  mode varchar(50) NOT NULL DEFAULT 'interactive',
  status varchar(50) NOT NULL DEFAULT 'idle',
  owner text,
  title text,
  description text,
  summary text,
  tags text[] NOT NULL DEFAULT '{}',
  tag_keys text[] NOT NULL DEFAULT '{}',
  model text NOT NULL,
  working_directory text NOT NULL,
  permission_mode varchar(50) NOT NULL DEFAULT 'default',
  allowed_tools jsonb NOT NULL DEFAULT '[]',
  disallowed_tools jsonb NOT NULL DEFAULT '[]',
  include_partial_messages boolean NOT NULL DEFAULT false,
  max_retries integer NOT NULL DEFAULT 3,
  retry_delay double precision NOT NULL DEFAULT 2.0,
  timeout_seconds integer NOT NULL DEFAULT 120,
  hooks_enabled jsonb NOT NULL DEFAULT '[]',
  custom_policies jsonb NOT NULL DEFAULT '[]',
  compaction_state json,
  num_turns integer NOT NULL DEFAULT 0,
  total_messages integer NOT NULL DEFAULT 0,
  total_tool_calls integer NOT NULL DEFAULT 0,
  total_hook_executions integer NOT NULL DEFAULT 0,
  total_permission_checks integer NOT NULL DEFAULT 0,
  total_errors integer NOT NULL DEFAULT 0,
  total_retries integer NOT NULL DEFAULT 0,
  total_cost_usd numeric(20,9) NOT NULL DEFAULT 0,
  input_tokens bigint,
  output_tokens bigint,
  cache_creation_input_tokens bigint,
  cache_read_input_tokens bigint,
  other_usage json NOT NULL DEFAULT '{}',
  template_id text
) WITH (fillfactor = 80)`,
    'CREATE INDEX idx_sessions_updated_at ON sessions (tenant, updated_at DESC)',
    'CREATE INDEX idx_sessions_working_directory ON sessions (tenant, md5(working_directory), updated_at DESC)',
    'ALTER TABLE sessions ADD PRIMARY KEY (tenant, id)',
    `CREATE FUNCTION greenroom_refuse_mode() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE check_violation USING MESSAGE = format('there is no mode %s, or no permission mode %s', NEW.mode, NEW.permission_mode);
END $$`,
    `CREATE TRIGGER sessions_modes AFTER INSERT OR UPDATE OF mode, permission_mode ON sessions FOR EACH ROW
  WHEN (NEW.mode NOT IN ('interactive', 'background', 'forked') OR NEW.permission_mode NOT IN ('default',
    'acceptEdits', 'plan', 'dontAsk', 'bypassPermissions', 'ask', 'enabled', 'disabled'))
  EXECUTE FUNCTION greenroom_refuse_mode()`,
    `CREATE TABLE messages (${SESSION_KEY},
  position integer NOT NULL,
  message_id text,
  role text,
  type text,
  content json,
  sent_at timestamptz,
  sent_at_text text,
  model text,
  thinking_content text,
  is_partial boolean NOT NULL DEFAULT false,
  parent_message_id text,
  other_fields json,
  PRIMARY KEY (tenant, session_id, position)
)`,
    'CREATE INDEX idx_messages_parent ON messages (parent_message_id) WHERE parent_message_id IS NOT NULL',
    'CREATE INDEX idx_messages_is_partial ON messages (is_partial) WHERE is_partial',
    `CREATE TABLE tool_calls (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),${SESSION_KEY},
  position integer,
  turn_id text,
  tool_use_id text NOT NULL,
  tool_name text NOT NULL,
  input json,
  output json,
  status varchar(50) NOT NULL DEFAULT 'pending',
  is_error boolean,
  duration_ms integer,
  retries integer NOT NULL DEFAULT 0,
  hook_pre_data jsonb,
  hook_post_data jsonb,
  permission_decision varchar(20) CHECK (permission_decision IN ('allow', 'deny', 'not_checked')),
  permission_reason text,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp()
)`,
    'CREATE UNIQUE INDEX idx_tool_calls_tool_use ON tool_calls (tenant, session_id, tool_use_id)',
    'CREATE INDEX idx_tool_calls_duration ON tool_calls (duration_ms)',
    'CREATE INDEX idx_tool_calls_permission ON tool_calls (permission_decision)',
  ],
  down: [
    'DROP TABLE tool_calls',
    'DROP TABLE messages',
    'DROP TABLE sessions',
    'DROP FUNCTION greenroom_refuse_mode',
  ],
};

const AUDIT: Migration = {
  version: 2,
  name: 'hooks, permissions, archives and metrics',
  up: [
    `CREATE TABLE hook_executions (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),${SESSION_KEY},
  turn_id text,
  hook_type varchar(50) NOT NULL,
  tool_use_id varchar(255),
  input_data jsonb NOT NULL,
  output_data jsonb NOT NULL,
  continue_execution boolean NOT NULL DEFAULT true,
  executed_at timestamptz NOT NULL DEFAULT clock_timestamp()
)`,
    'CREATE INDEX idx_hook_executions_session ON hook_executions (tenant, session_id, turn_id)',
    'CREATE INDEX idx_hook_executions_type ON hook_executions (hook_type)',
    'CREATE INDEX idx_hook_executions_executed_at ON hook_executions (executed_at)',
    `CREATE TABLE permission_decisions (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),${SESSION_KEY},
  turn_id text,
  tool_use_id varchar(255),
  tool_name varchar(255) NOT NULL,
  input_data jsonb NOT NULL,
  context jsonb NOT NULL,
  decision varchar(20) NOT NULL CHECK (decision IN ('allow', 'deny')),
  reason text,
  interrupted boolean NOT NULL DEFAULT false,
  decided_at timestamptz NOT NULL DEFAULT clock_timestamp()
)`,
    'CREATE INDEX idx_permission_decisions_session ON permission_decisions (tenant, session_id)',
    'CREATE INDEX idx_permission_decisions_tool ON permission_decisions (tool_name)',
    'CREATE INDEX idx_permission_decisions_decision ON permission_decisions (decision)',
    `CREATE TABLE working_directory_archives (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),${SESSION_KEY},
  archive_path text NOT NULL,
  size_bytes bigint NOT NULL,
  compression varchar(20) NOT NULL DEFAULT 'gzip',
  manifest jsonb NOT NULL,
  status varchar(50) NOT NULL DEFAULT 'pending',
  error_message text,
  archived_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  UNIQUE (tenant, session_id)
)`,
    'CREATE INDEX idx_archives_status ON working_directory_archives (status)',
    'CREATE INDEX idx_archives_created_at ON working_directory_archives (created_at)',
    `CREATE TABLE session_metrics_snapshots (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),${SESSION_KEY},
  snapshot_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  total_messages integer NOT NULL,
  total_tool_calls integer NOT NULL,
  total_hook_executions integer NOT NULL,
  total_permission_checks integer NOT NULL,
  total_errors integer NOT NULL,
  total_retries integer NOT NULL,
  total_cost_usd numeric(20,9) NOT NULL,
  total_input_tokens bigint NOT NULL,
  total_output_tokens bigint NOT NULL,
  total_cache_creation_tokens bigint NOT NULL,
  total_cache_read_tokens bigint NOT NULL,
  duration_ms bigint NOT NULL,
  avg_tool_duration_ms integer
)`,
    'CREATE INDEX idx_metrics_session ON session_metrics_snapshots (tenant, session_id)',
    'CREATE INDEX idx_metrics_snapshot_at ON session_metrics_snapshots (snapshot_at)',
    `ALTER TABLE sessions ADD COLUMN archive_id uuid
  REFERENCES working_directory_archives (id) ON DELETE SET NULL`,
  ],
  down: [
    'ALTER TABLE sessions DROP COLUMN archive_id',
    'DROP TABLE session_metrics_snapshots',
    'DROP TABLE working_directory_archives',
    'DROP TABLE permission_decisions',
    'DROP TABLE hook_executions',
  ],
};

const SEARCH_INDEXES: Readonly<Record<string, string>> = {
  idx_sessions_mode: `(mode) WHERE mode <> 'interactive'`,
  idx_sessions_permission_mode: `(permission_mode) WHERE permission_mode <> 'ask'`,
  idx_sessions_template_id: '(template_id) WHERE template_id IS NOT NULL',
  idx_sessions_archive_id: '(archive_id) WHERE archive_id IS NOT NULL',
  idx_sessions_tags: `USING gin (tag_keys) WHERE tag_keys <> '{}'`,
};

/** An index whose building was interrupted stays as an invalid one: it is dropped first. */
const INDEXES: Migration = {
  version: 3,
  name: 'indexes for searching',
  isConcurrent: true,
  up: Object.entries(SEARCH_INDEXES).flatMap(([name, on]) => [
    `DROP INDEX CONCURRENTLY IF EXISTS ${name}`,
    `CREATE INDEX CONCURRENTLY ${name} ON sessions ${on}`,
  ]),
  down: Object.keys(SEARCH_INDEXES).map((name) => `DROP INDEX CONCURRENTLY IF EXISTS ${name}`),
};

export const MIGRATIONS: readonly Migration[] = [SESSIONS, AUDIT, INDEXES];
export const LATEST = MIGRATIONS.length;
