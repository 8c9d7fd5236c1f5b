/**
 * Hands turn requests over to sessions: each session's in stream order and one at a time, different
 * sessions side by side. It owns what is in hand.
 *
 * Invariants:
 * 1. An item leaves only when its turn is accepted, which is durable, or its refusal is recorded.
 * 2. What may succeed later stays first in its lane; nothing of its session overtakes it.
 * 3. A session that cannot take its turns now costs the others nothing: but for a few, its items are
 *    set aside without their content, which the broker still has.
 */

import { codeOf, ERRORS, type ErrorCode, type GreenroomError } from '../model/errors.ts';
import type { Clock } from '../otp/clock.ts';
import { crashpoint } from '../platform/crashpoint.ts';
import type { SessionsDoor } from '../session/api/door.ts';
import type { Feed } from '../session/events/feed.ts';
import { contextOf, type Item, type Lane, type Loaded, laneOf, newLane } from './lane.ts';

export interface HandoverOptions {
  readonly clock: Clock;
  readonly feed: Feed;
  readonly door: SessionsDoor;
  /** The turn is durable, or its refusal is. */
  readonly acknowledge: (item: Item) => void;
  /** Records a refusal, durably; rejects if it cannot be recorded now. */
  readonly refuse: (item: Item, loaded: Loaded, error: unknown) => Promise<void>;
  /** The content of an item that was set aside; undefined if the broker has it no more. */
  readonly load: (item: Item) => Promise<Loaded | undefined>;
  /** There is room for more. */
  readonly onRoom: () => void;
}

/** Items of a held lane that keep their content. */
const KEPT_LOADED = 8;
const FIRST_RETRY_MS = 50;
const LONGEST_RETRY_MS = 5_000;
/** Whatever else may pass is waited for this long: who fails that long would not be healed by more of it. */
const LONGEST_TRYING_MS = 3_600_000;
/** Waiting is all that these need, however long it takes. */
const PATIENT: readonly ErrorCode[] = [
  'queue_full',
  'mailbox_full',
  'draining',
  'disk_low',
  'storage_failed',
];

export class Handover {
  readonly #options: HandoverOptions;
  readonly #lanes = new Map<string, Lane>();
  /** Lanes whose session is full: its next `turn.finished` makes room. */
  readonly #full = new Set<string>();
  #unsubscribe: (() => void) | undefined;
  #stopped = false;
  #busy = 0;
  #idle: (() => void)[] = [];
  /** In hand, with their content or without. */
  items = 0;
  loaded = 0;
  loadedBytes = 0;
  /** Since the start. */
  accepted = 0;
  refused = 0;

  constructor(options: HandoverOptions) {
    this.#options = options;
  }

  add(item: Item): void {
    this.items++;
    this.#count(item.loaded, 1);
    const lane = this.#lanes.get(laneOf(item.key));
    if (lane?.state === 'held' && isRefusal(item)) this.#putAside(item);
    else this.#put(item, lane ?? this.#newLane(laneOf(item.key)));
  }

