/** Figures that do not seem to fit together say why, where they are shown; and commands are named as they are typed. */
import { homedir } from 'node:os';
import { connect } from 'nats';
import { describe, expect, test } from 'vitest';
import { connectClient } from '../../src/client/client.ts';
import { GreenroomError } from '../../src/model/errors.ts';
import { startWithBroker } from '../docs/running.ts';
import { withoutNatsServer } from '../support/nats.ts';
import { until } from '../support/until.ts';
import { FakeDaemon } from './fake-daemon.ts';
import { greenroom, jsonLines } from './run-cli.ts';

test.each([
  [22, 'its 22 turns were run by another program: they are in the transcript'],
  [1, 'its 1 turn was run by another program'],
  [0, 'it has no turn yet'],
])('a session with %i turns and no record of one says why', async (numTurns, why) => {
  const session = { sessionId: 'imported', numTurns };
  const daemon = new FakeDaemon({ turns: { turns: [] }, get: { session } });
  const { err } = await greenroom('turns list imported', { daemon });
  expect(err).toContain(why);
});

test('a fork of a part says that it tells the cost of the whole', async () => {
  const session = {
    sessionId: 'plan-b',
    inheritedCostUsd: 12.5,
    parent: { sessionId: 'demo', seq: 50 },
  };
  const daemon = new FakeDaemon({ fork: { session } });
  const part = await greenroom('sessions fork demo --at 50', { daemon });
  expect(part.out).toBe('plan-b\n');
  expect(part.err).toContain('($12.50) is what all of demo had cost, also after entry 50');
  expect((await greenroom('sessions fork demo', { daemon })).err).toBe('');
});

test('limits that are not named stay, unless somebody changed the session meanwhile', async () => {
  const session = {
    sessionId: 'demo',
    version: 7,
    limits: { maxTurns: 5, maxCostUsd: 1 },
    usage: {},
  };
  const daemon = new FakeDaemon({ get: { session }, update: { session } });
  await greenroom('sessions update demo --max-cost 2', { daemon });
  expect(daemon.asked.at(-1)).toEqual([
    'demo.update',
    { limits: { maxTurns: 5, maxCostUsd: 2 }, expectedVersion: 7 },
  ]);
});

test.each([
  ['npx greenroom', '  next: npx greenroom sessions list shows'],
  ['greenroom', '  next: greenroom sessions list shows'],
])('a next step names %s where that is what is typed', async (program, next) => {
  const daemon = new FakeDaemon({
    get: new GreenroomError('session_not_found', 'no'),
    'sessions.search': { sessions: [] },
  });
  expect((await greenroom('sessions show x', { daemon, program })).err).toContain(next);
});

test('criteria are asked in the words of the protocol; a directory with a star is --under', async () => {
  const asked = async (...words: string[]) => {
    const daemon = new FakeDaemon({ 'sessions.count': { count: 0, costUsd: 0 } });
    const ran = await greenroom(['sessions', 'search', '--count', ...words], { daemon });
    return ran.code === 0 ? daemon.asked[0]?.[1] : ran.code;
  };
  expect(await asked('--cwd', '/srv/app/*')).toEqual({ underDirectory: '/srv/app' });
  expect(await asked('--under', '/srv/app')).toEqual({ underDirectory: '/srv/app' });
  expect(await asked('--cwd', '/*')).toEqual({ underDirectory: '/' });
  expect(await asked('--under', '.')).toEqual({ underDirectory: process.cwd() });
  expect(await asked('--under', 'C:\\work')).toEqual({ underDirectory: 'C:\\work' });
  expect(await asked('--cwd', '/srv/app')).toEqual({ workingDirectory: '/srv/app' });
  expect(await asked('--cwd', '/srv/*', '--under', '/srv')).toBe(2);
  expect(await asked('--external-key', 'k', '--project-key', 'p', '--owner', 'o')).toEqual({
    ...{ externalKey: 'k', projectKey: 'p', owner: 'o' },
  });
});

