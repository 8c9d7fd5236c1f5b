/**
 * What a session asks of hooks: to be run at an event, and what they say together. Owned here, implemented in `src/hooks`.
 *
 * The contract of command hooks is Claude Code's: what they are given, and what their exit codes and output mean.
 */

import type { SessionKey, TurnId } from '../../model/ids.ts';
import { nameOf } from '../../otp/name.ts';

/** Events that hooks can be for. The first three are gates: one that fails stops what it was asked about. */
export const HOOK_EVENTS = [
  'PreToolUse',
  'PermissionRequest',
  'UserPromptSubmit',
  'PostToolUse',
  'PostToolUseFailure',
  'Stop',
  'SubagentStop',
  'SessionStart',
  'SessionEnd',
  'PreCompact',
  'Notification',
] as const;
export type HookEvent = (typeof HOOK_EVENTS)[number];

export interface HookCall {
  readonly event: HookEvent;
  readonly key: SessionKey;
  readonly turnId?: TurnId | undefined;
  /** Absolute: where commands run. */
  readonly cwd: string;
  readonly permissionMode: string;
  /** What matchers are compared with: a tool's name, a source, a reason; absent: the event has none, and all match. */
  readonly subject?: string | undefined;
  /** Fields of the event, by the names that hooks read them with: `tool_name`, `tool_input`, `prompt`, … */
  readonly fields: Readonly<Record<string, unknown>>;
}

/** One hook's run, for the audit. */
export interface HookRun {
  /** As it is configured, without secrets: the command, the address, the subject, the name. */
  readonly hook: string;
  readonly ended:
    | 'ok'
    | 'blocked'
    | 'error'
    | 'could_not_start'
    | 'killed'
    | 'timeout'
    | 'bad_output';
  readonly durationMs: number;
  /** Whether what it was asked about goes on. */
  readonly goesOn: boolean;
  /** What it said, cut. */
  readonly said?: string | undefined;
}

/** What all hooks of an event say together. */
export interface HookVerdict {
  /** Of several: deny, then ask, then allow. Absent: none of them decided. */
  readonly decision?: 'allow' | 'ask' | 'deny' | undefined;
  /** Of the decision; what the model or the user hears. */
  readonly reason?: string | undefined;
  /** In place of the tool's input. */
  readonly input?: Readonly<Record<string, unknown>> | undefined;
  /** In place of what the tool said. */
  readonly output?: string | undefined;
  /** Texts that the model is to see besides. */
  readonly context: readonly string[];
  /** The turn ends, with this reason. */
  readonly stop?: string | undefined;
  readonly runs: readonly HookRun[];
}

export interface Hooks {
  /** Whether some hook would run: most sessions have none, and nothing is waited for then. `wanted`: the session's own list of events; absent or empty: all. */
  has(event: HookEvent, subject?: string, wanted?: readonly string[]): boolean;
  /** Never rejects: what fails is in the verdict, and closes a gate. */
  run(call: HookCall): Promise<HookVerdict>;
}

export const hooksName = nameOf<Hooks>('hooks');
