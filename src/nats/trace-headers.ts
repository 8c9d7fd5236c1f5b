/**
 * The trace of a request, from its headers: ours, else W3C's `traceparent`, else a new one. Ours is meant for us, so a
 * wrong one is refused; a `traceparent` may come from anything on the way, and a wrong one is ignored, as W3C wants it.
 */
import type { MsgHdrs } from 'nats';
import {
  newTraceId,
  type RequestContext,
  readTraceparent,
  type TraceIds,
  traceNamed,
} from '../model/request-context.ts';
import { headerOf } from './wire.ts';

export const TRACE_HEADER = 'Greenroom-Trace';
export const TRACEPARENT_HEADER = 'traceparent';

/** The part of a request's context that says whose trace it belongs to. */
export type Trace = Pick<RequestContext, 'traceId' | 'parent'>;

/** Throws `invalid_request` for a header of ours that is no trace id. */
export const traceOf = (headers: MsgHdrs | undefined, ids?: TraceIds): Trace => {
  if (headers === undefined) return { traceId: ids?.next() ?? newTraceId() };
  const ours = headerOf(headers, TRACE_HEADER);
  if (ours !== undefined) return { traceId: traceNamed(ours, `the header ${TRACE_HEADER}`) };
  const traceparent = headerOf(headers, TRACEPARENT_HEADER);
  const read = traceparent === undefined ? undefined : readTraceparent(traceparent);
  if (read === undefined) return { traceId: ids?.next() ?? newTraceId() };
  const { traceId, ...parent } = read;
  return { traceId, parent };
};