test('a query is asked as it is typed, with the home of whoever types it, and the time zone where it has days', async () => {
  const asked = async (...words: string[]) => {
    const daemon = new FakeDaemon({ 'sessions.count': { count: 0, costUsd: 0 } });
    const ran = await greenroom(['sessions', 'search', '--count', ...words], { daemon });
    return ran.code === 0 ? daemon.asked[0]?.[1] : ran.err;
  };
  const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
  expect(await asked('tag:a', 'cost:>0.50')).toEqual({ q: 'tag:a cost:>0.5' });
  expect(await asked('--', '-dir:~/*')).toEqual({ q: `-dir:${homedir()}/*` });
  for (const days of ['created:today', 'updated:2026-11..', 'created:>2026-11-20'])
    expect(await asked(days)).toEqual({ q: days, timeZone });
  expect(await asked('--query', 'tag:a OR tag:b', 'turns:1')).toEqual({
    q: '(tag:a OR tag:b) turns:1',
  });
  expect(await asked('tag:a', '--owner', 'o')).toEqual({ q: 'tag:a', owner: 'o' });
  expect(await asked('tag:a tga:b')).toContain('column 7: tga is no key (did you mean tag?)');
  expect(await asked('-tag:a')).toContain('  next: add --help to see the options; a query that');
});

test('only what was said is shown with --text, and --last counts from the end', async () => {
  const line = (seq: number, value: object) => ({ seq, type: 'imported', at: '', line: value });
  const said = (seq: number, text: string, more = {}) =>
    line(seq, { type: 'user', message: { role: 'user', content: text }, ...more });
  const result = [{ type: 'tool_result', tool_use_id: 't', content: 'x' }];
  const entries = [
    line(1, { type: 'file-history-snapshot' }),
    said(2, 'for the model', { isMeta: true }),
    said(3, 'first'),
    line(4, { type: 'user', message: { role: 'user', content: result } }),
    said(5, 'second'),
    said(6, 'third'),
  ];
  const messages = ({ order, from, limit }: { order: string; from?: number; limit: number }) => {
    const all = order === 'desc' ? entries.toReversed() : entries;
    const rest = all.slice(from === undefined ? 0 : all.findIndex(({ seq }) => seq === from));
    const nextFrom = rest[limit]?.seq;
    return { entries: rest.slice(0, limit), ...(nextFrom === undefined ? {} : { nextFrom }) };
  };
  const daemon = new FakeDaemon({ messages });
  const shown = async (line: string) => (await greenroom(line, { daemon })).out;
  expect(await shown('sessions messages x --text')).toBe(
    '#3 user\n  first\n#5 user\n  second\n#6 user\n  third\n',
  );
  expect(await shown('sessions messages x --text --last 2')).toBe(
    '#5 user\n  second\n#6 user\n  third\n',
  );
  expect(await shown('sessions messages x --last 2 --json')).toContain('"seq":5');
  expect((await greenroom('sessions messages x --last 2 --from 1', { daemon })).code).toBe(2);
});

describe.skipIf(withoutNatsServer())('refused turns', () => {
  test('are shown newest first, of one session or of all', async () => {
    await using running = await startWithBroker();
    const nc = await connect({ servers: running.natsUrl });
    for (const sessionId of ['one', 'two'])
      await nc
        .jetstream()
        .publish(`greenroom.v1.default.session.${sessionId}.turn`, '{"prompt":"x","create":false}');
    const env = { NATS_URL: running.natsUrl };
    const refused = async (...more: string[]) => {
      const line = ['turns', 'refused', '--json', ...more];
      const { out } = await greenroom(line, { env, connect: connectClient });
      return jsonLines(out) as { sessionId: string; code: string }[];
    };
    await until(async () => (await refused()).length === 2);
    expect((await refused()).map(({ sessionId, code }) => [sessionId, code])).toEqual([
      ['two', 'session_not_found'],
      ['one', 'session_not_found'],
    ]);
    expect((await refused('one')).map(({ sessionId }) => sessionId)).toEqual(['one']);
    expect(await refused('--limit', '1')).toHaveLength(1);
    await nc.close();
  });
});
