/**
 * Requests under way, whatever door they came in by. It owns their number, their deadlines and their traces.
 *
 * Invariants: (1) each request is settled once: by its reply, its failure, or its deadline; (2) while the daemon drains
 * nothing new is begun.
 */
import { GreenroomError } from '../model/errors.ts';
import type { Tenant } from '../model/ids.ts';
import { type RequestContext, TraceIds } from '../model/request-context.ts';
import type { Clock } from '../otp/clock.ts';
import type { Declared } from '../session/verbs/verb-facts.ts';
import { InFlight } from './in-flight.ts';
import { type HeaderReader, traceOf } from './trace.ts';

export interface RequestLimits {
  /** Requests begun and not answered. Default 1,000. */
  readonly inFlight: number;
  /** Requests that wait for something to happen. Default 10,000. */
  readonly waiting: number;
  /** Deadline of a request that names none, in milliseconds. Default: its verb's. */
  readonly timeoutMs?: number;
}

export const REQUEST_LIMITS: RequestLimits = { inFlight: 1_000, waiting: 10_000 };

/** Who hears how a request ended. */
export interface Settled<T> {
  readonly reply: (value: T, tookMs: number) => void;
  readonly failed: (error: unknown, tookMs: number) => void;
}

/** Who asks, and how. */
export interface Asker {
  readonly tenant: Tenant;
  readonly principal: string;
  readonly via: RequestContext['via'];
  readonly headers: HeaderReader | undefined;
}

export class Requests {
  readonly inFlight: InFlight;
  readonly waiting: InFlight;
  readonly #clock: Clock;
  readonly #limits: RequestLimits;
  readonly #traces = new TraceIds();
  #isDraining = false;

  constructor(clock: Clock, limits: RequestLimits) {
    this.#clock = clock;
    this.#limits = limits;
    this.inFlight = new InFlight(limits.inFlight, clock);
    this.waiting = new InFlight(limits.waiting, clock);
  }

  get isDraining(): boolean {
    return this.#isDraining;
  }

  /** From now on everything new is refused with `draining`, and so is what waits for something to happen. */
  drain(): void {
    this.#isDraining = true;
    this.waiting.endAll(draining());
  }

  mustNotDrain(): void {
    if (this.#isDraining) throw draining();
  }

  /** @param given the deadline that the request names, in milliseconds. */
  timeoutOf({ timeoutMs }: Pick<Declared, 'timeoutMs'>, given: number | undefined): number {
    return given ?? this.#limits.timeoutMs ?? timeoutMs;
  }

  /** Throws `invalid_request` for a trace header of ours that is none. */
  contextOf({ headers, tenant, principal, via }: Asker, timeoutMs: number): RequestContext {
    const { traceId, parent } = traceOf(headers, this.#traces);
    return {
      tenant,
      principal,
      via,
      traceId,
      parent,
      receivedAtMs: this.#clock.now(),
      deadlineMs: this.#clock.monotonic() + timeoutMs,
    };
  }

  /** Begins the work, and settles it by its deadline. Throws `mailbox_full` where too much is under way. */
  run<T>(
    { waits }: Pick<Declared, 'waits'>,
    tenant: string,
    timeoutMs: number,
    work: () => Promise<T>,
    { reply, failed }: Settled<T>,
  ): void {
    const underWay = waits === true ? this.waiting : this.inFlight;
    const ticket = underWay.enter(tenant, timeoutMs, (late) => failed(late, timeoutMs));
    work().then(
      (value) => {
        if (underWay.leave(ticket)) reply(value, underWay.elapsed(ticket));
      },
      (error: unknown) => {
        if (underWay.leave(ticket)) failed(error, underWay.elapsed(ticket));
      },
    );
  }
}

export const draining = (): GreenroomError =>
  new GreenroomError('draining', 'this daemon is stopping', { retryAfterMs: 2_000 });
