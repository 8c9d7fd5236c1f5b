/** The kept requests as JSON, for a test in another process. Keys are redacted: a listing is easily logged. */
import type { IncomingHttpHeaders } from 'node:http';
import type { SeenRequest, SeenRequests } from './seen-request.ts';

/** One request in the answer to `GET /rehearsal/requests`. */
export interface ListedRequest {
  readonly seq: number;
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  /** The body as it came, as text; the API's requests are UTF-8. */
  readonly body: string;
  readonly receivedAt: number;
  readonly receivedMonotonicMs: number;
  /** Absent while the request waits for its answer. */
  readonly status?: number;
  readonly isBroken: boolean;
  /** Tools that the answer asked for though the request did not offer them; absent: none. */
  readonly notOffered?: readonly string[];
}

const redacted = (headers: IncomingHttpHeaders): IncomingHttpHeaders => {
  const shown = { ...headers };
  if (shown.authorization) shown.authorization = 'Bearer ***';
  if (shown['x-api-key']) shown['x-api-key'] = '***';
  return shown;
};

const listed = (request: SeenRequest): ListedRequest => ({
  seq: request.seq,
  method: request.method,
  path: request.path,
  headers: redacted(request.headers),
  body: request.rawBody.toString('utf8'),
  receivedAt: request.receivedAt,
  receivedMonotonicMs: request.receivedMonotonicMs,
  ...(request.status === undefined ? {} : { status: request.status }),
  isBroken: request.isBroken,
  ...(request.notOffered.length === 0 ? {} : { notOffered: request.notOffered }),
});

/** `{"requests":[...]}` with those whose `seq` is above `after`. */
export const seenListing = (requests: SeenRequests, after: number): string =>
  JSON.stringify({
    requests: requests
      .toArray()
      .filter(({ seq }) => seq > after)
      .map(listed),
  });
