/**
 * The children of a dynamic supervisor: the table of slots by key, and what happens to each: started on demand, restarted
 * after its backoff, parked, forgotten. Its methods act at once, in the caller's turn.
 *
 * Invariants: (1) a key has at most one process; (2) `size` never exceeds `maxChildren`; parked children do not count,
 * and the longest parked are forgotten when there are more of them than that; (3) whoever waits for a child is told.
 */
import { systemOf } from './actor.ts';
import { ChildSlot, Intensity } from './child-slot.ts';
import type { ChildSpec } from './child-spec.ts';
import type { Backoff, DynamicChild, DynamicOptions, DynamicRef } from './dynamic-options.ts';
import { type ExitReason, isAbnormal } from './exit-reason.ts';
import { guard } from './guard.ts';
import { OtpError } from './otp-error.ts';
import type { Process, Slot, StartResult } from './process.ts';
import type { ActorRef } from './ref.ts';

const DEFAULT_BACKOFF: Backoff = { firstMs: 10, factor: 2, maxMs: 1_000 };

interface Waiter<Args extends readonly unknown[]> {
  readonly args: Args;
  resolve(ref: ActorRef): void;
  reject(error: unknown): void;
}

class DynamicSlot<Key, Args extends readonly unknown[]> extends ChildSlot {
  readonly key: Key;
  waiters: Waiter<Args>[] | undefined = undefined;
  crashes: Intensity | undefined = undefined;

  constructor(key: Key, spec: ChildSpec) {
    super(spec);
    this.key = key;
  }
}

