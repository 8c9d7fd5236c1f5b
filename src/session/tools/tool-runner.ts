/**
 * The tool calls under way, and what the state machine is told of them: verdicts, outcomes, results.
 *
 * A call starts once its start is committed; one that was started here is not started again.
 */
import type { Head } from '../../model/head.ts';
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
import { ChurnMap } from '../../platform/churn-map.ts';
import { crashpoint } from '../../platform/crashpoint.ts';
import type { Told } from '../events/narrator.ts';
import type { InputOf } from '../machine/input.ts';
import type { ToolUse } from '../ports/executor.ts';
import type { Hooks } from '../ports/hooks.ts';
import type { Journal } from '../ports/journal.ts';
import type { Toolbox, ToolCall, ToolHandle, ToolOutcome, ToolQuestion } from '../ports/tools.ts';
import { AnswerCalls, type EndedCall } from './answer-calls.ts';
import { memoriesIn, type OwnUse, ownUse, runnerOf, toolsOfCall } from './api-tools.ts';
import { askAfter, askBefore, type HookGround, wantsHooks, wantsResults } from './ask-hooks.ts';
import { isSearch, Judge, type Judged, type PermissionGround, type Place } from './judge.ts';
import { Offers } from './offer.ts';
import { readBlock, resultBlock, withSaid } from './result-block.ts';
import { type ToldRun, tellEnd, tellStart } from './tool-telemetry.ts';
import { workplaceOf } from './workplace.ts';

