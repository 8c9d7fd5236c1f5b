/**
 * What goes over a worker thread's port. Plain data in arrays, one array per tick and direction,
 * whatever the number of steps: posting costs tens of microseconds, an element of an array about two.
 *
 * 1. A step's messages keep their order; its outcome is the last of them.
 * 2. `start` carries all that a step needs (P4).
 */
import type { Provider } from '../session/entry.ts';
import type { ModelStep, StepEvent, StepOutcome } from '../session/executor.ts';

/** Where model calls go, and whose answers come from there. */
export interface Endpoint {
  /** Without `/v1/messages`. */
  readonly baseUrl: string;
  readonly apiKey: string;
  readonly provider: Provider;
}

export type ToWorker =
  | {
      readonly type: 'start';
      readonly id: number;
      readonly step: ModelStep;
      readonly endpoint: Endpoint;
    }
  | { readonly type: 'cancel'; readonly id: number }
  | { readonly type: 'ping' };

export type FromWorker =
  /** The thread has loaded what it needs and takes steps; sent once. */
  | { readonly type: 'ready' }
  /** `load`: the part of the time since the last ping that the thread worked, 0 to 1. */
  | { readonly type: 'pong'; readonly load: number }
  | { readonly type: 'events'; readonly id: number; readonly events: readonly StepEvent[] }
  | { readonly type: 'outcome'; readonly id: number; readonly outcome: StepOutcome };
