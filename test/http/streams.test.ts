/** Streams of events over HTTP: nothing stored is left out or comes twice, however a reader is cut off. */
import { beforeAll, describe, expect, it } from 'vitest';
import { sharedGreenroom } from '../support/greenroom.ts';
import { exchange, portOf } from './raw.ts';
import { type Client, clientOf, eventsUntil, type SentEvent } from './rest.ts';

const shared = sharedGreenroom({ httpPort: 0 });
let client: Client;
beforeAll(() => {
  client = clientOf(shared());
});

/** What is stored of turns, as it was told: `message s 2`. */
const told = ({ event, data }: SentEvent): string[] => {
  if (event === 'message' || event === 'turn.accepted')
    return [`${event} ${data.sessionId} ${data.seq}`];
  return event === 'turn.finished' ? [`${event} ${data.sessionId} ${data.turnId}`] : [];
};

const withoutNumber = (event: object | undefined): object => {
  const { n: _, ...rest } = { n: 0, ...event };
  return rest;
};

const since = (path: string, id: string | undefined) =>
  client.events(path, id === undefined ? {} : { headers: { 'last-event-id': id } });

const isEndOf =
  (turnId: string) =>
  ({ event, data }: SentEvent) =>
    event === 'turn.finished' && data.turnId === turnId;

const isAccepted =
  (seq: number) =>
  ({ event, data }: SentEvent) =>
    event === 'turn.accepted' && data.seq === seq;

const RUNNING = { prompt: '[[rehearse: text="a b" chunks=2 delay-ms=20000]]', turnId: 'one' };
const LATER = {
  ...{ prompt: 'later', turnId: 'later' },
  deliverAt: new Date(Date.now() + 3_600_000).toISOString(),
};

