/**
 * The calls of a turn in the making; local to one input. It owns what becomes of them: which may start, when all are
 * answered to the model, how that ends the turn.
 */
import type { Head } from '../../model/head.ts';
import {
  awaitedRuns,
  hasEnded,
  type OpenCall,
  type OpenTurn,
  type RunId,
  runIdOf,
  type ToolsPhase,
} from '../../model/turn.ts';
import { statusFrom } from '../../model/unfinished.ts';
import type { Draft } from './draft.ts';
import type { Results, Verdict } from './input.ts';
import { closeTurn, publish, replaceFirst, settle, startModel } from './next-turn.ts';
import type { Rules } from './rules.ts';
import { blockOf, messageOf } from './tool-results.ts';
import { overLimit } from './turn-limits.ts';
import { excerpt, type Named, type Noted, noteCall } from './turn-records.ts';

/** Calls of one turn that run side by side. */
export const MAX_AT_ONCE = 16;

export const CANCELLED = 'The turn was cancelled before this ran.';

export type ToolsTurn = OpenTurn & { readonly phase: ToolsPhase };
export type AskedCall = Extract<OpenCall, { state: 'asked' }>;
export type StartedCall = Extract<OpenCall, { state: 'started' }>;

/** The first open turn, if it is at its tools. */
export const atTools = ({ head }: Draft): ToolsTurn | undefined => {
  const [first] = head.openTurns;
  return first?.phase?.kind === 'tools' ? (first as ToolsTurn) : undefined;
};

/** The same, if it awaits this run. */
export const awaiting = (draft: Draft, runId: RunId): ToolsTurn | undefined => {
  const turn = atTools(draft);
  return turn !== undefined && awaitedRuns(turn).includes(runId) ? turn : undefined;
};

const MINUTE_MS = 60_000;

/** How long a person is waited for; undefined: as long as it takes. */
export const approvalMs = ({ limits }: Head, rules: Rules): number | undefined => {
  const minutes = limits?.approvalMinutes;
  if (minutes === undefined) return rules.approvalMs;
  return minutes === 0 ? undefined : Math.round(minutes * MINUTE_MS);
};

export class OpenCalls {
  readonly draft: Draft;
  readonly #calls: OpenCall[];
  #turn: ToolsTurn;
  #runs: number;

  constructor(draft: Draft, turn: ToolsTurn) {
    this.draft = draft;
    this.#turn = turn;
    this.#calls = [...turn.phase.calls];
    this.#runs = turn.runs;
  }

  get turn(): ToolsTurn {
    return this.#turn;
  }

  /** As they are by now, in the order of the answer. */
  get all(): readonly OpenCall[] {
    return this.#calls;
  }

