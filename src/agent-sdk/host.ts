/** What `query` needs of a Greenroom, and what it gives it for one session. */
import type { CanUseTool } from '../approvals/can-use-tool.ts';
import type { System } from '../otp/system.ts';
import type { HookFunctions } from '../session/ports/hooks.ts';
import type { SessionsApi } from '../session/verbs/api.ts';
import type { OwnTool } from '../tools/own/own-tool.ts';

export interface HostFunctions {
  readonly tools: readonly OwnTool[];
  readonly hooks: HookFunctions;
  readonly canUseTool: CanUseTool;
}

/** A Greenroom of this process, as `startGreenroom` returns it. */
export interface AgentHost {
  readonly api: SessionsApi;
  readonly system: System;
  /** @returns takes them back. */
  lend(sessionId: string, functions: HostFunctions): () => void;
  status(): { readonly provider: string };
}

export const isHost = (value: unknown): value is AgentHost =>
  typeof Object(value).lend === 'function' && typeof Object(value).api === 'object';