describe('a reader', () => {
  it('who says where it is hears all that came since, in the order in which it came', async () => {
    await shared().run('s', 'one', { turnId: 'one' });
    await shared().run('s', 'two', { turnId: 'two' });
    const events = await eventsUntil(
      client.events('/v1/sessions/s/events?after=0'),
      isEndOf('two'),
    );
    expect(events.flatMap(told)).toEqual([
      ...['turn.accepted s 1', 'message s 2', 'turn.finished s one'],
      ...['turn.accepted s 3', 'message s 4', 'turn.finished s two'],
    ]);
    const live = await shared().run('s', 'three', { turnId: 'three' });
    const end = events.at(-1)?.id;
    const [accepted, message, finished] = await eventsUntil(
      since('/v1/sessions/s/events', end),
      isEndOf('three'),
    );
    const { n: _, at: ____, ...first } = live[0] as { n?: number; at?: string };
    expect(accepted?.data).toEqual({ ...first, at: expect.any(String) });
    const said = live.find(({ type }) => type === 'message');
    expect(message?.data).toEqual({ ...withoutNumber(said), at: expect.any(String) });
    const { at: __, n: ___, ...last } = live.at(-1) as { at?: string; n?: number };
    expect(finished?.data).toMatchObject(last);
  });

  it('is told so where it is is not known', async () => {
    await shared().run('s', 'one');
    for (const after of ['99', '1.0.0..no-such-turn']) {
      const events = client.events(`/v1/sessions/s/events?after=${after}`);
      const { value } = await events.next();
      expect(value).toMatchObject({ event: 'reset', data: { reason: 'unknown' } });
      await events.return(undefined);
    }
    for (const wrong of ['x', '1.2', '-1', '1,2'])
      expect((await client.call('GET', `/v1/sessions/s/events?after=${wrong}`)).status).toBe(400);
    expect((await client.call('GET', '/v1/sessions/none/events')).status).toBe(404);
  });

  it('who joins in the middle of an answer hears its beginning', async () => {
    await shared().sessions.create('s');
    const prompt = '[[rehearse: text="one two three four" chunks=4 delay-ms=30]]';
    const turn = shared().begin('s', prompt, { turnId: 'long' });
    await expect
      .poll(() => turn.events.filter(({ type }) => type === 'delta').length)
      .toBeGreaterThan(0);
    const events = await eventsUntil(
      client.events('/v1/sessions/s/events?after=1'),
      isEndOf('long'),
    );
    await turn.done;
    const textOf = (all: readonly { type?: string; text?: string }[]) =>
      all.map(({ type, text }) => (type === 'delta' ? (text ?? '') : '')).join('');
    expect(textOf(events.map(({ data }) => data))).toBe(textOf(turn.events as never));
  });

  it('of several sessions goes on in each where it was', async () => {
    for (const id of ['a', 'b']) await shared().run(id, 'one', { turnId: `${id}1` });
    const path = '/v1/events?sessions=a,b';
    const first = await eventsUntil(
      client.events(`${path}&after=0,0`),
      ((seen: Set<string>) => (event: SentEvent) => {
        if (event.event === 'turn.finished') seen.add(event.data.sessionId);
        return seen.size === 2;
      })(new Set()),
    );
    expect(first.flatMap(told).toSorted()).toEqual([
      ...['message a 2', 'message b 2', 'turn.accepted a 1', 'turn.accepted b 1'],
      ...['turn.finished a a1', 'turn.finished b b1'],
    ]);
    await shared().run('b', 'two', { turnId: 'b2' });
    const more = await eventsUntil(since(path, first.at(-1)?.id), isEndOf('b2'));
    expect(more.flatMap(told)).toEqual(['turn.accepted b 3', 'message b 4', 'turn.finished b b2']);
    expect((await client.call('GET', '/v1/events?sessions=')).status).toBe(400);
    const many = Array.from({ length: 51 }, (_, at) => `s${at}`).join(',');
    expect((await client.call('GET', `/v1/events?sessions=${many}`)).status).toBe(400);
  });

  it('who is cut off again and again misses nothing stored, and hears nothing stored twice', async () => {
    await shared().sessions.create('s');
    const turns = Array.from({ length: 8 }, (_, at) => `t${at}`);
    const last = turns.at(-1) ?? '';
    const heard: string[] = [];
    const deltas = new Set<string>();
    const reading = (async () => {
      let id: string | undefined = '0';
      for (let cut = 0; ; cut += 1) {
        const stop = new Set<string>();
        for await (const event of since('/v1/sessions/s/events', id)) {
          id = event.id;
          heard.push(...told(event));
          if (event.event === 'delta') {
            const { turnId, attempt, n } = event.data;
            const name = `${turnId} ${attempt} ${n}`;
            expect(deltas.has(name), name).toBe(false);
            deltas.add(name);
          }
          if (isEndOf(last)(event)) return;
          stop.add(event.event);
          // At another kind of event each time.
          if (stop.size > cut % 4) break;
        }
      }
    })();
    const prompt = '[[rehearse: text="one two three" chunks=3 delay-ms=2]]';
    // Several at a time: they wait for each other.
    for (const some of [turns.slice(0, 3), turns.slice(3, 4), turns.slice(4)])
      await Promise.all(some.map((turnId) => shared().run('s', prompt, { turnId })));
    await reading;
    const { entries } = await shared().sessions.messages('s', { limit: 100 });
    const { turns: records } = await shared().sessions.turns('s', { limit: 100 });
    const prompts = new Set(records.map(({ seq }) => seq));
    const stored = [
      ...entries.map(({ seq }) => `${prompts.has(seq) ? 'turn.accepted' : 'message'} s ${seq}`),
      ...records.map(({ turnId }) => `turn.finished s ${turnId}`),
    ];
    expect(heard.toSorted()).toEqual(stored.toSorted());
    const ends = heard.filter((each) => each.startsWith('turn.finished'));
    expect(ends).toEqual(
      records
        .toSorted((one, other) => ((one.finishedAt ?? '') < (other.finishedAt ?? '') ? -1 : 1))
        .map(({ turnId }) => `turn.finished s ${turnId}`),
    );
  });

  it('hears of the end of a turn that never began, before any other had ended', async () => {
    await shared().sessions.create('s');
    const path = '/v1/sessions/s';
    for (const body of [RUNNING, LATER]) await client.call('POST', `${path}/turns`, body);
    const stream = client.events(`${path}/events?after=0`);
    await stream.next(); // from here on it hears all as it happens
    await client.call('POST', `${path}/turns`, { ...LATER, turnId: 'latest' });
    const heard = await eventsUntil(stream, isAccepted(0));
    await client.call('POST', `${path}/turns/later/cancel`);
    const more = await eventsUntil(since(`${path}/events`, heard.at(-1)?.id), isEndOf('later'));
    expect(more.flatMap(told)).toEqual(['turn.finished s later']);
  });

  it('hears each end once where several came in one moment', async () => {
    await shared().sessions.create('s');
    const path = '/v1/sessions/s';
    for (const body of [RUNNING, { prompt: 'two', turnId: 'two' }, LATER])
      await client.call('POST', `${path}/turns`, body);
    const start = await eventsUntil(client.events(`${path}/events?after=0`), isAccepted(2));
    const stream = since(`${path}/events`, start[0]?.id);
    const accepted = await stream.next();
    expect(accepted.value?.data).toMatchObject({ type: 'turn.accepted', seq: 2 });
    await shared().sessions.terminate('s');
    const events = await eventsUntil(stream, isEndOf('later'));
    expect(events.flatMap(told)).toEqual([
      ...['turn.finished s one', 'turn.finished s two', 'turn.finished s later'],
    ]);
    await shared().sessions.reopen('s');
    await shared().run('s', 'again', { turnId: 'again' });
    const more = await eventsUntil(since(`${path}/events`, events.at(-1)?.id), isEndOf('again'));
    expect(more.flatMap(told)).toEqual([
      ...['turn.accepted s 3', 'message s 4', 'turn.finished s again'],
    ]);
  });

  it('goes on after the daemon was away', async () => {
    await shared().run('s', 'one', { turnId: 'one' });
    const first = await eventsUntil(
      client.events('/v1/sessions/s/events?after=0'),
      ({ event }) => event === 'message',
    );
    await shared().restart({ httpPort: portOf(client.url) });
    await shared().run('s', 'two', { turnId: 'two' });
    const more = await eventsUntil(
      since('/v1/sessions/s/events', first.at(-1)?.id),
      isEndOf('two'),
    );
    expect([...first, ...more].flatMap(told)).toEqual([
      ...['turn.accepted s 1', 'message s 2', 'turn.finished s one'],
      ...['turn.accepted s 3', 'message s 4', 'turn.finished s two'],
    ]);
  });
});

