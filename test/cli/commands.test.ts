import { describe, expect, it, test } from 'vitest';
import { GreenroomError } from '../../src/model/errors.ts';
import { FakeDaemon } from './fake-daemon.ts';
import { greenroom, jsonLines } from './run-cli.ts';

const SUMMARY = {
  sessionId: 'demo',
  tenant: 'default',
  version: 3,
  title: 'Fix the build',
  tags: ['review', 'ci'],
  createdAt: '2026-11-20T12:00:00Z',
  updatedAt: '2026-11-21T09:00:00Z',
  messageCount: 4,
  numTurns: 2,
  totalCostUsd: 0.25,
  mode: 'interactive',
  status: 'idle',
};

test('search sends every criterion in the words of the protocol', async () => {
  const daemon = new FakeDaemon({ 'sessions.search': { sessions: [] } });
  const { code } = await greenroom(
    'sessions search --tag a --tag b --without-tag c --after 7d --before 2026-11-20 --min-cost 0.1 --status idle,parked --status failed --sort cost --order asc --limit 5',
    { daemon },
  );
  expect(code).toBe(0);
  expect(daemon.asked).toEqual([
    [
      'sessions.search',
      {
        tags: ['a', 'b'],
        noTags: ['c'],
        createdAfter: '2026-11-14T12:00:00.000Z',
        createdBefore: '2026-11-20T00:00:00.000Z',
        minCostUsd: 0.1,
        status: ['idle', 'parked', 'failed'],
        sortBy: 'cost',
        order: 'asc',
        limit: 5,
      },
    ],
  ]);
});

test('a list is a table for people', async () => {
  const daemon = new FakeDaemon({ 'sessions.search': { sessions: [SUMMARY] } });
  const { out } = await greenroom('sessions list', { daemon });
  expect(out).toBe(
    'session  updated  turns     cost  status  tags       title\n' +
      'demo     3 h ago      2  $0.2500  idle    review,ci  Fix the build\n',
  );
});

test('with --json a list is one object per line', async () => {
  const daemon = new FakeDaemon({ 'sessions.search': { sessions: [SUMMARY, SUMMARY] } });
  const { out } = await greenroom('sessions list --json', { daemon });
  expect(jsonLines(out)).toEqual([SUMMARY, SUMMARY]);
});

test('a limit beyond one page asks for several', async () => {
  const pages = [
    { sessions: Array.from({ length: 1_000 }, () => SUMMARY), nextCursor: 'next' },
    { sessions: Array.from({ length: 500 }, () => SUMMARY), nextCursor: 'more' },
  ];
  const daemon = new FakeDaemon({ 'sessions.search': () => pages.shift() });
  const { out, err } = await greenroom('sessions list --limit 1500', { daemon });
  expect(daemon.asked.map(([, request]) => request)).toEqual([
    { limit: 1_000 },
    { limit: 500, cursor: 'next' },
  ]);
  expect(out.split('\n')).toHaveLength(1_502);
  expect(err).toContain('there are more');
});

test('--count counts instead', async () => {
  const daemon = new FakeDaemon({ 'sessions.count': { count: 1_234, costUsd: 5.5 } });
  const { out } = await greenroom('sessions search --tag a --count', { daemon });
  expect(out).toBe('1,234 sessions, $5.50\n');
});

test('messages are printed page by page up to the limit', async () => {
  const pages = [
    { entries: [entry(1, 'user', 'hi')], nextFrom: 2 },
    { entries: [entry(2, 'assistant', 'hello')] },
  ];
  const daemon = new FakeDaemon({ messages: () => pages.shift() });
  const { out } = await greenroom('sessions messages demo', { daemon });
  expect(out).toBe('#1 user\n  hi\n#2 assistant\n  hello\n');
  expect(daemon.asked[1]?.[1]).toMatchObject({ from: 2, order: 'asc', subpath: '' });
});

const entry = (seq: number, role: string, text: string) => ({
  seq,
  type: 'message',
  at: '2026-11-20T12:00:00Z',
  message: { role, content: [{ type: 'text', text }] },
});