export class Children<Key, R extends ActorRef, Args extends readonly unknown[]>
  implements DynamicRef<Key, R, Args>
{
  readonly ref: Process;
  readonly #options: DynamicOptions<Key, R, Args>;
  readonly #slots = new Map<Key, DynamicSlot<Key, Args>>();
  /** Longest parked first. */
  readonly #parked = new Set<DynamicSlot<Key, Args>>();

  constructor(self: Process, options: DynamicOptions<Key, R, Args>) {
    this.ref = self;
    this.#options = options;
  }

  get size(): number {
    return this.#slots.size - this.#parked.size;
  }

  find(key: Key): R | undefined {
    const slot = this.#slots.get(key);
    return slot?.status === 'running' && slot.process?.alive
      ? (slot.process as unknown as R)
      : undefined;
  }

  ensure(key: Key, ...args: Args): Promise<R> {
    const running = this.find(key);
    if (running !== undefined) return Promise.resolve(running);
    const slot = this.#slots.get(key);
    const waits = this.ref.alive && slot !== undefined && slot.status !== 'parked';
    if (waits) return this.#wait(slot, args);
    return this.#begin(key, slot, args);
  }

  async start(key: Key, ...args: Args): Promise<R> {
    const slot = this.#slots.get(key);
    if (this.ref.alive && slot !== undefined && slot.status !== 'parked') {
      const what = `${this.ref.label}/${slot.id} is ${slot.status}`;
      const ref = this.find(key);
      throw new OtpError('already_started', what, ref === undefined ? {} : { ref });
    }
    return this.#begin(key, slot, args);
  }

  async stop(key: Key, reason: ExitReason = 'shutdown'): Promise<void> {
    const slot = this.#slots.get(key);
    if (slot === undefined) return;
    await slot.stop(this.ref, reason);
    this.#forget(slot);
  }

  children(): readonly DynamicChild<Key, R>[] {
    return [...this.#slots.values()].map(({ key, status, restarts, lastCrash }) => ({
      key,
      status,
      ref: this.find(key),
      restarts,
      lastCrash,
    }));
  }

  slots(): Iterable<Slot> {
    return this.#slots.values();
  }

  async stopAll(): Promise<void> {
    await Promise.all([...this.#slots.values()].map((slot) => slot.stop(this.ref)));
  }

  refuseWaiters(): void {
    const gone = new OtpError('noproc', `${this.ref.label} is not alive`);
    for (const slot of this.#slots.values()) tellWaiters(slot, ({ reject }) => reject(gone));
  }

  childExited(process: Process, reason: ExitReason): void {
    const slot = process.slot as DynamicSlot<Key, Args> | undefined;
    if (slot?.process !== process) return; // it was stopped by order
    slot.vacate(this.ref, reason);
    const { restart } = slot.spec;
    if (restart === 'temporary') return this.#forget(slot);
    if (restart === 'transient' && !isAbnormal(reason)) return this.#forget(slot);
    this.#crashed(slot, reason);
  }

  /** A parked slot keeps its history; it is parked again if this start fails. */
  async #begin(key: Key, parked: DynamicSlot<Key, Args> | undefined, args: Args): Promise<R> {
    this.#refuse();
    const slot = parked ?? new DynamicSlot<Key, Args>(key, this.#options.child(key, ...args));
    this.#slots.set(key, slot);
    this.#parked.delete(slot);
    const started = slot.start(systemOf(this.ref), this.ref);
    const result = started instanceof Promise ? await started : started;
    if (result.kind === 'started') {
      this.#welcome(slot);
      return result.process as unknown as R;
    }
    const error = failure(slot, result);
    if (this.#slots.get(key) === slot) {
      if (parked !== undefined && result.kind === 'failed') this.#park(slot, result.reason);
      else this.#slots.delete(key);
      tellWaiters(slot, ({ reject }) => reject(error));
    }
    throw error;
  }

  /** Throws when there can be no further child. */
  #refuse(): void {
    const { label, alive } = this.ref;
    const { maxChildren } = this.#options;
    if (!alive) throw new OtpError('noproc', `${label} is not alive`);
    if (this.size >= maxChildren)
      throw new OtpError('max_children', `${label} has ${maxChildren} children`);
  }

  #wait(slot: DynamicSlot<Key, Args>, args: Args): Promise<R> {
    return new Promise((resolve, reject) => {
      slot.waiters ??= [];
      slot.waiters.push({ args, resolve: resolve as Waiter<Args>['resolve'], reject });
    });
  }

  /** Whoever waits for a child that is gone for good gets a new one. */
  #forget(slot: DynamicSlot<Key, Args>): void {
    if (this.#slots.get(slot.key) !== slot) return;
    this.#slots.delete(slot.key);
    this.#parked.delete(slot);
    tellWaiters(slot, ({ args, resolve, reject }) =>
      this.ensure(slot.key, ...args).then(resolve, reject),
    );
  }

  #crashed(slot: DynamicSlot<Key, Args>, reason: ExitReason): void {
    const { maxRestarts = 3, maxSeconds = 5, backoff = DEFAULT_BACKOFF } = this.#options;
    slot.crashes ??= new Intensity(maxRestarts, maxSeconds);
    if (!slot.crashes.allows(this.ref.host.clock.monotonic())) return this.#park(slot, reason);
    const { firstMs, factor, maxMs } = backoff;
    slot.status = 'restarting';
    const delayMs = Math.min(firstMs * factor ** (slot.crashes.size - 1), maxMs);
    this.ref.after(delayMs, () => this.ref.later('restart', () => void this.#restart(slot)));
  }

  async #restart(slot: DynamicSlot<Key, Args>): Promise<void> {
    if (slot.status !== 'restarting') return; // it was stopped while it waited
    slot.restarts++;
    const result = await slot.start(systemOf(this.ref), this.ref);
    if (this.#slots.get(slot.key) !== slot) return;
    if (result.kind === 'failed' && !this.ref.alive) return; // given up: that is no crash of its own
    if (result.kind === 'failed') return this.#crashed(slot, result.reason);
    if (result.kind === 'ignored') return this.#forget(slot);
    const { label, host } = this.ref;
    host.report({
      kind: 'child_restarted',
      supervisor: label,
      child: slot.id,
      restarts: slot.restarts,
    });
    this.#welcome(slot);
  }

  /** If it is gone again already, those who wait for it go on waiting: its exit is in the mailbox. */
  #welcome(slot: DynamicSlot<Key, Args>): void {
    const { process } = slot;
    if (process?.alive) tellWaiters(slot, ({ resolve }) => resolve(process));
  }

  #park(slot: DynamicSlot<Key, Args>, reason: ExitReason): void {
    const { onPark, maxChildren } = this.#options;
    const { host, label } = this.ref;
    slot.status = 'parked';
    slot.lastCrash = reason;
    this.#parked.add(slot);
    host.report({
      kind: 'parked',
      supervisor: label,
      child: slot.id,
      reason,
      restarts: slot.restarts,
    });
    const parked = new OtpError('parked', `${label}/${slot.id} is parked`, { reason });
    tellWaiters(slot, ({ reject }) => reject(parked));
    for (const longest of this.#parked) {
      if (this.#parked.size <= maxChildren) break;
      this.#forget(longest);
    }
    void guard(this.ref, 'onPark', () => onPark?.(slot.key, reason));
  }
}

function tellWaiters<Key, Args extends readonly unknown[]>(
  slot: DynamicSlot<Key, Args>,
  tell: (waiter: Waiter<Args>) => void,
): void {
  const { waiters } = slot;
  slot.waiters = undefined;
  waiters?.forEach(tell);
}

function failure(slot: ChildSlot, result: Exclude<StartResult, { kind: 'started' }>): OtpError {
  if (result.kind === 'ignored') return new OtpError('ignored', `${slot.id} is not wanted`);
  return new OtpError('start_failed', `${slot.id} did not start`, { reason: result.reason });
}
