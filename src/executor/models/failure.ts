/** What went wrong with a model call, and whether and when trying again makes sense. Pure. */
import { AnthropicError, APIConnectionTimeoutError, APIError } from '@anthropic-ai/sdk';
import { retryAfterMs } from '../../platform/retry-after.ts';
import type { StepError } from '../../session/ports/executor.ts';
import { LONGEST_CALL_MS } from './silence.ts';

/** The longest `retry-after` that is waited for, in milliseconds; a longer one is cut to it. A turn may wait that long asleep. */
export const MAX_RETRY_AFTER_MS = 24 * 3_600_000;
/** The most that chance adds to a `retry-after`, in milliseconds. */
const MAX_SPREAD_MS = 30_000;
/** Doubling stops here, in milliseconds, unless the first delay is longer already. */
const MAX_BACKOFF_MS = 60_000;

export interface Failure {
  readonly error: StepError;
  /** What the server asked for. */
  readonly retryAfterMs?: number;
}

/** Error types that pass, for errors that come inside a stream and so without a status. */
const PASSING: readonly string[] = [
  'overloaded_error',
  'api_error',
  'rate_limit_error',
  'timeout_error',
];

export const timeoutFailure = (why: 'silent' | 'endless', timeoutMs: number): Failure => ({
  error: {
    type: 'timeout',
    message:
      why === 'silent'
        ? `the API said nothing for ${timeoutMs} ms`
        : `the model call took longer than ${LONGEST_CALL_MS} ms`,
    retryable: true,
  },
});

/**
 * The failure behind whatever the SDK threw. What is not the SDK's is a bug of ours: `internal`. It is stored with the
 * turn: `redact` takes out of its message what the SDK or the server repeat of our key.
 */
export const failureOf = (
  thrown: unknown,
  nowMs: number,
  redact: (text: string) => string,
): Failure => {
  const failure = plainFailureOf(thrown, nowMs);
  const { error } = failure;
  return { ...failure, error: { ...error, message: redact(error.message) } };
};

const plainFailureOf = (thrown: unknown, nowMs: number): Failure => {
  if (thrown instanceof APIConnectionTimeoutError) {
    return { error: { type: 'timeout', message: thrown.message, retryable: true } };
  }
  if (thrown instanceof APIError && thrown.status !== undefined) return refused(thrown, nowMs);
  if (thrown instanceof APIError && isText(thrown.type)) return brokenOff(thrown, thrown.type);
  const message = messageOf(thrown);
  if (thrown instanceof AnthropicError) {
    return { error: { type: 'connection_error', message, retryable: true } };
  }
  return { error: { type: 'internal', message, retryable: false } };
};

/**
 * How long to wait before attempt `attempt + 1` (the first retry is attempt 0), in milliseconds.
 * A `retry-after` wins, and chance adds up to a quarter to it: before it nothing would be answered. Else `delayMs` doubles
 * each time, less up to a quarter by chance. So those who failed together do not come back together.
 */
export const retryDelayMs = (
  attempt: number,
  delayMs: number,
  retryAfterMs: number | undefined,
  random: () => number,
): number => {
  if (retryAfterMs !== undefined) {
    const askedMs = Math.min(retryAfterMs, MAX_RETRY_AFTER_MS);
    return Math.round(askedMs + Math.min(askedMs / 4, MAX_SPREAD_MS) * random());
  }
  const backoffMs = Math.min(delayMs * 2 ** attempt, Math.max(delayMs, MAX_BACKOFF_MS));
  return Math.round(backoffMs * (1 - random() / 4));
};

/** The SDK hands on what the body has in the place of a text, whatever it is; the daemon keeps texts. */
const isText = (given: unknown): given is string => typeof given === 'string';

const saidOf = ({ apiMessage, message }: APIError): string =>
  isText(apiMessage) ? apiMessage : message;

/** An answer with an error status. `x-should-retry` is the server's own word and wins. */
const refused = (thrown: APIError, nowMs: number): Failure => {
  const status = thrown.status ?? 0;
  const advice = thrown.headers?.get('x-should-retry');
  const retryable =
    advice === 'true' ||
    (advice !== 'false' && (status === 408 || status === 409 || status === 429 || status >= 500));
  const retryAfterMs = retryAfterOf(thrown.headers, nowMs);
  const message = saidOf(thrown);
  const type = isText(thrown.type) ? thrown.type : `http_${status}`;
  const tooLong = tooLongOf(status, message);
  return {
    error: {
      ...{ type, message, status, retryable },
      ...(tooLong === undefined ? {} : { tooLong }),
    },
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  };
};

const NUMBERS = /(\d[\d,]*) tokens > (\d[\d,]*)/;
const TOO_LONG: readonly RegExp[] = [
  /prompt is too long/i,
  /exceeds? (the )?(model's )?(maximum )?context/i, // "input length and `max_tokens` exceed context limit", and gateways
  /context[_ ]length[_ ]exceeded/i,
];

/** The API has no type of its own for a prompt that does not fit: its sentence says so. */
const tooLongOf = (status: number, message: string): StepError['tooLong'] => {
  if (status === 413) return {};
  if (status !== 400 || !TOO_LONG.some((pattern) => pattern.test(message))) return undefined;
  const [, tokens, windowTokens] = NUMBERS.exec(message) ?? [];
  if (tokens === undefined || windowTokens === undefined) return {};
  const numberOf = (text: string): number => Number(text.replaceAll(',', ''));
  return { tokens: numberOf(tokens), windowTokens: numberOf(windowTokens) };
};

/** An `error` event in the middle of a stream. */
const brokenOff = (thrown: APIError, type: string): Failure => ({
  error: {
    type,
    message: saidOf(thrown),
    retryable: PASSING.includes(type),
  },
});

/** `retry-after-ms`, which the API has beside the standard's header, or that. */
const retryAfterOf = (headers: Headers | undefined, nowMs: number): number | undefined => {
  const inMs = Number.parseFloat(headers?.get('retry-after-ms') ?? '');
  if (inMs >= 0) return Math.round(inMs);
  return retryAfterMs(headers?.get('retry-after'), nowMs);
};

/** The SDK says "Connection error."; the cause says which. */
const messageOf = (thrown: unknown): string => {
  if (!(thrown instanceof Error)) return String(thrown);
  const cause = thrown.cause instanceof Error ? thrown.cause.message : undefined;
  return cause === undefined || thrown.message.includes(cause)
    ? thrown.message
    : `${thrown.message} ${cause}`;
};
