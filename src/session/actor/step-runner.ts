/**
 * The runs under way, and the live context that model calls are made from.
 *
 * 1. The state machine names each run. What comes from one that is not under way here is dropped.
 * 2. A run that is over (its outcome has come, or its executor is gone) is not started again: what becomes of it is the
 *    state machine's to say, and until that is committed the run is still the one that the turn awaits.
 * 3. A step is made from committed entries only.
 */

import { GreenroomError } from '../../model/errors.ts';
import type { Head } from '../../model/head.ts';
import type { TurnId } from '../../model/ids.ts';
import type { TraceId } from '../../model/request-context.ts';
import type { OpenTurn, RunId } from '../../model/turn.ts';
import type { Clock } from '../../otp/clock.ts';
import type { ActorRef } from '../../otp/ref.ts';
import type { System } from '../../otp/system.ts';
import { Context } from '../context/context.ts';
import { historianName } from '../context/historian.ts';
import { History } from '../context/history.ts';
import { messageForModel } from '../context/model-message.ts';
import { modelMessages } from '../context/model-messages.ts';
import type { TurnTrails } from '../events/turn-trails.ts';
import type { Rules } from '../machine/machine.ts';
import { modelStep } from '../machine/model-step.ts';
import type { StepSize } from '../machine/step-cost.ts';
import { modelOf } from '../machine/turn-limits.ts';
import type { ContextMemory } from '../memory/context-memory.ts';
import { executorName, type StepHandle } from '../ports/executor.ts';
import type { Journal } from '../ports/journal.ts';
import { type RunListener, RunSink } from './run-sink.ts';
import { StepTrace } from './step-trace.ts';

/** Output limit of a model call when the session sets none. */
const MAX_TOKENS = 8_192;
/** A turn whose next model call is farther away than this waits in the store, and its session may sleep. */
const LONGEST_WAIT_MS = 30_000;

export interface Run {
  readonly id: RunId;
  readonly turnId: TurnId;
  readonly attempt: number;
  readonly traceId: TraceId | undefined;
  readonly handle: StepHandle;
  readonly executor: ActorRef;
  retries: number;
}

/** What a model call is made from. */
export interface StepSources {
  readonly id: RunId;
  readonly turn: OpenTurn;
  readonly head: Head;
  readonly rules: Rules;
  readonly journal: Journal;
  /** The request's `tools`, as JSON. */
  readonly tools: string | undefined;
}

/** What a context is made from. */
interface Sources {
  readonly head: Head;
  readonly turn: OpenTurn;
  readonly model: string;
  readonly journal: Journal;
}

export interface StepListener extends RunListener {
  /** The context is being made; when that is done, the step can be started. */
  building(done: Promise<void>): void;
}

export class StepRunner {
  readonly #system: System;
  readonly #listener: StepListener;
  readonly #memory: ContextMemory;
  readonly #trails: TurnTrails;
  #context: Context | undefined;
  #contextModel: string | undefined;
  /** Prompts of queued turns by `seq`, until their turn comes. */
  readonly #prompts = new Map<number, Uint8Array>();
  readonly #runs = new Map<RunId, Run>();
  readonly #over = new Set<RunId>();
  /** The context that is being made; void if what it is made from is no longer all. */
  #building: { isVoid: boolean } | undefined;

  /** @param isNew the session has no entries yet, so its context is known to be empty. */
  constructor(
    system: System,
    listener: StepListener,
    { memory, trails }: { readonly memory: ContextMemory; readonly trails: TurnTrails },
    isNew: boolean,
  ) {
    this.#system = system;
    this.#listener = listener;
    this.#memory = memory;
    this.#trails = trails;
    this.#context = isNew ? new Context(memory.slabs, []) : undefined;
  }

  get heldBytes(): number {
    return this.#context?.heldBytes ?? 0;
  }

  /** Keeps a queued turn's prompt at hand. */
  hold(seq: number, body: Uint8Array): void {
    if (this.#context !== undefined) this.#prompts.set(seq, body);
  }

  /** The model sees this message from now on. Without a live context there is nothing to do: it is read later. */
  see(seq: number, body: Uint8Array | undefined): void {
    this.#voidBuilding();
    const message = body ?? this.#prompts.get(seq);
    this.#prompts.delete(seq);
    if (message === undefined) this.forget();
    else this.#add(message);
  }

  /** Only what the API takes back: the same rule as `modelMessages` has. */
  #add(message: Uint8Array): void {
    const seen = messageForModel(message);
    if (seen !== undefined) this.#context?.add(seen);
  }

  forget(): void {
    this.#voidBuilding();
    this.#context?.free();
    this.#context = undefined;
    this.#prompts.clear();
  }

  #voidBuilding(): void {
    if (this.#building !== undefined) this.#building.isVoid = true;
  }

