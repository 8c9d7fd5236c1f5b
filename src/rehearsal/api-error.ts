/** Errors in the API's shape: `{"type":"error","error":{"type","message"},"request_id"}`. */
import { type ErrorAnswer, headerList } from './answer.ts';

/** The API's error types by status; any other 4xx is an `invalid_request_error`, any other 5xx an `api_error`. */
const TYPES: Readonly<Record<number, string>> = {
  401: 'authentication_error',
  402: 'billing_error',
  403: 'permission_error',
  404: 'not_found_error',
  409: 'conflict_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
  504: 'timeout_error',
  529: 'overloaded_error',
};

const MESSAGES: Readonly<Record<number, string>> = {
  429: 'This request would exceed your rate limit.',
  500: 'Internal server error',
  529: 'Overloaded',
};

const errorTypeOf = (status: number): string =>
  TYPES[status] ?? (status < 500 ? 'invalid_request_error' : 'api_error');

/** The status that an error event of a stream would have as an answer of its own. */
export const statusOfFault = ({
  type = 'overloaded_error',
}: {
  readonly type?: string;
}): number => {
  const found = Object.entries(TYPES).find(([, known]) => known === type);
  if (found) return Number(found[0]);
  return type === 'invalid_request_error' ? 400 : 500;
};

/** What the API's own `x-should-retry` says of a status. */
const isRetryable = (status: number): boolean =>
  status === 408 || status === 409 || status === 429 || status >= 500;

const errorBody = (type: string, message: string, requestId: string): string =>
  JSON.stringify({ type: 'error', error: { type, message }, request_id: requestId });

export interface EncodedError {
  readonly headers: readonly string[];
  readonly body: string;
}

export const encodeError = (answer: ErrorAnswer, requestId: string): EncodedError => {
  const { status, retryAfter } = answer;
  const type = answer.type ?? errorTypeOf(status);
  const headers = [
    ...['x-should-retry', String(answer.shouldRetry ?? isRetryable(status))],
    ...headerList(answer),
  ];
  if (retryAfter !== undefined) headers.push('retry-after', String(retryAfter));
  const message = answer.message ?? MESSAGES[status] ?? `Rehearsed ${type}`;
  return { headers, body: errorBody(type, message, requestId) };
};

export const errorAnswer = (status: number, message: string): ErrorAnswer => ({
  kind: 'error',
  status,
  message,
});

export const invalidRequest = (message: string): ErrorAnswer => errorAnswer(400, message);
