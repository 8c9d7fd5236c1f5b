/**
 * What goes over a worker thread's port. Plain data in arrays, one array per tick and direction,
 * whatever the number of steps: posting costs tens of microseconds, an element of an array about two.
 *
 * 1. A step's messages keep their order; its outcome is the last of them.
 * 2. `start` carries all that a step needs, but for the shared memory that its context lies in: of that the thread
 *    has a handle, given once, because each further one would keep the memory until this thread's next collection (P4).
 */
import type { Provider } from '../model/entry.ts';
import type { ModelStep, StepEvent, StepOutcome } from '../session/ports/executor.ts';

/** Where model calls go, and whose answers come from there. */
export interface Endpoint {
  /** Without `/v1/messages`. */
  readonly baseUrl: string;
  readonly apiKey: string;
  readonly provider: Provider;
}

/** A step as the thread gets it: its context lies in a slab that the thread was given before. */
export type WireStep = Omit<ModelStep, 'context'> & { readonly context: WireContext };

export interface WireContext {
  readonly slab: number;
  readonly byteOffset: number;
  readonly byteLength: number;
}

export type ToWorker =
  /** Shared memory for the steps that come, under its number; sent once, before the first step in it. */
  | { readonly type: 'slab'; readonly slab: number; readonly buffer: SharedArrayBuffer }
  /** Nothing comes out of this slab any more. */
  | { readonly type: 'forget'; readonly slab: number }
  | {
      readonly type: 'start';
      readonly id: number;
      readonly step: WireStep;
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
