/**
 * Whether a model call of a turn has room, and what is summed up first where it has not.
 *
 * 1. Decided anew for each run, from committed state: a crash loses a summary under way and nothing else.
 * 2. A run is looked at once: what cannot be made smaller goes to the API as it is.
 */
import type { Clearing } from '../../model/compaction.ts';
import type { Head } from '../../model/head.ts';
import type { TurnId } from '../../model/ids.ts';
import type { OpenTurn, RunId } from '../../model/turn.ts';
import type { System } from '../../otp/system.ts';
import type { Context } from '../context/context.ts';
import { historianName } from '../context/historian.ts';
import { bytesOf, tokensOf, type Window, windowOf } from '../context/window.ts';
import type { Rules } from '../machine/rules.ts';
import type { Slabs } from '../memory/slabs.ts';
import type { Journal } from '../ports/journal.ts';
import { resting } from '../ports/pages.ts';
import { clearingStep, mayClear, nextClearing } from '../prepare/clearing.ts';
import type { Cut } from '../prepare/summary-cut.ts';
import { turnSummary } from '../prepare/turn-summary.ts';

/** A model call that is to be made. */
export interface Call {
  readonly id: RunId;
  readonly head: Head;
  readonly turn: OpenTurn;
  readonly model: string;
  /** Of its request, as `weightOf` counts them. */
  readonly bytes: number;
  readonly rules: Rules;
  readonly journal: Journal;
}

/** What is asked first. */
export interface Summing {
  readonly place: Cut;
  readonly context: Context;
  readonly window: Window;
  /** About, of the call that it makes room for. */
  readonly tokens: number;
}

/** The session's part of it. */
export interface RoomListener {
  building(done: Promise<void>): void;
  mayCompact(turnId: TurnId): Promise<boolean>;
}

export class RoomMaker {
  readonly #system: System;
  readonly #slabs: Slabs;
  readonly #listener: RoomListener;
  #looked: { readonly id: RunId; readonly found: Summing | Clearing | undefined } | undefined;
  /** Tool calls of the session when its results were looked through. */
  #lookedAtCalls = 0;
  /** What is being prepared; void when the session's view has changed meanwhile. */
  #preparing: { readonly id: RunId; isVoid: boolean } | undefined;

  constructor(system: System, slabs: Slabs, listener: RoomListener) {
    this.#system = system;
    this.#slabs = slabs;
    this.#listener = listener;
  }

  /** `go`: the call may be made; `wait`: what comes before it is being prepared, and `building` tells when that is done. */
  before(call: Call): 'go' | 'wait' | Summing | Clearing {
    if (this.#preparing?.id === call.id) return 'wait';
    const looked = this.#looked?.id === call.id ? this.#looked : undefined;
    if (looked !== undefined && looked.found !== NOTHING_TO_CLEAR) return looked.found ?? 'go';
    return this.#mayClear(call) ? this.#clear(call) : this.#makeRoom(call);
  }

  /** A look that found nothing is not repeated before there are some results more. */
  #mayClear({ head, rules }: Call): boolean {
    const { toolCallCount, context, contextUse } = head;
    if (windowOf(context, contextUse, rules.context).compact === 'server') return false;
    const isNew =
      toolCallCount >= this.#lookedAtCalls + clearingStep(context?.keepToolResults ?? 0);
    return isNew && mayClear(head);
  }

  #clear(call: Call): 'wait' {
    this.#lookedAtCalls = call.head.toolCallCount;
    const look = async () => {
      const session = await call.journal.open(call.head.key);
      const rest = resting(this.#system.clock);
      return (await nextClearing(session, call.head, rest)) ?? NOTHING_TO_CLEAR;
    };
    return this.#begin(call, look, () => undefined);
  }

  #makeRoom(call: Call): 'go' | 'wait' {
    const window = windowOf(call.head.context, call.head.contextUse, call.rules.context);
    const tokens = tokensOf(call.bytes, call.head.contextUse);
    if (!isCrowded(call.turn, window, tokens)) return 'go';
    const sum = () => this.#summing(call, window, tokens);
    return this.#begin(call, sum, ({ context }) => context.free());
  }

  #begin<Found extends Summing | Clearing>(
    { id }: Call,
    look: () => Promise<Found | undefined>,
    drop: (found: Found) => void,
  ): 'wait' {
    const preparing = { id, isVoid: false };
    this.#preparing = preparing;
    this.#listener.building(this.#prepare(preparing, look, drop));
    return 'wait';
  }

  /** Bytes of messages beyond which they are not even gathered: a summary comes first. */
  static mostBytes({ context, contextUse }: Head, rules: Rules): number {
    const window = windowOf(context, contextUse, rules.context);
    return window.compact === 'auto' ? FAR_TOO_MANY * bytesOf(window.limit, contextUse) : Infinity;
  }

  /** The session's view has changed, or it ends: nothing of what was prepared holds. */
  forget(): void {
    if (this.#preparing !== undefined) this.#preparing.isVoid = true;
    this.#preparing = undefined;
    const { found } = this.#looked ?? {};
    if (found !== undefined && 'context' in found) found.context.free();
    this.#looked = undefined;
  }

  /** The step has begun: its context is the step's. */
  given(): void {
    this.#looked = undefined;
  }

  async #prepare<Found extends Summing | Clearing>(
    preparing: { readonly id: RunId; isVoid: boolean },
    look: () => Promise<Found | undefined>,
    drop: (found: Found) => void,
  ): Promise<void> {
    try {
      const found = await look();
      if (!preparing.isVoid) this.#looked = { id: preparing.id, found };
      else if (found !== undefined) drop(found);
    } finally {
      if (this.#preparing === preparing) this.#preparing = undefined;
    }
  }

  async #summing(
    { head, turn, model, journal }: Call,
    window: Window,
    tokens: number,
  ): Promise<Summing | undefined> {
    if (!(await this.#listener.mayCompact(turn.turnId))) return undefined;
    const session = await journal.open(head.key);
    const historian = this.#system.find(historianName);
    const parts = { slabs: this.#slabs, historian, rest: resting(this.#system.clock) };
    const summary = await turnSummary({ session, head, turn, model, window, ...parts });
    return summary && { place: summary.cut, context: summary.context, window, tokens };
  }
}

/** The look for old results is over, and the one for room is due. */
const NOTHING_TO_CLEAR: Clearing = Object.freeze({ throughSeq: 0, calls: 0 });

/** So many times what should be summed up: bytes that the model does not see are among them. */
const FAR_TOO_MANY = 4;

const isCrowded = ({ room }: OpenTurn, { compact, limit }: Window, tokens: number): boolean => {
  if (room?.failed === true || compact === 'off') return false;
  return room?.must === true || (compact === 'auto' && tokens > limit);
};
