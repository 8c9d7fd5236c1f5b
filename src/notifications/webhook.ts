/**
 * One POST of a notice, signed as the Standard Webhooks specification (1.0) has it: HMAC-SHA-256 over id, time and body,
 * in the headers `webhook-id`, `webhook-timestamp`, `webhook-signature`.
 */
import { createHmac } from 'node:crypto';
import type { Clock } from '../otp/clock.ts';
import { retryAfterMs } from '../platform/retry-after.ts';
import { bodyOf, type Notice } from './notice.ts';
import type { Target } from './settings.ts';

/** How long a target may take to answer, in milliseconds. */
export const ANSWER_MS = 15_000;
/** The receiver has gone for good. */
const GONE = 410;

export type Delivery =
  | { readonly is: 'delivered' }
  | {
      readonly is: 'failed';
      readonly why: string;
      readonly isFinal: boolean;
      /** How long the receiver wants to be left alone, in milliseconds; absent: it does not say. */
      readonly retryAfterMs?: number;
    };

export const signatureOf = (secret: string, id: string, seconds: number, body: string): string => {
  const key = Buffer.from(secret.slice('whsec_'.length), 'base64');
  const signature = createHmac('sha256', key).update(`${id}.${seconds}.${body}`).digest('base64');
  return `v1,${signature}`;
};

/** Never rejects. A redirect is not followed: what is signed for one address is not for another. */
export const deliver = async (
  { url, secret }: Pick<Target, 'url' | 'secret'>,
  notice: Notice,
  clock: Clock,
): Promise<Delivery> => {
  const body = bodyOf(notice);
  const seconds = Math.floor(clock.now() / 1_000);
  const abort = new AbortController();
  const timer = clock.setTimeout(() => abort.abort(), ANSWER_MS);
  try {
    const response = await fetch(url, {
      method: 'POST',
      redirect: 'manual',
      signal: abort.signal,
      headers: {
        'content-type': 'application/json',
        'user-agent': 'greenroom',
        'webhook-id': notice.id,
        'webhook-timestamp': String(seconds),
        'webhook-signature': signatureOf(secret, notice.id, seconds, body),
      },
      body,
    });
    await response.body?.cancel();
    const { ok, status, headers } = response;
    if (ok) return { is: 'delivered' };
    const failed = {
      is: 'failed',
      why: `it answered ${status}`,
      isFinal: status === GONE,
    } as const;
    const after = retryAfterMs(headers.get('retry-after'), clock.now());
    return after === undefined ? failed : { ...failed, retryAfterMs: after };
  } catch (error) {
    const why = abort.signal.aborted ? `no answer within ${ANSWER_MS} ms` : reasonOf(error);
    return { is: 'failed', why, isFinal: false };
  } finally {
    timer.cancel();
  }
};

/** `fetch failed` says nothing; its cause does. */
const reasonOf = (error: unknown): string => {
  const { message, cause } = error as Error;
  return cause instanceof Error
    ? cause.message || String((cause as { code?: string }).code)
    : message;
};
