/**
 * The children of a dynamic supervisor: the table of seats by key, and what happens to each: started on demand, restarted
 * after its backoff, parked, forgotten. Its methods act at once, in the caller's turn.
 *
 * Invariants: (1) a key has at most one process; (2) `size` never exceeds `maxChildren`; parked children do not count,
 * and the longest parked are forgotten when there are more of them than that; (3) whoever waits for a child is told.
 */
import { systemOf } from './actor.ts';
import type { ChildSpec } from './child-spec.ts';
import type { Backoff, DynamicChild, DynamicOptions, DynamicRef } from './dynamic-options.ts';
import { type ExitReason, isAbnormal } from './exit-reason.ts';
import { guard } from './guard.ts';
import { OtpError } from './otp-error.ts';
import type { Process, Seat, StartResult } from './process.ts';
import type { ActorRef } from './ref.ts';
import { ChildSeat, Intensity } from './seat.ts';

const DEFAULT_BACKOFF: Backoff = { firstMs: 10, factor: 2, maxMs: 1_000 };

interface Waiter<Args extends readonly unknown[]> {
  readonly args: Args;
  resolve(ref: ActorRef): void;
  reject(error: unknown): void;
}

class DynamicSeat<Key, Args extends readonly unknown[]> extends ChildSeat {
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
  readonly #seats = new Map<Key, DynamicSeat<Key, Args>>();
  /** Longest parked first. */
  readonly #parked = new Set<DynamicSeat<Key, Args>>();

  constructor(self: Process, options: DynamicOptions<Key, R, Args>) {
    this.ref = self;
    this.#options = options;
  }

  get size(): number {
    return this.#seats.size - this.#parked.size;
  }

  find(key: Key): R | undefined {
    const seat = this.#seats.get(key);
    return seat?.status === 'running' && seat.process?.alive
      ? (seat.process as unknown as R)
      : undefined;
  }

  ensure(key: Key, ...args: Args): Promise<R> {
    const running = this.find(key);
    if (running !== undefined) return Promise.resolve(running);
    const seat = this.#seats.get(key);
    const waits = this.ref.alive && seat !== undefined && seat.status !== 'parked';
    if (waits) return this.#wait(seat, args);
    return this.#begin(key, seat, args);
  }

  async start(key: Key, ...args: Args): Promise<R> {
    const seat = this.#seats.get(key);
    if (this.ref.alive && seat !== undefined && seat.status !== 'parked') {
      const what = `${this.ref.label}/${seat.id} is ${seat.status}`;
      const ref = this.find(key);
      throw new OtpError('already_started', what, ref === undefined ? {} : { ref });
    }
    return this.#begin(key, seat, args);
  }

  async stop(key: Key, reason: ExitReason = 'shutdown'): Promise<void> {
    const seat = this.#seats.get(key);
    if (seat === undefined) return;
    await seat.stop(this.ref, reason);
    this.#forget(seat);
  }

