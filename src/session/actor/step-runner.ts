/**
 * The step under way, and the live context that it is made from.
 *
 * 1. At most one step of a session runs; what comes from an earlier one is dropped by its run number.
 * 2. A step is made from committed entries only. A lost one is started again from the same.
 */

import type { Head } from '../../model/head.ts';
import type { TurnId } from '../../model/ids.ts';
import type { TraceId } from '../../model/request-context.ts';
import type { OpenTurn } from '../../model/turn.ts';
import type { Clock } from '../../otp/clock.ts';
import type { ActorRef } from '../../otp/ref.ts';
import type { System } from '../../otp/system.ts';
import { Context } from '../context/context.ts';
import { effective } from '../context/effective.ts';
import { type Historian, historianName } from '../context/historian.ts';
import { History } from '../context/history.ts';
import { messageForModel } from '../context/model-message.ts';
import type { TurnTrails } from '../events/turn-trails.ts';
import type { Rules } from '../machine/machine.ts';
import { modelStep } from '../machine/model-step.ts';
import { modelOf } from '../machine/turn-limits.ts';
import type { Bodies } from '../memory/bodies.ts';
import type { ContextMemory } from '../memory/context-memory.ts';
import {
  executorName,
  type StepEvent,
  type StepHandle,
  type StepOutcome,
} from '../ports/executor.ts';
import type { Journal } from '../ports/journal.ts';
import { StepTrace } from './step-trace.ts';

/** Output limit of a model call when the session sets none. */
const MAX_TOKENS = 8_192;

export interface Run {
  readonly number: number;
  readonly turnId: TurnId;
  readonly attempt: number;
  readonly traceId: TraceId | undefined;
  readonly handle: StepHandle;
  readonly executor: ActorRef;
  retries: number;
}

export interface StepListener {
  /** The context is being made elsewhere; when that is done, the step can be started. */
  building(done: Promise<void>): void;
  events(run: number, batch: readonly StepEvent[]): void;
  outcome(run: number, outcome: StepOutcome): void;
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
  #runs = 0;
  /** The context that is being made; void if what it is made from is no longer all. */
  #building: { isVoid: boolean } | undefined;
  run: Run | undefined;

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

  /** Only what the API takes back: the same rule as `effective` has. */
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

  /** Starts the turn's next step, or has its context made first; false if there is no executor just now. */
  start(turn: OpenTurn, head: Head, rules: Rules, journal: Journal): boolean {
    const executor = this.#system.find(executorName);
    if (executor === undefined) return false;
    const model = modelOf(head, turn.options.model, rules);
    if (this.#contextModel !== undefined && this.#contextModel !== model) this.forget(); // thinking belongs to the model that thought it
    this.#contextModel = model;
    if (this.#building !== undefined) return true;
    this.#context ??= this.#makeContext(
      (bodies) => new History(head, turn, journal, model, bodies),
    );
    if (this.#context === undefined) return this.#building !== undefined;
    this.#runs += 1;
    const number = this.#runs;
    const step = modelStep(head, rules, {
      model,
      maxTokens: head.maxTokens ?? MAX_TOKENS,
      context: this.#context,
      wantsDeltas: turn.options.includePartialMessages ?? head.includePartialMessages ?? true,
    });
    const trace = new StepTrace(head.key, turn, model, this.#trails, this.#system.clock);
    const { turnId, traceId } = turn;
    const handle = executor.start(step, {
      about: { ...head.key, turnId, traceId },
      started: (thread) => trace.started(thread),
      events: (batch) => {
        trace.heard(batch);
        this.#listener.events(number, batch);
      },
      outcome: (outcome) => {
        trace.ended(outcome);
        this.#listener.outcome(number, outcome);
      },
    });
    this.run = {
      number,
      turnId: turn.turnId,
      attempt: turn.attempt,
      traceId: turn.traceId,
      handle,
      executor: executor.ref,
      retries: 0,
    };
    return true;
  }

  /** From what can be made at once; undefined: it takes longer, `building` has been told. */
  #makeContext(historyIn: (bodies?: Bodies) => History): Context | undefined {
    const { slabs, scratch } = this.#memory;
    try {
      const history = historyIn(scratch);
      history.readPage();
      while (!history.isRead && !history.isLong) history.readPage();
      if (!history.isLong)
        return new Context(slabs, effective(history.entries, history.options).messages);
    } finally {
      scratch.reset();
    }
    const historian = this.#system.find(historianName);
    // Read anew, into memory that stays while others have their turn.
    if (historian !== undefined) this.#listener.building(this.#build(historyIn(), historian));
    return undefined;
  }

  async #build(history: History, historian: Historian): Promise<void> {
    const building = { isVoid: false };
    this.#building = building;
    try {
      const readAll = async () => {
        while (!history.isRead) {
          await nextTurnOfLoop(this.#system.clock);
          history.readPage();
        }
        return history.entries;
      };
      const joined = await historian.build(readAll, history.options);
      if (!building.isVoid) this.#context = Context.joined(this.#memory.slabs, joined);
    } finally {
      this.#building = undefined;
    }
  }

  /** The run with this number, if it is the one under way. */
  current(number: number): Run | undefined {
    return this.run?.number === number ? this.run : undefined;
  }

  /** Asks the step to end. */
  cancel(): void {
    this.run?.handle.cancel();
  }

  /** The session ends: nothing is held for it any more. */
  end(): void {
    this.cancel();
    this.forget();
  }
}

const nextTurnOfLoop = (clock: Clock): Promise<void> =>
  new Promise((resolve) => clock.defer(resolve));
