/**
 * What is asked of people about the calls of a turn: put, answered, and over when nobody has answered in time. What a
 * call asks itself, while it runs, is answered in the same way: see `apply-questions.ts`.
 *
 * 1. A question waits in the head alone, so no crash loses it and no process has to live for it.
 * 2. The first answer counts.
 */
import { GreenroomError } from '../../model/errors.ts';
import { iso } from '../../model/moment.ts';
import { type OpenTurn, runIdOf } from '../../model/turn.ts';
import type { ToolAnswer } from '../ports/tools.ts';
import { approveBudget } from './apply-money.ts';
import { type AskingCall, answerQuestion, DEADLINE, isAsking } from './apply-questions.ts';
import type { Draft } from './draft.ts';
import type { InputOf, Verdict } from './input.ts';
import { publish } from './next-turn.ts';
import { type AskedCall, approvalMs, atTools, OpenCalls, type ToolsTurn } from './open-calls.ts';
import type { Rules } from './rules.ts';

/** The type of notification, as Claude Code has it. */
const PERMISSION_PROMPT = 'permission_prompt';

const ALLOWED = 'a person allowed it';
const ALLOWED_OTHERWISE = 'a person allowed it with this input';

/** No rule has decided about the call. */
export const askAbout = (
  calls: OpenCalls,
  allowed: Omit<AskedCall, 'state' | 'run' | 'asked'>,
  verdict: Extract<Verdict, { kind: 'ask' }>,
  rules: Rules,
): void => {
  const { draft, turn } = calls;
  const { toolUseId, name } = allowed;
  calls.decided('asked', { toolUseId, name }, verdict);
  const run = calls.nextRun();
  const atMs = draft.nowMs;
  const waitMs = approvalMs(draft.head, rules);
  const dueMs = waitMs === undefined ? undefined : atMs + waitMs;
  const asked = { ...verdict.asked, atMs, dueMs };
  calls.put({ ...allowed, state: 'asked', run, asked });
  publish(draft, turn, {
    type: 'permission.requested',
    approvalId: calls.runIdOf(run),
    toolUseId,
    toolName: name,
    input: verdict.input,
    reason: asked.reason,
  });
  calls.notify(`Claude needs your permission to use ${name}`, PERMISSION_PROMPT);
};

/** A person has answered. Throws `approval_not_found`, and `already_decided` for all but the first answer. */
export const approveCall = (draft: Draft, input: InputOf<'approve'>, rules: Rules): void => {
  if (approveBudget(draft, input)) return;
  const { approval, approvalId, by } = input;
  const turn = atTools(draft);
  const call = turn && waitingCall(turn, approvalId);
  if (turn === undefined || call === undefined) throw notAsked(draft, approvalId);
  draft.answer = { type: 'approved', turnId: turn.turnId };
  const calls = new OpenCalls(draft, turn);
  if (call.state === 'started') answerQuestion(calls, call, answerIn(approval), by);
  else decideAsked(calls, call, input);
  if (approval.decision === 'deny' && approval.interrupt) calls.cancel(rules);
  else calls.goOn(rules);
};

const waitingCall = (turn: ToolsTurn, approvalId: string): AskedCall | AskingCall | undefined =>
  turn.phase.calls.find((call): call is AskedCall | AskingCall => {
    if (isAsking(call)) return runIdOf(turn.turnId, call.question.run) === approvalId;
    return call.state === 'asked' && runIdOf(turn.turnId, call.run) === approvalId;
  });

const answerIn = (approval: Approval): ToolAnswer =>
  approval.decision === 'allow'
    ? { action: 'accept', content: approval.input ?? {} }
    : { action: 'decline' };

const decideAsked = (
  calls: OpenCalls,
  call: AskedCall,
  { approval, approvalId, by }: InputOf<'approve'>,
): void => {
  const { decision } = approval;
  publish(calls.draft, calls.turn, {
    ...{ type: 'permission.decided', approvalId, toolUseId: call.toolUseId, decision, by },
  });
  if (approval.decision === 'allow') allow(calls, call, approval, { approvalId, by });
  else deny(calls, call, approval, by);
};

