/** Who may come in by HTTP, and how far: of a real Greenroom. */
import { tmpdir } from 'node:os';
import { beforeAll, describe, expect, it } from 'vitest';
import { VERBS } from '../../src/gateway/dispatch.ts';
import { tokensName } from '../../src/http/access/tokens.ts';
import { ROUTES } from '../../src/http/rest/routes.ts';
import { NEEDS } from '../../src/session/verbs/verb-facts.ts';
import { ownGreenroom, sharedGreenroom } from '../support/greenroom.ts';
import { exchange, portOf } from './raw.ts';
import {
  type Client,
  clientOf,
  clientWith,
  EVERYTHING,
  type TokenOptions,
  tokenOf,
  urlOf,
} from './rest.ts';

interface Waiting {
  readonly sessionId: string;
  readonly approvalId: string;
}

const shared = sharedGreenroom({ httpPort: 0 });
let url: string;
beforeAll(() => {
  url = urlOf(shared());
});

const book = () => shared().greenroom.system.fetch(tokensName);

describe('a token', () => {
  it('is needed, on the loopback too', async () => {
    for (const authorization of [undefined, 'Bearer', 'Bearer grm_x', 'Basic Zm9vOmJhcg=='])
      for (const path of ['/v1/sessions', '/v1/tree', '/v1/nothing', '/v1', '/openapi.json']) {
        const headers: Record<string, string> =
          authorization === undefined ? {} : { authorization };
        const response = await fetch(`${url}${path}`, { headers });
        expect(response.status, `${path} with ${authorization}`).toBe(401);
        expect(response.headers.get('www-authenticate')).toContain('Bearer');
      }
  });

  it('with another secret, or none of the kind, opens nothing', async () => {
    const token = tokenOf(shared());
    const other = `${token.slice(0, -1)}${token.endsWith('A') ? 'B' : 'A'}`;
    for (const wrong of [other, token.slice(0, -1), `${token}A`, token.toUpperCase()])
      expect((await clientWith(url, wrong).call('GET', '/v1/ping')).status).toBe(401);
    expect((await clientWith(url, token).call('GET', '/v1/ping')).status).toBe(200);
  });

  it('that is revoked is void at once, and its streams end', async () => {
    const client = clientOf(shared());
    const admin = clientOf(shared());
    await admin.call('PUT', '/v1/sessions/s', {});
    const events = client.events('/v1/sessions/s/events');
    const end = events.next();
    const [, , id] = /^(grm)_([^_]+)_/.exec(client.token) ?? [];
    const gone = await admin.call('DELETE', `/v1/tokens/${id}`);
    expect(gone.body).toEqual({ revoked: true });
    expect((await client.call('GET', '/v1/ping')).status).toBe(401);
    expect(await end).toMatchObject({ done: true });
  });

  it('that has expired is void', async () => {
    const nowMs = shared().greenroom.system.clock.now();
    expect(() =>
      book().create('default', 'me', { name: 'x', scopes: ['read'], expiresAt: nowMs - 1 }),
    ).toThrow(/past/);
    const { token } = book().create('default', 'me', {
      ...{ name: 'x', scopes: ['read'], expiresAt: nowMs + 50 },
    });
    await expect
      .poll(async () => (await clientWith(url, token).call('GET', '/v1/ping')).status)
      .toBe(401);
  });

  it('is of one tenant', async () => {
    const ours = clientOf(shared());
    const theirs = clientOf(shared(), { tenant: 'acme' });
    await ours.call('PUT', '/v1/sessions/s', {});
    expect((await theirs.call('GET', '/v1/sessions/s')).status).toBe(404);
    expect((await theirs.call('GET', '/v1/sessions')).body.sessions).toEqual([]);
    expect((await theirs.call('GET', '/v1/tokens')).body.tokens).toHaveLength(1);
  });

  it('is kept by its hash alone, and is there after a restart', async () => {
    const client = clientOf(shared());
    const { readFileSync, statSync } = await import('node:fs');
    const file = `${shared().dataDir}/tokens.json`;
    expect(readFileSync(file, 'utf8')).not.toContain(client.token.slice(20));
    expect(statSync(file).mode & 0o777).toBe(0o600);
    await shared().restart({ httpPort: portOf(url) });
    expect((await client.call('GET', '/v1/ping')).status).toBe(200);
  });
});

