/**
 * The tool calls of a turn: decided, asked about, started, ended, and answered to the model as one message.
 *
 * 1. Each step is committed before the next begins: an answer with its calls, what was decided, that a call has started,
 *    its result. So no crash loses one, and of each call that was under way it is known that it was.
 * 2. All results go to the model in one message, in the order of the calls, once all are there. Until then they are
 *    entries that it does not see.
 * 3. However the turn ends, its calls are answered: no `tool_use` stays without a result.
 * 4. What a process was at when it died is done again where the tool says that this does no harm. Of an `at_most_once`
 *    call the model is told that nobody knows whether it ran.
 */

import { GreenroomError } from '../../model/errors.ts';
import { type Head, statusFrom } from '../../model/head.ts';
import { iso } from '../../model/moment.ts';
import { NO_MEMORY, remembering } from '../../model/tool-memory.ts';
import {
  awaitedRuns,
  hasEnded,
  type OpenCall,
  type OpenTurn,
  type RunId,
  runIdOf,
  type ToolsPhase,
} from '../../model/turn.ts';
import type { ToolUse } from '../ports/executor.ts';
import type { Draft } from './draft.ts';
import type { InputOf, Results, Rules, Verdict } from './machine.ts';
import { blockOf, messageOf } from './tool-results.ts';
import { closeTurn, publish, replaceFirst, settle, startModel } from './turn-course.ts';
import { overLimit } from './turn-limits.ts';
import { excerpt, type Named, type Noted, noteCall, noteHook } from './turn-records.ts';

/** Calls of one turn that run side by side. */
const MAX_AT_ONCE = 16;

const UNKNOWN = 'interrupted: it is unknown whether it ran';
const CANCELLED = 'The turn was cancelled before this ran.';

type ToolsTurn = OpenTurn & { readonly phase: ToolsPhase };

/** The first open turn, if it is at its tools. */
const atTools = ({ head }: Draft): ToolsTurn | undefined => {
  const [first] = head.openTurns;
  return first?.phase?.kind === 'tools' ? (first as ToolsTurn) : undefined;
};

/** The same, if it awaits this run. */
const awaiting = (draft: Draft, runId: RunId): ToolsTurn | undefined => {
  const turn = atTools(draft);
  return turn !== undefined && awaitedRuns(turn).includes(runId) ? turn : undefined;
};

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
  const course = new Calls(draft, turn);
  for (const call of turn.phase.calls)
    if (call.state === 'undecided')
      course.decide(
        call,
        input.verdicts.find(({ toolUseId }) => toolUseId === call.toolUseId),
        rules,
      );
  course.goOn(rules);
};

/** A call has its result. */
export const endCall = (draft: Draft, input: InputOf<'toolEnded'>, rules: Rules): void => {
  const turn = awaiting(draft, input.runId);
  if (turn === undefined) return;
  new Calls(draft, turn).end(input, rules);
};

/** All results are at hand. */
export const gatherResults = (draft: Draft, input: InputOf<'gathered'>, rules: Rules): void => {
  const turn = awaiting(draft, input.runId);
  if (turn !== undefined) new Calls(draft, turn).gathered(input, rules);
};

/** A person has answered. Throws `approval_not_found`, and `already_decided` for all but the first answer. */
export const approveCall = (draft: Draft, input: InputOf<'approve'>, rules: Rules): void => {
  const { approvalId } = input;
  const turn = atTools(draft);
  const call = turn?.phase.calls.find(
    (each) => each.state === 'asked' && runIdOf(turn.turnId, each.run) === approvalId,
  );
  if (turn === undefined || call === undefined) throw notAsked(draft, approvalId);
  draft.answer = { type: 'approved', turnId: turn.turnId };
  new Calls(draft, turn).approve(call as AskedCall, input, rules);
};

const notAsked = ({ head }: Draft, approvalId: string): GreenroomError => {
  const [, turnId, run] = /^(.*)#(\d+)$/.exec(approvalId) ?? [];
  const turn = head.openTurns.find((open) => open.turnId === turnId);
  return turn !== undefined && Number(run) <= turn.runs
    ? new GreenroomError('already_decided', `approval ${approvalId} was decided before`)
    : new GreenroomError('approval_not_found', `nothing waits for approval ${approvalId}`);
};