const notAsked = ({ head }: Draft, approvalId: string): GreenroomError => {
  const [, turnId, run] = /^(.*)#(\d+)$/.exec(approvalId) ?? [];
  const turn = head.openTurns.find((open) => open.turnId === turnId);
  return turn !== undefined && Number(run) <= turn.runs
    ? new GreenroomError('already_decided', `approval ${approvalId} was decided before`)
    : new GreenroomError('approval_not_found', `nothing waits for approval ${approvalId}`);
};

type Approval = InputOf<'approve'>['approval'];

const allow = (
  calls: OpenCalls,
  { state: _, run: _run, asked: _asked, ...found }: AskedCall,
  approval: Extract<Approval, { decision: 'allow' }>,
  { approvalId, by }: Pick<InputOf<'approve'>, 'approvalId' | 'by'>,
): void => {
  addRules(calls.draft, approval.rules);
  if (approval.input === undefined) {
    calls.note({ kind: 'permission', action: 'allowed' }, found, { reason: ALLOWED }, by);
    return calls.put({ ...found, state: 'allowed' });
  }
  // No rule has seen this input, as nothing asked by this id when it came.
  if (approval.found === undefined)
    throw new GreenroomError(
      'approval_not_found',
      `nothing waited for approval ${approvalId} yet: answer it again`,
    );
  const { effect, isAlone, realPath } = approval.found;
  // The transcript has what the model wrote: that something else ran is known from here alone.
  calls.decided('allowed', found, { input: approval.input, reason: ALLOWED_OTHERWISE }, by);
  calls.put({
    ...{ ...found, state: 'allowed', input: approval.input, effect, realPath },
    isAlone: isAlone ? true : undefined,
  });
};

/** They need no asking from now on. */
const addRules = (draft: Draft, rules: readonly string[]): void => {
  if (rules.length === 0) return;
  const { allowedTools = [] } = draft.head;
  draft.patch({ allowedTools: [...new Set([...allowedTools, ...rules])] });
};

const deny = (
  calls: OpenCalls,
  { toolUseId, name }: AskedCall,
  { reason }: Extract<Approval, { decision: 'deny' }>,
  by: string,
): void => {
  const call = { toolUseId, name };
  const why = reason ?? 'a person denied it';
  calls.note({ kind: 'permission', action: 'denied' }, call, { reason: why }, by);
  calls.put({ ...call, state: 'failed', message: deniedBecause(reason) });
};

const deniedBecause = (reason: string | undefined): string =>
  reason === undefined || reason === ''
    ? 'The user does not want this to run.'
    : `The user does not want this to run: ${reason}`;

/** The moment has come until which a person could have answered: the answer is no. */
export const expireCalls = (draft: Draft, turn: OpenTurn, rules: Rules): void => {
  if (turn.phase?.kind !== 'tools') return;
  const calls = new OpenCalls(draft, turn as ToolsTurn);
  const late = turn.phase.calls.filter(
    (call): call is AskedCall => call.state === 'asked' && isLate(call.asked.dueMs, draft.nowMs),
  );
  for (const call of late) expire(calls, call);
  const unanswered = turn.phase.calls
    .filter(isAsking)
    .filter(({ question }) => isLate(question.dueMs, draft.nowMs));
  for (const call of unanswered) answerQuestion(calls, call, { action: 'decline' }, DEADLINE);
  if (late.length + unanswered.length > 0) calls.goOn(rules);
};

const isLate = (dueMs: number | undefined, nowMs: number): boolean =>
  dueMs !== undefined && dueMs <= nowMs;

const expire = (calls: OpenCalls, { toolUseId, name, run, asked }: AskedCall): void => {
  const call = { toolUseId, name };
  const approvalId = calls.runIdOf(run);
  const reason = `no answer came until ${iso(asked.dueMs ?? 0)}`;
  const message = `This was not allowed: ${reason}.`;
  publish(calls.draft, calls.turn, {
    ...{ type: 'permission.decided', approvalId, toolUseId, decision: 'deny', by: DEADLINE },
  });
  calls.note({ kind: 'permission', action: 'denied' }, call, { reason }, DEADLINE);
  calls.refused(call, message);
  calls.put({ ...call, state: 'failed', message });
};
