/** A bare HTTP client that sends ready bytes: what the sending of a body takes by itself. */
import { Agent, request } from 'node:http';
import { serveCalls } from '../harness/remote.ts';

const agent = new Agent({ keepAlive: true });
const bodies = new Map<string, Buffer>();
const nowUs = (): number => Number(process.hrtime.bigint()) / 1000;

const send = (url: string, body: Buffer): Promise<number> =>
  new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', 'content-length': body.length };
    const startedUs = nowUs();
    const sent = request(url, { method: 'POST', agent, headers }, (response) => {
      response.resume();
      response.on('end', () => resolve(startedUs));
    });
    sent.on('error', reject);
    sent.end(body);
  });

const calls = {
  learn: async (options: { name: string; body: string }): Promise<void> =>
    void bodies.set(options.name, Buffer.from(options.body)),
  /** Resolves, when the answer is there, with the moment when sending began. */
  send: (options: { name: string; url: string }): Promise<number> =>
    send(options.url, bodies.get(options.name) ?? Buffer.alloc(0)),
};

export type BareSenderCalls = typeof calls;
serveCalls(calls);
