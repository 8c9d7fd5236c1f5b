/**
 * A circuit breaker: whether calls may go to an endpoint, by what became of those before. Pure but for its own counts.
 *
 * 1. Closed: calls go. So many failures in a row, none of them answered meanwhile, open it.
 * 2. Open: no call goes until a moment, which is farther away each time, up to a limit.
 * 3. Half-open: that moment has come, and one call goes as a probe. It closes the breaker or opens it again; where it says
 *    nothing for so long, another one goes. What other calls leave unsaid is no end of it.
 *
 * A failure is an endpoint that does not answer, or says that it cannot: what it refuses shows that it is there.
 */
import type { StepError } from '../../session/ports/executor.ts';

/** Failures in a row that open it: more than one step makes by itself. */
export const FAILURES_TO_OPEN = 10;
/** How long it stays open the first time, doubled each further time; in milliseconds. */
const FIRST_OPEN_MS = 5_000;
const LONGEST_OPEN_MS = 60_000;
/** How long others wait before they look whether a probe has ended, in milliseconds. */
const PROBE_MS = 3_000;
/** How long a probe may say nothing before the next one goes: an endpoint may take calls and answer none. */
export const LONGEST_PROBE_MS = 15_000;

export type BreakerState = 'closed' | 'open' | 'half-open';

export class Breaker {
  readonly #random: () => number;
  /** In a row. */
  #failures = 0;
  /** Times in a row that it opened. */
  #opened = 0;
  #untilMs = 0;
  /** The call that goes as one, and when it went. */
  #probe: { readonly call: object; readonly atMs: number } | undefined;

  constructor(random: () => number) {
    this.#random = random;
  }

  state(nowMs: number): BreakerState {
    if (this.#opened === 0) return 'closed';
    return nowMs < this.#untilMs ? 'open' : 'half-open';
  }

  /** How long a call has to wait, in milliseconds; undefined: it may go, and where it is the probe it has to end with a word. */
  waitMs(nowMs: number, call: object): number | undefined {
    const state = this.state(nowMs);
    if (state === 'closed') return undefined;
    if (state === 'open' || this.#isProbing(nowMs)) return this.restMs(nowMs);
    this.#probe = { call, atMs: nowMs };
    return undefined;
  }

  #isProbing(nowMs: number): boolean {
    return this.#probe !== undefined && nowMs - this.#probe.atMs < LONGEST_PROBE_MS;
  }

  /**
   * How long it is worth to wait before a call asks again, in milliseconds. Those that wait do not all come back
   * together: up to a quarter is added by chance.
   */
  restMs(nowMs: number): number {
    const leastMs = Math.max(this.#untilMs - nowMs, PROBE_MS);
    return Math.round(leastMs * (1 + this.#random() / 4));
  }

  /** The endpoint has answered, whatever it said. True: that closes the breaker. */
  answered(): boolean {
    const wasOpen = this.#opened > 0;
    this.#failures = 0;
    this.#opened = 0;
    this.#probe = undefined;
    return wasOpen;
  }

  /** It has not. True: that opens the breaker. */
  failed(nowMs: number): boolean {
    this.#failures += 1;
    const state = this.state(nowMs);
    if (state === 'open' || this.#failures < FAILURES_TO_OPEN) return false;
    const openMs = Math.min(FIRST_OPEN_MS * 2 ** this.#opened, LONGEST_OPEN_MS);
    this.#untilMs = nowMs + openMs;
    this.#opened += 1;
    this.#probe = undefined;
    return true;
  }

  /** A call ended without telling anything of the endpoint: if it was the probe, the next one is. */
  toldNothing(call: object): void {
    if (this.#probe?.call === call) this.#probe = undefined;
  }
}

/** Errors that say nothing of the endpoint: they are of this process. */
const OURS: readonly string[] = ['worker_lost', 'internal', 'unavailable'];

/** What an error says of the endpoint; a rate limit is a word of one that is well. */
export const wordOf = ({ type, status }: StepError): 'answered' | 'failed' | 'nothing' => {
  if (OURS.includes(type)) return 'nothing';
  if (type === 'connection_error' || type === 'timeout' || type === 'overloaded_error')
    return 'failed';
  return status === undefined || status < 500 ? 'answered' : 'failed';
};
