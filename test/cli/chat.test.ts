/** A chat: what is typed, what is sent and shown, and what begins with a slash. */
import { describe, expect, test } from 'vitest';
import type { Typed } from '../../src/cli/shell.ts';
import { SessionNotFoundError } from '../../src/model/errors.ts';
import { FakeDaemon } from './fake-daemon.ts';
import { greenroom } from './run-cli.ts';

const SESSION = {
  ...{ sessionId: 'demo', title: 'Tea', numTurns: 2, totalCostUsd: 0.5, tags: ['x'], model: 'm' },
  usage: { inputTokens: 1_200, outputTokens: 34 },
};
const ANSWER = [
  { type: 'turn.accepted', seq: 1, n: 1 },
  { type: 'delta', block: 0, text: 'a **bold** answer', n: 2 },
  { type: 'message', seq: 2, n: 3, message: { role: 'assistant', content: 'a **bold** answer' } },
  { type: 'turn.finished', n: 4, status: 'completed', costUsd: 0.01, durationMs: 1_500, text: '' },
] as const;
const said = (seq: number, role: string, content: string) => ({
  ...{ type: 'message', seq, at: '2026-11-21T11:00:00Z', message: { role, content } },
});

const daemonWith = (more: object = {}) =>
  new FakeDaemon(
    {
      get: { session: SESSION },
      messages: { entries: [said(2, 'assistant', 'earlier answer'), said(1, 'user', 'earlier')] },
      'sessions.search': { sessions: [SESSION] },
      ...more,
    },
    ANSWER as never,
  );

/** Types these lines, then ends the input. */
const typing = (...lines: readonly (string | 'interrupted')[]) => {
  const left = [...lines];
  const histories: (readonly string[])[] = [];
  return {
    histories,
    readMessage: async (_: string, history: readonly string[]): Promise<Typed> => {
      histories.push([...history]);
      const line = left.shift();
      if (line === undefined) return { type: 'ended' };
      return line === '^C' ? { type: 'interrupted' } : { type: 'message', text: line };
    },
  };
};

const chat = async (line: string, lines: readonly string[], daemon = daemonWith(), env = {}) => {
  const typed = typing(...lines);
  const ran = await greenroom(`chat ${line}`, {
    ...{ daemon, isTerminal: true, columns: 60, readMessage: typed.readMessage, env },
  });
  return { ...ran, ...typed, daemon };
};
const turns = ({ asked }: FakeDaemon) =>
  asked.filter(([subject]) => subject.endsWith('.turn')) as [string, { prompt: string }][];

