/**
 * What the first open turn is at: its model call, its tools, its hooks. Starts what it awaits, and ends it.
 *
 * 1. Started is only what is committed, behind all effects of a batch: the model sees what the whole of it says.
 * 2. What cannot start now, because a part is restarting, is started a little later.
 * 3. A gate stays closed: no tool runs while the hooks that guard it are away.
 */

import { grantName } from '../../model/budget.ts';
import { codeOf, GreenroomError } from '../../model/errors.ts';
import type { TurnEventBody } from '../../model/event.ts';
import type { Head } from '../../model/head.ts';
import type { TurnId } from '../../model/ids.ts';
import {
  awaitedModelRun,
  awaitedRuns,
  type HooksPhase,
  type OpenTurn,
  type RunId,
  type ToolsPhase,
} from '../../model/turn.ts';
import { crashpoint } from '../../platform/crashpoint.ts';
import type { Told } from '../events/narrator.ts';
import type { Input } from '../machine/input.ts';
import type { Effect, SessionState } from '../machine/machine.ts';
import { mostOfPrompt, mostOfStep } from '../machine/step-cost.ts';
import type { ToolUse } from '../ports/executor.ts';
import { hooksName } from '../ports/hooks.ts';
import { journalName } from '../ports/journal.ts';
import { ledgerName } from '../ports/ledger.ts';
import { type OfferedTool, type Toolbox, toolboxName } from '../ports/tools.ts';
import type { Mailbox } from '../runtime/mailbox.ts';
import type { SessionArgs } from '../runtime/session-args.ts';
import { TurnPlace } from '../runtime/turn-places.ts';
import { wantsTools } from '../tools/offer.ts';
import { ToolRunner, type ToolSources } from '../tools/tool-runner.ts';
import { madeWorkplace, workplaceOf } from '../tools/workplace.ts';
import { Reserves } from './reserves.ts';
import { StepRunner, type StepSources } from './step-runner.ts';
import { type HookNews, TurnHooks } from './turn-hooks.ts';

/** The commit loop, as the phases see it. */
export interface PhasesHost {
  readonly committed: SessionState;
  submit(input: Input): void;
  tell(turn: Told, event: TurnEventBody): void;
  touch(): void;
}

type AtTools = OpenTurn & { readonly phase: ToolsPhase };
type AtHooks = OpenTurn & { readonly phase: HooksPhase };

const isToolsStart = (effect: Effect): effect is Extract<Effect, { type: 'startTools' }> =>
  effect.type === 'startTools';

const RETRY_MS = 500;
/** For sessions that want none. */
const NONE: readonly OfferedTool[] = [];
const NO_TOOLS: Pick<Toolbox, 'toolsFor' | 'prepare'> = { toolsFor: () => NONE };

export class TurnPhases {
  readonly steps: StepRunner;
  /** Absent until the session first needs it: most live sessions have no tools, and there are many of them. */
  tools: ToolRunner | undefined;
  /** The run that money is being asked for. */
  readonly reserves = new Reserves();
  #hooks: TurnHooks | undefined;
  #place: TurnPlace | undefined;
  readonly #args: SessionArgs;
  readonly #mailbox: Mailbox;
  readonly #host: PhasesHost;
  /** Something has to be started once all effects of a batch are carried out. */
  #isWanted = false;

  constructor(args: SessionArgs, mailbox: Mailbox, host: PhasesHost) {
    this.#args = args;
    this.#mailbox = mailbox;
    this.#host = host;
    const { trails, memory } = args.runtime;
    this.steps = new StepRunner(
      mailbox.system,
      {
        building: (done) => mailbox.building(done),
        compacting: (turn, { tokens, window }) =>
          host.tell(turn, { type: 'compacting', tokens, windowTokens: window.tokens }),
        mayCompact: (turnId) => this.#mayCompact(turnId),
        clear: (runId, clearing) => host.submit({ type: 'cleared', runId, clearing }),
        events: (run, batch) => mailbox.stepEvents(run, batch),
        outcome: (run, outcome) => mailbox.stepOutcome(run, outcome),
      },
      { memory, trails },
      host.committed.head.version === 0,
    );
  }