test('a session is shown by what there is to say of it', async () => {
  const session = { ...SUMMARY, errorCount: 0, usage: { inputTokens: 5, outputTokens: 0 } };
  const daemon = new FakeDaemon({ get: { session } });
  const { out } = await greenroom('sessions show demo', { daemon });
  expect(out).toContain('usage.inputTokens  5\n');
  expect(out).toContain('cost               $0.2500\n');
  expect(out).not.toMatch(/errorCount|outputTokens/);
});

test('the status is short for people and whole for programs', async () => {
  const status = {
    pid: 7,
    version: '0.1.0',
    startedAt: '2026-11-21T11:58:00Z',
    broker: 'nats://127.0.0.1:4222',
    catalog: { sessions: 1_200 },
    liveSessions: 3,
    journal: { kind: 'memory', commits: 40, syncs: 2 },
    more: true,
  };
  const daemon = new FakeDaemon({ 'daemon.status': status });
  expect((await greenroom('status', { daemon })).out).toBe(
    'daemon    process 7, version 0.1.0, started 2 min ago\n' +
      'broker    nats://127.0.0.1:4222\n' +
      'sessions  1,200 known, 3 live\n' +
      'store     memory, 40 commits in 2 syncs\n',
  );
  expect(jsonLines((await greenroom('status --json', { daemon })).out)).toEqual([status]);
});

test('tags are added and taken away', async () => {
  const daemon = new FakeDaemon({
    tag: { session: { ...SUMMARY, tags: ['x', 'y'] } },
    untag: { session: { ...SUMMARY, tags: [] } },
  });
  expect((await greenroom('sessions tag demo x y', { daemon })).out).toBe('demo: x, y\n');
  expect((await greenroom('sessions untag demo x y', { daemon })).out).toBe('demo: no tags\n');
  expect(daemon.asked[0]).toEqual(['demo.tag', { tags: ['x', 'y'] }]);
});

test('cleanup takes a span and reports what would go', async () => {
  const report = { count: 1, bytes: 2_048, sessions: [SUMMARY], dryRun: true };
  const daemon = new FakeDaemon({ 'sessions.cleanup': report });
  const { out } = await greenroom('cleanup --older-than 2w --dry-run', { daemon });
  expect(daemon.asked).toEqual([['sessions.cleanup', { dryRun: true, maxAgeDays: 14 }]]);
  expect(out).toContain('1 session would be deleted, 2.0 kB would be freed');
});

test('cancel without a turn means the running one', async () => {
  const daemon = new FakeDaemon({ cancel: { turn: { turnId: 't1', status: 'cancelled' } } });
  const { out } = await greenroom('turns cancel demo', { daemon });
  expect(out).toBe('t1 cancelled\n');
  expect(daemon.asked).toEqual([['demo.cancel', {}]]);
});

test('the tree is drawn with its branches', async () => {
  const tree = {
    id: 'greenroom',
    strategy: 'rest_for_one',
    children: [
      { id: 'storage', children: [{ id: 'journal', restarts: 2 }] },
      { id: 'gateways', status: 'restarting', children: [] },
    ],
  };
  const daemon = new FakeDaemon({ 'daemon.tree': tree });
  const { out } = await greenroom('tree', { daemon });
  expect(out).toBe(
    'greenroom  rest_for_one\n├─ storage\n│  └─ journal  2 restarts\n└─ gateways  restarting\n',
  );
});

test('an actor is described by its work and its crashes', async () => {
  const actor = {
    path: 'greenroom/storage/journal',
    kind: 'worker',
    status: 'running',
    mailbox: 2,
    current: { message: 'call commit', since: '2026-01-01T00:00:00.000Z' },
    reductions: 7,
    restarts: 1,
    lastCrash: 'crashed: boom',
  };
  const daemon = new FakeDaemon({ 'daemon.inspect': actor });
  const { out } = await greenroom('inspect storage/journal', { daemon });
  expect(out).toBe(
    [
      'path        greenroom/storage/journal',
      'kind        worker',
      'status      running',
      'mailbox     2',
      'current     call commit since 2026-01-01T00:00:00.000Z',
      'reductions  7',
      'restarts    1',
      'lastCrash   crashed: boom',
      '',
    ].join('\n'),
  );
  expect(daemon.asked).toEqual([['daemon.inspect', { path: 'storage/journal' }]]);
});