  /** The started call of that run. */
  started(runId: RunId): StartedCall | undefined {
    return this.#calls.find(
      (each): each is StartedCall => each.state === 'started' && this.runIdOf(each.run) === runId,
    );
  }

  runIdOf(run: number): RunId {
    return runIdOf(this.#turn.turnId, run);
  }

  put(call: OpenCall): void {
    this.#calls[this.#calls.findIndex(({ toolUseId }) => toolUseId === call.toolUseId)] = call;
  }

  nextRun(): number {
    this.#runs += 1;
    return this.#runs;
  }

  /** Facts of the turn itself. */
  patch(facts: Partial<Pick<ToolsTurn, 'lastSeq' | 'childrenCostNanoUsd'>>): void {
    this.#turn = { ...this.#turn, ...facts };
  }

  /** The turn ends once its calls are answered. */
  endWith(stop: string | undefined): void {
    if (stop !== undefined) this.#turn = { ...this.#turn, phase: { ...this.#turn.phase, stop } };
  }

  /** The phase's own work begins anew: what comes of an earlier run does not count. */
  renew(): void {
    this.#turn = { ...this.#turn, phase: { ...this.#turn.phase, run: this.nextRun() } };
  }

  fail({ toolUseId, name }: OpenCall, message: string): void {
    this.note({ kind: 'tool', action: 'failed' }, { toolUseId, name }, { reason: message });
    this.refused({ toolUseId, name }, message);
    this.put({ toolUseId, name, state: 'failed', message });
  }

  /** What has not started is not started, and what has is told to end. */
  cancel(rules: Rules): void {
    const { draft } = this;
    draft.cancelling = this.#turn.turnId;
    for (const call of [...this.#calls]) {
      if (call.state === 'started')
        draft.effect({ type: 'cancelRun', runId: this.runIdOf(call.run) });
      else if (!hasEnded(call)) this.fail(call, CANCELLED);
    }
    this.goOn(rules);
  }

  refused({ toolUseId, name: toolName }: Named, reason: string): void {
    publish(this.draft, this.#turn, { type: 'tool.refused', toolUseId, toolName, reason });
  }

  decided(
    action: 'allowed' | 'denied' | 'asked',
    call: Named,
    { input, reason }: Pick<Verdict, 'input' | 'reason'>,
    by?: string,
  ): void {
    const details = { ...this.draft.bodies({ input: excerpt(input) }), reason };
    this.note({ kind: 'permission', action }, call, details, by);
  }

  note(what: Noted, call: Named, details: Readonly<Record<string, unknown>>, by?: string): void {
    noteCall(this.draft, this.#turn, what, call, details, by);
  }

  /** Hooks hear that a person is wanted. @param type as Claude Code has it. */
  notify(message: string, type: string): void {
    if (!this.draft.wantsHook('Notification')) return;
    this.draft.effect({
      ...{ type: 'tellHooks', event: 'Notification', turnId: this.#turn.turnId, subject: type },
      fields: { message, title: 'Permission needed', notification_type: type },
    });
  }

  /** Starts what may start, and answers the model when there is nothing left to wait for. */
  goOn(rules: Rules, results?: Results): void {
    if (this.#calls.every(hasEnded)) {
      const blocks = this.#calls.map((call) => blockOf(call, results));
      if (blocks.every((block) => block !== undefined)) return this.#answer(blocks, rules);
      this.renew();
    } else if (this.draft.cancelling !== this.#turn.turnId) this.#startAllowed();
    this.#store();
    this.draft.effect({ type: 'startTools' });
  }

  #startAllowed(): void {
    for (const call of this.#calls) {
      if (call.state !== 'allowed') continue;
      const running = this.#calls.filter(({ state }) => state === 'started') as StartedCall[];
      if (running.length >= MAX_AT_ONCE || running.some(({ isAlone }) => isAlone)) return;
      if (call.isAlone && running.length > 0) return;
      const atMs = this.draft.nowMs;
      this.put({ ...call, state: 'started', run: this.nextRun(), atMs });
    }
  }

  #store(): void {
    const phase = { ...this.#turn.phase, calls: this.#calls };
    const turn = { ...this.#turn, runs: this.#runs, phase };
    const isAwaited = awaitedRuns(turn).length > 0;
    replaceFirst(this.draft, { ...turn, status: isAwaited ? 'running' : 'waiting', phase });
    this.draft.patch({ status: statusFrom(this.draft.head) });
  }

  #answer(blocks: readonly Uint8Array[], rules: Rules): void {
    const { draft } = this;
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
      return draft.patch({ status: statusFrom(draft.head) });
    }
    closeTurn(draft, turn, { ...end, text: '' });
    settle(draft);
  }

  #end(turn: OpenTurn, rules: Rules) {
    if (this.draft.cancelling === turn.turnId)
      return { status: 'cancelled', stopReason: null } as const;
    const stop = this.#turn.phase.stop;
    const limit = stop === undefined ? overLimit(this.draft.head, turn, rules) : 'stopped_by_hook';
    return limit === undefined ? undefined : ({ status: 'completed', stopReason: limit } as const);
  }
}
