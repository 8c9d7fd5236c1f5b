/**
 * What is known of a session beside its messages, one row each in tables of their own: how tool calls went, which hooks
 * ran, what was allowed or denied, what was archived, and how the sums stood at some moment.
 */
import { z } from 'zod';
import { GreenroomError } from '../../../model/errors.ts';

const json = z.record(z.string(), z.unknown()).default(() => ({}));
const name = z.string().min(1).max(255);
const moment = z.iso.datetime({ offset: true });
const count = z.int().min(0);

const HookExecution = z.strictObject({
  turnId: z.string().optional(),
  /** `PreToolUse`, `PostToolUse`, … */
  hookType: z.string().min(1).max(50),
  toolUseId: name.optional(),
  inputData: json,
  outputData: json,
  continueExecution: z.boolean().default(true),
  executedAt: moment.optional(),
});

const PermissionDecision = z.strictObject({
  turnId: z.string().optional(),
  toolUseId: name.optional(),
  toolName: name,
  inputData: json,
  context: json,
  decision: z.enum(['allow', 'deny']),
  reason: z.string().optional(),
  interrupted: z.boolean().default(false),
  decidedAt: moment.optional(),
});

/** What is not known is left out: what is known already stays. */
const ToolCall = z.strictObject({
  toolUseId: z.string().min(1),
  toolName: z.string().min(1),
  turnId: z.string().optional(),
  durationMs: count.optional(),
  retries: count.optional(),
  hookPreData: z.record(z.string(), z.unknown()).optional(),
  hookPostData: z.record(z.string(), z.unknown()).optional(),
  permissionDecision: z.enum(['allow', 'deny', 'not_checked']).optional(),
  permissionReason: z.string().optional(),
  isError: z.boolean().optional(),
  status: z.string().min(1).max(50).optional(),
});

const MetricsSnapshot = z.strictObject({
  snapshotAt: moment.optional(),
  totalMessages: count,
  totalToolCalls: count.default(0),
  totalHookExecutions: count.default(0),
  totalPermissionChecks: count.default(0),
  totalErrors: count.default(0),
  totalRetries: count.default(0),
  totalCostUsd: z.number().min(0),
  totalInputTokens: count.default(0),
  totalOutputTokens: count.default(0),
  totalCacheCreationTokens: count.default(0),
  totalCacheReadTokens: count.default(0),
  durationMs: count.default(0),
  avgToolDurationMs: count.optional(),
});

/** One per session: a later one takes the place of the earlier. */
const Archive = z.strictObject({
  archivePath: z.string().min(1),
  sizeBytes: count,
  compression: z.string().min(1).max(20).default('gzip'),
  manifest: json,
  status: z.string().min(1).max(50).default('pending'),
  errorMessage: z.string().optional(),
  archivedAt: moment.optional(),
});

export const SessionRecords = z.strictObject({
  toolCalls: z.array(ToolCall).optional(),
  hookExecutions: z.array(HookExecution).optional(),
  permissionDecisions: z.array(PermissionDecision).optional(),
  metricsSnapshots: z.array(MetricsSnapshot).optional(),
  archive: Archive.optional(),
});
export type SessionRecords = z.input<typeof SessionRecords>;

/** What one statement takes: rows of a table, as JSON. */
export interface RecordBatch {
  readonly text: string;
  readonly rows: string;
}

/** Throws `invalid_request` that names the field. */
export const recordBatches = (records: SessionRecords): readonly RecordBatch[] => {
  const checked = SessionRecords.safeParse(records);
  if (!checked.success) {
    const [issue] = checked.error.issues;
    throw new GreenroomError('invalid_request', `${issue?.path.join('.')}: ${issue?.message}`);
  }
  const { toolCalls, hookExecutions, permissionDecisions, metricsSnapshots, archive } =
    checked.data;
  return [
    ...batchOf(upsert('tool_calls', TOOL_CALLS, 'tool_use_id'), toolCalls),
    ...batchOf(insert('hook_executions', HOOKS), hookExecutions),
    ...batchOf(insert('permission_decisions', PERMISSIONS), permissionDecisions),
    ...batchOf(insert('session_metrics_snapshots', METRICS), metricsSnapshots),
    ...batchOf(upsert('working_directory_archives', ARCHIVES), archive && [archive]),
    ...batchOf(
      COUNT,
      hookExecutions || permissionDecisions
        ? [{ hooks: hookExecutions?.length ?? 0, checks: permissionDecisions?.length ?? 0 }]
        : undefined,
    ),
    ...(archive === undefined ? [] : batchOf(LINK, [{}])),
  ];
};

type Columns = Readonly<Record<string, string>>;

