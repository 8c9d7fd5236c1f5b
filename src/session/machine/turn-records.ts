/** The audit records of a turn: what its tool calls did, what was decided about them, and what hooks said. */
import type { TurnEventBody } from '../../model/event.ts';
import type { TurnId } from '../../model/ids.ts';
import type { OpenCall, OpenTurn } from '../../model/turn.ts';
import type { ApiCall } from '../ports/executor.ts';
import type { Draft } from './draft.ts';
import type { HookedRun } from './input.ts';
import { publish } from './next-turn.ts';

export type Named = Pick<OpenCall, 'toolUseId' | 'name'>;

export type Noted =
  | { readonly kind: 'tool'; readonly action: 'succeeded' | 'failed' }
  | { readonly kind: 'permission'; readonly action: 'allowed' | 'denied' | 'asked' };

/** Longest input in a record, in characters of JSON; the whole of it is in the transcript. */
const MAX_EXCERPT = 1_000;

export const excerpt = (input: unknown): string => JSON.stringify(input).slice(0, MAX_EXCERPT);

export const noteCall = (
  draft: Draft,
  { turnId }: OpenTurn,
  { kind, action }: Noted,
  { toolUseId, name }: Named,
  details: Readonly<Record<string, unknown>>,
  by = 'greenroom',
): void => {
  const all = { turnId, toolUseId, tool: name, ...details };
  draft.write({ type: 'audit', record: { kind, action, atMs: draft.nowMs, by, details: all } });
};

/** The API has made it, and nobody was asked before. */
export const noteApiCall = (
  draft: Draft,
  turn: OpenTurn,
  { toolUseId, name, isError }: ApiCall,
): void => {
  const action = isError ? 'failed' : 'succeeded';
  const details = { permission: 'not_checked' };
  noteCall(draft, turn, { kind: 'tool', action }, { toolUseId, name }, details, 'api');
};

/** @param call the one that the hook was asked about; absent for hooks around a whole turn. */
export const noteHook = (draft: Draft, turn: OpenTurn, run: HookedRun, call?: Named): void => {
  noteHookOf(draft, turn.turnId, run, call);
  publish(draft, turn, hookExecuted(run));
};

/** @param turnId absent: it was about no turn. */
export const noteHookOf = (
  draft: Draft,
  turnId: TurnId | undefined,
  run: HookedRun,
  call?: Named,
): void => {
  const { hook, event, ended, durationMs, goesOn, said } = run;
  draft.patch({ hookExecutionCount: (draft.head.hookExecutionCount ?? 0) + 1 });
  const of = {
    ...(turnId === undefined ? {} : { turnId }),
    ...(call === undefined ? {} : { toolUseId: call.toolUseId, tool: call.name }),
  };
  const bodies = said === undefined ? {} : draft.bodies({ said });
  const action = goesOn ? 'allowed' : 'denied';
  const details = { ...of, event, hook, ended, durationMs, ...bodies };
  draft.write({
    type: 'audit',
    record: { kind: 'hook', action, atMs: draft.nowMs, by: 'hook', details },
  });
};

export const hookExecuted = ({ hook, event, ended, durationMs }: HookedRun): TurnEventBody => ({
  type: 'hook.executed',
  event,
  hook,
  ended,
  durationMs,
});
