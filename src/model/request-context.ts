/**
 * Who asks, from where, until when, and under which trace. A gateway makes it once; dispatcher, verbs, actors,
 * audit and log take it as it is.
 */
import { randomFillSync, randomUUID } from 'node:crypto';
import type { z } from 'zod';
import { GreenroomError } from './errors.ts';
import type { Tenant } from './ids.ts';

/** The doors that a request can come in by. `queue` is a turn of the stream, which nobody waits for. */
export type Gateway = 'embedded' | 'nats' | 'http' | 'queue' | 'internal';

/** 32 lower-case hex digits, not all zero: the trace id of W3C Trace Context, so that a caller's trace goes on. */
export type TraceId = string & z.core.$brand<'TraceId'>;
export const TRACE_PATTERN = /^(?!0{32}$)[0-9a-f]{32}$/;

/** A UUIDv4's digits: node keeps its entropy in stock, which makes it cheap. */
export const newTraceId = (): TraceId =>
  // biome-ignore lint/plugin: a trace must be the only one of its id in the world
  randomUUID().replaceAll('-', '') as TraceId;

const TRACE_BYTES = 16;
/** Ids that are drawn at a time. */
const DRAWN_IDS = 256;

/** Trace ids for one who makes many: their random bytes are drawn many at a time. */
export class TraceIds {
  readonly #bytes = Buffer.alloc(DRAWN_IDS * TRACE_BYTES);
  #at = this.#bytes.length;

  next(): TraceId {
    if (this.#at === this.#bytes.length) {
      randomFillSync(this.#bytes);
      this.#at = 0;
    }
    const start = this.#at;
    this.#at += TRACE_BYTES;
    return this.#bytes.toString('hex', start, this.#at) as TraceId;
  }
}

/** The trace that a caller named; a new one where it named none. Throws `invalid_request` for what is no trace id. */
export const traceNamed = (text: string | undefined, by: string, ids?: TraceIds): TraceId => {
  if (text === undefined) return ids?.next() ?? newTraceId();
  if (TRACE_PATTERN.test(text)) return text as TraceId;
  throw new GreenroomError(
    'invalid_request',
    `${by} must be 32 lower-case hex digits, not all zero`,
  );
};

/** The span of the caller that a request belongs to: spans that are made of it stand below that one. */
export interface CallersSpan {
  /** 16 lower-case hex digits, not all zero. */
  readonly spanId: string;
  /** Whether the caller's tracer keeps its own spans of this trace. */
  readonly isSampled: boolean;
}

export interface Traceparent extends CallersSpan {
  readonly traceId: TraceId;
}

/** Version, trace id, parent id, flags; only a version after 00 may go on behind them. */
const TRACEPARENT =
  /^(?!ff)([0-9a-f]{2})-([0-9a-f]{32})-((?!0{16})[0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;
const SAMPLED = 1;

/**
 * What a W3C `traceparent` says; undefined for one that is malformed. The standard wants such a header ignored and a new
 * trace begun, so that a broken tracer in between never costs a request.
 */
export const readTraceparent = (text: string): Traceparent | undefined => {
  const [, version, traceId, spanId, flags = '', more] = TRACEPARENT.exec(text) ?? [];
  if (version === '00' && more !== undefined) return undefined;
  if (traceId === undefined || spanId === undefined || !TRACE_PATTERN.test(traceId))
    return undefined;
  const isSampled = (Number.parseInt(flags, 16) & SAMPLED) === SAMPLED;
  return { traceId: traceId as TraceId, spanId, isSampled };
};

/** One that a program of ours gives, which must be right. Throws `invalid_request`. */
const traceparentNamed = (text: string): Traceparent => {
  const read = readTraceparent(text);
  if (read !== undefined) return read;
  throw new GreenroomError('invalid_request', 'traceparent must be as W3C Trace Context has it');
};

/** The trace that a program of ours gives a turn. Throws `invalid_request` for what is no trace. */
export const traceGiven = (
  {
    traceId,
    traceparent,
  }: { readonly traceId?: string | undefined; readonly traceparent?: string | undefined },
  ids?: TraceIds,
): Pick<RequestContext, 'traceId' | 'parent'> => {
  if (traceId !== undefined || traceparent === undefined)
    return { traceId: traceNamed(traceId, 'traceId', ids) };
  const { traceId: given, ...parent } = traceparentNamed(traceparent);
  return { traceId: given, parent };
};

export interface RequestContext {
  readonly tenant: Tenant;
  /** Who is written into the audit. `request` where a gateway does not know its callers apart. */
  readonly principal: string;
  readonly via: Gateway;
  readonly traceId: TraceId;
  /** The caller's span, where it named one. */
  readonly parent?: CallersSpan | undefined;
  /** When the gateway got it, in milliseconds since the epoch. */
  readonly receivedAtMs: number;
  /** The instant by which it is answered, on the system's monotonic clock, in milliseconds. */
  readonly deadlineMs: number;
}

/** The principal of a gateway that does not know its callers apart. */
export const ANYONE = 'request';
