/** A request's context for tests that ask the door themselves. */
import type { Tenant } from '../../src/model/ids.ts';
import { ANYONE, type RequestContext, type TraceId } from '../../src/model/request-context.ts';

export const requestContext = (fields: Partial<RequestContext> = {}): RequestContext => ({
  ...{ tenant: 'default' as Tenant, principal: ANYONE, via: 'embedded' },
  traceId: '4bf92f3577b34da6a3ce929d0e0e4736' as TraceId,
  ...{ receivedAtMs: 0, deadlineMs: Number.POSITIVE_INFINITY },
  ...fields,
});
