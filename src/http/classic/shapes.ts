/** What the older guide's programs get: its names and its links, with those of its aliases beside. */
import { hash } from 'node:crypto';
import type { SessionReplies, SessionsReplies } from '../../session/verbs/registry.ts';
import type { MessageView, SessionView } from '../../session/verbs/reply-schemas.ts';
import { ownPolicies, SDK_OPTIONS } from './requests.ts';

type ArchiveView = SessionsReplies['archives.get']['archive'];

export const SESSIONS_PATH = '/api/v1/sessions';

/** Defaults of the guide, shown of sessions that say nothing else. */
const DEFAULTS = { maxRetries: 3, delayMs: 2_000, timeoutMs: 120_000 };

export const sessionShape = (session: SessionView) => {
  const { sessionId, parent, usage, retry = {}, metadata = {}, lastError } = session;
  const { [SDK_OPTIONS]: sdkOptions = {}, ...own } = metadata as Readonly<Record<string, unknown>>;
  const counts = {
    hook_execution_count: session.hookExecutionCount ?? 0,
    permission_check_count: session.permissionCheckCount ?? 0,
    error_count: session.errorCount,
    retry_count: session.retryCount,
  };
  return {
    id: sessionId,
    user_id: session.owner ?? null,
    name: session.title ?? null,
    description: session.description ?? null,
    mode: session.mode ?? 'interactive',
    status: session.status,
    working_directory: session.workingDirectory ?? null,
    allowed_tools: session.allowedTools ?? [],
    system_prompt: session.systemPrompt ?? null,
    sdk_options: sdkOptions,
    include_partial_messages: session.includePartialMessages ?? true,
    max_retries: retry.maxRetries ?? DEFAULTS.maxRetries,
    retry_delay: (retry.delayMs ?? DEFAULTS.delayMs) / 1_000,
    timeout_seconds: (retry.timeoutMs ?? DEFAULTS.timeoutMs) / 1_000,
    hooks_enabled: session.hooks ?? [],
    permission_mode: session.permissionMode ?? 'default',
    custom_policies: ownPolicies(session.policies),
    parent_session_id: parent?.sessionId ?? null,
    is_fork: parent !== undefined,
    archive_id: session.archiveId ?? null,
    template_id: session.templateId ?? null,
    message_count: session.messageCount,
    tool_call_count: session.toolCallCount,
    ...counts,
    total_hook_executions: counts.hook_execution_count,
    total_permission_checks: counts.permission_check_count,
    total_errors: counts.error_count,
    total_retries: counts.retry_count,
    total_cost_usd: session.totalCostUsd,
    total_input_tokens: usage.inputTokens,
    total_output_tokens: usage.outputTokens,
    created_at: session.createdAt,
    updated_at: session.updatedAt,
    started_at: session.startedAt ?? null,
    completed_at: session.completedAt ?? null,
    error_message: lastError?.message ?? null,
    metadata: own,
    _links: linksOf(sessionId, parent?.sessionId),
  };
};

const linksOf = (sessionId: string, parentId: string | undefined) => ({
  self: `${SESSIONS_PATH}/${sessionId}`,
  ...(parentId === undefined ? {} : { parent: `${SESSIONS_PATH}/${parentId}` }),
  messages: `${SESSIONS_PATH}/${sessionId}/messages`,
});

/** A row of the guide's table of archives. */
export const archiveShape = (archive: ArchiveView) => {
  const { folder, error } = archive;
  return {
    id: archive.archiveId,
    session_id: archive.sessionId,
    archive_path: archive.archivePath ?? null,
    size_bytes: archive.sizeBytes ?? null,
    compression: archive.compression,
    manifest: folder === undefined ? {} : { files: folder.files, bytes: folder.bytes },
    status: archive.status,
    error_message: error?.message ?? null,
    archived_at: archive.archivedAt ?? null,
    created_at: archive.createdAt,
    updated_at: archive.updatedAt,
  };
};

export const messageShape = (sessionId: string, { seq, id, at, message, turnId }: MessageView) => ({
  id: id ?? `${sessionId}:${seq}`,
  session_id: sessionId,
  seq,
  turn_id: turnId ?? null,
  role: message.role,
  content: message.content,
  created_at: at,
});

export type AuditView = SessionReplies['audit']['audit'][number];

export const hookShape = (sessionId: string, record: AuditView, place: number) => {
  const { event, toolUseId, tool, turnId, hook, ended, said } = record.details ?? {};
  return {
    id: idOf(sessionId, record, place),
    session_id: sessionId,
    hook_type: event ?? null,
    tool_use_id: toolUseId ?? null,
    input_data: present({ tool_name: tool, turn_id: turnId }),
    output_data: present({ hook, ended, said }),
    continue_execution: record.action === 'allowed',
    executed_at: record.at,
  };
};

export const permissionShape = (sessionId: string, record: AuditView, place: number) => {
  const { tool, toolUseId, turnId, input, reason, interrupt } = record.details ?? {};
  return {
    id: idOf(sessionId, record, place),
    session_id: sessionId,
    tool_name: tool ?? null,
    input_data: inputOf(input),
    context: present({ turn_id: turnId, tool_use_id: toolUseId, decided_by: record.by }),
    decision: record.action === 'allowed' ? 'allow' : 'deny',
    reason: reason ?? null,
    interrupted: interrupt === true,
    decided_at: record.at,
  };
};

/** It is kept as text, and a long one is cut. */
const inputOf = (input: unknown): object => {
  if (typeof input !== 'string') return {};
  try {
    const value: unknown = JSON.parse(input);
    if (typeof value === 'object' && value !== null) return value;
  } catch {
    // it was cut
  }
  return { excerpt: input };
};

const present = (fields: Readonly<Record<string, unknown>>) =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));

/** The same for the same record, each time: it has no name of its own. @param place among those of its session. */
const idOf = (sessionId: string, { at, kind, action }: AuditView, place: number): string => {
  const digits = hash('sha256', `${sessionId} ${kind} ${action} ${at} ${place}`);
  const [a, b, c, d, e] = [
    [0, 8],
    [8, 12],
    [13, 16],
    [17, 20],
    [20, 32],
  ].map(([from, to]) => digits.slice(from, to));
  return `${a}-${b}-8${c}-8${d}-${e}`;
};

type Snapshot = SessionReplies['metrics']['snapshots'][number];

export const snapshotShape = (snapshot: Snapshot) => ({
  snapshot_at: snapshot.snapshotAt,
  total_messages: snapshot.totalMessages,
  total_tool_calls: snapshot.totalToolCalls,
  total_cost_usd: snapshot.totalCostUsd,
  total_input_tokens: snapshot.totalInputTokens,
  total_output_tokens: snapshot.totalOutputTokens,
  duration_ms: snapshot.durationMs,
});
