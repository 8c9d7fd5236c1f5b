/** Sessions and turns of a real Greenroom, by HTTP. */
import { beforeAll, describe, expect, it, test } from 'vitest';
import type { Grant } from '../../src/http/access/token-book.ts';
import { idOfKey } from '../../src/http/rest/idempotency.ts';
import { sharedGreenroom } from '../support/greenroom.ts';
import { toolCalls } from '../support/tool-turns.ts';
import { until } from '../support/until.ts';
import { type Client, clientOf, eventsUntil } from './rest.ts';

const shared = sharedGreenroom({ httpPort: 0 });
let client: Client;
beforeAll(() => {
  client = clientOf(shared());
});

describe('a session', () => {
  it('is made, shown, changed and deleted', async () => {
    const made = await client.call('POST', '/v1/sessions', { sessionId: 's', title: 'Notes' });
    expect([made.status, made.headers.get('location')]).toEqual([201, '/v1/sessions/s']);
    expect(made.body.session).toMatchObject({ sessionId: 's', title: 'Notes', version: 1 });
    const shown = await client.call('GET', '/v1/sessions/s');
    expect([shown.status, shown.headers.get('etag')]).toEqual([200, '"1"']);
    const changed = await client.call('PATCH', '/v1/sessions/s', { title: 'Other' });
    expect(changed.body.session.title).toBe('Other');
    const gone = await client.call('DELETE', '/v1/sessions/s?release=true');
    expect([gone.status, gone.body]).toEqual([200, { deleted: true }]);
    const missing = await client.call('GET', '/v1/sessions/s');
    expect([missing.status, missing.body.code]).toEqual([404, 'session_not_found']);
    expect(missing.headers.get('content-type')).toBe('application/problem+json');
  });

  it('is given a name where it has none', async () => {
    const made = await client.call('POST', '/v1/sessions', { tags: ['a'] });
    expect(made.status).toBe(201);
    const { sessionId } = made.body.session;
    expect(made.headers.get('location')).toBe(`/v1/sessions/${sessionId}`);
    expect((await client.call('GET', `/v1/sessions/${sessionId}`)).status).toBe(200);
  });

  it('is made once with an Idempotency-Key, also when the daemon has forgotten the key', async () => {
    const key = { 'idempotency-key': '"make"' };
    const make = (title: string, from = client) =>
      from.call('POST', '/v1/sessions', { title, tags: ['keyed'] }, key);
    const [made, again] = await Promise.all([make('One'), make('One')]);
    expect([made.status, again.status]).toEqual([201, 201]);
    const { sessionId } = made.body.session;
    expect(again.body).toEqual(made.body);
    expect(again.headers.get('location')).toBe(`/v1/sessions/${sessionId}`);
    const other = await make('Two');
    expect([other.status, other.body.code]).toEqual([422, 'idempotency_key_reused']);
    const stranger = clientOf(shared());
    expect((await make('One', stranger)).body.session.sessionId).not.toBe(sessionId);
    const fork = () =>
      client.call('POST', `/v1/sessions/${sessionId}/fork`, {}, { 'idempotency-key': 'f' });
    const [one, two] = [await fork(), await fork()];
    expect([one.status, two.body.session.sessionId]).toEqual([201, one.body.session.sessionId]);
    await client.call('DELETE', `/v1/sessions/${one.body.session.sessionId}?release=true`);
    const { count } = (await client.call('GET', '/v1/count?tags=keyed')).body;
    expect(count).toBe(2);
    const before = { 'idempotency-key': 'made before' };
    const tokenId = client.token.split('_')[1] ?? '';
    const id = idOfKey('made before', { tokenId } as Grant) ?? '';
    await client.call('PUT', `/v1/sessions/${id}`, { title: 'It was there.' });
    const found = await client.call('POST', '/v1/sessions', { title: 'New' }, before);
    expect([found.status, found.body.session.title]).toEqual([201, 'It was there.']);
  });

  it('has a change once that is sent again with its key, and one that failed again', async () => {
    await client.call('PUT', '/v1/sessions/keyed', {});
    const say = (content: string, more: object = {}) =>
      client.call(
        'POST',
        '/v1/sessions/keyed/messages',
        { messages: [{ role: 'user', content }] },
        { 'idempotency-key': 'say', ...more },
      );
    const late = await say('Hello', { 'if-match': '"7"' });
    expect(late.status).toBe(412);
    const said = await say('Hello', { 'if-match': '"1"' });
    const again = await say('Hello', { 'if-match': '"1"' });
    expect([said.status, again.status, again.body]).toEqual([200, 200, said.body]);
    expect(said.body.session.messageCount).toBe(1);
    expect((await say('Other')).body.code).toBe('idempotency_key_reused');
    const empty = await client.call(
      'POST',
      '/v1/sessions/keyed/hold',
      {},
      { 'idempotency-key': '' },
    );
    expect(empty.status).toBe(200); // an empty header is none
  });

  it('is not changed by one who has not seen its version', async () => {
    await client.call('PUT', '/v1/sessions/s', { title: 'one' });
    const change = (etag: string, title: string) =>
      client.call('PATCH', '/v1/sessions/s', { title }, { 'if-match': etag });
    expect((await change('"1"', 'two')).status).toBe(200);
    const late = await change('"1"', 'three');
    expect([late.status, late.body.code]).toEqual([412, 'precondition_failed']);
    const known = await client.call('GET', '/v1/sessions/s', undefined, { 'if-none-match': '"2"' });
    expect([known.status, known.body]).toEqual([304, '']);
    expect((await change('W/"1"', 'three')).status).toBe(412);
    expect((await change('W/"2"', 'a proxy made it weak')).status).toBe(200);
    const tag = { 'if-match': '"1"' };
    expect((await client.call('POST', '/v1/sessions/s/tags', { tags: ['x'] }, tag)).status).toBe(
      412,
    );
    expect(
      (await client.call('DELETE', '/v1/sessions/s?release=true', undefined, tag)).status,
    ).toBe(412);
  });

  it('has its fields wrong: each is named', async () => {
    const wrong = await client.call('POST', '/v1/sessions', { title: 7, nothing: 1 });
    expect([wrong.status, wrong.body.code]).toEqual([400, 'invalid_request']);
    expect(wrong.body.errors.map(({ path }: { path: string }) => path).toSorted()).toEqual([
      'nothing',
      'title',
    ]);
  });

  it('is found by what the query says', async () => {
    for (const [id, tag] of [
      ['a', 'x'],
      ['b', 'x'],
      ['c', 'y'],
    ])
      await client.call('PUT', `/v1/sessions/${id}`, { tags: [tag] });
    const ids = async (query: string) =>
      (await client.call('GET', `/v1/sessions?${query}`)).body.sessions
        .map(({ sessionId }: { sessionId: string }) => sessionId)
        .toSorted();
    expect(await ids('tags=x')).toEqual(['a', 'b']);
    expect(await ids('tags=x,y')).toEqual(['a', 'b', 'c']);
    expect(await ids('q=tag:y')).toEqual(['c']);
    expect(await ids('hasErrors=true')).toEqual([]);
    expect(await ids('limit=1&sortBy=createdAt&order=asc')).toEqual(['a']);
    const wrong = await client.call('GET', '/v1/sessions?limit=many');
    expect([wrong.status, wrong.body.code]).toEqual([422, 'invalid_criteria']);
  });

  it('has tags, forks and a transcript below it', async () => {
    await shared().run('s', 'Hello');
    const tagged = await client.call('POST', '/v1/sessions/s/tags', { tags: ['a b', 'c'] });
    expect(tagged.body.session.tags).toEqual(['a b', 'c']);
    const untagged = await client.call('DELETE', '/v1/sessions/s/tags/a%20b');
    expect(untagged.body.session.tags).toEqual(['c']);
    const fork = await client.call('POST', '/v1/sessions/s/fork', { newSessionId: 'f' });
    expect([fork.status, fork.headers.get('location')]).toEqual([201, '/v1/sessions/f']);
    const { body } = await client.call('GET', '/v1/sessions/s/messages?limit=1&order=desc');
    expect(body).toMatchObject({ entries: [{ seq: 2 }], nextFrom: 1 });
    for (const path of ['hooks', 'permissions', 'audit', 'metrics/history', 'approvals', 'explain'])
      expect((await client.call('GET', `/v1/sessions/s/${path}`)).status, path).toBe(200);
  });
});

