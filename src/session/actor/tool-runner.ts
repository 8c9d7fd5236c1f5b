/**
 * The tool calls under way, and what the state machine is told of them: verdicts, outcomes, results.
 *
 * 1. A call starts once its start is committed; one that was started here is not started again.
 * 2. Inputs and results are at hand as long as the turn is at the answer that asked for them. After a wake they are read
 *    from the journal.
 */

import { isToolUse } from '../../claude-code/api-blocks.ts';
import { GreenroomError } from '../../model/errors.ts';
import type { Head } from '../../model/head.ts';
import type { SessionKey } from '../../model/ids.ts';
import { TELEMETRY } from '../../model/telemetry.ts';
import { NO_MEMORY } from '../../model/tool-memory.ts';
import {
  awaitedRuns,
  hasEnded,
  type OpenCall,
  type OpenTurn,
  type RunId,
  runIdOf,
  type ToolsPhase,
} from '../../model/turn.ts';
import type { ActorRef } from '../../otp/ref.ts';
import { crashpoint } from '../../platform/crashpoint.ts';
import { decodeMessage } from '../context/model-message.ts';
import type { Told } from '../events/narrator.ts';
import type { InputOf } from '../machine/machine.ts';
import type { ToolUse } from '../ports/executor.ts';
import type { Hooks } from '../ports/hooks.ts';
import type { Journal } from '../ports/journal.ts';
import type { Toolbox, ToolCall, ToolHandle, ToolOutcome, ToolQuestion } from '../ports/tools.ts';
import { memoriesIn, type OwnUse, ownUse, runnerOf, toolsOfCall } from '../tools/api-tools.ts';
import {
  askAfter,
  askBefore,
  type HookGround,
  wantsHooks,
  wantsResults,
} from '../tools/ask-hooks.ts';
import { Judge, type Judged, type PermissionGround, type Place } from '../tools/judge.ts';
import { Offers } from '../tools/offer.ts';
import { readBlock, resultBlock, withSaid } from '../tools/result-block.ts';

export interface ToolRun extends Told {
  readonly id: RunId;
  readonly key: SessionKey;
  readonly name: string;
  readonly toolUseId: string;
  readonly handle: ToolHandle;
  readonly atMs: number;
  /** Hooks are to be asked about its result. */
  readonly isHeld: boolean;
  readonly executor: ActorRef;
}

export interface ToolListener {
  /** The call has begun its work. */
  began(turn: Told, call: ToolCall): void;
  asks(run: RunId, question: ToolQuestion | undefined): void;
  outcome(run: RunId, outcome: ToolOutcome): void;
  /** Something is to be committed. */
  submit(input: InputOf<'decided' | 'gathered' | 'toolEnded'>): void;
  /** What is missing is being read; when that is done, it goes on. */
  reading(done: Promise<void>): void;
}

/** What a call is made from. */
export interface ToolSources {
  readonly head: Head;
  readonly turn: OpenTurn & { readonly phase: ToolsPhase };
  readonly isCancelling: boolean;
  readonly journal: Journal;
  /** Without `start` there are no tools, and each call is refused. */
  readonly toolbox: Pick<Toolbox, 'toolsFor'> | Toolbox;
  /** Absent: none are configured. */
  readonly hooks: Hooks | undefined;
  /** Of a session that sets none. */
  readonly permissionMode: string;
  /** Where the session's calls are made if it names no folder. */
  readonly workspace: string;
}

export class ToolRunner {
  readonly #listener: ToolListener;
  readonly #judge: Judge;
  readonly offers: Offers;
  readonly #runs = new Map<RunId, ToolRun>();
  readonly #durations = new Map<string, number>();
  /** Started here, and not yet over in what is committed. */
  readonly #begun = new Set<RunId>();
  /** `seq` of the answer whose calls are at hand. */
  #answerSeq = 0;
  readonly #uses = new Map<string, ToolUse>();
  readonly #results = new Map<string, Uint8Array>();
  /** What hooks want the model to see beside a call's result. */
  readonly #context = new Map<string, readonly string[]>();
  /** What hooks were waited for, by the run that it ends. */
  readonly #ready = new Map<RunId, InputOf<'decided' | 'gathered'>>();
  #isReading = false;

  /** @param deferToolsBytes see `Rules`. */
  constructor(listener: ToolListener, ground: PermissionGround, deferToolsBytes?: number) {
    this.offers = new Offers(ground, deferToolsBytes);
    this.#listener = listener;
    this.#judge = new Judge(ground);
  }

