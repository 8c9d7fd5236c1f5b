/** An export as its reader gets it: page after page, from a daemon or embedded. */
import type { SessionsApi } from '../verbs/api.ts';

/** Room that a page's cursor, its subject and its names may need in a message. */
const ENVELOPE_BYTES = 64 * 1024;
const PAGE_BYTES = 512_000;
const LEAST_BYTES = 1_000;

/** Size of a page that fits into a message. @param maxPayloadBytes of the broker between, where there is one. */
export const pageBytes = (maxPayloadBytes = Number.POSITIVE_INFINITY): number =>
  Math.max(LEAST_BYTES, Math.min(PAGE_BYTES, maxPayloadBytes - ENVELOPE_BYTES));

/** @param maxPayloadBytes of the broker between, where there is one. */
export async function* exportSession(
  api: Pick<SessionsApi, 'session'>,
  sessionId: string,
  maxPayloadBytes: number = Number.POSITIVE_INFINITY,
): AsyncGenerator<string> {
  const maxBytes = pageBytes(maxPayloadBytes);
  let cursor: string | undefined;
  do {
    const next = cursor === undefined ? {} : { cursor };
    const page = await api.session(sessionId, 'export', { maxBytes, ...next });
    yield page.text;
    cursor = page.cursor;
  } while (cursor !== undefined);
}
