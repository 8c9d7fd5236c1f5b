/** What a hook reads: the fields of all events, then those of its own. */
import type { HookCall, HookInput } from '../session/ports/hooks.ts';

/** A field of the event never takes the place of a common one. */
export const inputOf = (call: HookCall): HookInput => {
  const common = {
    session_id: call.key.sessionId,
    ...(call.turnId === undefined ? {} : { prompt_id: call.turnId }),
    transcript_path: call.transcriptPath ?? null,
    cwd: call.cwd,
    permission_mode: call.permissionMode,
    hook_event_name: call.event,
  };
  return { ...common, ...call.fields, ...common };
};

export const toolUseIdOf = ({ fields }: HookCall): string | undefined => {
  const id = fields['tool_use_id'];
  return typeof id === 'string' ? id : undefined;
};