/** The moment has come until which somebody could have answered. */
export const expireCalls = (draft: Draft, turn: OpenTurn, rules: Rules): void => {
  if (turn.phase?.kind === 'tools') new Calls(draft, turn as ToolsTurn).expire(rules);
};

/** The turn is to end: what has not started is not started, and what has is told to end. */
export const cancelCalls = (draft: Draft, turn: OpenTurn, rules: Rules): void => {
  if (turn.phase?.kind === 'tools') new Calls(draft, turn as ToolsTurn).cancel(rules);
};

/** The turn is to end, and what had started is gone with its process. */
export const abandonCalls = (draft: Draft, turn: OpenTurn, rules: Rules): void => {
  if (turn.phase?.kind === 'tools') new Calls(draft, turn as ToolsTurn).abandon(rules);
};

/** Who ran one call is gone, or, without `runId`, all of this process's memory is. */
export const loseCalls = (draft: Draft, turn: OpenTurn, rules: Rules, runId?: RunId): void => {
  if (turn.phase?.kind === 'tools') new Calls(draft, turn as ToolsTurn).lose(rules, runId);
};

/** The turn closes with calls open: the model is told that they have no result. */
export const disownCalls = (draft: Draft, { phase }: OpenTurn): void => {
  if (phase?.kind !== 'tools') return;
  const toolUseIds = phase.calls.map(({ toolUseId }) => toolUseId);
  draft.view({ type: 'repair', afterSeq: phase.answerSeq, toolUseIds });
};

type AskedCall = Extract<OpenCall, { state: 'asked' }>;
type StartedCall = Extract<OpenCall, { state: 'started' }>;

/** The calls of a turn in the making; local to one input. */
class Calls {
  readonly #draft: Draft;
  #turn: ToolsTurn;
  readonly #calls: OpenCall[];
  #runs: number;

  constructor(draft: Draft, turn: ToolsTurn) {
    this.#draft = draft;
    this.#turn = turn;
    this.#calls = [...turn.phase.calls];
    this.#runs = turn.runs;
  }

