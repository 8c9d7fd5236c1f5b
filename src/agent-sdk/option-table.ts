/** What becomes of each option of the official SDK (0.3). The page of the docs and the checks both read this table. */

/** `refused`: to ignore it would give the program more rights, or another conversation, than it asked for. */
export type Fate =
  | { readonly is: 'honoured'; readonly how: string }
  | { readonly is: 'ignored'; readonly why: string }
  | { readonly is: 'refused'; readonly why: string };

const honoured = (how: string) => ({ is: 'honoured', how }) as const;
const ignored = (why: string) => ({ is: 'ignored', why }) as const;
const refused = (why: string) => ({ is: 'refused', why }) as const;

const NO_PROCESS = 'no process is started';
const NO_FILES = 'no settings of Claude Code are read';

export const OPTION_TABLE = {
  abortController: honoured('aborted: the turn is cancelled, and the loop throws an `AbortError`'),
  additionalDirectories: ignored('files outside of `cwd` are asked about: allow them by rules'),
  agent: refused('the main conversation has the options themselves: give systemPrompt and tools'),
  agentProgressSummaries: ignored('there are no such messages'),
  agents: honoured(
    '`description`, `prompt`, `tools`, `model`; fields that restrict an agent in another way are refused',
  ),
  allowDangerouslySkipPermissions: honoured('needed for `bypassPermissions`'),
  allowedTools: honoured('permission rules of the session'),
  betas: ignored('requests have no beta headers'),
  canUseTool: honoured('asked for sub-agents too; without it, what would be asked is denied'),
  continue: honoured('the session of this `cwd` that was changed last; without one, a new one'),
  cwd: honoured('default: the working directory of the process'),
  debug: ignored(NO_PROCESS),
  debugFile: ignored(NO_PROCESS),
  disallowedTools: honoured('permission rules; a bare name is not offered either'),
  effort: honoured('of each turn'),
  enableFileCheckpointing: ignored('files are not kept: `rewindFiles` is not there'),
  env: honoured(
    'in the place of `process.env`: `ANTHROPIC_API_KEY`, `ANTHROPIC_BASE_URL` and `GREENROOM_…`, where `query` starts its own Greenroom; commands do not see it',
  ),
  executable: ignored(NO_PROCESS),
  executableArgs: ignored(NO_PROCESS),
  extraArgs: refused('arguments of a command line may hold rules: give options'),
  fallbackModel: honoured('asked for the rest of a turn when `model` does not answer'),
  forkSession: honoured('with `resume` or `continue`'),
  forwardSubagentText: honoured(
    'messages of sub-agents, with `parent_tool_use_id`, when their call has ended',
  ),
  hooks: honoured(
    'those of the events that there are here, for sub-agents too; a gate whose hook fails stays closed, unless `onFailure` is `continue`',
  ),
  includeHookEvents: ignored('there are no such messages: telemetry and audit have them'),
  includePartialMessages: honoured('`stream_event`; the input of a tool comes when it is whole'),
  loadTimeoutMs: ignored('there is no other store'),
  managedSettings: refused('settings may hold rules that deny: give disallowedTools'),
  maxBudgetUsd: honoured('of all turns of this `query`; the model must have a known price'),
  maxThinkingTokens: honoured('as `thinking`; 0: none'),
  maxTurns: honoured('model calls of each turn'),
  mcpServers: honoured(
    '`stdio`, `http`, `sse`, and `sdk` made by `createSdkMcpServer`; with `greenroom` only `sdk`, the others are refused: it has its own (`mcpFile`)',
  ),
  mcpServersDelivery: ignored(NO_PROCESS),
  model: honoured('a full name; `sonnet`, `opus`, `haiku`, `fable`: the newest of that family'),
  onElicitation: ignored('questions of servers are declined'),
  onUserDialog: ignored('there are no dialogs'),
  outputFormat: honoured('`structured_output` of the result'),
  pathToClaudeCodeExecutable: ignored(NO_PROCESS),
  perTaskStopAffordance: ignored('an interrupt ends the turn with its sub-agents'),
  permissionMode: honoured('all but `auto`, which is refused'),
  permissionPromptToolName: refused('a tool that decides is not done here: give canUseTool'),
  permissionPrompts: honoured('`none`: what would be asked is denied'),
  persistSession: honoured('`false`: the session is in memory, or is deleted when the query ends'),
  planModeInstructions: ignored('plan mode has its own words'),
  pluginDelivery: ignored(NO_PROCESS),
  plugins: refused('plugins may bring hooks and rules: give these'),
  projectConfigRoot: ignored(NO_FILES),
  promptSuggestions: ignored('there are no such messages'),
  resume: honoured('the session takes the options of this `query`; its system prompt stays'),
  resumeDropsTurn: refused('turns are not taken back: fork the session'),
  resumeSessionAt: refused('turns are not taken back: fork the session'),
  sandbox: refused('set GREENROOM_SANDBOX for all sessions'),
  sessionId: honoured('of a new session'),
  sessionStore: refused('Greenroom keeps the session: leave it out'),
  sessionStoreFlush: ignored('there is no other store'),
  settingSources: refused(
    'Claude Code’s settings are not read, and may hold rules that deny: give [], and disallowedTools',
  ),
  settings: refused('settings may hold rules that deny: give disallowedTools'),
  skills: ignored('there are no skills'),
  spawnClaudeCodeProcess: refused('no process is started: nothing would run where this puts it'),
  stderr: ignored(NO_PROCESS),
  strictMcpConfig: ignored('no other configuration of servers than Greenroom’s own is read'),
  supportedDialogKinds: ignored('there are no dialogs'),
  systemPrompt: honoured(
    'a text, a list of texts, `custom`; of the preset, whose text is not here, `append` alone',
  ),
  taskBudget: ignored('use `maxBudgetUsd`'),
  thinking: honoured('of each turn; `enabled` without `budgetTokens` is `adaptive`'),
  title: honoured('of a new session'),
  toolAliases: refused(
    'a call would run elsewhere than it is meant to: deny the tool by disallowedTools',
  ),
  toolConfig: ignored('questions have no previews'),
  tools: honoured(
    'which of the built-in tools are offered, and tools of the API by their types; the preset: all',
  ),
  verbatimPrompts: ignored('always so: prompts are sent as they are'),
} as const satisfies Readonly<Record<string, Fate>>;

export type OptionName = keyof typeof OPTION_TABLE;
