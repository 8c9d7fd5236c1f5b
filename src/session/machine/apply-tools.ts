/**
 * The tool calls of a turn: decided, started, ended, and answered to the model as one message. What is asked of people
 * about them is in `apply-approvals.ts`.
 *
 * 1. Each step is committed before the next begins: an answer with its calls, what was decided (in the same commit, where no
 *    hook has a say), that a call has started, its result. So no crash loses one, and of each call that was under way it
 *    is known that it was.
 * 2. All results go to the model in one message, in the order of the calls, once all are there. Until then they are
 *    entries that it does not see.
 * 3. However the turn ends, its calls are answered: no `tool_use` stays without a result.
 * 4. What a process was at when it died is done again where the tool says that this does no harm. Of an `at_most_once`
 *    call the model is told that nobody knows whether it ran.
 */

import { ownBudget } from '../../model/budget.ts';
import { deniesAsks } from '../../model/head.ts';
import { NO_MEMORY, remembering } from '../../model/tool-memory.ts';
import {
  hasEnded,
  type OpenCall,
  type OpenTurn,
  type RunId,
  runIdOf,
  type ToolsPhase,
} from '../../model/turn.ts';
import type { ToolUse } from '../ports/executor.ts';
import { askAbout } from './apply-approvals.ts';
import { isAsking, withdraw } from './apply-questions.ts';
import type { Draft } from './draft.ts';
import type { InputOf, Verdict } from './input.ts';
import { publish, replaceFirst } from './next-turn.ts';
import { awaiting, CANCELLED, OpenCalls, type ToolsTurn } from './open-calls.ts';
import { spendUnreserved } from './reserved.ts';
import type { Rules } from './rules.ts';
import { messageOf } from './tool-results.ts';
import { noteHook } from './turn-records.ts';

const UNKNOWN = 'interrupted: it is unknown whether it ran';

/** An answer has asked for tools. */
export const beginTools = (
  draft: Draft,
  turn: OpenTurn,
  answerSeq: number,
  uses: readonly ToolUse[],
): void => {
  const run = turn.runs + 1;
  const calls = uses.map(({ id, name }): OpenCall => ({ toolUseId: id, name, state: 'undecided' }));
  const phase: ToolsPhase = { kind: 'tools', answerSeq, run, calls };
  replaceFirst(draft, { ...turn, status: 'running', runs: run, phase });
  draft.effect({ type: 'startTools', uses });
};

/** What was found about the calls that were undecided. */
export const decideCalls = (draft: Draft, input: InputOf<'decided'>, rules: Rules): void => {
  const turn = awaiting(draft, input.runId);
  if (turn === undefined || runIdOf(turn.turnId, turn.phase.run) !== input.runId) return;
  const calls = new OpenCalls(draft, turn);
  for (const call of turn.phase.calls)
    if (call.state === 'undecided') {
      const of = ({ toolUseId }: Verdict) => toolUseId === call.toolUseId;
      decide(calls, call, input.verdicts.find(of), rules);
    }
  calls.goOn(rules);
};

const decide = (
  calls: OpenCalls,
  { toolUseId, name }: OpenCall,
  verdict: Verdict | undefined,
  rules: Rules,
): void => {
  const facts = { toolUseId, name };
  if (verdict === undefined)
    return calls.put({ ...facts, state: 'failed', message: 'nothing was decided about it' });
  const { draft } = calls;
  const { input, hooks = [] } = verdict;
  for (const hook of hooks) noteHook(draft, calls.turn, hook, facts);
  draft.patch({ permissionCheckCount: (draft.head.permissionCheckCount ?? 0) + 1 });
  if (verdict.kind === 'refuse') {
    calls.decided('denied', facts, verdict);
    calls.refused(facts, verdict.message);
    calls.endWith(verdict.stop);
    return calls.put({ ...facts, state: 'failed', message: verdict.message });
  }
  const { effect, isAlone, isChanged, realPath, apiType } = verdict;
  const allowed = {
    ...facts,
    effect,
    isAlone: isAlone ? (true as const) : undefined,
    input: isChanged === true ? input : undefined,
    realPath,
    ...(apiType === undefined ? {} : { apiType }),
  };
  if (verdict.kind === 'ask' && deniesAsks(draft.head)) return denyAsk(calls, facts, verdict);
  if (verdict.kind === 'ask') return askAbout(calls, allowed, verdict, rules);
  calls.decided('allowed', facts, verdict);
  calls.put({ ...allowed, state: 'allowed' });
};

/** A person would be asked, and the session waits for none. */
const denyAsk = (
  calls: OpenCalls,
  facts: Pick<OpenCall, 'toolUseId' | 'name'>,
  { input, reason }: Pick<Verdict, 'input' | 'reason'>,
): void => {
  const why = `${reason}, and this session asks no person`;
  const message = `${facts.name} may not do this: ${why}`;
  calls.decided('denied', facts, { input, reason: why });
  calls.refused(facts, message);
  calls.put({ ...facts, state: 'failed', message });
};

