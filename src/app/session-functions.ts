/** What an embedding program may give one session: functions, which are never stored. */
import type { CanUseTool } from '../approvals/can-use-tool.ts';
import type { HookFunctions } from '../session/ports/hooks.ts';
import type { OwnTool } from '../tools/own/own-tool.ts';

/** Of one session and its sub-agents. */
export interface SessionFunctions {
  /** As tools. Here a name may also be one of an MCP server's tool (`mcp__…`). */
  readonly tools?: readonly OwnTool[] | undefined;
  /** Beside those of all sessions. */
  readonly hooks?: HookFunctions | undefined;
  /** Instead of the one of all sessions. */
  readonly canUseTool?: CanUseTool | undefined;
}