  /** Begins nothing any more; resolves when what was begun is done. What is left stays in the broker. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#stopListening();
    for (const lane of this.#lanes.values()) lane.timer?.cancel();
    if (this.#busy > 0) await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  #put(item: Item, lane: Lane): void {
    lane.items.push(item);
    if (lane.state === 'idle') this.#handOver(lane);
    else if (lane.state === 'held' && lane.items.length > KEPT_LOADED) this.#unload(item);
  }

  /** A refusal comes after the turns before it, but does not wait for its session to have room. */
  #putAside(item: Item): void {
    this.#put(item, this.#newLane(`refused ${item.seq}`));
  }

  #newLane(name: string): Lane {
    const lane = newLane(name);
    this.#lanes.set(name, lane);
    return lane;
  }

  #handOver(lane: Lane): void {
    const [item] = lane.items;
    if (item === undefined) return void this.#lanes.delete(lane.name);
    if (this.#stopped) return;
    lane.state = 'busy';
    this.#busy++;
    this.#attempt(lane, item).then(
      () => this.#ended(lane),
      (error: unknown) => {
        this.#hold(lane, error);
        this.#ended(lane);
      },
    );
  }

  /** Resolves when the item is off our hands; rejects if it is to be tried again. */
  async #attempt(lane: Lane, item: Item): Promise<void> {
    const loaded = item.loaded ?? (await this.#reload(item));
    if (loaded === undefined) return this.#done(lane, item);
    try {
      if ('refusal' in loaded) throw loaded.refusal;
      await this.#options.door.turn(contextOf(item), item.key, loaded.turnId, loaded.request);
      this.accepted++;
      crashpoint('intake.before-ack');
    } catch (error) {
      if (this.#mayWait(lane, codeOf(error))) throw error;
      await this.#options.refuse(item, loaded, error);
      this.refused++;
    }
    this.#options.acknowledge(item);
    this.#done(lane, item);
  }

  /** Time runs from the first failure in a row that needs more than patience. */
  #mayWait(lane: Lane, code: ErrorCode): boolean {
    if (!ERRORS[code].retryable) return false;
    const nowMs = this.#options.clock.monotonic();
    if (PATIENT.includes(code)) lane.failingSinceMs = undefined;
    else lane.failingSinceMs ??= nowMs;
    return nowMs - (lane.failingSinceMs ?? nowMs) < LONGEST_TRYING_MS;
  }

  #done(lane: Lane, item: Item): void {
    lane.items.shift();
    lane.state = 'idle';
    lane.failures = 0;
    lane.failingSinceMs = undefined;
    this.items--;
    this.#count(item.loaded, -1);
    this.#options.onRoom();
  }

  #ended(lane: Lane): void {
    this.#busy--;
    if (lane.state === 'idle') this.#handOver(lane);
    if (this.#busy === 0) for (const tell of this.#idle.splice(0)) tell();
  }

  #hold(lane: Lane, error: unknown): void {
    lane.state = 'held';
    lane.failures++;
    for (const item of lane.items.splice(1)) {
      if (isRefusal(item)) this.#putAside(item);
      else this.#put(item, lane);
    }
    if (this.#stopped) return;
    if (codeOf(error) === 'queue_full') this.#awaitRoom(lane);
    const { retryAfterMs = 0 } = error as Partial<GreenroomError>;
    const afterMs = Math.max(retryAfterMs, backoffMs(lane.failures));
    lane.timer = this.#options.clock.setTimeout(() => this.#resume(lane), afterMs);
  }

  #resume(lane: Lane): void {
    if (lane.state !== 'held') return;
    lane.timer?.cancel();
    this.#full.delete(lane.name);
    if (this.#full.size === 0) this.#stopListening();
    this.#handOver(lane);
  }

  #stopListening(): void {
    this.#unsubscribe?.();
    this.#unsubscribe = undefined;
  }

  #awaitRoom(lane: Lane): void {
    this.#full.add(lane.name);
    this.#unsubscribe ??= this.#options.feed.subscribe(({ event }) => {
      if (event.body.type !== 'turn.finished') return;
      const name = laneOf(event.key);
      const full = this.#full.has(name) ? this.#lanes.get(name) : undefined;
      // Not at once: the session is telling this, and cannot answer itself.
      if (full !== undefined) this.#options.clock.defer(() => this.#resume(full));
    });
  }

  async #reload(item: Item): Promise<Loaded | undefined> {
    item.loaded = await this.#options.load(item);
    this.#count(item.loaded, 1);
    return item.loaded;
  }

  #unload(item: Item): void {
    if (item.ackSubject === '') return; // its stream is gone: nobody else has the content
    this.#count(item.loaded, -1);
    item.loaded = undefined;
    this.#options.onRoom();
  }

  #count(loaded: Loaded | undefined, sign: 1 | -1): void {
    if (loaded === undefined) return;
    this.loaded += sign;
    this.loadedBytes += sign * loaded.body.length;
  }
}

const isRefusal = ({ loaded }: Item): boolean => loaded !== undefined && 'refusal' in loaded;

const backoffMs = (failures: number): number =>
  Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** (failures - 1));