  get isRunning(): boolean {
    return this.reserves.isBusy || this.steps.isRunning || this.tools?.isRunning === true;
  }

  /** Something runs, is being decided, or gathered. */
  get isWorking(): boolean {
    return this.steps.isRunning || this.tools?.isWorking === true;
  }

  /** Its turn waits until others have ended. */
  get isWaitingForPlace(): boolean {
    return this.#place?.isWaiting === true;
  }

  get heldBytes(): number {
    return this.steps.heldBytes + (this.tools?.heldBytes ?? 0);
  }

  /** Hooks are being told something that they have no say in. */
  get isTelling(): boolean {
    return this.#hooks?.isTelling === true;
  }

  /** While those that run hooks are restarting, nothing is told. */
  tellHooks(news: HookNews): void {
    const hooks = this.#mailbox.system.find(hooksName);
    if (hooks === undefined) return;
    const { head } = this.#host.committed;
    // One that has ended gets no folder any more that somebody would have to remove.
    const isOver = news.event === 'SessionEnd';
    const cwd = isOver ? workplaceOf(head, this.#workspace) : madeWorkplace(head, this.#workspace);
    const permissionMode = head.permissionMode ?? this.#args.runtime.permissions.mode;
    this.#ownHooks.tell(news, { head, hooks, cwd, permissionMode });
  }

  /** What the first turn awaits is to be started, when the batch is carried out. */
  want(): void {
    this.#isWanted = true;
  }

  /** @param uses the calls, as the answer has them; absent where they are to be read. */
  wantTools(uses: readonly ToolUse[] | undefined): void {
    this.want();
    const [first] = this.#host.committed.head.openTurns;
    if (first?.phase?.kind === 'tools' && uses !== undefined)
      this.#ownTools.know(first as AtTools, uses);
  }

  startWanted(): void {
    if (this.#isWanted) this.start();
  }

  /** Starts what the first turn awaits; tries again a little later while a part is restarting. */
  start(): void {
    this.#isWanted = false;
    for (const told of this.#hooks?.takeTold() ?? []) this.#host.submit(told);
    const [turn] = this.#host.committed.head.openTurns;
    if (turn?.phase === undefined || this.#args.runtime.activity.isDraining) return; // the next daemon's recovery starts it
    if (!this.#start(turn)) this.#mailbox.later('startRun', RETRY_MS);
  }

  /** The context of the next step could not be made. Throws what waiting does not mend. */
  noContext(error: unknown): void {
    if (codeOf(error) !== 'unavailable') throw error;
    this.#mailbox.later('startRun', RETRY_MS);
  }

  /**
   * The verdicts on calls that an answer has just asked for, where nobody has to be asked for them: they go into its commit.
   * While the daemon drains nothing starts, so nothing is said to have started.
   */
  following({ head, cancelling }: SessionState, effects: readonly Effect[]): Input | undefined {
    const [turn] = head.openTurns;
    if (turn?.phase?.kind !== 'tools' || cancelling === turn.turnId) return undefined;
    const uses = effects.findLast(isToolsStart)?.uses;
    if (uses === undefined || this.#args.runtime.activity.isDraining) return undefined;
    const sources = this.#toolSources(head, turn as AtTools, false);
    if (sources === undefined || sources === 'preparing') return undefined;
    this.#ownTools.know(turn as AtTools, uses);
    return this.#ownTools.verdicts(sources);
  }

  /** A run that is not under way yet (its context is being made, or there is no executor) is given up at once. */
  cancel(runId: RunId): void {
    const run = this.steps.run(runId) ?? this.tools?.run(runId);
    if (run === undefined) this.want();
    else run.handle.cancel();
  }

  /** A commit is durable: what ran for a turn that does not await it any more is let go. */
  settle(): void {
    const [first] = this.#host.committed.head.openTurns;
    this.steps.settle(first && awaitedModelRun(first));
    this.tools?.settle(first);
    this.#place?.settle(first);
    if (this.isWaitingForPlace) this.want(); // what it waits for may be another place now: its owner's
  }

  /** The session ends: nothing runs, waits or is held for it any more. */
  end(): void {
    this.reserves.stop();
    this.steps.end();
    this.tools?.end();
    this.#place?.end();
  }

  /** False: a part that it needs is restarting. */
  #start(turn: OpenTurn): boolean {
    switch (turn.phase?.kind) {
      case 'tools':
        return this.#startTools(turn as AtTools);
      case 'hooks':
        return this.#startHooks(turn as AtHooks);
      case 'reserve':
        return this.#reserve(turn);
      default:
        return this.#startModel(turn);
    }
  }

  #startModel(turn: OpenTurn): boolean {
    const runId = awaitedModelRun(turn);
    if (runId === undefined || this.steps.hasStarted(runId)) return true;
    if (this.#isCancelling(turn)) {
      this.#giveUp(runId);
      return true;
    }
    const sources = this.#sourcesOf(turn);
    if (sources === undefined) return false;
    if (sources === 'preparing') return true;
    const { head, rules } = sources;
    if (!this.#ownPlace.take(runId, turn, head, rules.ownerTurns ?? {})) return true;
    if (!this.steps.start({ id: runId, ...sources })) return false;
    if (this.steps.hasStarted(runId)) crashpoint('step.started');
    this.#host.touch();
    return true;
  }

  /** What its next model call is made from; undefined: a part that this needs is restarting. */
  #sourcesOf(turn: OpenTurn): Omit<StepSources, 'id'> | 'preparing' | undefined {
    const { system } = this.#mailbox;
    const { head } = this.#host.committed;
    const toolbox = wantsTools(head) ? system.find(toolboxName) : NO_TOOLS;
    const journal = system.find(journalName);
    if (journal === undefined || toolbox === undefined) return undefined;
    if (this.#isPreparing(toolbox, head)) return 'preparing';
    const { rules } = this.#args.runtime;
    const tools = this.#ownTools.offers.for(head, toolbox.toolsFor(head)).json;
    return { turn, head, rules, journal, tools };
  }

  /** Asks the ledger for the money of the next model call. */
  #reserve(turn: OpenTurn): boolean {
    const [runId] = awaitedRuns(turn);
    const { system } = this.#mailbox;
    const ledger = system.find(ledgerName);
    if (runId !== undefined && this.#isCancelling(turn)) {
      this.reserves.cancel(runId);
      ledger?.giveBack(this.#args.key, grantName(this.#args.key, runId)); // its order may wait for minutes
      this.#host.submit({ type: 'reserved', runId, bytes: 0, outcome: { type: 'cancelled' } });
      return true;
    }
    if (runId === undefined || this.reserves.has(runId)) return true;
    const sources = this.#sourcesOf(turn);
    if (ledger === undefined || sources === undefined) return false;
    if (sources === 'preparing') return true;
    const size = this.steps.measure({ id: runId, ...sources });
    if (size === undefined) return true; // the context is being made
    const { rules } = this.#args.runtime;
    const { head } = sources;
    const nowMs = system.clock.now();
    const most = mostOfStep(head, size, rules, nowMs);
    if (most === null) {
      const outcome = { type: 'noPrice', model: size.model } as const;
      this.#host.submit({ type: 'reserved', runId, bytes: size.bytes, outcome });
      return true;
    }
    const order = { payer: head, grant: grantName(head.key, runId), nanoUsd: most };
    const priceOf = (tokens: number) => mostOfPrompt(tokens, size, rules, nowMs) ?? most;
    const count = { priceOf, tokens: () => this.steps.count({ id: runId, ...sources }) };
    this.#mailbox.reserving(runId, size.bytes, this.reserves.reserve(runId, ledger, order, count));
    return true;
  }

  #startTools(turn: AtTools): boolean {
    const sources = this.#toolSources(this.#host.committed.head, turn, this.#isCancelling(turn));
    if (sources === undefined) return false;
    if (sources === 'preparing') return true;
    this.#ownTools.carryOut(sources);
    this.#host.touch();
    return true;
  }

  /** What its calls are made from; undefined: a part that this needs is restarting. */
  #toolSources(
    head: Head,
    turn: AtTools,
    isCancelling: boolean,
  ): ToolSources | 'preparing' | undefined {
    const { system } = this.#mailbox;
    const { rules, permissions } = this.#args.runtime;
    const toolbox = wantsTools(head) ? system.find(toolboxName) : NO_TOOLS;
    const journal = system.find(journalName);
    if (toolbox === undefined || journal === undefined) return undefined;
    if (this.#isPreparing(toolbox, head)) return 'preparing';
    const workspace = this.#workspace;
    madeWorkplace(head, workspace);
    const hooks = system.find(hooksName);
    if (hooks === undefined && rules.wantsHook !== undefined) return undefined;
    const permissionMode = permissions.mode;
    return { head, turn, isCancelling, journal, toolbox, workspace, hooks, permissionMode };
  }

  /** What the session alone has is being started: when its tools are known, or cannot be, it goes on. */
  #isPreparing(toolbox: Pick<Toolbox, 'prepare'>, head: Head): boolean {
    const preparing = toolbox.prepare?.(head);
    if (preparing === undefined) return false;
    this.#mailbox.building(preparing);
    return true;
  }

  #startHooks(turn: AtHooks): boolean {
    const { system } = this.#mailbox;
    const [hooks, journal] = [system.find(hooksName), system.find(journalName)];
    if (hooks === undefined || journal === undefined) return false;
    const { head } = this.#host.committed;
    const cwd = madeWorkplace(head, this.#workspace);
    const permissionMode = head.permissionMode ?? this.#args.runtime.permissions.mode;
    const isCancelling = this.#isCancelling(turn);
    this.#ownHooks.carryOut({ head, turn, isCancelling, journal, hooks, cwd, permissionMode });
    return true;
  }

  async #mayCompact(turnId: TurnId): Promise<boolean> {
    const { head } = this.#host.committed;
    const { rules, permissions } = this.#args.runtime;
    if (rules.wantsHook?.('PreCompact', head.hooks, head) !== true) return true;
    const hooks = this.#mailbox.system.find(hooksName);
    if (hooks === undefined) throw new GreenroomError('unavailable', 'the hooks are restarting');
    const cwd = madeWorkplace(head, this.#workspace);
    const permissionMode = head.permissionMode ?? permissions.mode;
    return this.#ownHooks.mayCompact(turnId, { head, hooks, cwd, permissionMode });
  }

  #isCancelling({ turnId }: OpenTurn): boolean {
    return this.#host.committed.cancelling === turnId;
  }

  /** Cancelled while no run was under way: nothing has to be stopped. */
  #giveUp(runId: RunId): void {
    const outcome = { type: 'cancelled', partialText: '', neverSent: true } as const;
    this.#host.submit({ type: 'step', runId, retries: 0, outcome });
  }

  /** Folder of a session that names none. */
  get #workspace(): string {
    const { tenant, sessionId } = this.#args.key;
    return `${this.#args.runtime.workspaces}/${tenant}/${sessionId}`;
  }

  get #ownTools(): ToolRunner {
    this.tools ??= new ToolRunner(
      {
        began: (turn, { toolUseId, name, input }) =>
          this.#host.tell(turn, { type: 'tool.started', toolUseId, name, input }),
        asks: (run, question) => this.#mailbox.toolAsks(run, question),
        outcome: (run, outcome) => this.#mailbox.toolOutcome(run, outcome),
        submit: (input) => this.#host.submit(input),
        reading: (done) => this.#mailbox.building(done),
      },
      this.#args.runtime.permissions,
      this.#args.runtime.rules.deferToolsBytes,
    );
    return this.tools;
  }

  get #ownPlace(): TurnPlace {
    const { key, runtime } = this.#args;
    this.#place ??= new TurnPlace(runtime.places, key, () => this.#mailbox.later('startRun', 0));
    return this.#place;
  }

  get #ownHooks(): TurnHooks {
    this.#hooks ??= new TurnHooks({
      submit: (input) => this.#host.submit(input),
      reading: (done) => this.#mailbox.building(done),
    });
    return this.#hooks;
  }
}
