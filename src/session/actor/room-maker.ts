/**
 * Whether a model call of a turn has room, and what is summed up first where it has not.
 *
 * 1. Decided anew for each run, from committed state: a crash loses a summary under way and nothing else.
 * 2. A run is looked at once: what cannot be made smaller goes to the API as it is.
 */
import type { Head } from '../../model/head.ts';
import type { OpenTurn, RunId } from '../../model/turn.ts';
import type { System } from '../../otp/system.ts';
import type { Context } from '../context/context.ts';
import { historianName } from '../context/historian.ts';
import { bytesOf, tokensOf, type Window, windowOf } from '../context/window.ts';
import type { Rules } from '../machine/machine.ts';
import type { Slabs } from '../memory/slabs.ts';
import type { Journal } from '../ports/journal.ts';
import { resting } from '../ports/pages.ts';
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

export class RoomMaker {
  readonly #system: System;
  readonly #slabs: Slabs;
  readonly #building: (done: Promise<void>) => void;
  #looked: { readonly id: RunId; readonly found: Summing | undefined } | undefined;
  /** What is being prepared; void when the session's view has changed meanwhile. */
  #preparing: { readonly id: RunId; isVoid: boolean } | undefined;

  constructor(system: System, slabs: Slabs, building: (done: Promise<void>) => void) {
    this.#system = system;
    this.#slabs = slabs;
    this.#building = building;
  }

  /** `go`: the call may be made; `wait`: what comes before it is being prepared, and `building` tells when that is done. */
  before(call: Call): 'go' | 'wait' | Summing {
    if (this.#preparing?.id === call.id) return 'wait';
    if (this.#looked?.id === call.id) return this.#looked.found ?? 'go';
    const window = windowOf(call.head.context, call.head.contextUse, call.rules.context);
    const tokens = tokensOf(call.bytes, call.head.contextUse);
    if (!isCrowded(call.turn, window, tokens)) return 'go';
    const preparing = { id: call.id, isVoid: false };
    this.#preparing = preparing;
    this.#building(this.#prepare(preparing, call, window, tokens));
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
    this.#looked?.found?.context.free();
    this.#looked = undefined;
  }

  /** The step has begun: its context is the step's. */
  given(): void {
    this.#looked = undefined;
  }

  async #prepare(
    preparing: { readonly id: RunId; isVoid: boolean },
    { id, head, turn, model, journal }: Call,
    window: Window,
    tokens: number,
  ): Promise<void> {
    try {
      const session = await journal.open(head.key);
      const rest = resting(this.#system.clock);
      const historian = this.#system.find(historianName);
      const parts = { slabs: this.#slabs, historian, rest };
      const summary = await turnSummary({ session, head, turn, model, window, ...parts });
      if (preparing.isVoid) return summary?.context.free();
      const found = summary && { place: summary.cut, context: summary.context, window, tokens };
      this.#looked = { id, found };
    } finally {
      if (this.#preparing === preparing) this.#preparing = undefined;
    }
  }
}

/** So many times what should be summed up: bytes that the model does not see are among them. */
const FAR_TOO_MANY = 4;

const isCrowded = ({ room }: OpenTurn, { compact, limit }: Window, tokens: number): boolean => {
  if (room?.failed === true || compact === 'off') return false;
  return room?.must === true || (compact === 'auto' && tokens > limit);
};
