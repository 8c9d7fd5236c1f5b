/**
 * A program that asks over HTTP on connections that it keeps, and measures what it sees. It reads answers by their length
 * alone, and streams up to their end (`lean-http.ts`), so that it costs little itself.
 */
import { Agent, request } from 'node:http';
import { type LoopLimits, type Measured, measure } from '../harness/loop.ts';
import { serveCalls } from '../harness/remote.ts';
import { LeanHttp } from './lean-http.ts';

export interface HttpLoad extends LoopLimits {
  readonly url: string;
  readonly token?: string;
  readonly method: 'GET' | 'POST';
  /** `{n}` is the number of a session: they go round. */
  readonly path: string;
  readonly sessions: number;
  readonly body?: string;
  /** The answer is a stream, which ends with a turn. */
  readonly isStream?: boolean;
}

export interface HttpLoaded extends Measured {
  /** Of one answer's body. */
  readonly bytes: number;
}

const COMPLETED = Buffer.from('"status":"completed"');

const requestOf = ({ url, token, method, path, body, isStream = false }: HttpLoad): string => {
  const lines = [
    ...[`${method} ${path} HTTP/1.1`, `Host: ${new URL(url).host}`],
    ...(token === undefined ? [] : [`Authorization: Bearer ${token}`]),
    ...(isStream ? ['Accept: text/event-stream'] : []),
    ...(body === undefined
      ? []
      : ['Content-Type: application/json', `Content-Length: ${Buffer.byteLength(body)}`]),
  ];
  return `${lines.join('\r\n')}\r\n\r\n${body ?? ''}`;
};

const calls = {
  load: async (load: HttpLoad): Promise<HttpLoaded> => {
    const { path, sessions, isStream = false } = load;
    const http = new LeanHttp(load.url);
    const requests = Array.from({ length: sessions }, (_, n) =>
      requestOf({ ...load, path: path.replaceAll('{n}', String(n)) }),
    );
    let bytes = 0;
    const measured = await measure(load, async (index) => {
      const answer = await http.ask(requests[index % sessions] ?? '');
      const isGood = answer.status === 200 && (!isStream || answer.end.includes(COMPLETED));
      if (!isGood) throw new Error(`${path}: ${answer.status} ${answer.end.toString()}`);
      bytes = answer.bytes;
    });
    http.end();
    return { ...measured, bytes };
  },
  /** So many readers of the events of so many sessions; resolves when all are open. */
  read: async (wanted: { url: string; token: string; readers: number; sessions: number }) => {
    const { url, token, readers, sessions } = wanted;
    const agent = new Agent({ keepAlive: false, maxSockets: Number.POSITIVE_INFINITY });
    const open = (index: number) =>
      new Promise<void>((resolve, reject) => {
        const path = `/v1/sessions/session-${index % sessions}/events`;
        const headers = { authorization: `Bearer ${token}` };
        const asked = request(`${url}${path}`, { agent, headers }, (response) => {
          response.on('data', (chunk: Buffer) => {
            heard += chunk.length;
          });
          response.on('error', () => undefined);
          if (response.statusCode === 200) resolve();
          else reject(new Error(`a stream: ${response.statusCode}`));
        });
        asked.on('error', reject);
        asked.end();
      });
    for (let from = 0; from < readers; from += AT_ONCE)
      await Promise.all(
        Array.from({ length: Math.min(AT_ONCE, readers - from) }, (_, at) => open(from + at)),
      );
  },
  /** Bytes that the readers were sent. */
  heard: async (_: null): Promise<number> => heard,
};

const AT_ONCE = 50;
let heard = 0;

export type HttpClientCalls = typeof calls;
serveCalls(calls);
