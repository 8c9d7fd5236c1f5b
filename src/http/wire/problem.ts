/**
 * What went wrong, as HTTP says it: a problem by RFC 9457 with the codes that all doors share, and a few that only HTTP
 * knows.
 */
import { ERRORS, toWire, type WireError } from '../../model/errors.ts';

interface HttpKind {
  readonly status: number;
  readonly when: string;
}

/** Failures before a verb is found, or beside it. None but `rate_limited` is worth trying again as it is. */
export const HTTP_ERRORS = {
  unknown_path: { status: 404, when: 'there is nothing at this address' },
  method_not_allowed: { status: 405, when: 'this address does not take this method' },
  precondition_failed: { status: 412, when: 'the session is no longer as `If-Match` names it' },
  unsupported_media_type: {
    status: 415,
    when: 'the body has a `Content-Type` that is not taken here',
  },
  misdirected: { status: 421, when: 'the `Host` header names another host' },
  idempotency_key_reused: {
    status: 422,
    when: 'the `Idempotency-Key` was used with another request before',
  },
  rate_limited: { status: 429, when: 'the token has made too many requests in this minute' },
} as const satisfies Readonly<Record<string, HttpKind>>;
export type HttpErrorCode = keyof typeof HTTP_ERRORS;

export type Headers = Readonly<Record<string, string>>;

/** A failure that only HTTP knows. */
export class HttpError extends Error {
  readonly httpCode: HttpErrorCode;
  readonly headers: Headers;

  constructor(httpCode: HttpErrorCode, message: string, headers: Headers = {}) {
    super(message);
    this.name = 'HttpError';
    this.httpCode = httpCode;
    this.headers = headers;
  }
}

/** A problem document, ready to be sent. */
export interface Problem {
  readonly status: number;
  readonly code: string;
  readonly headers: Headers;
  readonly body: string;
}

export const PROBLEM_TYPE = 'application/problem+json';

/** What a field of a request has against it. */
interface FieldError {
  readonly path: string;
  readonly message: string;
}

/** @param traceId of the request, as far as it got one. */
export const problemOf = (error: unknown, traceId?: string): Problem => {
  if (error instanceof HttpError) {
    const { httpCode: code, message: detail, headers } = error;
    const { status, when } = HTTP_ERRORS[code];
    const retryable = code === 'rate_limited';
    const said = { code, status, when, detail, traceId, retryable };
    return { status, code, headers, body: written(said) };
  }
  const wire = toWire(error);
  const { status, when } = ERRORS[wire.code];
  return {
    ...{ status, code: wire.code, headers: headersOf(wire) },
    body: written({ code: wire.code, status, when, detail: wire.message, traceId, wire }),
  };
};

const headersOf = ({ code, retryAfterMs }: WireError): Headers => ({
  ...(retryAfterMs === undefined ? {} : { 'Retry-After': String(Math.ceil(retryAfterMs / 1_000)) }),
  ...(code === 'unauthorized' ? { 'WWW-Authenticate': 'Bearer realm="greenroom"' } : {}),
});

interface Said {
  readonly code: string;
  readonly status: number;
  readonly when: string;
  readonly detail: string;
  readonly traceId: string | undefined;
  readonly wire?: WireError;
  /** Of a failure that only HTTP knows. */
  readonly retryable?: boolean;
}

const written = ({ code, status, when, detail, traceId, wire, retryable: said }: Said): string => {
  const {
    retryable = false,
    retryAfterMs,
    details,
  } = wire ?? ({ retryable: said } as Partial<WireError>);
  const errors = fieldErrorsIn(details);
  return `${JSON.stringify({
    type: `urn:greenroom:error:${code}`,
    ...{ title: when, status, detail, code, retryable, retryAfterMs, traceId },
    ...(errors === undefined ? { details } : { errors }),
  })}\n`;
};

const fieldErrorsIn = (details: WireError['details']): readonly FieldError[] | undefined => {
  const issues = details?.['issues'];
  if (!Array.isArray(issues)) return undefined;
  return (issues as readonly { field: string; message: string }[]).map(({ field, message }) => ({
    path: field,
    message,
  }));
};