/** The body of one response, and what comes behind it. Throws unless its chunks are framed as RFC 9112, 7.1 has it. */
const unchunked = (body: string): { readonly text: string; readonly rest: string } => {
  let [text, rest] = ['', body];
  for (;;) {
    const { groups } = /^(?<size>[0-9a-f]+)\r\n(?<behind>[\s\S]*)$/.exec(rest) ?? {};
    if (groups === undefined) throw new Error(`no chunk: ${rest.slice(0, 80)}`);
    const behind = Buffer.from(groups['behind'] ?? '');
    const size = Number.parseInt(groups['size'] ?? '', 16);
    if (behind.toString('latin1', size, size + 2) !== '\r\n') throw new Error('no end of chunk');
    rest = behind.toString('utf8', size + 2);
    if (size === 0) return { text, rest };
    text += behind.toString('utf8', 0, size);
  }
};

describe('the bytes of a stream', () => {
  const prompt = 'Grüße';
  const asked = (version: string, connection: string): string =>
    [
      `POST /v1/sessions/s/turns HTTP/${version}`,
      `Host: 127.0.0.1:${portOf(client.url)}`,
      `Authorization: Bearer ${client.token}`,
      ...['Accept: text/event-stream', 'Content-Type: text/plain', `Connection: ${connection}`],
      ...[`Content-Length: ${Buffer.byteLength(prompt)}`, '', prompt],
    ].join('\r\n');
  const split = (text: string): [string, string] => {
    const at = text.indexOf('\r\n\r\n');
    return [text.slice(0, at), text.slice(at + 4)];
  };

  it('are chunks, and the connection serves the next request behind them', async () => {
    const all = await exchange(client.url, asked('1.1', 'keep-alive') + asked('1.1', 'close'));
    const [head, body] = split(all);
    expect(head).toMatch(/^HTTP\/1\.1 200 OK\r\n[\s\S]*Transfer-Encoding: chunked/);
    const first = unchunked(body);
    expect(first.text).toMatch(/^retry: 2000\n\nevent: turn\.accepted\n[\s\S]*Grüße[\s\S]*\n\n$/);
    expect(first.text.trim().split('\n\n').at(-1)).toMatch(/^event: turn\.finished\n/);
    const second = unchunked(split(first.rest)[1]);
    expect(second.text.trim().split('\n\n').at(-1)).toMatch(/^event: turn\.finished\n/);
    expect(second.rest).toBe('');
  });

  it('are no chunks where the client knows none', async () => {
    const [head, body] = split(await exchange(client.url, asked('1.0', 'close')));
    expect(head).not.toMatch(/Transfer-Encoding/i);
    expect(body).toMatch(/^retry: 2000\n\n/);
    expect(body.trim().split('\n\n').at(-1)).toMatch(/^event: turn\.finished\n/);
  });
});

describe('a live query', () => {
  it('tells what is there, then what changes, and goes on where it was', async () => {
    await shared().sessions.create('a', { tags: ['x'] });
    const path = '/v1/search/watch?tags=x';
    const events = client.events(path);
    const next = async () => (await events.next()).value as SentEvent;
    expect((await next()).data).toMatchObject({ type: 'opened', present: 1 });
    const present = await next();
    expect([present.event, present.data.sessionId]).toEqual(['present', 'a']);
    await shared().sessions.create('b', { tags: ['x'] });
    const entered = await next();
    expect([entered.event, entered.data.sessionId]).toEqual(['entered', 'b']);
    await events.return(undefined);
    await shared().sessions.untag('a', 'x');
    const again = since(path, entered.id);
    const { value: left } = await again.next();
    expect([left?.event, left?.data.sessionId]).toEqual(['left', 'a']);
    await again.return(undefined);
    expect((await client.call('GET', '/v1/search/watch?minTurns=x')).status).toBe(422);
  });
});