/** Each route as a request that could be meant. */
const requestOf = (path: string): string =>
  path.replace('{sessionId}', 's').replaceAll(/\{\w+\}/g, 'x');

describe('a scope', () => {
  it('lets through what needs it, and nothing else, at every address', async () => {
    await shared().sessions.create('s');
    const clients = NEEDS.map((need) => [need, clientOf(shared(), { scopes: [need] })] as const);
    const needOf = (kind: keyof typeof VERBS, verb: string) =>
      (VERBS[kind] as Readonly<Record<string, { needs: string }>>)[verb]?.needs;
    const routes = ROUTES.routes.flatMap((route) => (route.does === 'verb' ? [route] : []));
    for (const { method, path, kind, verb } of routes)
      for (const [need, client] of clients) {
        if (need === needOf(kind, verb)) continue;
        const body = method === 'GET' || method === 'DELETE' ? undefined : {};
        const { status, body: problem } = await client.call(method, requestOf(path), body);
        expect([status, problem.code], `${need}: ${method} ${path}`).toEqual([403, 'forbidden']);
      }
    for (const [need, client] of clients) {
      const turn = await client.call('POST', '/v1/sessions/s/turns', { prompt: 'Hello' });
      expect(turn.status === 403, need).toBe(need !== 'send');
    }
  });

  it('every verb has an address', () => {
    const there = new Set(
      ROUTES.routes.flatMap((route) =>
        route.does === 'verb' ? [`${route.kind}.${route.verb}`] : [],
      ),
    );
    const all = Object.entries(VERBS).flatMap(([kind, verbs]) =>
      Object.keys(verbs).map((verb) => `${kind}.${verb}`),
    );
    expect(all.filter((verb) => !there.has(verb))).toEqual([]);
  });
});

