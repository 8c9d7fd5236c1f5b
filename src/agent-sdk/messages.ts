/**
 * The messages of `query`, named as the official Agent SDK's (0.3). What is declared here is what comes; a test says that
 * each is assignable to the official type.
 */
import type {
  BetaMessage,
  BetaRawMessageStreamEvent,
  BetaUsage,
  MessageParam,
} from '../executor/models/api-types.ts';

export type UUID = `${string}-${string}-${string}-${string}-${string}`;

export type PermissionMode = 'default' | 'acceptEdits' | 'bypassPermissions' | 'plan' | 'dontAsk';

interface Addressed {
  uuid: UUID;
  session_id: string;
}

/** First of each turn. */
export interface SDKSystemMessage extends Addressed {
  type: 'system';
  subtype: 'init';
  agents: string[];
  /** `none`: the rehearsal model answers. */
  apiKeySource: 'ANTHROPIC_API_KEY' | 'none';
  /** Greenroom's version. */
  claude_code_version: string;
  cwd: string;
  /** Those that the model is offered. */
  tools: string[];
  mcp_servers: { name: string; status: string }[];
  model: string;
  permissionMode: PermissionMode;
  slash_commands: string[];
  output_style: string;
  skills: string[];
  plugins: { name: string; path: string }[];
}

export interface SDKAssistantMessage extends Addressed {
  type: 'assistant';
  message: BetaMessage;
  /** Of a sub-agent: the call that began it. Only with `forwardSubagentText`. */
  parent_tool_use_id: string | null;
  timestamp: string;
}

/** What a program sends, and what comes back: the results of tools. */
export interface SDKUserMessage {
  type: 'user';
  message: MessageParam;
  parent_tool_use_id: string | null;
  /** `false`: it is stored, and the model sees it in the next turn. */
  shouldQuery?: boolean;
  isSynthetic?: boolean;
  timestamp?: string;
  uuid?: UUID;
  session_id?: string;
}

/** Only with `includePartialMessages`. */
export interface SDKPartialAssistantMessage extends Addressed {
  type: 'stream_event';
  event: BetaRawMessageStreamEvent;
  parent_tool_use_id: null;
}

/** A model call failed and is made again: what was streamed of it is void. */
export interface SDKAPIRetryMessage extends Addressed {
  type: 'system';
  subtype: 'api_retry';
  attempt: number;
  max_retries: number;
  retry_delay_ms: number;
  error_status: number | null;
  error: 'rate_limit' | 'overloaded' | 'server_error' | 'unknown';
}

/** Older messages stand behind a summary from now on, in what the model sees. */
export interface SDKCompactBoundaryMessage extends Addressed {
  type: 'system';
  subtype: 'compact_boundary';
  compact_metadata: {
    trigger: 'manual' | 'auto';
    /** What the model would have read, about. */
    pre_tokens: number;
  };
}

/** A rule, a mode or a hook has refused a tool call. */
export interface SDKPermissionDeniedMessage extends Addressed {
  type: 'system';
  subtype: 'permission_denied';
  tool_name: string;
  tool_use_id: string;
  message: string;
}

export interface SDKPermissionDenial {
  tool_name: string;
  tool_use_id: string;
  tool_input: Record<string, unknown>;
}

export interface ModelUsage {
  inputTokens: number;
  outputTokens: number;
  thinkingTokens?: number;
  cacheReadInputTokens: number;
  cacheCreationInputTokens: number;
  cacheCreationEphemeral5mInputTokens: number;
  cacheCreationEphemeral1hInputTokens: number;
  webSearchRequests: number;
  /** 0 where the price is not known: see `costBasis`. */
  costUSD: number;
  /** 0: it is not known here. */
  contextWindow: number;
  /** 0: it is not known here. */
  maxOutputTokens: number;
  costBasis: 'list' | 'unknown';
}

export type NonNullableUsage = {
  [K in keyof BetaUsage]: K extends 'fallback_credit' ? BetaUsage[K] : NonNullable<BetaUsage[K]>;
};

interface ResultFields extends Addressed {
  type: 'result';
  /** Of the turn. */
  duration_ms: number;
  /** Of it: waiting for the model. */
  duration_api_ms: number;
  is_error: boolean;
  /** Model calls of the turn that were answered. */
  num_turns: number;
  stop_reason: string | null;
  /** Of all turns of this `query` so far, sub-agents included. */
  total_cost_usd: number;
  /** Of the turn, without sub-agents. */
  usage: NonNullableUsage;
  /** By model, of all turns of this `query` so far, sub-agents included. */
  modelUsage: Record<string, ModelUsage>;
  permission_denials: SDKPermissionDenial[];
}

export interface SDKResultSuccess extends ResultFields {
  subtype: 'success';
  result: string;
  structured_output?: unknown;
}

export interface SDKResultError extends ResultFields {
  subtype: 'error_during_execution' | 'error_max_turns' | 'error_max_budget_usd';
  errors: string[];
}

/** Last of each turn. */
export type SDKResultMessage = SDKResultSuccess | SDKResultError;

export type SDKMessage =
  | SDKSystemMessage
  | SDKAssistantMessage
  | SDKUserMessage
  | SDKPartialAssistantMessage
  | SDKAPIRetryMessage
  | SDKCompactBoundaryMessage
  | SDKPermissionDeniedMessage
  | SDKResultMessage;

/** A short name of a model, and what it stands for now. */
export interface ModelInfo {
  value: string;
  resolvedModel: string;
  displayName: string;
  description: string;
}

export interface AgentInfo {
  name: string;
  description: string;
  model?: string;
}

export interface McpServerStatus {
  name: string;
  status: 'connected' | 'failed' | 'pending';
  error?: string;
}

export interface AccountInfo {
  apiKeySource: 'ANTHROPIC_API_KEY' | 'none';
  apiProvider?: 'firstParty';
}

/** Of lists that are empty here there is nothing. */
export interface InitializationResult {
  commands: { name: string; description: string; argumentHint: string }[];
  agents: AgentInfo[];
  output_style: string;
  available_output_styles: string[];
  models: ModelInfo[];
  account: AccountInfo;
  claude_code_version: string;
}
