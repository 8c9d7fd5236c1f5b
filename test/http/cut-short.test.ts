/** A response that has begun when something fails: it is cut, whatever its reader does with the connection. */
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { exchangeOf, sendProblem } from '../../src/http/wire/exchange.ts';

const serving = async () => {
  const closed: string[] = [];
  let endFirst = () => {};
  const server = createServer((message, response) => {
    if (message.url === '/first') {
      endFirst = () => void response.end('first');
      return;
    }
    response.on('close', () => closed.push(String(message.url)));
    response.writeHead(200);
    response.write('begun');
    sendProblem(exchangeOf(message, response), new Error('a bug'));
    endFirst();
  });
  onTestFinished(() => void server.close());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { closed, port: (server.address() as AddressInfo).port };
};

const said = (port: number, ...paths: readonly string[]): Promise<string> =>
  new Promise((resolve, reject) => {
    let heard = '';
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    onTestFinished(() => void socket.destroy());
    socket.on('data', (bytes) => {
      heard += String(bytes);
    });
    socket.on('end', () => resolve(heard));
    socket.on('error', reject);
    socket.write(paths.map((path) => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`).join(''));
  });

it('is cut for a reader that keeps its half open, and for one that waits for an earlier answer', async () => {
  const { closed, port } = await serving();
  const alone = await said(port, '/alone');
  expect(alone).toContain('begun');
  expect(alone).not.toContain('\r\n0\r\n');
  const second = await said(port, '/first', '/second');
  expect(second).toMatch(/\r\nfirst(HTTP|$)/);
  expect(second).not.toContain('\r\n0\r\n');
  await expect.poll(() => closed).toEqual(['/alone', '/second']);
});