describe('a token for some sessions', () => {
  it('makes, finds and sees only those of its owner', async () => {
    await shared().sessions.create('theirs', { owner: 'bob' });
    const ann = clientOf(shared(), { owner: 'ann' });
    const made = await ann.call('PUT', '/v1/sessions/mine', {});
    expect(made.body.session.owner).toBe('ann');
    expect((await ann.call('PUT', '/v1/sessions/x', { owner: 'bob' })).status).toBe(403);
    const { body } = await ann.call('GET', '/v1/sessions');
    expect(body.sessions.map(({ sessionId }: { sessionId: string }) => sessionId)).toEqual([
      'mine',
    ]);
    expect((await ann.call('GET', '/v1/count')).body.count).toBe(1);
    expect((await ann.call('GET', '/v1/facets?by=owner')).body.facets).toHaveLength(1);
    for (const [method, path, value] of [
      ['GET', '', undefined],
      ['PATCH', '', { title: 'x' }],
      ['DELETE', '', undefined],
      ['GET', '/messages', undefined],
      ['GET', '/events', undefined],
      ['GET', '/turns', undefined],
      ['GET', '/hooks', undefined],
      ['GET', '/permissions', undefined],
      ['GET', '/metrics/history', undefined],
      ['POST', '/fork', {}],
      ['POST', '/turns', { prompt: 'Hello' }],
    ] as const) {
      const { status } = await ann.call(method, `/v1/sessions/theirs${path}`, value);
      expect(status, `${method} ${path}`).toBe(404);
    }
    expect((await ann.call('GET', '/v1/events?sessions=mine,theirs')).status).toBe(404);
    expect((await ann.call('PATCH', '/v1/sessions/mine', { owner: 'bob' })).status).toBe(403);
    const turn = await ann.call('POST', '/v1/sessions/new/turns', { prompt: 'Hello' });
    expect(turn.status).toBe(202);
    expect((await shared().sessions.get('new')).owner).toBe('ann');
    const fork = await ann.call('POST', '/v1/sessions/mine/fork', {});
    expect(fork.body.session.owner).toBe('ann');
    for (const path of ['tree', 'tokens', 'notifications', 'refused-turns', 'tasks'])
      expect((await ann.call('GET', `/v1/${path}`)).status, path).toBe(403);
  });

  it('sees what waits for a person in its own, and answers that alone', async () => {
    const calls = '[[rehearse: tool=Bash input={"command":"make all"}]] [[rehearse: text=done]]';
    const begin = (sessionId: string, session: object) =>
      shared().begin(sessionId, `Run it. ${calls}`, {
        session: { ...session, workingDirectory: tmpdir() },
      });
    const turns = [
      begin('hers', { owner: 'ann', tags: ['x'] }),
      begin('hers-too', { owner: 'ann' }),
      begin('his', { owner: 'bob', tags: ['x'] }),
    ];
    for (const turn of turns) await turn.saw('permission.requested');
    const waiting = async (client: Client, query = ''): Promise<Waiting[]> =>
      (await client.call('GET', `/v1/approvals${query}`)).body.approvals;
    const seenBy = async (options: TokenOptions, query = '') =>
      (await waiting(clientOf(shared(), options), query))
        .map(({ sessionId }) => sessionId)
        .toSorted();
    expect(await seenBy({})).toEqual(['hers', 'hers-too', 'his']);
    expect(await seenBy({}, '?owner=bob')).toEqual(['his']);
    expect(await seenBy({ owner: 'ann' })).toEqual(['hers', 'hers-too']);
    expect(await seenBy({ owner: 'ann', tags: ['X'] })).toEqual(['hers']);
    expect(await seenBy({ tags: ['x'] })).toEqual(['hers', 'his']);
    expect(await seenBy({ tags: ['x'] }, '?allTags=y')).toEqual([]);
    expect(await seenBy({ owner: 'ann' }, '?allTags=x')).toEqual(['hers']);
    expect(await seenBy({ owner: 'carl' })).toEqual([]);
    const ann = clientOf(shared(), { owner: 'ann' });
    expect((await ann.call('GET', '/v1/approvals?owner=bob')).status).toBe(403);
    for (const { sessionId, approvalId } of await waiting(clientOf(shared()))) {
      const path = `/v1/sessions/${sessionId}/approvals/${encodeURIComponent(approvalId)}`;
      const { status } = await ann.call('POST', path, { decision: 'deny' });
      expect(status, sessionId).toBe(sessionId === 'his' ? 404 : 200);
    }
    await shared().sessions.cancel('his');
    await Promise.all(turns.map(({ done }) => done));
  });

  it('reads the audit of its sessions as they are now, and nothing of an earlier life of their ids', async () => {
    const { sessions } = shared();
    await sessions.create('of-ann', { owner: 'ann', tags: ['seen'] });
    await sessions.create('of-ann-too', { owner: 'ann' });
    await sessions.create('of-bob', { owner: 'bob', tags: ['seen'] });
    await sessions.create('gone', { owner: 'ann' });
    await sessions.delete('gone');
    await sessions.create('again', { owner: 'bob' });
    await sessions.complete('again');
    await sessions.delete('again', { release: true });
    await sessions.create('again', { owner: 'ann' });
    const ids = ['gone', 'again', 'of-ann', 'of-ann-too', 'of-bob'];
    const seenBy = async (options: TokenOptions, query = ''): Promise<string[]> => {
      const { body } = await clientOf(shared(), options).call('GET', `/v1/audit${query}`);
      const seen = (body.audit as { sessionId: string; action: string }[]).map(
        ({ sessionId, action }) => `${sessionId} ${action}`,
      );
      return seen.filter((each) => ids.includes(each.split(' ')[0] ?? '')).toSorted();
    };
    const all = await seenBy({});
    expect(all).toEqual(await seenBy({}, '?limit=1000'));
    expect(all).toContain('gone deleted');
    expect(all.filter((each) => each === 'again created')).toHaveLength(2);
    expect(all).toContain('again completed');
    const own = ['again created', 'of-ann created', 'of-ann-too created'];
    expect(await seenBy({ owner: 'ann' })).toEqual(own);
    expect(await seenBy({ owner: 'ann' }, '?limit=1000')).toEqual(own);
    expect(await seenBy({ tags: ['Seen'] })).toEqual(['of-ann created', 'of-bob created']);
    expect(await seenBy({ tags: ['seen'] }, '?owner=bob')).toEqual(['of-bob created']);
    expect(await seenBy({ owner: 'ann', tags: ['seen'] })).toEqual(['of-ann created']);
    expect(await seenBy({}, '?owner=bob')).toEqual(['of-bob created']);
    const ann = clientOf(shared(), { owner: 'ann' });
    expect((await ann.call('GET', '/v1/audit?owner=bob')).status).toBe(403);
    await sessions.update('of-ann', { owner: 'bob' });
    expect(await seenBy({ owner: 'ann' })).not.toContain('of-ann created');
    for (const id of ids.slice(1)) await sessions.delete(id);
  });

  it('sees the runs of a task that are its own, and not the task', async () => {
    const { sessions } = shared();
    const admin = clientOf(shared());
    await admin.call('PUT', '/v1/tasks/sorted', { prompt: 'Sort it.' });
    const runFor = async (owner: string): Promise<string> => {
      const { body } = await admin.call('POST', '/v1/tasks/sorted/run', {});
      await sessions.update(body.sessionId, { owner });
      return body.sessionId;
    };
    const [hers, his] = [await runFor('ann'), await runFor('bob')];
    const path = '/v1/tasks/sorted/executions';
    const seenBy = async (options: TokenOptions) =>
      (
        (await clientOf(shared(), options).call('GET', path)).body.executions as {
          sessionId: string;
        }[]
      ).map(({ sessionId }) => sessionId);
    expect((await seenBy({})).toSorted()).toEqual([hers, his].toSorted());
    expect(await seenBy({ owner: 'ann' })).toEqual([hers]);
    expect(await seenBy({ owner: 'ann', tags: ['no-such-tag'] })).toEqual([]);
    const ann = clientOf(shared(), { owner: 'ann' });
    expect((await ann.call('GET', `${path}?owner=bob`)).status).toBe(403);
    expect((await ann.call('GET', '/v1/tasks/sorted')).status).toBe(403);
    expect((await ann.call('POST', '/v1/tasks/sorted/run', {})).status).toBe(403);
  });

  it('hears again of the change that has taken the session away, with its key', async () => {
    const ann = clientOf(shared(), { owner: 'ann' });
    await ann.call('PUT', '/v1/sessions/going', {});
    const drop = (client: Client) =>
      client.call('DELETE', '/v1/sessions/going?release=true', undefined, {
        'idempotency-key': 'go',
      });
    for (const _ of ['first', 'again'])
      expect(await drop(ann)).toMatchObject({ status: 200, body: { deleted: true } });
    expect((await drop(clientOf(shared(), { owner: 'bob' }))).status).toBe(404);
  });

  it('sees the budgets of its owner, of no other, and nothing of the whole', async () => {
    const { sessions } = shared();
    const names = [
      { scope: 'owner', value: 'ann' },
      { scope: 'owner', value: 'bob' },
      { scope: 'tag', value: 'x' },
      { scope: 'tenant' },
    ] as const;
    for (const name of names) await sessions.putBudget({ ...name, maxUsd: 5 });
    const ann = clientOf(shared(), { owner: 'ann' });
    for (const query of ['', '?scope=tenant', '?owner=ann']) {
      const { body } = await ann.call('GET', `/v1/budgets${query}`);
      expect(body.budgets, query).toMatchObject([{ scope: 'owner', value: 'ann', maxUsd: 5 }]);
    }
    expect((await ann.call('GET', '/v1/budgets?owner=bob')).status).toBe(403);
    for (const options of [{ tags: ['x'] }, { owner: 'ann', tags: ['x'] }])
      expect((await clientOf(shared(), options).call('GET', '/v1/budgets')).status).toBe(403);
    const more = { scope: 'owner', value: 'ann', maxUsd: 99 };
    expect((await ann.call('PUT', '/v1/budgets', more)).status).toBe(403);
    for (const name of names) await sessions.deleteBudget(name);
  });

  it('makes and keeps those with its tags', async () => {
    const client = clientOf(shared(), { tags: ['Team A'] });
    const made = await client.call('PUT', '/v1/sessions/s', { tags: ['x'] });
    expect(made.body.session.tags).toEqual(['x', 'Team A']);
    const leave = [
      ['PATCH', '/v1/sessions/s', { tags: ['x'] }],
      ['POST', '/v1/sessions/s/untag', { tags: ['team a'] }],
      ['POST', '/v1/sessions/s/untag', { tags: [' Team A '] }],
      ['DELETE', '/v1/sessions/s/tags/TEAM%20A', undefined],
    ] as const;
    for (const [method, path, body] of leave)
      expect((await client.call(method, path, body)).status, path).toBe(403);
    await shared().sessions.untag('s', 'Team A');
    expect((await client.call('GET', '/v1/sessions/s')).status).toBe(404);
  });
});