test('its messages are shown as they come, until the trace has ended', async () => {
  const message = {
    ...{ number: 8, at: '2026-01-01T00:00:01.250Z', message: 'call commit' },
    ...{ carries: '{ key: "a" }', waiting: 2, tookMs: 0.25 },
  };
  const trace = { path: 'greenroom/storage/journal', seen: 7, messages: [] };
  let looks = 0;
  const daemon = new FakeDaemon({
    'daemon.trace': ({ on }: { readonly on?: boolean }) => {
      looks += 1;
      if (looks < 3) return { ...trace, isOn: on === true };
      return { ...trace, isOn: false, ended: 'time', seen: 8, messages: [message] };
    },
  });
  const { out, err } = await greenroom('inspect storage/journal --trace 5', { daemon });
  expect(out).toBe('00:00:01.250  call commit  0.250 ms  2 behind it  { key: "a" }\n');
  expect(err).toContain('the time is over; 1 of its messages was seen');
  const path = 'storage/journal';
  expect(daemon.asked).toEqual([
    ['daemon.trace', { path }],
    ['daemon.trace', { path, on: true, forMs: 5_000, after: 7 }],
    ['daemon.trace', { path, after: 7 }],
  ]);
});

test('mcp lists servers, shows what a tool says now, and accepts that and nothing else', async () => {
  const servers = [
    { name: 'tickets', state: 'connected', tools: 3, changed: ['close'] },
    { ...{ name: '@t.s.own.1', session: { tenant: 't', sessionId: 's' } }, state: 'down' },
    { name: 'docs', state: 'ofApi' },
  ].map((server) => ({ tools: 0, changed: [], ...server }));
  const changed = { server: 'tickets', tool: 'close', hash: 'abc' };
  const daemon = new FakeDaemon({
    'daemon.tool-servers': { servers },
    'daemon.changed-tool': {
      ...{ ...changed, before: { description: 'One.', inputSchema: {} } },
      now: { description: 'All.', inputSchema: { type: 'object' } },
    },
    'daemon.accept-tool': changed,
  });
  const list = await greenroom('mcp list', { daemon });
  expect(list.out).toMatch(
    /tickets .*connected .*3 .*close\n.*t\/s .*down.*docs .*called by the API/s,
  );
  const { out } = await greenroom('mcp show tickets close', { daemon });
  expect(out).toMatch(/before +One\.\nnow +All\.\n.*inputNow +\{"type":"object"\}/s);
  await greenroom('mcp accept tickets close', { daemon });
  expect(daemon.asked.at(-1)).toEqual(['daemon.accept-tool', changed]);
  await greenroom('mcp accept tickets close --hash old', { daemon });
  expect(daemon.asked.at(-1)).toEqual(['daemon.accept-tool', { ...changed, hash: 'old' }]);
});

test('the connection is closed whatever happens', async () => {
  const daemon = new FakeDaemon({ get: new GreenroomError('session_not_found', 'no session "x"') });
  await greenroom('sessions show x', { daemon });
  expect(daemon.isClosed).toBe(true);
});

test('of several sessions each is deleted that can be, and the call says which was not', async () => {
  const daemon = new FakeDaemon({ delete: { deleted: true } });
  const { session } = daemon;
  daemon.session = async (sessionId, verb, request) => {
    if (sessionId === 'b') throw new GreenroomError('session_not_found', 'no session b');
    return session(sessionId, verb, request);
  };
  const text = await greenroom('sessions delete a b c', { daemon });
  expect([text.code, text.out]).toEqual([
    3,
    'a deleted\nb not deleted: no session b (session_not_found)\nc deleted\n',
  ]);
  const json = await greenroom('sessions delete a b c --json', { daemon });
  const lines = json.out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(lines.map(({ sessionId, deleted }) => [sessionId, deleted])).toEqual([
    ['a', true],
    ['b', false],
    ['c', true],
  ]);
  expect(lines[1].error).toMatchObject({ code: 'session_not_found', retryable: false });
});