/** A call has its result. */
export const endCall = (draft: Draft, input: InputOf<'toolEnded'>, rules: Rules): void => {
  const turn = awaiting(draft, input.runId);
  if (turn === undefined) return;
  const calls = new OpenCalls(draft, turn);
  const { isError, memory, spentNanoUsd = 0, results, isHeld } = input;
  const call = calls.started(input.runId);
  const block = call && results.get(call.toolUseId);
  if (call === undefined || block === undefined) return;
  if (isAsking(call)) withdraw(calls, call);
  if (memory !== undefined)
    draft.patch({ toolMemory: remembering(draft.head.toolMemory ?? NO_MEMORY, memory) });
  if (spentNanoUsd > 0) spend(calls, spentNanoUsd);
  const durationMs = Math.max(0, draft.nowMs - call.atMs);
  const { toolRuns = 0, toolMs = 0 } = draft.head;
  draft.patch({ toolRuns: toolRuns + 1, toolMs: toolMs + durationMs });
  calls.note({ kind: 'tool', action: isError ? 'failed' : 'succeeded' }, call, { durationMs });
  const { toolUseId, name } = call;
  publish(draft, turn, { type: 'tool.finished', toolUseId, isError, durationMs });
  // With all others at hand it goes to the model at once, and needs no entry of its own.
  const areAtHand = calls.all.every(
    (each) => each.state === 'failed' || results.has(each.toolUseId),
  );
  const isLast = calls.all.every((each) => each.toolUseId === toolUseId || hasEnded(each));
  if (isHeld !== true && isLast && areAtHand) {
    calls.put({ toolUseId, name, state: 'ended', seq: 0 });
    return calls.goOn(rules, results);
  }
  const facts = { turnId: turn.turnId, isPartial: true };
  const body = messageOf([block]);
  const seq = draft.message({ role: 'user', body, atMs: draft.nowMs }, facts);
  calls.patch({ lastSeq: seq });
  calls.put({ toolUseId, name, state: 'ended', seq });
  calls.goOn(rules);
};

/** A sub-agent's money is its parent's: that one's limits and own budget count it. Others count it where it was spent. */
const spend = (calls: OpenCalls, nanoUsd: number): void => {
  const own = ownBudget(calls.draft.head);
  if (own !== undefined) spendUnreserved(calls.draft, [own], nanoUsd);
  const { childrenCostNanoUsd = 0 } = calls.draft.head;
  calls.draft.patch({ childrenCostNanoUsd: childrenCostNanoUsd + nanoUsd });
  const ofTurn = calls.turn.childrenCostNanoUsd ?? 0;
  calls.patch({ childrenCostNanoUsd: ofTurn + nanoUsd });
};

/** All results are at hand. */
export const gatherResults = (draft: Draft, input: InputOf<'gathered'>, rules: Rules): void => {
  const turn = awaiting(draft, input.runId);
  if (turn === undefined) return;
  const { results, hooks = [], stop } = input;
  const calls = new OpenCalls(draft, turn);
  for (const { toolUseId, ...hook } of hooks) {
    const name = calls.all.find((call) => call.toolUseId === toolUseId)?.name ?? '';
    noteHook(draft, turn, hook, { toolUseId, name });
  }
  calls.endWith(stop);
  calls.goOn(rules, results);
};

/** The turn is to end: what has not started is not started, and what has is told to end. */
export const cancelCalls = (draft: Draft, turn: OpenTurn, rules: Rules): void => {
  if (turn.phase?.kind === 'tools') new OpenCalls(draft, turn as ToolsTurn).cancel(rules);
};

/**
 * The turn is to end, and what had started is gone with its process: it is not started again. What may go on without that
 * process, as a sub-agent does, is told to end.
 */
export const abandonCalls = (draft: Draft, turn: OpenTurn, rules: Rules): void => {
  if (turn.phase?.kind !== 'tools') return;
  const calls = new OpenCalls(draft, turn as ToolsTurn);
  draft.cancelling = turn.turnId;
  for (const call of [...calls.all]) {
    if (isAsking(call)) withdraw(calls, call);
    if (call.state === 'started' && call.effect !== 'at_most_once')
      calls.put({ ...call, question: undefined, run: calls.nextRun() });
    else if (!hasEnded(call)) calls.fail(call, call.state === 'started' ? UNKNOWN : CANCELLED);
  }
  calls.renew();
  calls.goOn(rules);
};

/** Who ran one call is gone, or, without `runId`, all of this process's memory is. */
export const loseCalls = (draft: Draft, turn: OpenTurn, rules: Rules, runId?: RunId): void => {
  if (turn.phase?.kind !== 'tools') return;
  const calls = new OpenCalls(draft, turn as ToolsTurn);
  for (const call of [...calls.all]) {
    if (call.state !== 'started') continue;
    if (runId !== undefined && calls.runIdOf(call.run) !== runId) continue;
    if (isAsking(call)) withdraw(calls, call);
    if (call.effect === 'at_most_once') calls.fail(call, UNKNOWN);
    else calls.put({ ...call, question: undefined, run: calls.nextRun() });
  }
  // What was decided or gathered in memory is gone with it.
  if (runId === undefined) calls.renew();
  calls.goOn(rules);
};

/** The turn closes with calls open: the model is told that they have no result. */
export const disownCalls = (draft: Draft, { phase }: OpenTurn): void => {
  if (phase?.kind !== 'tools') return;
  const toolUseIds = phase.calls.map(({ toolUseId }) => toolUseId);
  draft.view({ type: 'repair', afterSeq: phase.answerSeq, toolUseIds });
};