describe('a session that a token is not for any more', () => {
  it('ends the streams of its events', async () => {
    const ann = clientOf(shared(), { owner: 'ann' });
    await ann.call('PUT', '/v1/sessions/leaving', {});
    const events = ann.events('/v1/sessions/leaving/events?after=0');
    const first = events.next();
    await shared().run('leaving', 'hers still', { turnId: 'hers' });
    expect(await first).toMatchObject({ value: { data: { turnId: 'hers' } } });
    await shared().sessions.update('leaving', { owner: 'bob' });
    const heard: string[] = [];
    const all = (async () => {
      for await (const { data } of events) heard.push(data.turnId);
    })();
    await new Promise((resolve) => setTimeout(resolve, 1_100)); // it was looked at a moment ago
    await shared().run('leaving', 'his', { turnId: 'his-1' });
    await all;
    await shared().run('leaving', 'his', { turnId: 'his-2' });
    expect(heard).not.toContain('his-2');
  });
});

describe('a token for some sessions, at what is of all', () => {
  it('learns nothing of the whole', async () => {
    const ann = clientOf(shared(), { owner: 'ann' });
    expect((await ann.call('GET', '/metrics')).status).toBe(403);
    expect((await clientOf(shared()).call('GET', '/metrics')).status).toBe(200);
  });

  it('hears that a session has left its own, and not what that is by now', async () => {
    await shared().sessions.create('given', { owner: 'ann', title: 'hers' });
    const ann = clientOf(shared(), { owner: 'ann' });
    const opened = await ann.call('POST', '/v1/watch-open', {});
    const { watchId } = opened.body;
    const events = ann.events('/v1/search/watch');
    for (let seen = 0; seen < opened.body.present + 1; seen += 1) await events.next();
    const next = (after: number) => ann.call('POST', '/v1/watch-next', { watchId, after });
    const { n } = (await next(0)).body;
    await shared().sessions.update('given', { owner: 'bob', title: 'his secret' });
    const { value: left } = await events.next();
    await events.return(undefined);
    expect(left?.data).toEqual({ type: 'left', sessionId: 'given' });
    expect((await next(n)).body.changes).toEqual([{ type: 'left', sessionId: 'given' }]);
  });

  it('does not release what it is for by being held', async () => {
    const client = clientOf(shared(), { tags: ['hold'] });
    await client.call('PUT', '/v1/sessions/held', {});
    expect((await client.call('POST', '/v1/sessions/held/release', {})).status).toBe(403);
  });
});