describe('turns trace', () => {
  const trace = {
    turn: {
      turnId: 't1',
      traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
      status: 'completed',
      attempt: 1,
    },
    stations: [
      { station: 'received', at: '2026-11-21T11:59:00.000Z', via: 'queue' },
      { station: 'step_started', at: '2026-11-21T11:59:00.012Z', step: 1, thread: 2 },
      {
        station: 'retried',
        at: '2026-11-21T11:59:01.250Z',
        step: 1,
        delayMs: 2000,
        outcome: 'overloaded_error',
      },
      { station: 'finished', at: '2026-11-21T12:00:00.000Z', outcome: 'completed' },
    ],
    ...{ isWhole: true, omitted: 0 },
  };

  test('tells the stations of a turn with their times', async () => {
    const daemon = new FakeDaemon({ 'turn-trace': trace });
    const { out, err } = await greenroom('turns trace demo t1', { daemon });
    expect(daemon.asked).toEqual([['demo.turn-trace', { turnId: 't1' }]]);
    expect(out).toBe(
      'turn     t1\n' +
        'trace    4bf92f3577b34da6a3ce929d0e0e4736\n' +
        'status   completed\n' +
        'attempt  1\n' +
        'date     2026-11-21\n' +
        '\n' +
        'at             after      station       what\n' +
        '11:59:00.000Z  0 ms       received      queue\n' +
        '11:59:00.012Z  12 ms      step started  step 1, on thread 2\n' +
        '11:59:01.250Z  1,250 ms   retried       step 1, overloaded_error, again in 2,000 ms\n' +
        '12:00:00.000Z  60,000 ms  finished      completed\n',
    );
    expect(err).toBe('');
  });

  test('says what is not known any more, and gives programs all of it', async () => {
    const partly = { ...trace, isWhole: false, omitted: 3 };
    const daemon = new FakeDaemon({ 'turn-trace': partly, turns: { turns: [{ turnId: 't1' }] } });
    const { out, err } = await greenroom('turns trace demo last', { daemon });
    expect(out).toContain('leftOut  3 stations in the middle\n');
    expect(err).toContain('only what is stored is known of an earlier part');
    const json = await greenroom('turns trace demo t1 --json', { daemon });
    expect([JSON.parse(json.out), json.err]).toEqual([partly, '']);
  });
});

test('watch says of a session that is not there yet that it is waited for', async () => {
  const absent = new GreenroomError('session_not_found', 'there is no session new');
  const event = { type: 'turn.accepted', at: '2026-11-21T12:00:00.000Z', sessionId: 'new' };
  const none = { sessions: [] };
  const there = new FakeDaemon({
    get: { session: { ...SUMMARY, sessionId: 'new' } },
    watch: [event],
  });
  const coming = new FakeDaemon({ get: absent, 'sessions.search': none, watch: [event] });
  const [known, unknown] = [
    await greenroom('watch new', { daemon: there }),
    await greenroom('watch new', { daemon: coming }),
  ];
  expect(known.err).toBe('');
  expect(unknown.err).toContain('there is no session new yet');
  expect(unknown.out).toBe(known.out);
});

test('search --follow shows what is present, what changes, and what follows where changes were missed', async () => {
  const other = { ...SUMMARY, sessionId: 'other', title: undefined, summary: 'of what' };
  const over = new GreenroomError('forbidden', 'that is enough');
  const batch = (n: number, changes: readonly object[]) => ({ n, changes, presentLeft: 0 });
  const replies: unknown[] = [
    batch(1, [{ type: 'present', sessionId: 'demo', session: SUMMARY }]),
    batch(2, [{ type: 'entered', sessionId: 'other', session: other }]),
    { ...batch(3, [{ type: 'left', sessionId: 'demo' }]) },
    { resync: 'unknown' },
    batch(1, [{ type: 'present', sessionId: 'other', session: other }]),
  ];
  const daemonTelling = () => {
    const left = [...replies];
    return new FakeDaemon({
      'sessions.watch-open': { watchId: 'w', present: 1 },
      'sessions.watch-close': { watchId: 'w' },
      'sessions.watch-next': () => {
        const next = left.shift();
        if (next === undefined) throw over;
        return next;
      },
    });
  };
  const daemon = daemonTelling();
  const { out, err, code } = await greenroom('sessions search tag:review --under /srv --follow', {
    daemon,
  });
  expect(out.split('\n')).toEqual([
    'present demo idle $0.2500 review,ci Fix the build',
    'entered other idle $0.2500 review,ci of what',
    'left demo deleted',
    'present other idle $0.2500 review,ci of what',
    '',
  ]);
  expect(err).toContain('changes were missed (the daemon began anew)');
  expect(code).toBe(4);
  const named = { q: 'tag:review', underDirectory: '/srv' };
  expect(daemon.asked.slice(0, 3)).toEqual([
    ['sessions.watch-open', expect.objectContaining(named)],
    ['sessions.watch-next', expect.objectContaining({ watchId: 'w', after: 0 })],
    ['sessions.watch-next', expect.objectContaining({ watchId: 'w', after: 1 })],
  ]);
  const json = await greenroom('sessions search tag:review --follow --json', {
    daemon: daemonTelling(),
  });
  expect(jsonLines(json.out)).toMatchObject(
    ['present', 'entered', 'left', 'present'].map((type) => ({ type })),
  );
});