  children(): readonly DynamicChild<Key, R>[] {
    return [...this.#seats.values()].map(({ key, status, restarts, lastCrash }) => ({
      key,
      status,
      ref: this.find(key),
      restarts,
      lastCrash,
    }));
  }

  seats(): Iterable<Seat> {
    return this.#seats.values();
  }

  async stopAll(): Promise<void> {
    await Promise.all([...this.#seats.values()].map((seat) => seat.stop(this.ref)));
  }

  refuseWaiters(): void {
    const gone = new OtpError('noproc', `${this.ref.label} is not alive`);
    for (const seat of this.#seats.values()) tellWaiters(seat, ({ reject }) => reject(gone));
  }

  childExited(process: Process, reason: ExitReason): void {
    const seat = process.seat as DynamicSeat<Key, Args> | undefined;
    if (seat?.process !== process) return; // it was stopped by order
    seat.vacate(this.ref, reason);
    const { restart } = seat.spec;
    if (restart === 'temporary') return this.#forget(seat);
    if (restart === 'transient' && !isAbnormal(reason)) return this.#forget(seat);
    this.#crashed(seat, reason);
  }

  /** A parked seat keeps its history; it is parked again if this start fails. */
  async #begin(key: Key, parked: DynamicSeat<Key, Args> | undefined, args: Args): Promise<R> {
    this.#refuse();
    const seat = parked ?? new DynamicSeat<Key, Args>(key, this.#options.child(key, ...args));
    this.#seats.set(key, seat);
    this.#parked.delete(seat);
    const started = seat.start(systemOf(this.ref), this.ref);
    const result = started instanceof Promise ? await started : started;
    if (result.kind === 'started') {
      this.#welcome(seat);
      return result.process as unknown as R;
    }
    const error = failure(seat, result);
    if (this.#seats.get(key) === seat) {
      if (parked !== undefined && result.kind === 'failed') this.#park(seat, result.reason);
      else this.#seats.delete(key);
      tellWaiters(seat, ({ reject }) => reject(error));
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

  #wait(seat: DynamicSeat<Key, Args>, args: Args): Promise<R> {
    return new Promise((resolve, reject) => {
      seat.waiters ??= [];
      seat.waiters.push({ args, resolve: resolve as Waiter<Args>['resolve'], reject });
    });
  }

  /** Whoever waits for a child that is gone for good gets a new one. */
  #forget(seat: DynamicSeat<Key, Args>): void {
    if (this.#seats.get(seat.key) !== seat) return;
    this.#seats.delete(seat.key);
    this.#parked.delete(seat);
    tellWaiters(seat, ({ args, resolve, reject }) =>
      this.ensure(seat.key, ...args).then(resolve, reject),
    );
  }

  #crashed(seat: DynamicSeat<Key, Args>, reason: ExitReason): void {
    const { maxRestarts = 3, maxSeconds = 5, backoff = DEFAULT_BACKOFF } = this.#options;
    seat.crashes ??= new Intensity(maxRestarts, maxSeconds);
    if (!seat.crashes.allows(this.ref.host.clock.monotonic())) return this.#park(seat, reason);
    const { firstMs, factor, maxMs } = backoff;
    seat.status = 'restarting';
    const delayMs = Math.min(firstMs * factor ** (seat.crashes.size - 1), maxMs);
    this.ref.after(delayMs, () => this.ref.later('restart', () => void this.#restart(seat)));
  }

  async #restart(seat: DynamicSeat<Key, Args>): Promise<void> {
    if (seat.status !== 'restarting') return; // it was stopped while it waited
    seat.restarts++;
    const result = await seat.start(systemOf(this.ref), this.ref);
    if (this.#seats.get(seat.key) !== seat) return;
    if (result.kind === 'failed' && !this.ref.alive) return; // given up: that is no crash of its own
    if (result.kind === 'failed') return this.#crashed(seat, result.reason);
    if (result.kind === 'ignored') return this.#forget(seat);
    const { label, host } = this.ref;
    host.report({
      kind: 'child_restarted',
      supervisor: label,
      child: seat.id,
      restarts: seat.restarts,
    });
    this.#welcome(seat);
  }

  /** If it is gone again already, those who wait for it go on waiting: its exit is in the mailbox. */
  #welcome(seat: DynamicSeat<Key, Args>): void {
    const { process } = seat;
    if (process?.alive) tellWaiters(seat, ({ resolve }) => resolve(process));
  }

  #park(seat: DynamicSeat<Key, Args>, reason: ExitReason): void {
    const { onPark, maxChildren } = this.#options;
    const { host, label } = this.ref;
    seat.status = 'parked';
    seat.lastCrash = reason;
    this.#parked.add(seat);
    host.report({
      kind: 'parked',
      supervisor: label,
      child: seat.id,
      reason,
      restarts: seat.restarts,
    });
    const parked = new OtpError('parked', `${label}/${seat.id} is parked`, { reason });
    tellWaiters(seat, ({ reject }) => reject(parked));
    for (const longest of this.#parked) {
      if (this.#parked.size <= maxChildren) break;
      this.#forget(longest);
    }
    void guard(this.ref, 'onPark', () => onPark?.(seat.key, reason));
  }
}

function tellWaiters<Key, Args extends readonly unknown[]>(
  seat: DynamicSeat<Key, Args>,
  tell: (waiter: Waiter<Args>) => void,
): void {
  const { waiters } = seat;
  seat.waiters = undefined;
  waiters?.forEach(tell);
}

function failure(seat: ChildSeat, result: Exclude<StartResult, { kind: 'started' }>): OtpError {
  if (result.kind === 'ignored') return new OtpError('ignored', `${seat.id} is not wanted`);
  return new OtpError('start_failed', `${seat.id} did not start`, { reason: result.reason });
}