describe('a stream that is asked for its headers alone', () => {
  it('is answered, and keeps nothing open', async () => {
    await shared().sessions.create('s');
    for (const path of ['/v1/sessions/s/events', '/v1/search/watch?q=tag:x']) {
      const { status, headers, body } = await clientOf(shared()).call('HEAD', path);
      expect([status, headers.get('content-type'), body]).toEqual([200, 'text/event-stream', '']);
    }
  });
});

describe('the page', () => {
  const open = async () => {
    const { url: address } = (await clientOf(shared()).call('POST', '/v1/daemon/open-page', {}))
      .body;
    return fetch(address, { redirect: 'manual' });
  };

  it('gets a cookie for a ticket, once', async () => {
    const { url: address } = (await clientOf(shared()).call('POST', '/v1/daemon/open-page', {}))
      .body;
    const let1 = await fetch(address, { redirect: 'manual' });
    expect([let1.status, let1.headers.get('location')]).toEqual([303, '/']);
    const cookie = let1.headers.get('set-cookie') ?? '';
    expect(cookie).toMatch(/; Path=\/; Max-Age=\d+; HttpOnly; SameSite=Strict$/);
    expect((await fetch(address, { redirect: 'manual' })).status).toBe(401);
    const person = { redirect: 'manual', headers: { accept: 'text/html' } } as const;
    const late = await fetch(address, person);
    expect([late.status, late.headers.get('location')]).toEqual([303, '/']);
    expect(late.headers.get('set-cookie')).toBeNull();
    const [pair = ''] = cookie.split(';');
    const asked = await fetch(`${url}/v1/sessions`, { headers: { cookie: pair } });
    expect(asked.status).toBe(200);
    const token = pair.slice(pair.indexOf('=') + 1);
    expect((await clientWith(url, token).call('GET', '/v1/ping')).status).toBe(401);
    const header = { cookie: `${pair.split('=')[0]}=${tokenOf(shared())}` };
    expect((await fetch(`${url}/v1/ping`, { headers: header })).status).toBe(401);
  });

  it('changes nothing but by JSON', async () => {
    const [cookie = ''] = ((await open()).headers.get('set-cookie') ?? '').split(';');
    await shared().sessions.create('s');
    for (const type of [
      'text/plain',
      'application/x-www-form-urlencoded',
      'multipart/form-data; boundary=x',
    ])
      for (const path of ['/v1/sessions/s/tags', '/v1/sessions/s/turns', '/v1/sessions']) {
        const response = await fetch(`${url}${path}`, {
          ...{ method: 'POST', body: '{"prompt":"x","tags":["x"]}' },
          headers: { cookie, 'content-type': type },
        });
        expect(response.status, `${path} ${type}`).toBe(415);
      }
    const gone = await fetch(`${url}/v1/sessions/s`, { method: 'DELETE', headers: { cookie } });
    expect(gone.status).toBe(415);
  });

  it('is served with a policy that lets no other script in', async () => {
    const page = await fetch(`${url}/`);
    expect([page.status, page.headers.get('content-type')]).toEqual([
      200,
      'text/html; charset=utf-8',
    ]);
    const policy = page.headers.get('content-security-policy') ?? '';
    expect(policy).toContain("default-src 'self'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toMatch(/unsafe|\*/);
    const etag = page.headers.get('etag') ?? '';
    const again = await fetch(`${url}/sessions/abc`, { headers: { 'if-none-match': etag } });
    expect(again.status).toBe(304);
  });
});

describe('a request from elsewhere', () => {
  const ask = (lines: readonly string[], path = '/v1/sessions', method = 'GET') =>
    exchange(
      url,
      [
        `${method} ${path} HTTP/1.1`,
        `Authorization: Bearer ${tokenOf(shared())}`,
        ...lines,
        'Connection: close',
        '',
        '',
      ].join('\r\n'),
    );
  const host = () => `Host: 127.0.0.1:${portOf(url)}`;

  it.each([
    'Host: evil.example',
    'Host: 127.0.0.1.evil.example',
    'Host: localhost.evil.example:80',
    'Host: 127.0.0.1:80@evil.example',
    'Host: evil.example\r\nX-Forwarded-Host: localhost',
    'Host: 0.0.0.0',
    'Host: 127.1',
    'Host: [::ffff:127.0.0.1]',
  ])('that names %j as its host is not answered', async (line) => {
    for (const path of ['/v1/sessions', '/', '/v1/sessions/s/events', '/open?ticket=x'])
      expect(await ask([line], path)).toMatch(/^HTTP\/1.1 421 /);
  });

  it.each([
    'Origin: http://evil.example',
    'Origin: null',
    'Origin: http://localhost:1',
    'Origin: http://127.0.0.1.evil.example',
    'Origin: file://',
    'Sec-Fetch-Site: cross-site',
    'Sec-Fetch-Site: same-site',
  ])('with %j is not answered', async (line) => {
    for (const [method, path] of [
      ['GET', '/v1/sessions'],
      ['POST', '/v1/sessions'],
      ['OPTIONS', '/v1/sessions'],
      ['GET', '/'],
      ['GET', '/metrics'],
    ] as const) {
      const heard = await ask([host(), line], path, method);
      expect(heard).toMatch(/^HTTP\/1.1 403 /);
      expect(heard.toLowerCase()).not.toContain('access-control');
    }
  });

  it('of our own page is', async () => {
    const origin = `Origin: http://127.0.0.1:${portOf(url)}`;
    expect(await ask([host(), origin, 'Sec-Fetch-Site: same-origin'])).toMatch(/^HTTP\/1.1 200 /);
  });

  it('finds no file that is not of the page', async () => {
    for (const path of [
      '/../package.json',
      '/..%2fpackage.json',
      '/%2e%2e/package.json',
      '//etc/passwd',
      '/sessions/../../package.json',
      '/index.html/../../http/front.ts',
      '/..\\package.json',
      '/tokens.json',
      '/index.html%00.js',
    ]) {
      const heard = await exchange(
        url,
        `GET ${path} HTTP/1.1\r\n${host()}\r\nConnection: close\r\n\r\n`,
      );
      expect(heard, path).toMatch(/^HTTP\/1.1 (?:404|400|200) /);
      expect(heard).not.toMatch(/"name": "greenroom"|root:|"hash"|import /);
    }
  });

  it.each([
    ['two lengths', 'Content-Length: 5\r\nContent-Length: 6'],
    ['a length and chunks', 'Content-Length: 5\r\nTransfer-Encoding: chunked'],
    ['a strange encoding', 'Transfer-Encoding: xchunked'],
    ['a length that is none', 'Content-Length: +5'],
    ['a folded header', 'X-A: a\r\n b: c'],
    ['a space before the colon', 'Content-Length : 5'],
  ])('with %s is refused, and nothing of it is taken for another', async (_, lines) => {
    const smuggled = `DELETE /v1/sessions/s HTTP/1.1\r\n${host()}\r\n\r\n`;
    await shared().sessions.create('s');
    const heard = await exchange(
      url,
      `POST /v1/sessions/s/tags HTTP/1.1\r\n${host()}\r\nAuthorization: Bearer ${tokenOf(shared())}\r\nContent-Type: application/json\r\n${lines}\r\n\r\n${smuggled}`,
    );
    expect(heard).toMatch(/^HTTP\/1.1 4\d\d /);
    expect(heard.match(/HTTP\/1.1/g)).toHaveLength(1);
    expect((await shared().sessions.get('s')).tags).toEqual([]);
  });
});

it('metrics need a token once there are any', async () => {
  expect((await fetch(`${url}/metrics`)).status).toBe(401);
  const { token } = clientOf(shared(), { scopes: ['read'] });
  const headers = { authorization: `Bearer ${token}` };
  expect((await fetch(`${url}/metrics`, { headers })).status).toBe(200);
  expect(EVERYTHING).toHaveLength(NEEDS.length);
});

it('a token makes so many requests in a minute, and is told how many are left', async () => {
  const test = await ownGreenroom({ httpPort: 0, httpRate: 2 });
  const [client, other] = [clientOf(test), clientOf(test)];
  const [one, , three] = [
    await client.call('GET', '/v1/ping'),
    await client.call('GET', '/v1/ping'),
    await client.call('GET', '/v1/ping'),
  ];
  expect(one.headers.get('ratelimit-policy')).toBe('"token";q=2;w=60');
  expect(one.headers.get('ratelimit')).toMatch(/^"token";r=1;t=\d+$/);
  expect([three.status, three.body.code, three.body.retryable]).toEqual([
    429,
    'rate_limited',
    true,
  ]);
  expect(Number(three.headers.get('retry-after'))).toBeGreaterThan(0);
  expect((await other.call('GET', '/v1/ping')).status).toBe(200);
});
