import { APIError, APIUserAbortError } from '@anthropic-ai/sdk';
import { describe, expect, it } from 'vitest';
import {
  failureOf,
  MAX_RETRY_AFTER_MS,
  retryDelayMs,
} from '../../../src/executor/models/failure.ts';

const NOW_MS = Date.UTC(2026, 0, 1);
const never = () => 0;
const asItIs = (text: string) => text;

const refusal = (status: number, headers: Record<string, string> = {}) =>
  failureOf(APIError.generate(status, undefined, 'no', new Headers(headers)), NOW_MS, asItIs);

describe('a failure', () => {
  it.each([408, 409, 429, 500, 503, 529])('with status %i is worth another try', (status) => {
    expect(refusal(status).error).toMatchObject({ status, retryable: true });
  });

  it.each([400, 401, 403, 404, 413, 422])('with status %i is final', (status) => {
    expect(refusal(status).error).toMatchObject({ status, retryable: false });
  });

  it('is what the server says it is, whatever the status', () => {
    expect(refusal(400, { 'x-should-retry': 'true' }).error.retryable).toBe(true);
    expect(refusal(503, { 'x-should-retry': 'false' }).error.retryable).toBe(false);
  });

  it.each([
    [{ 'retry-after': '2' }, 2_000],
    [{ 'retry-after': '2', 'retry-after-ms': '150' }, 150],
    [{ 'retry-after': new Date(NOW_MS + 5_000).toUTCString() }, 5_000],
    [{ 'retry-after': new Date(NOW_MS - 5_000).toUTCString() }, undefined],
    [{ 'retry-after': 'Sunday, 06-Nov-94 08:49:37 GMT' }, undefined],
    [{ 'retry-after': '-5' }, undefined],
    [{ 'retry-after': 'wait 5' }, undefined],
    [{ 'retry-after': '' }, undefined],
    [{ 'retry-after': 'soon' }, undefined],
    [{}, undefined],
  ])('reads %o as %s ms', (headers, retryAfterMs) => {
    expect(refusal(429, headers as Record<string, string>).retryAfterMs).toBe(retryAfterMs);
  });

  it('of the connection is worth another try, a bug of ours is not', () => {
    expect(failureOf(new APIUserAbortError(), NOW_MS, asItIs).error).toMatchObject({
      type: 'connection_error',
      retryable: true,
    });
    expect(failureOf(new TypeError('oops'), NOW_MS, asItIs).error).toEqual({
      type: 'internal',
      message: 'oops',
      retryable: false,
    });
  });
});

describe('the delay before a retry', () => {
  it('doubles from attempt to attempt, up to a minute', () => {
    const delays = [0, 1, 2, 3, 10].map((attempt) =>
      retryDelayMs(attempt, 2_000, undefined, never),
    );
    expect(delays).toEqual([2_000, 4_000, 8_000, 16_000, 60_000]);
  });

  it('is never cut below the first delay that was asked for', () => {
    expect(retryDelayMs(3, 90_000, undefined, never)).toBe(90_000);
  });

  it('is shortened by chance, by up to a quarter', () => {
    expect(retryDelayMs(0, 1_000, undefined, () => 0.999999)).toBe(750);
  });

  it('is what the server asks for, within limits', () => {
    expect(retryDelayMs(5, 2_000, 70, never)).toBe(70);
    expect(retryDelayMs(0, 2_000, 7 * 86_400_000, never)).toBe(MAX_RETRY_AFTER_MS);
  });

  it('comes apart behind what the server asked of many at once, and is never before it', () => {
    const ask = (retryAfterMs: number, random: number) =>
      retryDelayMs(0, 2_000, retryAfterMs, () => random);
    expect([0, 0.5, 0.999999].map((random) => ask(60_000, random))).toEqual([
      ...[60_000, 67_500, 75_000],
    ]);
    expect(ask(3_600_000, 0.999999)).toBe(3_630_000);
    expect(ask(0, 0.999999)).toBe(0);
  });
});
