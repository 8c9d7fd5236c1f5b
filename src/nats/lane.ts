/** Turn requests that the intake has in hand, in lanes: one per session, oldest first. */

import type { Trace } from '../gateway/trace.ts';
import { keyString, type SessionKey, type TurnId } from '../model/ids.ts';
import { ANYONE, type RequestContext } from '../model/request-context.ts';
import type { Timer } from '../otp/clock.ts';
import type { TurnRequest } from '../session/verbs/turn-request.ts';

/** One message of the queue. */
export interface Item {
  /** In the stream. */
  readonly seq: number;
  /** As the subject names it; checked if the content is a request. */
  readonly key: SessionKey;
  /** When it came; milliseconds since the epoch. */
  readonly receivedAtMs: number;
  /** Of its headers, or made when it came. */
  readonly trace: Trace;
  /** Where its acknowledgement goes; empty if its stream is gone. Redelivery gives a new one. */
  ackSubject: string;
  /** undefined: set aside, to be fetched again when its turn comes. */
  loaded: Loaded | undefined;
  /** Its refusal was told, and stands in the ledger: only the record of it is missing. */
  isRefusalTold: boolean;
  /** Since when its refusal cannot be kept; monotonic. */
  unkeptSinceMs: number | undefined;
}

/** The content of a message: a request, or why it is none. */
export type Loaded = {
  readonly turnId: TurnId;
  /** As it came, for the record of a refusal. */
  readonly body: Uint8Array;
} & (
  | { readonly request: TurnRequest; readonly trace: Trace }
  | { readonly refusal: unknown; readonly trace?: undefined }
);

export interface Lane {
  readonly name: string;
  readonly items: Item[];
  /** `busy`: the first item is being handed over. `held`: it will be tried again. */
  state: 'idle' | 'busy' | 'held';
  /** Failed attempts at the first item. */
  failures: number;
  /** When the first item began to fail in a way that waiting may not heal; monotonic. */
  failingSinceMs: number | undefined;
  timer: Timer | undefined;
}

export const newLane = (name: string): Lane => ({
  name,
  items: [],
  state: 'idle',
  failures: 0,
  failingSinceMs: undefined,
  timer: undefined,
});

/** A turn of the queue is asked for by whoever may write to it, and nobody waits for its answer. */
export const contextOf = ({ key, receivedAtMs, trace }: Item): RequestContext => ({
  tenant: key.tenant,
  principal: ANYONE,
  via: 'queue',
  ...trace,
  receivedAtMs,
  deadlineMs: Number.POSITIVE_INFINITY,
});

export const laneOf = (key: SessionKey): string => keyString(key);
