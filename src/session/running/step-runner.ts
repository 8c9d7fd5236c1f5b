/**
 * The runs under way, and the live context that model calls are made from.
 *
 * 1. The state machine names each run. What comes from one that is not under way here is dropped.
 * 2. A run that is over (its outcome has come, or its executor is gone) is not started again: what becomes of it is the
 *    state machine's to say, and until that is committed the run is still the one that the turn awaits.
 * 3. A step is made from committed entries only.
 */

import type { Clearing } from '../../model/compaction.ts';
import { containerFor } from '../../model/container.ts';
import { GreenroomError } from '../../model/errors.ts';
import type { Head } from '../../model/head.ts';
import type { TurnId } from '../../model/ids.ts';
import type { TraceId } from '../../model/request-context.ts';
import type { OpenTurn, RunId } from '../../model/turn.ts';
import type { Clock } from '../../otp/clock.ts';
import type { ActorRef } from '../../otp/ref.ts';
import type { System } from '../../otp/system.ts';
import { ChurnMap } from '../../platform/churn-map.ts';
import { Context } from '../context/context.ts';
import { historianName } from '../context/historian.ts';
import { History } from '../context/history.ts';
import { messageForModel } from '../context/model-message.ts';
import { modelMessages } from '../context/model-messages.ts';
import { serverContext } from '../context/server-context.ts';
import { type Window, windowOf } from '../context/window.ts';
import type { TurnTrails } from '../events/turn-trails.ts';
import { modelStep } from '../machine/model-step.ts';
import type { Rules } from '../machine/rules.ts';
import type { StepSize } from '../machine/step-cost.ts';
import { modelOf } from '../machine/turn-limits.ts';
import type { ContextMemory } from '../memory/context-memory.ts';
import { type Executor, executorName, type StepHandle } from '../ports/executor.ts';
import type { Journal } from '../ports/journal.ts';
import { askCount } from '../prepare/count-tokens.ts';
import { RoomMaker, type Summing } from './room-maker.ts';
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
  /** Of its request, as `weightOf` counts them. */
  readonly bytes: number;
  /** It asks for a summary, for which the turn's call waits; its messages are its own. */
  readonly summing?: Summing | undefined;
}

/** A count that takes longer is not waited for. */
const COUNT_MS = 5_000;

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
  readonly rules: Rules;
}

/** What a run asks the model. */
interface Asked {
  readonly model: string;
  readonly context: Context;
  readonly maxTokens: number;
  readonly bytes: number;
  readonly summing?: Summing;
}

export interface StepListener extends RunListener {
  /** The context is being made; when that is done, the step can be started. */
  building(done: Promise<void>): void;
  /** Before the turn's model call, which would be so long, older messages are summed up. */
  compacting(turn: OpenTurn, summing: Summing): void;
  /** Whether hooks let older messages be summed up. Rejects with `unavailable` while there are none to ask. */
  mayCompact(turnId: TurnId): Promise<boolean>;
  /** Before the run, these results go out of view: it is made as another one. */
  clear(run: RunId, clearing: Clearing): void;
}

export class StepRunner {
  readonly #system: System;
  readonly #listener: StepListener;
  readonly #memory: ContextMemory;
  readonly #trails: TurnTrails;
  readonly #room: RoomMaker;
  #context: Context | undefined;
  #contextModel: string | undefined;
  /** Prompts of queued turns by `seq`, until their turn comes. */
  readonly #prompts = new ChurnMap<number, Uint8Array>();
  readonly #runs = new ChurnMap<RunId, Run>();
  readonly #over = new Set<RunId>();
  /** There is so much that it was not gathered: a summary comes first, or all has to be. */
  #isTooMuch: 'sum_up' | 'gather' | undefined;
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
    this.#room = new RoomMaker(system, memory.slabs, listener);
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
    this.#isTooMuch = undefined;
    this.#room.forget();
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
      (this.#context?.byteLength ?? RoomMaker.mostBytes(head, rules)) +
      (tools?.length ?? 0) +
      (head.systemPrompt?.length ?? 0);
    const thought = thinking?.type === 'enabled' ? thinking.budgetTokens : 0;
    return { model, bytes, maxTokens: (head.maxTokens ?? MAX_TOKENS) + thought };
  }

