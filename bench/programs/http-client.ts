/**
 * A program that asks over HTTP on connections that it keeps, and measures what it sees. It reads answers by their length
 * alone, and streams up to their end, so that it costs little itself.
 */
import { Agent, request } from 'node:http';
import { type LoopLimits, type Measured, measure } from '../harness/loop.ts';
import { serveCalls } from '../harness/remote.ts';

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

const COMPLETED = '"status":"completed"';

const once = (agent: Agent, load: HttpLoad, index: number): Promise<number> => {
  const { url, token, method, body, isStream = false } = load;
  const path = load.path.replaceAll('{n}', String(index % load.sessions));
  const headers: Record<string, string | number> = {
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    ...(isStream ? { accept: 'text/event-stream' } : {}),
    ...(body === undefined
      ? {}
      : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }),
  };
  return new Promise((resolve, reject) => {
    const asked = request(`${url}${path}`, { agent, method, headers }, (response) => {
      let bytes = 0;
      let last = '';
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        if (isStream) last = (last + chunk.toString('latin1')).slice(-4_096);
      });
      response.on('end', () => {
        const isGood = response.statusCode === 200 && (!isStream || last.includes(COMPLETED));
        if (isGood) resolve(bytes);
        else reject(new Error(`${method} ${path}: ${response.statusCode} ${last.slice(-300)}`));
      });
      response.on('error', reject);
    });
    asked.on('error', reject);
    asked.end(body);
  });
};

const calls = {
  load: async (load: HttpLoad): Promise<HttpLoaded> => {
    const agent = new Agent({ keepAlive: true, maxSockets: load.inFlight });
    let bytes = 0;
    const measured = await measure(load, async (index) => {
      bytes = await once(agent, load, index);
    });
    agent.destroy();
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