  get isRunning(): boolean {
    return this.#runs.size > 0;
  }

  /** Calls are under way that a stop of the daemon would cost: not those that wait for what goes on elsewhere. */
  get isWorking(): boolean {
    for (const { handle } of this.#runs.values()) if (handle.leave === undefined) return true;
    return false;
  }

  get heldBytes(): number {
    let bytes = 0;
    for (const result of this.#results.values()) bytes += result.byteLength;
    return bytes;
  }

  /** An answer has asked for these. */
  know({ phase: { answerSeq } }: ToolSources['turn'], uses: readonly ToolUse[]): void {
    this.#forget();
    this.#answerSeq = answerSeq;
    for (const use of uses) this.#uses.set(use.id, use);
  }

  #forget(): void {
    this.#answerSeq = 0;
    this.#uses.clear();
    this.#results.clear();
    this.#context.clear();
    this.#ready.clear();
    this.#durations.clear();
  }

  /** Does what the turn awaits and nobody does yet. */
  carryOut(sources: ToolSources): void {
    const { turn } = sources;
    if (this.#answerSeq !== turn.phase.answerSeq) return this.#read(sources, this.#readUses);
    const own = runIdOf(turn.turnId, turn.phase.run);
    const awaited = awaitedRuns(turn);
    const ready = this.#ready.get(own);
    if (ready !== undefined) {
      this.#ready.delete(own);
      return this.#listener.submit(ready);
    }
    if (awaited.includes(own) && !this.#begun.has(own)) {
      if (turn.phase.calls.every(hasEnded)) this.#gather(own, sources);
      else this.#decide(own, sources);
    }
    for (const call of turn.phase.calls) if (call.state === 'started') this.#start(call, sources);
  }

  #decide(runId: RunId, sources: ToolSources): void {
    this.#begun.add(runId);
    const { head, turn, toolbox, hooks } = sources;
    const offer = this.offers.for(head, toolbox.toolsFor(head));
    const place = placeOf(sources);
    const judge = (use: OwnUse) => this.#judge.verdict(use, offer, head, place);
    const uses = turn.phase.calls.flatMap((call) => {
      const isKnown = call.state === 'undecided' && this.#uses.has(call.toolUseId);
      return isKnown ? [this.#useOf(call, sources)] : [];
    });
    crashpoint('tools.decided');
    if (hooks === undefined || !uses.some(({ name }) => wantsHooks(hooks, head, name)))
      return this.#listener.submit({ type: 'decided', runId, verdicts: uses.map(judge) });
    this.#listener.reading(this.#askBefore(runId, uses, judge, groundOf(sources, hooks)));
  }

  async #askBefore(
    runId: RunId,
    uses: readonly OwnUse[],
    judge: (use: OwnUse) => Judged,
    ground: HookGround,
  ): Promise<void> {
    const asked = await Promise.all(uses.map((use) => askBefore(use, judge, ground)));
    for (const { verdict, context } of asked)
      if (context.length > 0) this.#context.set(verdict.toolUseId, context);
    const verdicts = asked.map(({ verdict }) => verdict);
    this.#ready.set(runId, { type: 'decided', runId, verdicts });
  }

  #start(call: StartedCall, sources: ToolSources): void {
    const { head, turn, isCancelling, toolbox, workspace, hooks } = sources;
    const { toolUseId, name } = call;
    const id = runIdOf(turn.turnId, call.run);
    if (this.#begun.has(id) || !('start' in toolbox)) return;
    this.#begun.add(id);
    const { turnId, attempt, traceId } = turn;
    const use = this.#useOf(call, sources);
    const step: ToolCall = {
      key: head.key,
      workingDirectory: head.workingDirectory ?? workspace,
      memory: head.toolMemory ?? NO_MEMORY,
      turnId,
      toolUseId,
      name: runnerOf(use),
      input: call.input ?? (use.input as ToolCall['input']),
      realPath: call.realPath,
    };
    if (isCancelling) {
      toolbox.abandon?.(step);
      return this.#end(id, toolUseId, { type: 'cancelled' });
    }
    this.#listener.began(turn, step);
    tellStart(turn, step);
    const handle = toolbox.start(step, {
      about: { ...head.key, turnId, traceId },
      asks: (question) => this.#listener.asks(id, question),
      outcome: (outcome) => this.#listener.outcome(id, outcome),
    });
    const executor = toolbox.ref;
    const isHeld = hooks !== undefined && wantsResults(hooks, head, use.name);
    const { atMs } = call;
    this.#runs.set(id, {
      id,
      key: head.key,
      name,
      turnId,
      attempt,
      traceId,
      toolUseId,
      handle,
      atMs,
      isHeld,
      executor,
    });
    crashpoint('tool.started');
  }

  /** As all but the transcript has it. */
  #useOf(call: OpenCall, { head, workspace }: Where): OwnUse {
    const { toolUseId, name } = call;
    const use = this.#uses.get(toolUseId) ?? { id: toolUseId, name, input: {} };
    return ownUse(use, toolsOfCall(call, head.tools), memoriesIn(workspace));
  }

  /** The outcome of a call has come. */
  finish(id: RunId, outcome: ToolOutcome, nowMs: number): void {
    const run = this.#runs.get(id);
    if (run === undefined) return;
    this.#runs.delete(id);
    this.#durations.set(run.toolUseId, nowMs - run.atMs);
    tellContent(run, 'result', outcome.content);
    if (TELEMETRY.toolStop.isHeard) report(run, outcomeWord(outcome), nowMs);
    this.#end(id, run.toolUseId, outcome, run.isHeld);
  }

  #end(runId: RunId, toolUseId: string, outcome: ToolOutcome, isHeld = false): void {
    const { block, isError } = resultBlock(toolUseId, outcome);
    const context = this.#context.get(toolUseId);
    this.#results.set(
      toolUseId,
      context === undefined ? block : withSaid(block, undefined, context),
    );
    const memory = outcome.type === 'result' ? outcome.memory : undefined;
    const { spentNanoUsd } = outcome;
    const results = this.#results;
    const ended = { type: 'toolEnded', runId, isError, memory, spentNanoUsd, results } as const;
    this.#listener.submit(isHeld ? { ...ended, isHeld } : ended);
  }

  #gather(runId: RunId, sources: ToolSources): void {
    const missing = sources.turn.phase.calls.filter(
      (call): call is EndedCall => call.state === 'ended' && !this.#results.has(call.toolUseId),
    );
    if (missing.length > 0) return this.#read(sources, () => this.#readResults(sources, missing));
    this.#begun.add(runId);
    const { turn, hooks, head } = sources;
    const ended = turn.phase.calls.filter((call): call is EndedCall => call.state === 'ended');
    if (
      hooks === undefined ||
      !ended.some((call) => wantsResults(hooks, head, this.#useOf(call, sources).name))
    )
      return this.#listener.submit({ type: 'gathered', runId, results: this.#results });
    const uses = ended.map((call) => this.#useOf(call, sources));
    this.#listener.reading(this.#askAfter(runId, uses, groundOf(sources, hooks)));
  }

  async #askAfter(runId: RunId, uses: readonly OwnUse[], ground: HookGround): Promise<void> {
    const asked = await Promise.all(uses.map((use) => this.#askAbout(use, ground)));
    const stop = asked.find(({ said }) => said.stop !== undefined)?.said.stop;
    const hooks = asked.flatMap(({ toolUseId, runs }) =>
      runs.map((run) => ({ ...run, toolUseId })),
    );
    const gathered = { type: 'gathered', runId, results: this.#results, hooks } as const;
    this.#ready.set(runId, stop === undefined ? gathered : { ...gathered, stop });
  }

  /** The model sees what the hooks say behind the result, or in its place. */
  async #askAbout(use: OwnUse, ground: HookGround) {
    const toolUseId = use.id;
    const block = this.#results.get(toolUseId) ?? new Uint8Array();
    const { text, isError } = readBlock(block);
    const durationMs = this.#durations.get(toolUseId) ?? 0;
    const { said, runs } = await askAfter({ use, text, isError, durationMs }, ground);
    const added = [...said.context, ...(said.decision === 'deny' ? [said.reason ?? ''] : [])];
    this.#results.set(toolUseId, withSaid(block, said.output, added));
    return { toolUseId, said, runs };
  }

  #read(sources: ToolSources, read: (sources: ToolSources) => Promise<void>): void {
    if (this.#isReading) return;
    this.#isReading = true;
    const done = read(sources).finally(() => {
      this.#isReading = false;
    });
    this.#listener.reading(done);
  }

  readonly #readUses = async ({ head, turn, journal }: ToolSources): Promise<void> => {
    const { answerSeq } = turn.phase;
    const session = await journal.open(head.key);
    const [entry] = await session.entries({ from: answerSeq, to: answerSeq, limit: 1 });
    if (entry?.kind !== 'message')
      throw new GreenroomError('corrupt_record', `entry ${answerSeq} is not the answer it was`);
    const blocks = decodeMessage(entry.body).content;
    this.know(
      turn,
      blocks.flatMap((block) => (isToolUse(block) ? [block as unknown as ToolUse] : [])),
    );
  };

  async #readResults({ head, journal }: ToolSources, calls: readonly EndedCall[]): Promise<void> {
    const session = await journal.open(head.key);
    for (const { toolUseId, seq } of calls) {
      const [entry] = await session.entries({ from: seq, to: seq, limit: 1 });
      const blocks = entry?.kind === 'message' ? decodeMessage(entry.body).content : [];
      const [block] = blocks;
      if (block === undefined)
        throw new GreenroomError('corrupt_record', `entry ${seq} is not the result it was`);
      this.#results.set(toolUseId, Buffer.from(JSON.stringify(block)));
    }
  }

  runs(): Iterable<ToolRun> {
    return this.#runs.values();
  }

  run(id: RunId): ToolRun | undefined {
    return this.#runs.get(id);
  }

  /** Ends the calls of a toolbox that is gone, and gives them. */
  lose(executor: ActorRef, nowMs: number): readonly ToolRun[] {
    const lost = [...this.#runs.values()].filter((run) => run.executor.id === executor.id);
    for (const run of lost) {
      this.#runs.delete(run.id);
      if (TELEMETRY.toolStop.isHeard) report(run, 'lost', nowMs);
    }
    return lost;
  }

  /** Something was committed: what is not awaited any more needs no guard, and what the turn is past is let go. */
  settle(first: OpenTurn | undefined): void {
    if (this.#begun.size === 0 && this.#answerSeq === 0) return;
    const awaited = first === undefined ? [] : awaitedRuns(first);
    for (const id of this.#begun) if (!awaited.includes(id)) this.#begun.delete(id);
    if (first?.phase?.kind !== 'tools' || first.phase.answerSeq !== this.#answerSeq) this.#forget();
  }

  /** The session ends: nothing works for it any more. */
  end(): void {
    for (const { handle } of this.#runs.values()) {
      if (handle.leave === undefined) handle.cancel();
      else handle.leave();
    }
    this.#runs.clear();
    this.#forget();
  }
}

const outcomeWord = (outcome: ToolOutcome): string => {
  if (outcome.type === 'cancelled') return 'cancelled';
  return outcome.isError ? 'error' : 'ok';
};

const tellStart = ({ attempt, traceId }: OpenTurn, call: ToolCall): void => {
  const { key, turnId, toolUseId, name: tool, input } = call;
  const { toolStart } = TELEMETRY;
  if (toolStart.isHeard) toolStart.tell({ ...key, turnId, attempt, traceId, tool, toolUseId });
  tellContent(call, 'arguments', input);
};

const tellContent = (
  { key, turnId, toolUseId }: Pick<ToolCall, 'key' | 'turnId' | 'toolUseId'>,
  kind: 'arguments' | 'result',
  content: unknown,
): void => {
  if (TELEMETRY.content.isHeard)
    TELEMETRY.content.tell({ ...key, turnId, kind, toolUseId, content });
};

/** A clock that was set back gives no negative time. */
const report = (run: ToolRun, outcome: string, nowMs: number): void => {
  const { key, turnId, attempt, traceId, name, toolUseId } = run;
  TELEMETRY.toolStop.tell({
    tenant: key.tenant,
    sessionId: key.sessionId,
    turnId,
    attempt,
    traceId,
    tool: name,
    toolUseId,
    outcome,
    durationMs: Math.max(0, nowMs - run.atMs),
  });
};

type Where = Pick<ToolSources, 'head' | 'workspace'>;

const placeOf = ({ head, workspace }: Where): Place => {
  const workingDirectory = head.workingDirectory ?? workspace;
  return {
    ...{ workingDirectory, cwd: head.toolMemory?.cwd ?? workingDirectory },
    memories: memoriesIn(workspace),
  };
};

const groundOf = (sources: ToolSources, hooks: Hooks): HookGround => {
  const { head, turn, permissionMode } = sources;
  const { cwd } = placeOf(sources);
  return {
    ...{ hooks, head, turnId: turn.turnId, cwd },
    permissionMode: head.permissionMode ?? permissionMode,
  };
};

type StartedCall = Extract<OpenCall, { readonly state: 'started' }>;
type EndedCall = Extract<OpenCall, { readonly state: 'ended' }>;
