/**
 * What a session asks of hooks: to be run at an event, and what they say together. Owned here, implemented in `src/hooks`.
 *
 * The contract of command hooks is Claude Code's: what they are given, and what their exit codes and output mean.
 */

import type { SessionKey, TurnId } from '../../model/ids.ts';
import type { Asker } from '../../model/per-session.ts';
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
  /** What commands see as `CLAUDE_PROJECT_DIR`. Absolute; default `cwd`. */
  readonly projectFolder?: string | undefined;
  /** A file with the transcript, where there is one. Absent: hooks read `transcript_path: null`, for an empty file would be wrong. */
  readonly transcriptPath?: string | undefined;
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
  /**
   * Of several: deny, then ask, then allow. Absent: none of them decided. A deny means: the call is not made, the request
   * is answered so, the prompt is dropped, the turn (`Stop`, `SubagentStop`) goes on for another round, nothing is
   * compacted. Of a tool that has run nothing can be denied: what is said of it is in `context`.
   */
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
  /** For the session. */
  readonly title?: string | undefined;
  /** Of `SessionStart`: what is to be sent first. */
  readonly firstMessage?: string | undefined;
  /** Of an allowed `PermissionRequest`: updates of its rules and mode, as the Agent SDK has them. Not checked. */
  readonly permissionUpdates?: readonly Readonly<Record<string, unknown>>[] | undefined;
  readonly runs: readonly HookRun[];
}

export interface Hooks {
  /** false: records of hooks are to have no bodies of what went in and came out. */
  readonly keepsBodies: boolean;
  /** Why hooks that are configured do not run; absent: they run. */
  readonly isOff: string | undefined;
  /**
   * Whether some hook would run: most sessions have none, and nothing is waited for then. `wanted`: the session's own list of
   * events; absent or empty: all. `asker`: whose own hooks count too.
   */
  has(event: HookEvent, subject?: string, wanted?: readonly string[], asker?: Asker): boolean;
  /** Never rejects: what fails is in the verdict, and closes a gate. */
  run(call: HookCall): Promise<HookVerdict>;
}

/** The fields of an event, by the names that command hooks read on their standard input. */
export interface HookInput extends Readonly<Record<string, unknown>> {
  readonly session_id: string;
  readonly hook_event_name: HookEvent;
}

/**
 * A hook in an embedding program, of the shape of the Agent SDK's callbacks. It gives what a command would print as JSON,
 * or nothing. `signal` is aborted when it has taken too long. One that throws has failed.
 */
export type HookFunction = (
  input: HookInput,
  toolUseID: string | undefined,
  options: { readonly signal: AbortSignal },
) => unknown;

/** `block`: a hook that fails stops what it was asked about; the default of the gates. */
export type OnFailure = 'block' | 'continue';

export interface HookFunctionGroup {
  /** Default: all. */
  readonly matcher?: string | undefined;
  readonly onFailure?: OnFailure | undefined;
  /** In seconds. */
  readonly timeout?: number | undefined;
  readonly hooks: readonly HookFunction[];
}
export type HookFunctions = Readonly<Partial<Record<HookEvent, readonly HookFunctionGroup[]>>>;

export const hooksName = nameOf<Hooks>('hooks');
