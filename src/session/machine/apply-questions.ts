/**
 * What tools ask of people while they run: put, answered, withdrawn, declined when nobody has answered in time. Unlike an
 * approval the call waits with it, so it is gone with the call: a crash ends both.
 */
import { deniesAsks } from '../../model/head.ts';
import { iso } from '../../model/moment.ts';
import type { Question } from '../../model/turn.ts';
import type { ToolAnswer } from '../ports/tools.ts';
import type { Draft } from './draft.ts';
import type { InputOf } from './input.ts';
import { publish } from './next-turn.ts';
import { approvalMs, awaiting, OpenCalls, type StartedCall } from './open-calls.ts';
import type { Rules } from './rules.ts';

/** Who has answered, where no person has. */
export const DEADLINE = 'deadline';
const TOOL = 'tool';

/** A call, and what it asks. */
export type AskingCall = StartedCall & { readonly question: Question };

export const isAsking = (call: { readonly state: string }): call is AskingCall =>
  call.state === 'started' && (call as StartedCall).question !== undefined;

/** A call that runs asks, or asks no longer. */
export const questionCall = (draft: Draft, input: InputOf<'questioned'>, rules: Rules): void => {
  const { runId, question } = input;
  const turn = awaiting(draft, runId);
  if (turn === undefined) return;
  const calls = new OpenCalls(draft, turn);
  const call = calls.started(runId);
  if (call === undefined) return;
  if (isAsking(call)) withdraw(calls, call);
  const isUnwanted = draft.cancelling === turn.turnId || deniesAsks(draft.head);
  if (isUnwanted && question !== undefined)
    return draft.effect({ type: 'answerRun', runId, answer: { action: 'decline' } });
  calls.put({ ...call, question: question && put(calls, call, question, rules) });
  calls.goOn(rules);
};

const put = (
  calls: OpenCalls,
  { toolUseId, name }: StartedCall,
  { message, form }: NonNullable<InputOf<'questioned'>['question']>,
  rules: Rules,
): Question => {
  const { draft, turn } = calls;
  const run = calls.nextRun();
  const atMs = draft.nowMs;
  const waitMs = approvalMs(draft.head, rules);
  const call = { toolUseId, name };
  calls.note({ kind: 'permission', action: 'asked' }, call, { reason: `it asks: ${message}` });
  publish(draft, turn, {
    ...{ type: 'elicitation.requested', approvalId: calls.runIdOf(run), toolUseId },
    ...{ toolName: name, message, form },
  });
  calls.notify(`${name} asks: ${message}`, 'elicitation_dialog');
  return { run, atMs, dueMs: waitMs === undefined ? undefined : atMs + waitMs, message, form };
};

/** The tool has ended, or waits no longer. */
export const withdraw = (calls: OpenCalls, call: AskingCall): void =>
  closed(calls, call, 'decline', TOOL, 'the tool does not wait for the answer any longer');

/** @param answer a person's, or that of the deadline. */
export const answerQuestion = (
  calls: OpenCalls,
  call: AskingCall,
  answer: ToolAnswer,
  by: string,
): void => {
  const { action } = answer;
  const reason =
    by === DEADLINE
      ? `no answer came until ${iso(call.question.dueMs ?? 0)}`
      : `a person ${action === 'accept' ? 'answered' : 'declined to answer'}`;
  closed(calls, call, action, by, reason);
  calls.draft.effect({ type: 'answerRun', runId: calls.runIdOf(call.run), answer });
};

const closed = (
  calls: OpenCalls,
  { question, ...call }: AskingCall,
  action: ToolAnswer['action'],
  by: string,
  reason: string,
): void => {
  const { toolUseId, name } = call;
  const approvalId = calls.runIdOf(question.run);
  publish(calls.draft, calls.turn, {
    ...{ type: 'elicitation.answered', approvalId, toolUseId, action, by },
  });
  const what = action === 'accept' ? 'allowed' : 'denied';
  calls.note({ kind: 'permission', action: what }, { toolUseId, name }, { reason }, by);
  calls.put(call);
};
