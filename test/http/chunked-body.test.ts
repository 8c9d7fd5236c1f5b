/** A body in chunks, as a strict client reads it: byte for byte, and the connection is used again. */
import { Agent, createServer, type IncomingMessage, request, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { ChunkedBody } from '../../src/http/wire/chunked-body.ts';

const PARTS = [
  Buffer.from('data: {"text":"Grüße, 世界 \u{1f600}"}\n\n'),
  Buffer.alloc(0),
  Buffer.alloc(100_000, 'x'),
  Buffer.from([0, 13, 10, 48, 13, 10, 13, 10, 255]),
];
const LAST = Buffer.from('the end');
const WHOLE = Buffer.concat([...PARTS, LAST]);

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.closeAllConnections();
});

/** Answers each request in chunks; `last` is empty for every second one. */
const serving = async (): Promise<number> => {
  let count = 0;
  const server = createServer((_, response) => {
    count += 1;
    response.writeHead(200, { 'Content-Type': 'text/event-stream' });
    const body = new ChunkedBody(response);
    for (const part of PARTS) body.write(part);
    if (count % 2 === 0) body.write(LAST);
    body.end(count % 2 === 0 ? Buffer.alloc(0) : LAST);
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  server.unref();
  return (server.address() as AddressInfo).port;
};

const bodyOf = async (message: IncomingMessage): Promise<Buffer> => {
  const parts: Buffer[] = [];
  for await (const part of message) parts.push(part as Buffer);
  return Buffer.concat(parts);
};

describe('a body in chunks', () => {
  it('is read byte for byte, again and again on one connection', async () => {
    const port = await serving();
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const ports = new Set<number | undefined>();
    for (let again = 0; again < 4; again += 1) {
      const message = await new Promise<IncomingMessage>((resolve, reject) => {
        request({ port, host: '127.0.0.1', agent, method: 'POST' }, resolve)
          .on('error', reject)
          .end();
      });
      ports.add(message.socket.localPort);
      expect(message.headers['transfer-encoding']).toBe('chunked');
      expect(await bodyOf(message)).toEqual(WHOLE);
      expect(message.complete).toBe(true);
    }
    expect(ports.size).toBe(1);
    agent.destroy();
  });

  it('goes as it is to a peer of HTTP/1.0, and the connection ends with it', async () => {
    const port = await serving();
    const socket = connect(port, '127.0.0.1');
    socket.write('GET / HTTP/1.0\r\nHost: any\r\n\r\n');
    const parts: Buffer[] = [];
    for await (const part of socket) parts.push(part as Buffer);
    const all = Buffer.concat(parts);
    const head = all.indexOf('\r\n\r\n');
    expect(all.subarray(0, head).toString()).not.toMatch(/transfer-encoding/i);
    expect(all.subarray(head + 4)).toEqual(WHOLE);
  });

  it('is left out of the answer to HEAD', async () => {
    const port = await serving();
    const message = await new Promise<IncomingMessage>((resolve, reject) => {
      request({ port, host: '127.0.0.1', method: 'HEAD' }, resolve).on('error', reject).end();
    });
    expect(await bodyOf(message)).toEqual(Buffer.alloc(0));
  });
});