const HOOKS: Columns = {
  turn_id: 'text',
  hook_type: 'text',
  tool_use_id: 'text',
  input_data: 'jsonb',
  output_data: 'jsonb',
  continue_execution: 'boolean',
  executed_at: 'timestamptz',
};
const PERMISSIONS: Columns = {
  turn_id: 'text',
  tool_use_id: 'text',
  tool_name: 'text',
  input_data: 'jsonb',
  context: 'jsonb',
  decision: 'text',
  reason: 'text',
  interrupted: 'boolean',
  decided_at: 'timestamptz',
};
const TOOL_CALLS: Columns = {
  tool_use_id: 'text',
  tool_name: 'text',
  turn_id: 'text',
  duration_ms: 'integer',
  retries: 'integer',
  hook_pre_data: 'jsonb',
  hook_post_data: 'jsonb',
  permission_decision: 'text',
  permission_reason: 'text',
  is_error: 'boolean',
  status: 'text',
};
const METRICS: Columns = {
  snapshot_at: 'timestamptz',
  total_messages: 'integer',
  total_tool_calls: 'integer',
  total_hook_executions: 'integer',
  total_permission_checks: 'integer',
  total_errors: 'integer',
  total_retries: 'integer',
  total_cost_usd: 'numeric',
  total_input_tokens: 'bigint',
  total_output_tokens: 'bigint',
  total_cache_creation_tokens: 'bigint',
  total_cache_read_tokens: 'bigint',
  duration_ms: 'bigint',
  avg_tool_duration_ms: 'integer',
};
const ARCHIVES: Columns = {
  archive_path: 'text',
  size_bytes: 'bigint',
  compression: 'text',
  manifest: 'jsonb',
  status: 'text',
  error_message: 'text',
  archived_at: 'timestamptz',
};

/** Columns that have a default of their own in the table, for what a record leaves out. */
const DEFAULTS: Columns = {
  executed_at: 'clock_timestamp()',
  decided_at: 'clock_timestamp()',
  snapshot_at: 'clock_timestamp()',
  retries: '0',
};

const given = (columns: Columns): string =>
  `jsonb_to_recordset($3::jsonb) AS given (${Object.entries(columns)
    .map(([column, type]) => `${column} ${type}`)
    .join(', ')})`;

const insert = (table: string, columns: Columns): string => {
  const values = Object.keys(columns).map((column) => {
    const value = `given.${column}`;
    if (table === 'tool_calls' && column === 'status') return `coalesce(${value}, 'pending')`;
    return column in DEFAULTS ? `coalesce(${value}, ${DEFAULTS[column]})` : value;
  });
  return `INSERT INTO ${table} AS old (tenant, session_id, ${Object.keys(columns).join(', ')})
SELECT $1, $2, ${values.join(', ')} FROM ${given(columns)}`;
};

/** @param key beside the session, what makes a row the same. */
const upsert = (table: string, columns: Columns, ...key: readonly string[]): string => {
  const rest = Object.keys(columns).filter((column) => !key.includes(column));
  const set = rest.map((column) => `${column} = coalesce(${mergedFrom(column)}, old.${column})`);
  return `${insert(table, columns)}
ON CONFLICT (${['tenant', 'session_id', ...key].join(', ')}) DO UPDATE SET ${set.join(', ')}`;
};

/** A default is no news about a call that is known already. */
const mergedFrom = (column: string): string => {
  if (column === 'retries') return `nullif(EXCLUDED.retries, 0)`;
  return column === 'status' ? `nullif(EXCLUDED.status, 'pending')` : `EXCLUDED.${column}`;
};

const COUNT = `UPDATE sessions SET total_hook_executions = total_hook_executions + given.hooks,
  total_permission_checks = total_permission_checks + given.checks
FROM ${given({ hooks: 'integer', checks: 'integer' })} WHERE tenant = $1 AND id = $2`;

const LINK = `UPDATE sessions SET archive_id = archive.id
FROM working_directory_archives AS archive, jsonb_array_elements($3::jsonb)
WHERE archive.tenant = $1 AND archive.session_id = $2 AND sessions.tenant = $1 AND sessions.id = $2`;

const batchOf = (
  text: string,
  records: readonly Readonly<Record<string, unknown>>[] | undefined,
): readonly RecordBatch[] =>
  records === undefined || records.length === 0
    ? []
    : [{ text, rows: JSON.stringify(records.map(snakeCase), withoutNul) }];

const snakeCase = (record: Readonly<Record<string, unknown>>) =>
  Object.fromEntries(
    Object.entries(record).map(([field, value]) => [
      field.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
      value,
    ]),
  );

/** `jsonb` cannot hold U+0000. */
const withoutNul = (_: string, value: unknown): unknown =>
  typeof value === 'string' ? value.replaceAll('\0', '') : value;
