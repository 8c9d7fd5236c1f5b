/** The options of `query`: their types by the names of the official SDK, and what a query makes of them. `check-options.ts` checks them. */
import type { Effort, OutputFormat, Thinking } from '../model/answering.ts';
import type { AgentHost, HostFunctions } from './host.ts';
import type { PermissionMode } from './messages.ts';
import type { OptionName } from './option-table.ts';
import type { McpSdkServerConfigWithInstance } from './tools.ts';

export interface PermissionUpdate {
  type: 'addRules';
  rules: { toolName: string; ruleContent?: string }[];
  behavior: 'allow';
  destination: 'session';
}

export type PermissionResult =
  | {
      behavior: 'allow';
      updatedInput?: Record<string, unknown>;
      /** What is a `PermissionUpdate` of this module is applied, all else is logged. */
      updatedPermissions?: readonly unknown[];
    }
  | { behavior: 'deny'; message: string; interrupt?: boolean };

/** null: it is answered by another way (`approve`), and waits for that. */
export type CanUseTool = (
  toolName: string,
  input: Record<string, unknown>,
  options: {
    signal: AbortSignal;
    suggestions: PermissionUpdate[];
    toolUseID: string;
    requestId: string;
    decisionReason: string;
    /** The sub-agent's session, if it is one's call. */
    agentID?: string;
  },
) => Promise<PermissionResult | null>;

/** The fields of the event too, by the names that the official SDK has for them; `transcript_path` is null. */
export interface HookInput {
  session_id: string;
  hook_event_name: string;
  cwd: string;
  permission_mode?: string;
  [field: string]: unknown;
}

/** As methods are compared: a program's function may say which event's input it takes. */
export type HookCallback = {
  call(
    input: HookInput,
    toolUseID: string | undefined,
    options: { signal: AbortSignal },
  ): Promise<object>;
}['call'];

export interface HookCallbackMatcher {
  matcher?: string;
  hooks: HookCallback[];
  /** In seconds. */
  timeout?: number;
  onFailure?: 'block' | 'continue';
}

export interface AgentDefinition {
  description: string;
  prompt: string;
  tools?: string[];
  model?: string;
}

export type McpServerConfig =
  | {
      type?: 'stdio';
      command: string;
      args?: string[];
      env?: Record<string, string>;
      timeout?: number;
    }
  | {
      type: 'http' | 'sse';
      url: string;
      headers?: Record<string, string>;
      timeout?: number;
    }
  | McpSdkServerConfigWithInstance;

interface Honoured {
  abortController?: AbortController | undefined;
  agents?: Readonly<Record<string, AgentDefinition>> | undefined;
  allowDangerouslySkipPermissions?: boolean | undefined;
  allowedTools?: readonly string[] | undefined;
  canUseTool?: CanUseTool | undefined;
  continue?: boolean | undefined;
  cwd?: string | undefined;
  disallowedTools?: readonly string[] | undefined;
  effort?: Effort | undefined;
  env?: Readonly<Record<string, string | undefined>> | undefined;
  fallbackModel?: string | undefined;
  forkSession?: boolean | undefined;
  hooks?: Readonly<Partial<Record<string, readonly HookCallbackMatcher[]>>> | undefined;
  forwardSubagentText?: boolean | undefined;
  includePartialMessages?: boolean | undefined;
  maxBudgetUsd?: number | undefined;
  maxThinkingTokens?: number | undefined;
  maxTurns?: number | undefined;
  mcpServers?: Readonly<Record<string, McpServerConfig>> | undefined;
  model?: string | undefined;
  outputFormat?: OutputFormat | undefined;
  permissionMode?: PermissionMode | undefined;
  permissionPrompts?: 'host' | 'none' | undefined;
  persistSession?: boolean | undefined;
  resume?: string | undefined;
  sessionId?: string | undefined;
  systemPrompt?:
    | string
    | readonly string[]
    | { type: 'custom'; prompt: string | readonly string[] }
    | { type: 'preset'; preset: 'claude_code'; append?: string }
    | undefined;
  thinking?:
    | Exclude<Thinking, { type: 'enabled' }>
    | { type: 'enabled'; budgetTokens?: number; display?: 'summarized' | 'omitted' }
    | undefined;
  title?: string | undefined;
  tools?: readonly string[] | { type: 'preset'; preset: 'claude_code' } | undefined;
}

/** Options that the official SDK has not. */
export interface Own {
  /** A running one for all queries, which the program ends. Default: one that queries of this process share while they run. */
  greenroom?: AgentHost | undefined;
  /** Folder of the default one; default: that of the configuration (`GREENROOM_DATA_DIR`). */
  dataDir?: string | undefined;
}

export type Options = Honoured &
  Own &
  Partial<Record<Exclude<OptionName, keyof Honoured>, unknown>>;

/** What no two Greenrooms have in common: a query that wants others cannot share one. */
export interface RoomParts {
  readonly dataDir: string | undefined;
  readonly inMemory: boolean;
  readonly env: Readonly<Record<string, string | undefined>> | undefined;
  readonly mcpServers: Readonly<Record<string, unknown>>;
  readonly agents: Readonly<Record<string, unknown>>;
  /** Absolute; where servers that are programs start. undefined: there are none. */
  readonly cwd: string | undefined;
}

/** Options as a query works with them. */
export interface CheckedOptions {
  readonly host: AgentHost | undefined;
  readonly room: RoomParts;
  readonly functions: Omit<HostFunctions, 'canUseTool'>;
  /** Of the servers whose tools are functions. */
  readonly ownServers: readonly string[];
  readonly mayBypass: boolean;
  /** undefined: what would be asked is denied. */
  readonly canUseTool: CanUseTool | undefined;
  readonly abort: AbortSignal | undefined;
  readonly session: {
    readonly named: string | undefined;
    readonly resume: string | undefined;
    readonly isContinued: boolean;
    readonly isForked: boolean;
    readonly isKept: boolean;
  };
  readonly settings: {
    readonly title: string | undefined;
    readonly systemPrompt: string | undefined;
    readonly workingDirectory: string;
    readonly permissionMode: PermissionMode;
    readonly allowedTools: readonly string[];
    readonly disallowedTools: readonly string[];
    readonly fallbackModel: string | undefined;
    /** Built-in ones; undefined: all. */
    readonly tools: readonly string[] | undefined;
  };
  readonly turn: {
    readonly model: string | undefined;
    readonly thinking: Thinking | undefined;
    readonly effort: Effort | undefined;
    readonly outputFormat: OutputFormat | undefined;
    readonly maxTurns: number | undefined;
    readonly maxBudgetUsd: number | undefined;
    readonly isStreamed: boolean;
    /** Messages of sub-agents come too. */
    readonly isForwarded: boolean;
  };
  /** One sentence for each thing that has no effect. */
  readonly warnings: readonly string[];
}
