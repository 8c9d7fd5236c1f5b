/**
 * Hooks that are asked over HTTP: a POST with what a command would read, answered with what it would print.
 *
 * 1. A redirect is followed within the origin and with the body; to another origin it is a failure: what hooks are told
 *    is for whom the configuration names.
 * 2. A body is read as far as `MAX_BODY_BYTES`; a longer one is a failure.
 */
import type { Work } from './hook.ts';
import { couldNotStart, messageOf, type Run } from './runner.ts';
import type { Outcome } from './word.ts';

export const MAX_BODY_BYTES = 1024 * 1024;
const MAX_REDIRECTS = 5;
/** These keep the method and the body. */
const SAME_REQUEST: ReadonlySet<number> = new Set([307, 308]);

export const runHttp = async (
  { url, headers }: Extract<Work, { kind: 'http' }>,
  { json, signal }: Run,
): Promise<Outcome> => {
  let at = new URL(url);
  try {
    for (let hop = 0; hop <= MAX_REDIRECTS; hop += 1) {
      const response = await fetch(at, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: json,
        redirect: 'manual',
        signal,
      });
      const next = placeOf(response, at);
      if (next !== undefined && next.origin !== at.origin) {
        await response.body?.cancel();
        return couldNotStart(`it redirects to another origin, ${next.origin}`);
      }
      if (next === undefined || !SAME_REQUEST.has(response.status)) return await read(response);
      await response.body?.cancel();
      at = next;
    }
    return couldNotStart('it redirects without an end');
  } catch (error) {
    return couldNotStart(`it cannot be asked: ${reasonOf(error)}`);
  }
};

/** `fetch` says only that it failed. */
const reasonOf = (error: unknown): string => {
  const { cause } = error as { cause?: unknown };
  return cause === undefined ? messageOf(error) : messageOf(cause) || messageOf(error);
};

/** Where a redirect leads. */
const placeOf = ({ status, headers }: Response, at: URL): URL | undefined => {
  const location = headers.get('location');
  return status < 300 || status >= 400 || location === null ? undefined : new URL(location, at);
};

const read = async (response: Response): Promise<Outcome> => {
  if (response.ok) return await bodyOf(response);
  await response.body?.cancel();
  return { kind: 'error', why: `HTTP ${response.status}` };
};

const bodyOf = async (response: Response): Promise<Outcome> => {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of response.body ?? []) {
    size += part.byteLength;
    if (size > MAX_BODY_BYTES)
      return { kind: 'failed', ended: 'bad_output', why: 'its answer is longer than 1 MiB' };
    parts.push(part);
  }
  return { kind: 'text', text: Buffer.concat(parts).toString('utf8') };
};
