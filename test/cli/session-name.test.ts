/** Sessions named by the beginning of their ids, or as the last one. */
import { expect, test } from 'vitest';
import { GreenroomError } from '../../src/model/errors.ts';
import { FakeDaemon } from './fake-daemon.ts';
import { greenroom, type World } from './run-cli.ts';

const session = (sessionId: string, title?: string) => ({
  sessionId,
  title,
  numTurns: 1,
  tags: [],
  usage: {},
  totalCostUsd: 0,
});

const CLAUDES = '5a3bb1c8-c3ce-466e-b487-24212cbf1da1';
/** The newest is the first. */
const ALL = [
  session('demo-b'),
  session('demo'),
  session('other', 'The other one'),
  session(CLAUDES),
];

/** A daemon with some sessions: each verb answers with the session that it was asked of. */
const daemonWith = (sessions = ALL): FakeDaemon => {
  const daemon = new FakeDaemon({
    'sessions.search': ({ idPrefix = '', limit }: { idPrefix?: string; limit: number }) => ({
      sessions: sessions.filter(({ sessionId }) => sessionId.startsWith(idPrefix)).slice(0, limit),
    }),
    'sessions.count': { count: 0, costUsd: 0 },
  });
  daemon.session = async (sessionId, verb, request) => {
    daemon.asked.push([`${sessionId}.${verb}`, request]);
    const found = sessions.find((one) => one.sessionId === sessionId);
    if (found === undefined) throw new GreenroomError('session_not_found', `no ${sessionId}`);
    const reply = { session: found, entries: [], turns: [], turn: {}, deleted: true, text: 'x\n' };
    return reply as never;
  };
  return daemon;
};

const lastAsked = (daemon: FakeDaemon): string => daemon.asked.at(-1)?.[0] ?? '';

test.each([
  ['the whole id', 'demo', 'demo'],
  ['a beginning that only one has', 'demo-', 'demo-b'],
  ['a cut id, as tables show it', 'oth…', 'other'],
  ['last', 'last', 'demo-b'],
])('%s names a session', async (_, words, sessionId) => {
  const daemon = daemonWith();
  expect((await greenroom(['sessions', 'show', words], { daemon })).code).toBe(0);
  expect(lastAsked(daemon)).toBe(`${sessionId}.get`);
});

test.each([
  ['sessions show oth', 'other.get'],
  ['sessions messages oth', 'other.messages'],
  ['sessions tag oth x', 'other.tag'],
  ['sessions untag oth x', 'other.untag'],
  ['sessions update oth --title x', 'other.update'],
  ['sessions rename oth x', 'other.update'],
  ['sessions fork oth', 'other.fork'],
  ['sessions compact oth --summary x', 'other.compact'],
  ['sessions export oth', 'other.export'],
  ['turns list oth', 'other.get'],
  ['turns show oth t', 'other.turn-status'],
  ['turns cancel oth', 'other.cancel'],
  ['turns refused oth', 'refused'],
  ['sessions search --count --parent oth', 'sessions.count'],
])('%s takes the beginning of an id', async (line, asked) => {
  const daemon = daemonWith();
  daemon.refusedTurns = async (wanted) => {
    daemon.asked.push(['refused', wanted]);
    return [] as never;
  };
  await greenroom(line, { daemon });
  expect(lastAsked(daemon)).toBe(asked);
  if (asked === 'refused') expect(daemon.asked.at(-1)?.[1]).toMatchObject({ sessionId: 'other' });
  if (asked === 'sessions.count') expect(daemon.asked.at(-1)?.[1]).toEqual({ parentId: 'other' });
});

test('a beginning that several have is an error that names them', async () => {
  const { code, err } = await greenroom('sessions show d', { daemon: daemonWith() });
  expect(code).toBe(2);
  expect(err).toBe(
    'error: d is the beginning of several sessions: demo-b, demo\n  next: write more of the id\n',
  );
});

test('a whole id means itself, also where others begin so, and also when it is called last', async () => {
  const daemon = daemonWith([session('newest'), session('last')]);
  await greenroom('sessions show last', { daemon });
  expect(lastAsked(daemon)).toBe('last.get');
});

test('last without any session is not found', async () => {
  const { code, err } = await greenroom('sessions show last', { daemon: daemonWith([]) });
  expect(code).toBe(3);
  expect(err).toContain('there is no session yet');
});

const sentTo = async (line: string): Promise<string> => {
  const daemon = daemonWith();
  await greenroom(line, { daemon });
  return daemon.asked.map(([asked]) => asked).find((asked) => asked.endsWith('.turn')) ?? '';
};

test.each([
  ['send last hi', 'demo-b.turn'],
  ['send 5a3bb1c8 hi', `${CLAUDES}.turn`],
  ['send 5a3bb1c8-c3ce… hi', `${CLAUDES}.turn`],
  ['send oth hi', 'oth.turn'],
  ['send deadbeef hi', 'deadbeef.turn'],
])('%s goes to %s: a new name makes a session', async (line, asked) => {
  expect(await sentTo(line)).toBe(asked);
});

const deletedBy = async (line: string, world: World): Promise<readonly string[]> => {
  const daemon = daemonWith();
  await greenroom(line, { daemon, ...world });
  return daemon.asked.flatMap(([asked]) => (asked.endsWith('.delete') ? [asked] : []));
};

test('what nobody confirms is deleted by its whole id only', async () => {
  expect(await deletedBy('sessions delete oth', {})).toEqual(['oth.delete']);
  const ask = async () => 'y';
  expect(await deletedBy('sessions delete oth --yes', { ask })).toEqual(['oth.delete']);
  expect(await deletedBy('sessions delete oth', { ask })).toEqual(['other.delete']);
});

test('the beginning of a turn id names it, and last is the newest', async () => {
  const ids = ['01a2-newest', '01a2-older', '01b9'];
  const daemon = new FakeDaemon({
    'turn-status': ({ turnId }: { turnId: string }) => {
      if (!ids.includes(turnId)) throw new GreenroomError('turn_not_found', 'no');
      return { turn: { turnId } };
    },
    turns: { turns: ids.map((turnId) => ({ turnId })) },
  });
  const shown = async (words: string) =>
    (await greenroom(`turns show demo ${words}`, { daemon })).out;
  expect(await shown('01b')).toBe('turnId  01b9\n');
  expect(await shown('last')).toBe('turnId  01a2-newest\n');
  const { code, err } = await greenroom('turns show demo 01a', { daemon });
  expect(code).toBe(2);
  expect(err).toContain('several turns: 01a2-newest, 01a2-older');
});