test('tokens makes one and shows it once, lists them, and revokes; open gives an address', async () => {
  const token = {
    ...{ tokenId: 'k3v9', kind: 'token', name: 'ci', tenant: 'default', scopes: ['read'] },
    ...{ createdAt: '2026-11-20T09:00:00.000Z', owner: 'ann', tags: ['x'] },
  };
  const daemon = new FakeDaemon({
    'daemon.create-token': { token: 'grm_k3v9_secret', ...token },
    'daemon.tokens': { tokens: [token] },
    'daemon.revoke-token': { revoked: true },
    'daemon.open-page': { url: 'http://127.0.0.1:1/open?ticket=t', expiresAt: token.createdAt },
  });
  const made = await greenroom('tokens create ci --scopes read,send --owner ann --tag x', {
    daemon,
  });
  expect(made.out).toBe('grm_k3v9_secret\n');
  expect(made.err).toContain('tokens revoke k3v9');
  const wanted = { name: 'ci', scopes: ['read', 'send'], owner: 'ann', tags: ['x'] };
  expect(daemon.asked.at(-1)).toEqual(['daemon.create-token', wanted]);
  expect((await greenroom('tokens list', { daemon })).out).toMatch(/k3v9 .*ci .*read .*ann #x/);
  expect((await greenroom('tokens revoke k3v9', { daemon })).out).toBe('it is void\n');
  expect((await greenroom('open', { daemon })).out).toBe('http://127.0.0.1:1/open?ticket=t\n');
  expect((await greenroom('tokens create x --scopes all', { daemon })).code).toBe(2);
});

describe('tokens revoke', () => {
  const tokens = [
    { tokenId: 'a1', name: 'ci' },
    { tokenId: 'b2', name: 'ann' },
    { tokenId: 'c3', name: 'ann' },
    { tokenId: 'ann2', name: 'a1' },
  ];
  const revoke = async (words: string, revoked = true) => {
    const daemon = new FakeDaemon({
      'daemon.tokens': { tokens },
      'daemon.revoke-token': { revoked },
    });
    const { code, err } = await greenroom(['tokens', 'revoke', words], { daemon });
    const asked = daemon.asked.filter(([verb]) => verb === 'daemon.revoke-token');
    return { code, err, asked: asked.map(([, request]) => request) };
  };

  it('takes an id, or a name that only one has; an id is meant before a name', async () => {
    expect(await revoke('c3')).toMatchObject({ code: 0, asked: [{ tokenId: 'c3' }] });
    expect(await revoke('ci')).toMatchObject({ code: 0, asked: [{ tokenId: 'a1' }] });
    expect(await revoke('a1')).toMatchObject({ code: 0, asked: [{ tokenId: 'a1' }] });
  });

  it('refuses a name that several have, with their ids', async () => {
    const { code, err, asked } = await revoke('ann');
    expect([code, asked]).toEqual([2, []]);
    expect(err).toContain('several tokens have the name ann: b2, c3\n');
  });

  it('fails where there is no such token, or no longer', async () => {
    const failure = {
      code: 3,
      err: 'error: there is no token bob\n  next: greenroom tokens list\n',
    };
    expect(await revoke('bob')).toEqual({ ...failure, asked: [] });
    expect(await revoke('ci', false)).toMatchObject({ code: 3 });
  });
});