  #put(call: OpenCall): void {
    this.#calls[this.#calls.findIndex(({ toolUseId }) => toolUseId === call.toolUseId)] = call;
  }

  #nextRun(): number {
    this.#runs += 1;
    return this.#runs;
  }

  decide({ toolUseId, name }: OpenCall, verdict: Verdict | undefined, rules: Rules): void {
    const facts = { toolUseId, name };
    if (verdict === undefined)
      return this.#put({ ...facts, state: 'failed', message: 'nothing was decided about it' });
    const { input, hooks = [] } = verdict;
    for (const hook of hooks) noteHook(this.#draft, this.#turn, hook, facts);
    this.#draft.patch({ permissionCheckCount: (this.#draft.head.permissionCheckCount ?? 0) + 1 });
    if (verdict.kind === 'refuse') {
      this.#decided('denied', facts, verdict);
      this.#refused(facts, verdict.message);
      this.#endWith(verdict.stop);
      return this.#put({ ...facts, state: 'failed', message: verdict.message });
    }
    const { effect, isAlone, isChanged, realPath } = verdict;
    const allowed = {
      effect,
      isAlone: isAlone ? (true as const) : undefined,
      input: isChanged === true ? input : undefined,
      realPath,
    };
    if (verdict.kind === 'start') {
      this.#decided('allowed', facts, verdict);
      return this.#put({ ...facts, ...allowed, state: 'allowed' });
    }
    this.#decided('asked', facts, verdict);
    const run = this.#nextRun();
    const atMs = this.#draft.nowMs;
    const waitMs = approvalMs(this.#draft.head, rules);
    const dueMs = waitMs === undefined ? undefined : atMs + waitMs;
    const asked = { ...verdict.asked, atMs, dueMs };
    this.#put({ ...facts, ...allowed, state: 'asked', run, asked });
    publish(this.#draft, this.#turn, {
      type: 'permission.requested',
      approvalId: runIdOf(this.#turn.turnId, run),
      toolUseId,
      toolName: name,
      input,
      reason: asked.reason,
    });
    if (this.#draft.wantsHook('Notification'))
      this.#draft.effect({
        ...{ type: 'tellHooks', event: 'Notification', turnId: this.#turn.turnId },
        ...{ subject: PERMISSION_PROMPT },
        fields: {
          message: `Claude needs your permission to use ${name}`,
          title: 'Permission needed',
          notification_type: PERMISSION_PROMPT,
        },
      });
  }

  approve(call: AskedCall, { approval, approvalId, by }: InputOf<'approve'>, rules: Rules): void {
    const { toolUseId, name, effect, isAlone, input } = call;
    // Another input may name another file, which nobody has looked at: it goes wherever it leads.
    const realPath =
      'input' in approval && approval.input !== undefined ? undefined : call.realPath;
    const { decision } = approval;
    publish(this.#draft, this.#turn, {
      ...{ type: 'permission.decided', approvalId, toolUseId, decision, by },
    });
    if (approval.decision === 'allow') {
      this.#note(
        { kind: 'permission', action: 'allowed' },
        call,
        { reason: 'a person allowed it' },
        by,
      );
      this.#addRules(approval.rules);
      const changed = approval.input ?? input;
      this.#put({ toolUseId, name, state: 'allowed', effect, isAlone, input: changed, realPath });
      return this.goOn(rules);
    }
    const { reason, interrupt } = approval;
    this.#note(
      { kind: 'permission', action: 'denied' },
      call,
      { reason: reason ?? 'a person denied it' },
      by,
    );
    this.#put({ toolUseId, name, state: 'failed', message: deniedBecause(reason) });
    if (interrupt) this.cancel(rules);
    else this.goOn(rules);
  }

  /** Nobody has answered in time: the answer is no. */
  expire(rules: Rules): void {
    const { nowMs } = this.#draft;
    let hasExpired = false;
    for (const call of this.#calls) {
      if (call.state !== 'asked' || call.asked.dueMs === undefined || call.asked.dueMs > nowMs)
        continue;
      hasExpired = true;
      const { toolUseId, name } = call;
      const approvalId = runIdOf(this.#turn.turnId, call.run);
      const message = `This was not allowed: no answer came until ${iso(call.asked.dueMs)}.`;
      publish(this.#draft, this.#turn, {
        ...{ type: 'permission.decided', approvalId, toolUseId, decision: 'deny', by: DEADLINE },
      });
      const reason = `no answer came until ${iso(call.asked.dueMs)}`;
      this.#note({ kind: 'permission', action: 'denied' }, call, { reason }, DEADLINE);
      this.#refused(call, message);
      this.#put({ toolUseId, name, state: 'failed', message });
    }
    if (hasExpired) this.goOn(rules);
  }

  /** They need no asking from now on. */
  #addRules(rules: readonly string[]): void {
    if (rules.length === 0) return;
    const { allowedTools = [] } = this.#draft.head;
    this.#draft.patch({ allowedTools: [...new Set([...allowedTools, ...rules])] });
  }

  end(input: InputOf<'toolEnded'>, rules: Rules): void {
    const { runId, isError, memory, spentNanoUsd = 0, results, isHeld } = input;
    const call = this.#calls.find(
      (each): each is StartedCall =>
        each.state === 'started' && runIdOf(this.#turn.turnId, each.run) === runId,
    );
    const block = call && results.get(call.toolUseId);
    if (call === undefined || block === undefined) return;
    const draft = this.#draft;
    if (memory !== undefined)
      draft.patch({ toolMemory: remembering(draft.head.toolMemory ?? NO_MEMORY, memory) });
    if (spentNanoUsd > 0) this.#spend(spentNanoUsd);
    const durationMs = Math.max(0, draft.nowMs - call.atMs);
    this.#note({ kind: 'tool', action: isError ? 'failed' : 'succeeded' }, call, { durationMs });
    const { toolUseId, name } = call;
    publish(draft, this.#turn, { type: 'tool.finished', toolUseId, isError, durationMs });
    const isLast = this.#calls.every((each) => each === call || hasEnded(each));
    // With all others at hand it goes to the model at once, and needs no entry of its own.
    if (
      isHeld !== true &&
      isLast &&
      this.#others(call).every((each) => results.has(each.toolUseId))
    ) {
      this.#put({ toolUseId, name, state: 'ended', seq: 0 });
      return this.goOn(rules, results);
    }
    const facts = { turnId: this.#turn.turnId, isPartial: true };
    const body = messageOf([block]);
    const seq = draft.message({ role: 'user', body, atMs: draft.nowMs }, facts);
    this.#turn = { ...this.#turn, lastSeq: seq };
    this.#put({ toolUseId, name, state: 'ended', seq });
    this.goOn(rules);
  }

  /** A sub-agent's money is its parent's: that one's limits count it. */
  #spend(nanoUsd: number): void {
    const { childrenCostNanoUsd = 0 } = this.#draft.head;
    this.#draft.patch({ childrenCostNanoUsd: childrenCostNanoUsd + nanoUsd });
    const ofTurn = this.#turn.childrenCostNanoUsd ?? 0;
    this.#turn = { ...this.#turn, childrenCostNanoUsd: ofTurn + nanoUsd };
  }

  gathered({ results, hooks = [], stop }: InputOf<'gathered'>, rules: Rules): void {
    for (const { toolUseId, ...hook } of hooks) {
      const name = this.#calls.find((call) => call.toolUseId === toolUseId)?.name ?? '';
      noteHook(this.#draft, this.#turn, hook, { toolUseId, name });
    }
    this.#endWith(stop);
    this.goOn(rules, results);
  }

  /** The turn ends once its calls are answered. */
  #endWith(stop: string | undefined): void {
    if (stop !== undefined) this.#turn = { ...this.#turn, phase: { ...this.#turn.phase, stop } };
  }

  /** Those whose result is stored. */
  #others(call: OpenCall): readonly OpenCall[] {
    return this.#calls.filter((each) => each !== call && each.state === 'ended');
  }

  cancel(rules: Rules): void {
    const draft = this.#draft;
    draft.cancelling = this.#turn.turnId;
    for (const call of this.#calls) {
      if (call.state === 'started')
        draft.effect({ type: 'cancelRun', runId: runIdOf(this.#turn.turnId, call.run) });
      else if (!hasEnded(call)) this.#fail(call, CANCELLED);
    }
    this.goOn(rules);
  }

  /** What had started is not started again. */
  abandon(rules: Rules): void {
    this.#draft.cancelling = this.#turn.turnId;
    for (const call of this.#calls)
      if (!hasEnded(call)) this.#fail(call, call.state === 'started' ? UNKNOWN : CANCELLED);
    this.#turn = this.#withRun();
    this.goOn(rules);
  }

  lose(rules: Rules, runId: RunId | undefined): void {
    for (const call of this.#calls) {
      if (call.state !== 'started') continue;
      if (runId !== undefined && runIdOf(this.#turn.turnId, call.run) !== runId) continue;
      if (call.effect === 'at_most_once') this.#fail(call, UNKNOWN);
      else this.#put({ ...call, run: this.#nextRun() });
    }
    // What was decided or gathered in memory is gone with it.
    if (runId === undefined) this.#turn = this.#withRun();
    this.goOn(rules);
  }

  /** The phase's own work begins anew: what comes of an earlier run does not count. */
  #withRun(): ToolsTurn {
    return { ...this.#turn, phase: { ...this.#turn.phase, run: this.#nextRun() } };
  }

  #fail({ toolUseId, name }: OpenCall, message: string): void {
    this.#note({ kind: 'tool', action: 'failed' }, { toolUseId, name }, { reason: message });
    this.#refused({ toolUseId, name }, message);
    this.#put({ toolUseId, name, state: 'failed', message });
  }

  /** Starts what may start, and answers the model when there is nothing left to wait for. */
  goOn(rules: Rules, results?: Results): void {
    if (this.#calls.every(hasEnded)) {
      const blocks = this.#calls.map((call) => blockOf(call, results));
      if (blocks.every((block) => block !== undefined)) return this.#answer(blocks, rules);
      this.#turn = this.#withRun();
    } else if (this.#draft.cancelling !== this.#turn.turnId) this.#startAllowed();
    this.#store();
    this.#draft.effect({ type: 'startTools' });
  }

  #startAllowed(): void {
    for (const call of this.#calls) {
      if (call.state !== 'allowed') continue;
      const running = this.#calls.filter(({ state }) => state === 'started') as StartedCall[];
      if (running.length >= MAX_AT_ONCE || running.some(({ isAlone }) => isAlone)) return;
      if (call.isAlone && running.length > 0) return;
      const atMs = this.#draft.nowMs;
      this.#put({ ...call, state: 'started', run: this.#nextRun(), atMs });
    }
  }

  #store(): void {
    const phase = { ...this.#turn.phase, calls: this.#calls };
    const turn = { ...this.#turn, runs: this.#runs, phase };
    const isAwaited = awaitedRuns(turn).length > 0;
    replaceFirst(this.#draft, { ...turn, status: isAwaited ? 'running' : 'waiting', phase });
    this.#draft.patch({ status: statusFrom(this.#draft.head.openTurns) });
  }

  #answer(blocks: readonly Uint8Array[], rules: Rules): void {
    const draft = this.#draft;
    const body = messageOf(blocks);
    const { turnId } = this.#turn;
    const seq = draft.message({ role: 'user', body, atMs: draft.nowMs }, { turnId });
    publish(draft, this.#turn, { type: 'message', seq, body });
    draft.effect({ type: 'see', seq, body });
    const turn: OpenTurn = { ...this.#turn, runs: this.#runs, lastSeq: seq };
    replaceFirst(draft, turn);
    const end = this.#end(turn, rules);
    if (end === undefined) {
      startModel(draft, turn);
      return draft.patch({ status: statusFrom(draft.head.openTurns) });
    }
    closeTurn(draft, turn, { ...end, text: '' });
    settle(draft);
  }

  #end(turn: OpenTurn, rules: Rules) {
    if (this.#draft.cancelling === turn.turnId)
      return { status: 'cancelled', stopReason: null } as const;
    const stop = this.#turn.phase.stop;
    const limit = stop === undefined ? overLimit(this.#draft.head, turn, rules) : 'stopped_by_hook';
    return limit === undefined ? undefined : ({ status: 'completed', stopReason: limit } as const);
  }

  #refused({ toolUseId, name: toolName }: Named, reason: string): void {
    publish(this.#draft, this.#turn, { type: 'tool.refused', toolUseId, toolName, reason });
  }

  #decided(
    action: 'allowed' | 'denied' | 'asked',
    call: Named,
    { input, reason }: Pick<Verdict, 'input' | 'reason'>,
  ): void {
    const details = { ...this.#draft.bodies({ input: excerpt(input) }), reason };
    this.#note({ kind: 'permission', action }, call, details);
  }

  #note(what: Noted, call: Named, details: Readonly<Record<string, unknown>>, by?: string): void {
    noteCall(this.#draft, this.#turn, what, call, details, by);
  }
}

/** The type of notification, as Claude Code has it. */
const PERMISSION_PROMPT = 'permission_prompt';

/** Who has decided, where nobody has. */
const DEADLINE = 'deadline';

const MINUTE_MS = 60_000;

const approvalMs = ({ limits }: Head, rules: Rules): number | undefined => {
  const minutes = limits?.approvalMinutes;
  if (minutes === undefined) return rules.approvalMs;
  return minutes === 0 ? undefined : Math.round(minutes * MINUTE_MS);
};

const deniedBecause = (reason: string | undefined): string =>
  reason === undefined || reason === ''
    ? 'The user does not want this to run.'
    : `The user does not want this to run: ${reason}`;