export interface ToolRun extends ToldRun {
  readonly id: RunId;
  readonly handle: ToolHandle;
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
  readonly #runs = new ChurnMap<RunId, ToolRun>();
  /** Started here, and not yet over in what is committed. */
  readonly #begun = new Set<RunId>();
  readonly #calls = new AnswerCalls();
  /** What hooks were waited for, by the run that it ends. */
  readonly #ready = new ChurnMap<RunId, InputOf<'decided' | 'gathered'>>();
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
    return this.#calls.heldBytes;
  }

  /** An answer has asked for these. */
  know({ phase: { answerSeq } }: ToolSources['turn'], uses: readonly ToolUse[]): void {
    this.#forget();
    this.#calls.begin(answerSeq, uses);
  }

  #forget(): void {
    this.#calls.forget();
    this.#ready.clear();
  }

  /** Does what the turn awaits and nobody does yet. */
  carryOut(sources: ToolSources): void {
    const { turn } = sources;
    if (!this.#calls.isOf(turn.phase.answerSeq)) return this.#read(() => this.#readUses(sources));
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

  /** On the calls of an answer that is at hand, in which no hook has a say; undefined: one has. */
  verdicts(sources: ToolSources): InputOf<'decided'> | undefined {
    const { judged, ground } = this.#judging(sources);
    if (ground !== undefined) return undefined;
    crashpoint('tools.decided');
    const { turnId, phase } = sources.turn;
    return { type: 'decided', runId: runIdOf(turnId, phase.run), verdicts: judged() };
  }

  /** Behind the commit of the answer. */
  #decide(runId: RunId, sources: ToolSources): void {
    this.#begun.add(runId);
    const { uses, judge, judged, ground } = this.#judging(sources);
    crashpoint('tools.decided');
    if (ground === undefined)
      return this.#listener.submit({ type: 'decided', runId, verdicts: judged() });
    this.#listener.reading(this.#askBefore(runId, uses, judge, ground));
  }

  #judging(sources: ToolSources): Judging {
    const { head, turn, toolbox, hooks } = sources;
    const offer = this.offers.for(head, toolbox.toolsFor(head));
    const place = placeOf(sources);
    const uses = turn.phase.calls.flatMap((call) => {
      const isKnown = call.state === 'undecided' && this.#calls.has(call);
      return isKnown ? [this.#useOf(call, sources)] : [];
    });
    const isHooked = hooks !== undefined && uses.some(({ name }) => wantsHooks(hooks, head, name));
    return {
      uses,
      judge: (use) => this.#judge.verdict(use, offer, head, place),
      judged: () => this.#judge.verdicts(uses, offer, head, place),
      ground: isHooked ? groundOf(sources, hooks) : undefined,
    };
  }

  async #askBefore(
    runId: RunId,
    uses: readonly OwnUse[],
    judge: (use: OwnUse) => Judged,
    ground: HookGround,
  ): Promise<void> {
    const asked = await Promise.all(uses.map((use) => askBefore(use, judge, ground)));
    for (const { verdict, context } of asked) this.#calls.say(verdict.toolUseId, context);
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
      workingDirectory: workplaceOf(head, workspace),
      memory: head.toolMemory ?? NO_MEMORY,
      turnId,
      toolUseId,
      name: runnerOf(use),
      input: call.input ?? (use.input as ToolCall['input']),
      realPath: call.realPath,
      hidden: isSearch(use) ? this.#hidden(sources) : undefined,
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

  #hidden(sources: ToolSources): readonly RegExp[] {
    const { head, toolbox } = sources;
    const offer = this.offers.for(head, toolbox.toolsFor(head));
    return this.#judge.hiddenFromSearches(offer, head, placeOf(sources));
  }

  /** As all but the transcript has it. */
  #useOf(call: OpenCall, { head, workspace }: Where): OwnUse {
    return ownUse(this.#calls.use(call), toolsOfCall(call, head.tools), memoriesIn(workspace));
  }

  /** The outcome of a call has come. */
  finish(id: RunId, outcome: ToolOutcome, nowMs: number): void {
    const run = this.#runs.get(id);
    if (run === undefined) return;
    this.#runs.delete(id);
    this.#calls.took(run.toolUseId, nowMs - run.atMs);
    tellEnd(run, outcome, nowMs);
    this.#end(id, run.toolUseId, outcome, run.isHeld);
  }

  #end(runId: RunId, toolUseId: string, outcome: ToolOutcome, isHeld = false): void {
    const { block, isError } = resultBlock(toolUseId, outcome);
    this.#calls.ended(toolUseId, block);
    const memory = outcome.type === 'result' ? outcome.memory : undefined;
    const { spentNanoUsd } = outcome;
    const { results } = this.#calls;
    const ended = { type: 'toolEnded', runId, isError, memory, spentNanoUsd, results } as const;
    this.#listener.submit(isHeld ? { ...ended, isHeld } : ended);
  }

  #gather(runId: RunId, sources: ToolSources): void {
    const { turn, hooks, head, journal } = sources;
    const missing = this.#calls.missing(turn.phase.calls);
    if (missing.length > 0)
      return this.#read(() => this.#calls.readResults(journal, head.key, missing));
    this.#begun.add(runId);
    const ended = turn.phase.calls.filter((call): call is EndedCall => call.state === 'ended');
    if (
      hooks === undefined ||
      !ended.some((call) => wantsResults(hooks, head, this.#useOf(call, sources).name))
    )
      return this.#listener.submit({ type: 'gathered', runId, results: this.#calls.results });
    const uses = ended.map((call) => this.#useOf(call, sources));
    this.#listener.reading(this.#askAfter(runId, uses, groundOf(sources, hooks)));
  }

  async #askAfter(runId: RunId, uses: readonly OwnUse[], ground: HookGround): Promise<void> {
    const asked = await Promise.all(uses.map((use) => this.#askAbout(use, ground)));
    const stop = asked.find(({ said }) => said.stop !== undefined)?.said.stop;
    const hooks = asked.flatMap(({ toolUseId, runs }) =>
      runs.map((run) => ({ ...run, toolUseId })),
    );
    const { results } = this.#calls;
    const gathered = { type: 'gathered', runId, results, hooks } as const;
    this.#ready.set(runId, stop === undefined ? gathered : { ...gathered, stop });
  }

  /** The model sees what the hooks say behind the result, or in its place. */
  async #askAbout(use: OwnUse, ground: HookGround) {
    const toolUseId = use.id;
    const block = this.#calls.resultOf(toolUseId);
    const { text, isError } = readBlock(block);
    const durationMs = this.#calls.durationOf(toolUseId);
    const { said, runs } = await askAfter({ use, text, isError, durationMs }, ground);
    const added = [...said.context, ...(said.decision === 'deny' ? [said.reason ?? ''] : [])];
    this.#calls.replace(toolUseId, withSaid(block, said.output, added));
    return { toolUseId, said, runs };
  }

  #read(read: () => Promise<void>): void {
    if (this.#isReading) return;
    this.#isReading = true;
    const done = read().finally(() => {
      this.#isReading = false;
    });
    this.#listener.reading(done);
  }

  async #readUses({ head, turn, journal }: ToolSources): Promise<void> {
    await this.#calls.readUses(journal, head.key, turn.phase.answerSeq);
    this.#ready.clear();
  }

  runs(): Iterable<ToolRun> {
    return this.#runs.values();
  }

  run(id: RunId): ToolRun | undefined {
    return this.#runs.get(id);
  }

  /** Ends the calls of a toolbox that is gone, and gives them. */
  lose(executor: ActorRef, nowMs: number): readonly ToolRun[] {
    const lost = this.#runs.values().filter((run) => run.executor.id === executor.id);
    for (const run of lost) {
      this.#runs.delete(run.id);
      tellEnd(run, undefined, nowMs);
    }
    return lost;
  }

  /** Something was committed: what is not awaited any more needs no guard, and what the turn is past is let go. */
  settle(first: OpenTurn | undefined): void {
    if (this.#begun.size === 0 && this.#calls.isEmpty) return;
    const awaited = first === undefined ? [] : awaitedRuns(first);
    for (const id of this.#begun) if (!awaited.includes(id)) this.#begun.delete(id);
    if (first?.phase?.kind !== 'tools' || !this.#calls.isOf(first.phase.answerSeq)) this.#forget();
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

/** The calls that nothing is decided about, who decides, and what hooks that have a say are asked with. */
interface Judging {
  readonly uses: readonly OwnUse[];
  /** On one of them, at any time. */
  readonly judge: (use: OwnUse) => Judged;
  /** On all of them, now. */
  readonly judged: () => readonly Judged[];
  readonly ground: HookGround | undefined;
}

type Where = Pick<ToolSources, 'head' | 'workspace'>;

const placeOf = ({ head, workspace }: Where): Place => {
  const workingDirectory = workplaceOf(head, workspace);
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