describe('a turn', () => {
  it('is accepted, and found where the answer says', async () => {
    const accepted = await client.call('POST', '/v1/sessions/s/turns', { prompt: 'Hello' });
    expect(accepted.status).toBe(202);
    const { turnId } = accepted.body.turn;
    const where = accepted.headers.get('location') ?? '';
    expect(where).toBe(`/v1/sessions/s/turns/${turnId}`);
    await expect
      .poll(async () => (await client.call('GET', where)).body.turn.status)
      .toBe('completed');
  });

  it('is waited for by one who prefers that', async () => {
    const prefer = { prefer: 'wait=60' };
    const done = await client.call('POST', '/v1/sessions/s/turns', { prompt: 'Hello' }, prefer);
    expect([done.status, done.headers.get('preference-applied')]).toEqual([200, 'wait=60']);
    expect(done.body).toMatchObject({ turn: { status: 'completed' }, text: expect.any(String) });
  });

  it('comes as a stream, and its prompt may be plain text', async () => {
    const events = await eventsUntil(
      client.events('/v1/sessions/s/turns', {
        ...{ method: 'POST', body: 'Hello', headers: { 'content-type': 'text/plain' } },
      }),
      ({ event }) => event === 'turn.finished',
    );
    const names = events.map(({ event }) => event);
    expect(names.slice(0, 2)).toEqual(['turn.accepted', 'turn.started']);
    expect(names).toContain('delta');
    expect(names.slice(-2)).toEqual(['message', 'turn.finished']);
  });

  it('whose stream was cut is sent again with its id: it is not run again, and its end comes', async () => {
    const turn = () =>
      eventsUntil(
        client.events('/v1/sessions/s/turns', {
          ...{ method: 'POST', body: JSON.stringify({ prompt: 'Hello', turnId: 'mine' }) },
          headers: { 'content-type': 'application/json' },
        }),
        ({ event }) => event === 'turn.finished',
      );
    const { length: before } = shared().modelCalls;
    const events = await turn();
    expect(events.map(({ id }) => id)).toEqual(events.map(() => undefined));
    expect((await turn()).map(({ event }) => event)).toEqual(['turn.finished']);
    expect(shared().modelCalls).toHaveLength(before + 1);
  });

  it('with the same Idempotency-Key runs once, and not with another prompt', async () => {
    const key = { 'idempotency-key': '"a key of mine"' };
    const send = (prompt: string) => client.call('POST', '/v1/sessions/s/turns', { prompt }, key);
    const [one, same] = [await send('Hello'), await send('Hello')];
    expect(same.body.turn.turnId).toBe(one.body.turn.turnId);
    const other = await send('Goodbye');
    expect([other.status, other.body.code]).toEqual([422, 'idempotency_key_reused']);
  });
});

