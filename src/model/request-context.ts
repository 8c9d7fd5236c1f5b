/**
 * Who asks, from where, until when, and under which trace. A gateway makes it once; dispatcher, verbs, actors,
 * audit and log take it as it is.
 */
import { randomUUID } from 'node:crypto';
import type { Tenant } from './ids.ts';

/** The doors that a request can come in by. `queue` is a turn of the stream, which nobody waits for. */
export type Gateway = 'embedded' | 'nats' | 'queue' | 'internal';

/** 32 lower-case hex digits, not all zero: the trace id of W3C Trace Context, so that a caller's trace goes on. */
export type TraceId = string & { readonly __traceId: unique symbol };

const TRACE_ID = /^(?!0{32}$)[0-9a-f]{32}$/;
export const isTraceId = (text: string): text is TraceId => TRACE_ID.test(text);
/** A UUIDv4's digits: node keeps its entropy in stock, which makes it cheap. */
export const newTraceId = (): TraceId =>
  // biome-ignore lint/plugin: a trace must be the only one of its id in the world
  randomUUID().replaceAll('-', '') as TraceId;

export interface RequestContext {
  readonly tenant: Tenant;
  /** Who is written into the audit. `request` where a gateway does not know its callers apart. */
  readonly principal: string;
  readonly via: Gateway;
  readonly traceId: TraceId;
  /** The instant by which it is answered, on the system's monotonic clock, in milliseconds. */
  readonly deadlineMs: number;
}
