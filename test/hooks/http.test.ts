/** Hooks that are asked over HTTP, by a real server. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { bash, startHooks } from './hooking.ts';

type Answer = (request: IncomingMessage, response: ServerResponse, body: string) => void;

const serve = async (answer: Answer): Promise<string> => {
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (bytes) => {
      body += bytes;
    });
    request.on('end', () => answer(request, response, body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
};

const askAt = async (url: string, hook: object = {}) => {
  const events = { PreToolUse: [{ hooks: [{ type: 'http', url, ...hook }] }] };
  const { hooks, call } = await startHooks({ events });
  return hooks.run(call('PreToolUse', bash('ls')));
};

const DENY = { hookSpecificOutput: { hookEventName: 'PreToolUse', permissionDecision: 'deny' } };

describe('a hook over HTTP', () => {
  test('is posted what a command would read, and its body counts as what one prints', async () => {
    const seen: unknown[] = [];
    const url = await serve(({ method, headers }, response, body) => {
      seen.push(method, headers['content-type'], headers['x-team'], JSON.parse(body));
      response.end(JSON.stringify(DENY));
    });
    const verdict = await askAt(`${url}/check`, { headers: { 'X-Team': 'blue' } });
    expect(verdict).toMatchObject({
      decision: 'deny',
      runs: [{ ended: 'blocked', hook: `${url}/check` }],
    });
    const input = expect.objectContaining({ hook_event_name: 'PreToolUse', tool_name: 'Bash' });
    expect(seen).toEqual(['POST', 'application/json', 'blue', input]);
  });

  test.each([400, 404, 500, 503])('that answers %i has not decided', async (status) => {
    const url = await serve((_, response) => response.writeHead(status).end(JSON.stringify(DENY)));
    expect(await askAt(url)).toMatchObject({
      ...{ decision: undefined, runs: [{ ended: 'error', said: `HTTP ${status}`, goesOn: true }] },
    });
  });

  test('that says nothing, or plain text, lets it go on', async () => {
    const url = await serve(({ url: path }, response) =>
      response.end(path === '/text' ? 'hello' : ''),
    );
    for (const path of ['/', '/text'])
      expect((await askAt(url + path)).runs).toMatchObject([{ ended: 'ok', goesOn: true }]);
  });

  test('that cannot be reached closes the gate', async () => {
    const server = await serve(() => undefined);
    const nowhere = server.replace(/:\d+$/, ':1');
    expect(await askAt(nowhere)).toMatchObject({
      decision: 'deny',
      runs: [{ ended: 'could_not_start' }],
    });
  });

  test('that does not answer in time closes the gate', async () => {
    const url = await serve(() => undefined);
    const verdict = await askAt(url, { timeout: 0.2 });
    expect(verdict).toMatchObject({ decision: 'deny', runs: [{ ended: 'timeout' }] });
  });

  test('that answers no JSON, or without an end, closes the gate', async () => {
    const url = await serve(({ url: path }, response) => {
      if (path === '/broken') return void response.end('{"decision":');
      const more = (): void => {
        while (response.write('x'.repeat(65_536)));
        response.once('drain', more);
      };
      more();
    });
    for (const path of ['/broken', '/endless'])
      expect(await askAt(url + path)).toMatchObject({
        decision: 'deny',
        runs: [{ ended: 'bad_output' }],
      });
  });

  test('is followed within its origin with all that it was told, and not out of it', async () => {
    const told: string[] = [];
    const elsewhere = await serve((_, response, body) => {
      told.push(body);
      response.end();
    });
    const url = await serve(({ url: path }, response, body) => {
      const places: Record<string, string> = {
        '/in': '/there',
        '/out': elsewhere,
        '/loop': '/loop',
      };
      const location = places[path ?? ''];
      if (location !== undefined) return void response.writeHead(307, { location }).end();
      response.end(JSON.stringify(JSON.parse(body).tool_name === 'Bash' ? DENY : {}));
    });
    expect(await askAt(`${url}/in`)).toMatchObject({
      decision: 'deny',
      runs: [{ ended: 'blocked' }],
    });
    for (const path of ['/out', '/loop'])
      expect((await askAt(url + path)).runs).toMatchObject([
        { ended: 'could_not_start', goesOn: false },
      ]);
    expect(told).toEqual([]);
  });
});