  /** How large the turn's next request is; undefined: its context is being made, as for `start`. */
  measure(sources: StepSources): StepSize | undefined {
    const { turn, head, rules, tools } = sources;
    const model = modelOf(head, turn.options.model, rules);
    if (!this.#hasContext(sources, model)) return undefined;
    const { thinking } = turn.options;
    const bytes =
      (this.#context?.byteLength ?? 0) + (tools?.length ?? 0) + (head.systemPrompt?.length ?? 0);
    const thought = thinking?.type === 'enabled' ? thinking.budgetTokens : 0;
    return { model, bytes, maxTokens: (head.maxTokens ?? MAX_TOKENS) + thought };
  }

  /** It is there, or is being made. */
  #hasContext({ turn, head, journal }: StepSources, model: string): boolean {
    if (this.#contextModel !== undefined && this.#contextModel !== model) this.forget(); // thinking belongs to the model that thought it
    this.#contextModel = model;
    if (this.#building !== undefined) return false;
    if (this.#context !== undefined) return true;
    this.#listener.building(this.#build({ head, turn, model, journal }));
    return false;
  }

  /** Starts the model call that the turn awaits, or has its context made first; false if there is no executor just now. */
  start(sources: StepSources): boolean {
    const { id, turn, head, rules, tools } = sources;
    const executor = this.#system.find(executorName);
    if (executor === undefined) return false;
    const model = modelOf(head, turn.options.model, rules);
    if (!this.#hasContext(sources, model) || this.#context === undefined) return true;
    const step = modelStep(head, rules, {
      model,
      maxTokens: head.maxTokens ?? MAX_TOKENS,
      context: this.#context,
      tools,
      answering: turn.options,
      previousMessageId: rules.diagnosesCache === true ? (head.lastAnswerId ?? null) : undefined,
      wantsDeltas: turn.options.includePartialMessages ?? head.includePartialMessages ?? true,
      waits: { tried: turn.phase?.tried ?? 0, longestWaitMs: LONGEST_WAIT_MS },
    });
    const asked = { model, provider: executor.provider };
    const trace = new StepTrace(head.key, turn, asked, this.#trails, this.#system.clock);
    const { turnId, attempt, traceId } = turn;
    const { ref } = executor;
    const handle = executor.start(step, new RunSink(id, head.key, turn, trace, this.#listener));
    this.#runs.set(id, { id, turnId, attempt, traceId, handle, executor: ref, retries: 0 });
    return true;
  }

  async #build(sources: Sources): Promise<void> {
    const building = { isVoid: false };
    this.#building = building;
    try {
      const context = await this.#contextOf(sources);
      if (building.isVoid) context.free();
      else this.#context = context;
    } finally {
      this.#building = undefined;
    }
  }

  async #contextOf({ head, turn, model, journal }: Sources): Promise<Context> {
    const { slabs, scratch } = this.#memory;
    const session = await journal.open(head.key);
    const short = await scratch.use(this.#system.clock, async (bodies) => {
      const history = new History(head, turn, session, model, bodies);
      do await history.readPage();
      while (!history.isRead && !history.isLong);
      if (history.isLong) return undefined;
      return new Context(slabs, modelMessages(history.entries, history.options).messages);
    });
    return short ?? this.#contextOfLong(new History(head, turn, session, model));
  }

  /** Read anew, into memory that stays while others have their turn. */
  async #contextOfLong(history: History): Promise<Context> {
    const historian = this.#system.find(historianName);
    if (historian === undefined)
      throw new GreenroomError('unavailable', 'the historian is restarting');
    const readAll = async () => {
      while (!history.isRead) {
        await nextTurnOfLoop(this.#system.clock);
        await history.readPage();
      }
      return history.entries;
    };
    const joined = await historian.build(readAll, history.options);
    return Context.joined(this.#memory.slabs, joined);
  }

  get isRunning(): boolean {
    return this.#runs.size > 0;
  }

  /** The runs under way. */
  runs(): Iterable<Run> {
    return this.#runs.values();
  }

  /** The run, if it is under way. */
  run(id: RunId): Run | undefined {
    return this.#runs.get(id);
  }

  /** Whether it was started here: it is under way, or over and its end is not committed yet. */
  hasStarted(id: RunId): boolean {
    return this.#runs.has(id) || this.#over.has(id);
  }

  /** Its outcome has come. */
  finish(id: RunId): void {
    if (this.#runs.delete(id)) this.#over.add(id);
  }

  /** Ends the runs of an executor that is gone, and gives them. */
  lose(executor: ActorRef): readonly Run[] {
    const lost = [...this.#runs.values()].filter((run) => run.executor.id === executor.id);
    for (const { id } of lost) this.finish(id);
    return lost;
  }

  /** Something was committed: a run that is over and not awaited any more needs no guard. */
  settle(awaited: RunId | undefined): void {
    for (const id of this.#over) if (id !== awaited) this.#over.delete(id);
  }

  /** The session ends: nothing is held for it any more. */
  end(): void {
    for (const { handle } of this.#runs.values()) handle.cancel();
    this.#runs.clear();
    this.forget();
  }
}

const nextTurnOfLoop = (clock: Clock): Promise<void> =>
  new Promise((resolve) => clock.defer(resolve));
