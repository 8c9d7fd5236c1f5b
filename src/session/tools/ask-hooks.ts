/** What hooks make of a tool call: before it is decided, instead of a person, and once it has its result. */
import type { Head } from '../../model/head.ts';
import type { TurnId } from '../../model/ids.ts';
import type { HookedRun, Verdict } from '../machine/input.ts';
import type { ToolUse } from '../ports/executor.ts';
import type { HookCall, HookEvent, Hooks, HookVerdict } from '../ports/hooks.ts';
import { type OwnUse, withInput } from './api-tools.ts';
import type { Judged } from './judge.ts';

/** Whose calls they are. */
export interface HookGround {
  readonly hooks: Hooks;
  readonly head: Head;
  readonly turnId: TurnId;
  readonly cwd: string;
  readonly permissionMode: string;
}

/** Whether some hook would be asked before a call of this tool runs. */
export const wantsHooks = (hooks: Hooks, head: Head, name: string): boolean =>
  hooks.has('PreToolUse', name, head.hooks, head) ||
  hooks.has('PermissionRequest', name, head.hooks, head);

/** Whether some hook would be asked about the results of this tool. */
export const wantsResults = (hooks: Hooks, head: Head, name: string): boolean =>
  hooks.has('PostToolUse', name, head.hooks, head) ||
  hooks.has('PostToolUseFailure', name, head.hooks, head);

/** A verdict, and what the model is to see beside the call's result. */
export interface HookedVerdict {
  readonly verdict: Verdict;
  readonly context: readonly string[];
}

/**
 * The verdict after hooks were asked. `judge` decides about another input. A deny of a rule or a policy is never lifted;
 * an ask by a rule is lifted by `PermissionRequest` alone, which answers for a person.
 */
export const askBefore = async (
  use: OwnUse,
  judge: (use: OwnUse) => Judged,
  ground: HookGround,
): Promise<HookedVerdict> => {
  const first = judge(use);
  if (first.kind === 'refuse') return { verdict: first, context: [] };
  const before = await asked('PreToolUse', use, ground);
  const changed = before.said.input === undefined ? use : withInput(use, before.said.input);
  const judged = before.said.input === undefined ? first : judge(changed);
  const verdict = afterPreToolUse(marked(judged, changed !== use), before.said);
  const { context } = before.said;
  if (verdict.kind !== 'ask') return { verdict: { ...verdict, hooks: before.runs }, context };
  const instead = await asked('PermissionRequest', changed, ground, {
    permission_suggestions: verdict.asked.suggestions,
  });
  const answered = afterPermissionRequest(verdict, instead.said);
  const runs = [...before.runs, ...instead.runs];
  // What it would run instead is forbidden as everything else is.
  if (answered.kind !== 'start' || instead.said.input === undefined)
    return { verdict: { ...answered, hooks: runs }, context };
  const again = judge(withInput(use, answered.input));
  const final = again.kind === 'refuse' ? again : { ...answered, ...factsOf(again) };
  return { verdict: { ...final, hooks: runs }, context };
};

/** What holds for the input that runs, and not for the one that it stands for. */
const factsOf = ({ effect, isAlone, realPath, apiType }: Exclude<Judged, { kind: 'refuse' }>) => ({
  ...{ effect, isAlone, realPath, apiType },
});

const marked = (judged: Judged, isChanged: boolean): Judged =>
  isChanged && judged.kind !== 'refuse' ? { ...judged, isChanged: true } : judged;

const afterPreToolUse = (judged: Judged, { decision, reason, stop }: HookVerdict): Judged => {
  if (judged.kind === 'refuse') return judged;
  const why = reason ?? 'a PreToolUse hook';
  if (stop !== undefined) return refused(judged, why, stop);
  if (decision === 'deny') return refused(judged, why);
  if (decision === 'ask' && judged.kind === 'start') {
    const asked = { reason: why, commands: [], files: [], suggestions: [] };
    return { ...judged, kind: 'ask', asked };
  }
  if (decision === 'allow' && judged.kind === 'ask' && judged.isOfMode === true)
    return started(judged, why);
  return judged;
};

const afterPermissionRequest = (
  judged: Extract<Judged, { kind: 'ask' }>,
  { decision, reason, input, stop }: HookVerdict,
): Verdict => {
  const why = reason ?? 'a PermissionRequest hook';
  if (stop !== undefined) return refused(judged, why, stop);
  if (decision === 'deny') return refused(judged, why);
  if (decision !== 'allow') return judged;
  const allowed = started(judged, why);
  return input === undefined ? allowed : { ...allowed, input, isChanged: true };
};

const refused = ({ toolUseId, input }: Judged, reason: string, stop?: string): Verdict => ({
  ...{ toolUseId, input, reason, kind: 'refuse', message: reason },
  ...(stop === undefined ? {} : { stop }),
});

const started = (
  judged: Extract<Judged, { kind: 'ask' }>,
  reason: string,
): Extract<Verdict, { kind: 'start' }> => {
  const { asked: _, ...call } = judged;
  return { ...call, kind: 'start', reason };
};

export interface Result {
  readonly use: ToolUse;
  readonly text: string;
  readonly isError: boolean;
  readonly durationMs: number;
}

/** What hooks say about a result. */
export const askAfter = (
  { use, text, isError, durationMs }: Result,
  ground: HookGround,
): Promise<{ readonly said: HookVerdict; readonly runs: readonly HookedRun[] }> =>
  isError
    ? asked('PostToolUseFailure', use, ground, {
        ...{ error: text, is_interrupt: false, duration_ms: durationMs },
      })
    : asked('PostToolUse', use, ground, { tool_response: text, duration_ms: durationMs });

const NOTHING: HookVerdict = { context: [], runs: [] };

const asked = async (
  event: HookEvent,
  { id, name, input }: ToolUse,
  { hooks, head, turnId, cwd, permissionMode }: HookGround,
  more: HookCall['fields'] = {},
): Promise<{ readonly said: HookVerdict; readonly runs: readonly HookedRun[] }> => {
  if (!hooks.has(event, name, head.hooks, head)) return { said: NOTHING, runs: [] };
  const named = event === 'PermissionRequest' ? {} : { tool_use_id: id };
  const said = await hooks.run({
    ...{ event, key: head.key, turnId, cwd, permissionMode, subject: name },
    fields: { tool_name: name, tool_input: input, ...named, ...more },
  });
  return { said, runs: said.runs.map((run) => ({ ...run, event })) };
};