describe('the events of a session', () => {
  it('come as they happen, and go on behind the last id', async () => {
    await shared().run('s', 'one', { turnId: 'one' });
    const isEnd = ({ event }: { event: string }) => event === 'turn.finished';
    const first = client.events('/v1/sessions/s/events');
    const begun = first.next();
    await expect.poll(() => client.call('GET', '/v1/ping')).toBeDefined();
    const told = (async () => {
      const { value } = await begun;
      return [value, ...(await eventsUntil(first, isEnd))];
    })();
    await shared().run('s', 'two', { turnId: 'two' });
    const events = await told;
    expect(events.at(-1)?.data.turnId).toBe('two');
    await shared().run('s', 'three', { turnId: 'three' });
    const message = events.find((event) => event?.event === 'message');
    const since = await eventsUntil(
      client.events('/v1/sessions/s/events', {
        headers: { 'last-event-id': message?.id ?? '' },
      }),
      ({ event, data }) => event === 'turn.finished' && data.turnId === 'three',
    );
    expect(since.map(({ event, data }) => `${event} ${data.turnId}`)).toEqual([
      'turn.finished two',
      'turn.accepted three',
      'message three',
      'turn.finished three',
    ]);
  });
});

test('an approval whose id has lost what is after its # says so, and is answered with %23', async () => {
  await shared().sessions.create('s', { workingDirectory: '/' });
  const turn = shared().run('s', toolCalls([['Bash', { command: 'touch /never' }]]));
  await until(async () => (await shared().sessions.get('s')).status === 'waiting');
  const [{ approvalId, turnId } = { approvalId: '', turnId: '' }] =
    await shared().sessions.asked('s');
  const answer = (id: string) =>
    client.call('POST', `/v1/sessions/s/approvals/${id}`, { decision: 'deny' });
  const cut = await answer(`${turnId}#3`);
  expect([cut.status, cut.body.code]).toEqual([404, 'approval_not_found']);
  expect(cut.body.detail).toContain(`${approvalId} does: in an address # is written as %23`);
  expect((await answer('other')).body.detail).not.toContain('%23');
  expect((await answer(encodeURIComponent(approvalId))).status).toBe(200);
  await turn;
});

test('costs are by day unless something else is asked for', async () => {
  await shared().run('s', 'Hello');
  const { status, body } = await client.call('GET', '/v1/costs');
  expect([status, body]).toEqual([200, (await client.call('GET', '/v1/costs?by=day')).body]);
});

test('the description is of the address that it is served at', async () => {
  const { body } = await client.call('GET', '/openapi.json');
  expect(body.servers).toMatchObject([{ url: '/' }]);
});
