/** Requests to the daemon: each verb by its name, over HTTP. */
import type {
  DaemonReplies,
  DaemonRequests,
  SessionReplies,
  SessionRequests,
  SessionsReplies,
  SessionsRequests,
} from './replies.ts';

/** What the daemon refused, or that it did not answer. */
export class Problem extends Error {
  readonly code: string;
  readonly status: number;

  constructor(code: string, message: string, status: number) {
    super(message);
    this.code = code;
    this.status = status;
  }
}

const TIMEOUT_MS = 60_000;

/** Rejects with a `Problem`. */
const post = (path: string, body: unknown, signal?: AbortSignal): Promise<unknown> =>
  request(path, signal, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', Accept: 'application/json' },
    body: JSON.stringify(body),
  });

const get = (path: string, fields: object, signal?: AbortSignal): Promise<unknown> => {
  const query = new URLSearchParams(
    Object.entries(fields).map(([name, value]) => [name, `${value}`]),
  );
  return request(`${path}?${query}`, signal, { headers: { Accept: 'application/json' } });
};

const request = async (
  path: string,
  signal: AbortSignal | undefined,
  init: RequestInit,
): Promise<unknown> => {
  const limit = AbortSignal.timeout(TIMEOUT_MS);
  const until = signal === undefined ? limit : AbortSignal.any([signal, limit]);
  const response = await fetch(path, { ...init, signal: until }).catch((error: unknown) => {
    if (signal?.aborted === true) throw new Problem('cancelled', 'not wanted any more', 0);
    throw new Problem('away', `the daemon does not answer: ${String(error)}`, 0);
  });
  const text = await response.text();
  const value = parsed(text);
  if (response.ok) return value;
  const { code = 'http', detail = text.slice(0, 200) } = (value ?? {}) as Record<string, string>;
  throw new Problem(code, detail, response.status);
};

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

/** Their addresses, asked by POST, make something. */
const READ: ReadonlySet<string> = new Set(['turns', 'messages']);

export const askSession = <V extends keyof SessionRequests & keyof SessionReplies>(
  sessionId: string,
  verb: V,
  request: SessionRequests[V],
  signal?: AbortSignal,
): Promise<SessionReplies[V]> => {
  const path = `/v1/sessions/${encodeURIComponent(sessionId)}/${verb}`;
  const asked = READ.has(verb) ? get(path, request, signal) : post(path, request, signal);
  return asked as Promise<SessionReplies[V]>;
};

export const askSessions = <V extends keyof SessionsRequests & keyof SessionsReplies>(
  verb: V,
  request: SessionsRequests[V],
  signal?: AbortSignal,
): Promise<SessionsReplies[V]> =>
  post(`/v1/${verb}`, request, signal) as Promise<SessionsReplies[V]>;

export const askDaemon = <V extends keyof DaemonRequests & keyof DaemonReplies>(
  verb: V,
  request: DaemonRequests[V],
  signal?: AbortSignal,
): Promise<DaemonReplies[V]> =>
  post(`/v1/daemon/${verb}`, request, signal) as Promise<DaemonReplies[V]>;

/** What describes the API: an OpenAPI document. */
export const readDescription = (): Promise<unknown> => get('/openapi.json', {});

/** Begins a turn; its events come by the session's stream. */
export const sendTurn = async (
  sessionId: string,
  turn: { readonly prompt: string; readonly onBusy?: string; readonly provider?: string },
): Promise<{ readonly turnId: string }> =>
  (await post(`/v1/sessions/${encodeURIComponent(sessionId)}/turns`, turn)) as { turnId: string };