describe('a chat', () => {
  test('sends what is typed and shows the answer as Markdown, and its cost', async () => {
    const { code, out, err, daemon } = await chat('demo', ['Hello', 'and']);
    expect(code).toBe(0);
    expect(turns(daemon).map(([subject, { prompt }]) => [subject, prompt])).toEqual([
      ['demo.turn', 'Hello'],
      ['demo.turn', 'and'],
    ]);
    expect(out).toContain('a \u001b[1mbold\u001b[0m answer\n');
    expect(err).toContain('$0.0100, 1.5 s');
  });

  test('without colours shows the text as it is', async () => {
    const { out, err } = await chat('demo', ['Hello'], daemonWith(), { NO_COLOR: '1' });
    expect(out).toContain('a **bold** answer\n');
    expect(out + err).not.toContain('\u001b');
  });

  test('begins with what the session is, the end of it, and its prompts behind the arrow keys', async () => {
    const { out, err, histories } = await chat('--continue', []);
    expect(err).toContain('demo  Tea  2 turns, $0.5000');
    expect(out).toMatch(/earlier\n[\s\S]*earlier answer/);
    expect(histories).toEqual([['earlier']]);
    expect(err).toContain('greenroom chat --resume demo');
  });

  test('makes a new session where none is named', async () => {
    const get = new SessionNotFoundError('there is none');
    const { daemon, err } = await chat(
      '--tag tea --model m2',
      ['Hi'],
      daemonWith({ get, tag: get, create: {} }),
    );
    const [[subject, request]] = turns(daemon) as [[string, object]];
    const [id] = subject.split('.');
    expect(id).toMatch(/^[0-9a-f-]{36}$/);
    expect(request).toMatchObject({ prompt: 'Hi', model: 'm2' });
    expect(daemon.asked).toContainEqual([`${id}.create`, { tags: ['tea'] }]);
    expect(err).toContain('begins with your first message');
  });

  test.each([
    ['/model', 'm\n', undefined],
    ['/model m3', 'm3\n', undefined],
    ['/tags', 'x\n', undefined],
    ['/tags a -b', 'x\n', ['demo.untag', { tags: ['b'] }]],
    ['/title More tea', 'More tea\n', ['demo.update', { title: 'More tea' }]],
    ['/cost', '$0.5000, 2 turns, tokens 1,200 in, 34 out\n', undefined],
    ['/compact', 'compacted', ['demo.compact', {}]],
    ['/search tag:tea', 'demo Tea\n', ['sessions.search', { q: 'tag:tea', limit: 20 }]],
    ['/help', '/fork [TITLE]', undefined],
  ])('%s', async (line, shown, asked) => {
    const { out, daemon } = await chat(
      'demo',
      [line],
      daemonWith({ tag: {}, untag: {}, update: {}, compact: {} }),
    );
    expect(out).toContain(shown);
    if (asked !== undefined) expect(daemon.asked).toContainEqual(asked);
    expect(turns(daemon)).toEqual([]);
  });

  test('goes on in a fork, with another model, or elsewhere', async () => {
    const daemon = daemonWith({ fork: { session: { sessionId: 'copy' } } });
    await chat(
      'demo',
      ['/model m3', '/fork', 'there', '/resume demo', 'here', '/new', 'new'],
      daemon,
    );
    const sent = turns(daemon).map(([subject, { prompt }]) => [subject, prompt]);
    expect(sent.slice(0, 2)).toEqual([
      ['copy.turn', 'there'],
      ['demo.turn', 'here'],
    ]);
    expect(sent[2]?.[0]).toMatch(/^[0-9a-f-]{36}\.turn$/);
    expect(turns(daemon)[0]?.[1]).toMatchObject({ model: 'm3' });
  });

  test('says what is wrong and goes on', async () => {
    const { err, daemon } = await chat('demo', ['/modle', '/title', 'Hello']);
    expect(err).toContain('there is no /modle');
    expect(err).toContain('a title has words');
    expect(turns(daemon)).toHaveLength(1);
  });

  test('sends what begins with two slashes with one', async () => {
    const { daemon } = await chat('demo', ['//etc is a folder', '  ']);
    expect(turns(daemon).map(([, { prompt }]) => prompt)).toEqual(['/etc is a folder']);
  });

  test.each([
    [['^C', '^C', 'never'], 0],
    [['^C', 'Hello', '^C', 'again'], 2],
    [['/quit', 'never'], 0],
  ])('is left by %j', async (lines, sent) => {
    const { daemon, code } = await chat('demo', lines);
    expect([code, turns(daemon).length]).toEqual([0, sent]);
  });

  test.each([
    ['chat a --continue', 'name one session'],
    ['chat --resume a --continue', 'name one session'],
    ['chat a --json', 'needs a terminal'],
  ])('%s is refused', async (line, words) => {
    const { readMessage } = typing();
    const { code, err } = await greenroom(line, { daemon: daemonWith(), readMessage });
    expect(code).toBe(2);
    expect(err).toContain(words);
  });

  test('needs a terminal', async () => {
    const { code, err } = await greenroom('chat demo', { daemon: daemonWith() });
    expect([code, err.includes('needs a terminal')]).toEqual([2, true]);
  });
});
