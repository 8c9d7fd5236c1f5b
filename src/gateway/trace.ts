/**
 * The trace of a request, from its headers: ours, else W3C's `traceparent`, else a new one. Ours is meant for us, so a
 * wrong one is refused; a `traceparent` may come from anything on the way, and a wrong one is ignored, as W3C wants it.
 */
import {
  newTraceId,
  type RequestContext,
  readTraceparent,
  type TraceIds,
  traceNamed,
} from '../model/request-context.ts';
import { TRACE_HEADER, TRACEPARENT_HEADER } from './headers.ts';

/** The part of a request's context that says whose trace it belongs to. */
export type Trace = Pick<RequestContext, 'traceId' | 'parent'>;

/** A request's header by its name; undefined: it is absent or empty. */
export type HeaderReader = (name: string) => string | undefined;

/** @param read absent: the request has no headers. Throws `invalid_request` for a header of ours that is no trace id. */
export const traceOf = (read: HeaderReader | undefined, ids?: TraceIds): Trace => {
  if (read === undefined) return { traceId: ids?.next() ?? newTraceId() };
  const ours = read(TRACE_HEADER);
  if (ours !== undefined) return { traceId: traceNamed(ours, `the header ${TRACE_HEADER}`) };
  const traceparent = read(TRACEPARENT_HEADER);
  const known = traceparent === undefined ? undefined : readTraceparent(traceparent);
  if (known === undefined) return { traceId: ids?.next() ?? newTraceId() };
  const { traceId, ...parent } = known;
  return { traceId, parent };
};
