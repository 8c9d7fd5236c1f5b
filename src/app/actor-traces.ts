/**
 * Actors that an operator watches at work: of each the last messages, when each came, and how long it took. It owns what
 * is kept of them, and that every trace ends.
 *
 * 1. A trace ends by itself: at its time, after `MAX_SEEN` messages, or with its actor. There is no timer: it ends at
 *    the first message, or look, behind its time.
 * 2. Of messages there are short lines alone, made when they come: nothing of them is kept.
 * 3. An actor that was restarted is traced further from the next look on.
 */
import { GreenroomError } from '../model/errors.ts';
import { iso } from '../model/moment.ts';
import type { Clock } from '../otp/clock.ts';
import { describeReason } from '../otp/exit-reason.ts';
import type { ActorRef } from '../otp/ref.ts';
import type { System } from '../otp/system.ts';
import type { TraceEvent } from '../otp/trace.ts';
import type { TraceOrder, TraceView } from '../session/verbs/daemon-verbs.ts';
import { messageOf, nodeAt } from './actor-view.ts';
import { glimpse, inShort } from './glimpse.ts';

/** Actors that are traced at once. */
export const MAX_TRACES = 8;
/** Messages that are kept of each. */
export const KEPT = 100;
/** Messages after which a trace ends: a busy actor is not slowed down for long. */
export const MAX_SEEN = 10_000;

type Row = TraceView['messages'][number];

export class ActorTraces {
  readonly #system: System;
  readonly #hide: (text: string) => string;
  readonly #traces = new Map<string, ActorTrace>();

  /** @param hide takes known secrets out of a text. */
  constructor(system: System, hide: (text: string) => string) {
    this.#system = system;
    this.#hide = hide;
  }

  /**
   * Switches the trace of an actor on or off, or looks at it. Throws `invalid_request` for a path that leads nowhere, unless
   * an actor was traced there, and `invalid_state` for one more than there may be.
   */
  ask(root: ActorRef, { path, on, forMs, after }: TraceOrder): TraceView {
    const gone = on === true ? undefined : this.#gone(root, path);
    if (gone !== undefined) return gone.view(after);
    const { label, ref } = nodeAt(this.#system, root, path);
    const known = this.#traces.get(label);
    if (on === true) {
      const trace = known ?? this.#room(root, label);
      trace.begin(ref, forMs);
      return trace.view(after);
    }
    if (on === false) known?.end('stopped');
    known?.follow(ref);
    return known?.view(after) ?? { path: label, isOn: false, seen: 0, messages: [] };
  }

  /** A trace whose actor has left the tree: it ends, and what was seen last is there to be read. */
  #gone(root: ActorRef, path: string): ActorTrace | undefined {
    const trace = this.#traces.get(path) ?? this.#traces.get(`${root.label}/${path}`);
    if (trace === undefined || this.#stands(root, path)) return undefined;
    trace.end('gone');
    return trace;
  }

  #stands(root: ActorRef, path: string): boolean {
    try {
      return nodeAt(this.#system, root, path) !== undefined;
    } catch {
      return false;
    }
  }

  /** One that has ended gives its place to a new one. */
  #room(root: ActorRef, label: string): ActorTrace {
    if (this.#traces.size >= MAX_TRACES) {
      for (const known of this.#traces.keys()) this.#gone(root, known);
      const [ended] = [...this.#traces].find(([, trace]) => !trace.isOn) ?? [];
      if (ended === undefined) throw tooMany();
      this.#traces.delete(ended);
    }
    const trace = new ActorTrace(label, this.#system, this.#hide);
    this.#traces.set(label, trace);
    return trace;
  }
}

const tooMany = (): GreenroomError =>
  new GreenroomError('invalid_state', `${MAX_TRACES} actors are traced: end one of these traces`);

type Ended = NonNullable<TraceView['ended']>;

class ActorTrace {
  readonly #path: string;
  readonly #system: System;
  readonly #clock: Clock;
  readonly #hide: (text: string) => string;
  readonly #rows: Row[] = [];
  #seen = 0;
  #seenBefore = 0;
  #endsAtMs = 0;
  #ended: Ended | undefined;
  /** Of the living actor that is traced now. */
  #stop: (() => void) | undefined;
  #refId: number | undefined;

  constructor(path: string, system: System, hide: (text: string) => string) {
    this.#path = path;
    this.#system = system;
    this.#clock = system.clock;
    this.#hide = hide;
  }

  get isOn(): boolean {
    if (this.#ended === undefined && this.#clock.now() >= this.#endsAtMs) this.end('time');
    return this.#ended === undefined;
  }

  /** From now on; one that is on gets its time anew. */
  begin(ref: ActorRef | undefined, forMs: number): void {
    this.#endsAtMs = this.#clock.now() + forMs;
    this.#seenBefore = this.#seen;
    this.#ended = undefined;
    this.follow(ref);
  }

  /** Watches the actor that is there now. */
  follow(ref: ActorRef | undefined): void {
    if (!this.isOn || ref === undefined || (this.#stop !== undefined && ref.id === this.#refId))
      return;
    this.#stop?.();
    this.#refId = ref.id;
    this.#stop = this.#system.trace(ref, (event) => this.#hear(event));
  }

  end(why: Ended): void {
    this.#stop?.();
    this.#stop = undefined;
    this.#ended ??= why;
  }

  view(after = 0): TraceView {
    const { isOn } = this;
    return {
      path: this.#path,
      isOn,
      endsAt: iso(this.#endsAtMs),
      ...(this.#ended === undefined ? {} : { ended: this.#ended }),
      seen: this.#seen,
      messages: this.#rows.filter(({ number }) => number > after),
    };
  }

  #hear(event: TraceEvent): void {
    if (!this.isOn) return;
    switch (event.kind) {
      case 'received':
        return this.#received(event);
      case 'handled':
        return this.#closed({ tookMs: rounded(event.tookMs) });
      case 'threw':
        return this.#closed({ threw: glimpse(event.error, this.#hide) });
      case 'exited':
        this.#stop = undefined;
        return this.#closed({ exited: inShort(describeReason(event.reason), this.#hide) });
    }
  }

  #received({ at, message, waiting }: TraceEvent & { readonly kind: 'received' }): void {
    if (this.#seen - this.#seenBefore >= MAX_SEEN) return this.end('count');
    this.#seen += 1;
    if (this.#rows.length === KEPT) this.#rows.shift();
    this.#rows.push({
      ...{ number: this.#seen, at: iso(at), message: messageOf(message), waiting },
      carries: glimpse(message.payload, this.#hide),
    });
  }

  /** What became of the last message; one at a time is under way. */
  #closed(what: Pick<Row, 'tookMs' | 'threw' | 'exited'>): void {
    const last = this.#rows.pop();
    if (last !== undefined) this.#rows.push({ ...last, ...what });
  }
}

const rounded = (ms: number): number => Math.max(0, Math.round(ms * 1_000) / 1_000);
