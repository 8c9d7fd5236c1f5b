/** Servers on the web: one of the registry over HTTP, and one that misbehaves. */
import { spawn } from 'node:child_process';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { expect, onTestFinished, test } from 'vitest';
import { boundedFetch } from '../../../src/tools/mcp/bounded-fetch.ts';
import { freePort } from '../../support/free-port.ts';
import { skippingClock } from '../../support/skipping-clock.ts';
import { until } from '../../support/until.ts';
import { everything, start, stateOf } from './servers.ts';

const listening = async (listener: RequestListener): Promise<string> => {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
};

const isAnswering = (url: string): Promise<boolean> =>
  fetch(url, { signal: AbortSignal.timeout(1_000) }).then(
    () => true,
    () => false,
  );

test.each([
  ['http', 'streamableHttp', '/mcp'],
  ['sse', 'sse', '/sse'],
])('a server of the registry does what it says over %s', async (type, argument, path) => {
  const port = await freePort();
  const serve = async () => {
    const env = { ...process.env, PORT: String(port) };
    const child = spawn(process.execPath, [everything, argument], { env, stdio: 'ignore' });
    onTestFinished(() => void child.kill('SIGKILL'));
    await until(() => isAnswering(`http://127.0.0.1:${port}/`));
    return child;
  };
  const child = await serve();
  const url = `http://127.0.0.1:${port}${path}`;
  const clock = skippingClock();
  const running = await start({ web: { type, url } }, { clock });
  await until(() => stateOf(running) === 'connected');
  const { content } = (await running.call('mcp__web__get-sum', { a: 2, b: 3 })) as {
    content: string;
  };
  expect(content).toContain('5');
  child.kill('SIGKILL');
  expect(await running.call('mcp__web__get-sum', { a: 2, b: 3 })).toMatchObject({ isError: true });
  await until(() => stateOf(running) === 'down');
  const again = await serve();
  clock.skip(60_000); // until it is tried again
  await until(() => stateOf(running) === 'connected');
  expect(await running.call('mcp__web__get-sum', { a: 2, b: 3 })).toMatchObject({ isError: false });
  again.kill('SIGKILL');
});

test('a server that has forgotten our session is asked again in another one, once', async () => {
  const sessions = new Set<unknown>();
  const heard: string[] = [];
  let remembers = true;
  const url = await listening((request, response) => {
    const reply = (status: number, body: object = {}, headers = {}) =>
      response
        .writeHead(status, { 'content-type': 'application/json', ...headers })
        .end(JSON.stringify(body));
    void text(request).then((body) => {
      if (request.method !== 'POST') return reply(405);
      const { id, method, params } = JSON.parse(body);
      const result = (of: object, headers = {}) =>
        reply(200, { jsonrpc: '2.0', id, result: of }, headers);
      const session = request.headers['mcp-session-id'];
      if (method === 'initialize') {
        const own = `session-${sessions.size}`;
        sessions.add(own);
        const { protocolVersion } = params;
        const serverInfo = { name: 'forgetful', version: '1' };
        return result(
          { protocolVersion, serverInfo, capabilities: { tools: {} } },
          { 'mcp-session-id': own },
        );
      }
      if (method === 'tools/call') heard.push(String(session));
      const isKnown = remembers || (heard.length > 1 && session === `session-${sessions.size - 1}`);
      if (method === 'tools/call' && !isKnown) return reply(404, { error: 'no such session' });
      if (id === undefined) return reply(202);
      const tools = [{ name: 'ping', inputSchema: { type: 'object' } }];
      return result(
        method === 'tools/list' ? { tools } : { content: [{ type: 'text', text: 'pong' }] },
      );
    });
  });
  const clock = skippingClock();
  const running = await start({ web: { type: 'http', url } }, { clock });
  await until(() => stateOf(running) === 'connected');
  remembers = false;
  const call = running.call('mcp__web__ping', {});
  await until(() => stateOf(running) === 'down');
  clock.skip(2_000);
  expect(await call).toMatchObject({ isError: false, content: 'pong' });
  expect(heard).toEqual(['session-0', 'session-1']);
});

test('a redirect to another origin is not followed, and no header gets there or into the log', async () => {
  const secret = 'a-secret-for-one-origin';
  const heard: string[] = [];
  const other = await listening((request, response) => {
    heard.push(JSON.stringify(request.headers));
    response.end();
  });
  const url = await listening((_, response) => {
    response.writeHead(307, { location: other }).end();
  });
  const headers = { 'X-Api-Key': secret };
  const running = await start({ web: { type: 'http', url: `${url}/?token=${secret}`, headers } });
  await until(() => stateOf(running) === 'down');
  expect(heard).toEqual([]);
  expect(JSON.stringify(running.tools.status())).not.toContain(secret);
  expect(running.log.join('')).not.toContain(secret);
});

test('an answer without end is given up, a long stream of messages is not', async () => {
  const line = `data: ${'x'.repeat(1_000)}\n\n`;
  const url = await listening(({ url: path }, response) => {
    const type = path === '/stream' ? 'text/event-stream; charset=utf-8' : 'application/json';
    response.writeHead(200, { 'content-type': type });
    response.end(path === '/stream' ? line.repeat(50) : line.repeat(50).replaceAll('\n', ' '));
  });
  const bounded = boundedFetch(10_000);
  const stream = await bounded(`${url}/stream`);
  expect(await stream.text()).toHaveLength(line.length * 50);
  const endless = await bounded(`${url}/json`);
  await expect(endless.text()).rejects.toThrow('more than 10000 bytes');
});
