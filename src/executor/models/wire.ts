/**
 * What goes to a models thread besides what every pool sends: of the shared memory that contexts lie in the thread has
 * a handle, given once, because each further one would keep the memory until the thread's next collection.
 */
import type { Provider } from '../../model/entry.ts';
import type {
  ModelStep,
  StepEvent,
  StepHandle,
  StepOutcome,
  StepSink,
} from '../../session/ports/executor.ts';
import type { FromThread, ToThread } from '../pool/wire.ts';
import type { RateLeft } from './rate-headers.ts';

/** What a thread tells of a step; what the API says of its rate is for the executor alone. */
export type ModelEvent = StepEvent | ({ readonly type: 'rate' } & RateLeft);

export interface ModelSink extends Omit<StepSink, 'events'> {
  events(batch: readonly ModelEvent[]): void;
}

export type StartModel = (step: ModelStep, sink: ModelSink) => StepHandle;

/** Where model calls go, and whose answers come from there. */
export interface Endpoint {
  /** Without `/v1/messages`. */
  readonly baseUrl: string;
  readonly apiKey: string;
  readonly provider: Provider;
  /** MCP servers that the API may be asked to call; absent: there are none. */
  readonly connectors?: readonly Connector[];
}

/** An MCP server that the API calls by itself. */
export interface Connector {
  /** As tools of a step name it. */
  readonly name: string;
  readonly url: string;
  /** A secret. */
  readonly token?: string;
}

/** A step as the thread gets it: its context lies in a slab that the thread was given before. */
export type WireStep = Omit<ModelStep, 'context'> & { readonly context: WireContext };

export interface WireContext {
  readonly slab: number;
  readonly byteOffset: number;
  readonly byteLength: number;
}

export interface WireJob {
  readonly step: WireStep;
  readonly endpoint: Endpoint;
}

export type SlabMessage =
  /** Shared memory for the steps that come, under its number; sent once, before the first step in it. */
  | { readonly type: 'slab'; readonly slab: number; readonly buffer: SharedArrayBuffer }
  /** Nothing comes out of this slab any more. */
  | { readonly type: 'forget'; readonly slab: number };

export interface ModelKinds {
  readonly job: ModelStep;
  readonly ready: { readonly step: ModelStep; readonly endpoint: Endpoint };
  readonly wire: WireJob;
  readonly note: SlabMessage;
  readonly event: ModelEvent;
  readonly outcome: StepOutcome;
}

export type ToWorker = ToThread<ModelKinds>;
export type FromWorker = FromThread<ModelKinds>;