  /** Has the API count the prompt of the turn's next request, behind `measure`; undefined: it has not said. */
  async count({ turn, head, rules, tools }: StepSources): Promise<number | undefined> {
    const context = this.#context;
    if (context === undefined) return undefined;
    const model = modelOf(head, turn.options.model, rules);
    const wish = { model, context, tools, answering: turn.options, maxTokens: 1 };
    const step = modelStep(head, rules, { ...wish, wantsDeltas: false });
    return (await askCount(this.#system, step, COUNT_MS)).tokens;
  }

  /** It is there, or there is too much of it; else it is being made. */
  #hasContext({ turn, head, journal, rules }: StepSources, model: string): boolean {
    if (this.#contextModel !== undefined && this.#contextModel !== model) this.forget(); // thinking belongs to the model that thought it
    this.#contextModel = model;
    if (this.#building !== undefined) return false;
    if (this.#context !== undefined || this.#isTooMuch === 'sum_up') return true;
    this.#listener.building(this.#build({ head, turn, model, journal, rules }));
    return false;
  }

  /** Starts the model call that the turn awaits, or has its context made first; false if there is no executor just now. */
  start(sources: StepSources): boolean {
    const { id, turn, head, rules, journal, tools } = sources;
    const executor = this.#system.find(executorName);
    if (executor === undefined) return false;
    const model = modelOf(head, turn.options.model, rules);
    if (!this.#hasContext(sources, model)) return true;
    const messages = this.#context?.weight ?? RoomMaker.mostBytes(head, rules);
    const bytes = messages + besideBytes(head, tools);
    const room = this.#room.before({ id, head, turn, model, bytes, rules, journal });
    if (room === 'wait') return true;
    if (room !== 'go' && 'throughSeq' in room) {
      this.#listener.clear(id, room);
      return true;
    }
    if (room !== 'go') {
      this.#room.given();
      this.#listener.compacting(turn, room);
      const { context, window } = room;
      const asked = { model, context, bytes: context.weight + besideBytes(head, tools) };
      this.#run(sources, executor, { ...asked, maxTokens: window.summary, summing: room });
      return true;
    }
    if (this.#context === undefined) {
      this.#isTooMuch = 'gather';
      return this.start(sources);
    }
    const maxTokens = head.maxTokens ?? MAX_TOKENS;
    this.#run(sources, executor, { model, context: this.#context, bytes, maxTokens });
    return true;
  }

  /** Objects field by field: every model call makes them, and to spread is slow. */
  #run({ id, turn, head, rules, tools }: StepSources, executor: Executor, asked: Asked): void {
    const { model, context, maxTokens, bytes, summing } = asked;
    const isAnswer = summing === undefined;
    const step = modelStep(head, rules, {
      model,
      maxTokens,
      context,
      tools,
      answering: isAnswer ? turn.options : undefined,
      server: isAnswer ? serverContext(head, windowFor(head, rules)) : undefined,
      container: isAnswer
        ? containerFor(head.container, tools, this.#system.clock.now())
        : undefined,
      previousMessageId:
        isAnswer && rules.diagnosesCache === true ? (head.lastAnswerId ?? null) : undefined,
      wantsDeltas:
        isAnswer && (turn.options.includePartialMessages ?? head.includePartialMessages ?? true),
      waits: { tried: turn.phase?.tried ?? 0, longestWaitMs: LONGEST_WAIT_MS },
    });
    const { ref, provider } = executor;
    const trace = new StepTrace(
      head.key,
      turn,
      { model, provider },
      this.#trails,
      this.#system.clock,
    );
    const { turnId, attempt, traceId } = turn;
    const handle = executor.start(step, new RunSink(id, head.key, turn, trace, this.#listener));
    this.#runs.set(id, {
      id,
      turnId,
      attempt,
      traceId,
      handle,
      executor: ref,
      retries: 0,
      bytes,
      summing,
    });
  }

  async #build(sources: Sources): Promise<void> {
    const building = { isVoid: false };
    this.#building = building;
    try {
      const context = await this.#contextOf(sources);
      if (building.isVoid) context?.free();
      else if (context === undefined) this.#isTooMuch = 'sum_up';
      else this.#context = context;
    } finally {
      this.#building = undefined;
    }
  }

  /** Undefined: there is so much that a summary comes first. */
  async #contextOf({ head, turn, model, journal, rules }: Sources): Promise<Context | undefined> {
    const { slabs, scratch } = this.#memory;
    const session = await journal.open(head.key);
    const mostBytes = this.#isTooMuch === 'gather' ? Infinity : RoomMaker.mostBytes(head, rules);
    const short = await scratch.use(this.#system.clock, async (bodies) => {
      const history = new History(head, turn, session, model, bodies);
      do await history.readPage();
      while (!history.isRead && !history.isLong && history.bytes <= mostBytes);
      if (history.bytes > mostBytes) return 'too_much';
      if (history.isLong) return undefined;
      return new Context(slabs, modelMessages(history.entries, history.options).messages);
    });
    if (short === 'too_much') return undefined;
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
    this.#runs.get(id)?.summing?.context.free();
    if (this.#runs.delete(id)) this.#over.add(id);
  }

  /** Ends the runs of an executor that is gone, and gives them. */
  lose(executor: ActorRef): readonly Run[] {
    const lost = this.#runs.values().filter((run) => run.executor.id === executor.id);
    for (const { id } of lost) this.finish(id);
    return lost;
  }

  /** Something was committed: a run that is over and not awaited any more needs no guard. */
  settle(awaited: RunId | undefined): void {
    for (const id of this.#over) if (id !== awaited) this.#over.delete(id);
  }

  /** The session ends: nothing is held for it any more. */
  end(): void {
    for (const { handle, summing } of this.#runs.values()) {
      handle.cancel();
      summing?.context.free();
    }
    this.#runs.clear();
    this.forget();
  }
}

const windowFor = ({ context, contextUse }: Head, rules: Rules): Window =>
  windowOf(context, contextUse, rules.context);

/** Of a request, besides its messages. */
const besideBytes = ({ systemPrompt = '' }: Head, tools = ''): number =>
  Buffer.byteLength(systemPrompt) + Buffer.byteLength(tools);

const nextTurnOfLoop = (clock: Clock): Promise<void> =>
  new Promise((resolve) => clock.defer(resolve));
