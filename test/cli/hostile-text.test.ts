/**
 * Every command over data that would write on the terminal by itself: titles, prompts, answers, tags,
 * directories, file names and settings with control, bidirectional and invisible characters.
 */
import { appendFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connectClient } from '../../src/client/client.ts';
import { GreenroomError } from '../../src/model/errors.ts';
import { type Running, startWithBroker } from '../docs/running.ts';
import { withoutNatsServer } from '../support/nats.ts';
import { until } from '../support/until.ts';
import { FakeDaemon } from './fake-daemon.ts';
import { assistantLine, folderOf, userLine, writeInto } from './import/transcripts.ts';
import { greenroom, jsonLines, newFolder, type World } from './run-cli.ts';

/** Window title, clipboard, erased screen, colour, 8-bit CSI, reversed and hidden text, a tag character. */
const HOSTILE =
  '\u001b]0;title\u0007\u001b]52;c;eA==\u0007\u001b[2J\u001b[31m\u009b2J\u007f\u0008\r\u202eabc\u2066\u200b\ufeff\u00ad\u2028\u{e0041}end';
/** Of what is told to people and programs there may be these, and nothing else that is hidden. */
const HIDDEN = /[\p{Cc}\p{Default_Ignorable_Code_Point}\p{Zl}\p{Zp}\p{Cs}]/u;
/** The progress bar's own. */
const CLEAR_LINE = '\r\u001b[K';

const hiddenIn = (text: string): string[] =>
  text
    .replaceAll(CLEAR_LINE, '')
    .split(/[\n\t]/)
    .filter((line) => HIDDEN.test(line))
    .map((line) => JSON.stringify(line));

/** A name that the file system takes. */
const NAME = `n\u001b]0;x\u0007\u202e\u200bm`;

/** Each command, as it is called in `world`; what ends a session stands last. */
const CALLS: readonly (readonly string[])[] = [
  ['status'],
  ['start', '--detach', '--timeout', HOSTILE],
  ['stop'],
  ['stop', '--timeout', HOSTILE],
  ['restart', '--timeout', HOSTILE],
  ['service', 'install', '--print'],
  ['service', 'install', '--run-as', HOSTILE],
  ['service', 'status'],
  ['service', 'uninstall'],
  ['logs', '--last', '5'],
  ['logs', '--last', HOSTILE],
  ['tree'],
  ['inspect', 'storage/journal'],
  ['inspect', HOSTILE],
  ['inspect', 'sessions/supervisor/default/evil', '--trace', '1'],
  ['inspect', HOSTILE, '--trace', '1'],
  ['doctor', '--verify', '--store', `redis://${HOSTILE}`],
  ['config'],
  ['config', 'check'],
  ['nats', 'config', HOSTILE, '--users'],
  ['nats', 'config', 'acme', '--accounts', '--store', HOSTILE],
  ['nats', 'config', 'acme', '--users', '--user', HOSTILE],
  ['nats', 'config', 'acme', '--users', '--out', NAME],
  ['send', 'evil', HOSTILE],
  ['templates', 'put', 'evil', 'template.json'],
  ['templates', 'put', HOSTILE, 'template.json'],
  ['templates', 'put', 'evil', HOSTILE],
  ['templates', 'list'],
  ['templates', 'show', 'evil'],
  ['archive', 'evil', '--exclude', HOSTILE],
  ['archives', 'search', HOSTILE, '--owner', HOSTILE, '--tag', HOSTILE],
  ['archives', 'show', HOSTILE],
  ['archives', 'files', HOSTILE, HOSTILE],
  ['archives', 'take-over'],
  ['archives', 'take-over', HOSTILE],
  ['archives', 'restore', HOSTILE, '--to', HOSTILE],
  ['archives', 'download', HOSTILE, NAME],
  ['archives', 'verify', HOSTILE],
  ['archives', 'hold', HOSTILE, HOSTILE],
  ['archives', 'release', HOSTILE],
  ['archives', 'delete', HOSTILE],
  ['tasks', 'put', 'evil', 'task.json'],
  ['tasks', 'list'],
  ['tasks', 'show', 'evil'],
  ['tasks', 'run', 'evil', '--var', HOSTILE],
  ['tasks', 'run', 'evil', '--wait', '--var', `x=${HOSTILE}`],
  ['tasks', 'show', 'evil', '--runs'],
  ['schedules', 'put', 'evil', 'evil', '--cron', HOSTILE],
  ['schedules', 'put', 'evil', 'evil', '--cron', '0 0 1 1 *', '--time-zone', HOSTILE],
  ['schedules', 'put', 'evil', 'evil', '--every', '86400', '--var', `x=${HOSTILE}`],
  ['schedules', 'list'],
  ['schedules', 'show', 'evil'],
  ['schedules', 'pause', 'evil'],
  ['schedules', 'resume', 'evil'],
  ['schedules', 'delete', 'evil'],
  ['tasks', 'delete', 'evil'],
  ['templates', 'delete', 'evil'],
  ['templates', 'delete', HOSTILE],
  ['send', 'evil', 'x', '--deliver-at', HOSTILE],
  ['send', 'evil', `[[rehearse: status=400 message="${HOSTILE.replaceAll('"', '')}"]]`],
  ['send', 'evil', 'x', '--model', HOSTILE],
  ['send', HOSTILE, 'x'],
  ['sessions', 'list'],
  ['sessions', 'search', '--under', '/srv'],
  ['sessions', 'search', '--cwd', HOSTILE, '--count'],
  ['sessions', 'search', '--status', HOSTILE],
  ['sessions', 'tags'],
  ['sessions', 'directories'],
  ['sessions', 'show', 'evil'],
  ['sessions', 'show', HOSTILE],
  ['sessions', 'show', 'ev'],
  ['sessions', 'messages', 'evil'],
  ['sessions', 'messages', 'evil', '--text', '--last', '2'],
  ['sessions', 'messages', 'imported'],
  ['sessions', 'create', 'made', '--title', HOSTILE, '--owner', HOSTILE],
  ['sessions', 'update', 'made', '--description', HOSTILE],
  ['sessions', 'rename', 'made', HOSTILE],
  ['sessions', 'tag', 'made', HOSTILE],
  ['sessions', 'tag', 'made', 'fine'],
  ['sessions', 'untag', 'made', HOSTILE],
  ['sessions', 'hold', 'made', HOSTILE],
  ['sessions', 'release', 'made'],
  ['sessions', 'complete', 'made'],
  ['sessions', 'reopen', 'made'],
  ['sessions', 'terminate', 'made', HOSTILE],
  ['sessions', 'by', 'tag'],
  ['sessions', 'by', HOSTILE],
  ['sessions', 'retag', '--rename', `${HOSTILE}=other`, '--yes'],
  ['sessions', 'retag', '--add', HOSTILE, '--yes'],
  ['sessions', 'retag', '--remove', 'none', '--add', 'fine', '--yes'],
  ['sessions', 'retags'],
  ['budgets', 'put', '5', '--owner', HOSTILE, '--per', 'day'],
  ['budgets', 'list', '--owner', HOSTILE],
  ['budgets', 'delete', '--owner', HOSTILE, '--per', 'day'],
  ['costs', '--by', 'tag'],
  ['sessions', 'retags', '--stop', HOSTILE],
  ['retention', '--rule', HOSTILE],
  ['sessions', 'fork', 'evil', '--title', HOSTILE],
  ['sessions', 'fork', 'evil', '--copy-directory'],
  ['sessions', 'branches', 'evil'],
  ['sessions', 'branches', '33333333'],
  ['sessions', 'messages', '33333333'],
  ['sessions', 'choose', '33333333', '2'],
  ['sessions', 'choose', 'evil', HOSTILE],
  ['sessions', 'compact', 'evil', '--summary', HOSTILE],
  ['sessions', 'context', 'evil'],
  ['sessions', 'context', HOSTILE],
  ['sessions', 'export', 'evil', '--out', `${NAME}.jsonl`],
  ['turns', 'list', 'evil'],
  ['turns', 'show', 'evil', 'last'],
  ['turns', 'show', 'evil', HOSTILE],
  ['turns', 'trace', 'evil', 'last'],
  ['turns', 'trace', 'evil', HOSTILE],
  ['turns', 'cancel', 'evil'],
  ['turns', 'refused'],
  ['sessions', 'children', 'evil'],
  ['chat', 'evil'],
  ['chat', HOSTILE],
  ['top', '--count', '1', '--interval', '1'],
  ['metrics', 'evil'],
  ['metrics', HOSTILE],
  ['explain', 'evil'],
  ['explain', HOSTILE],
  ['approvals', 'list'],
  ['approvals', 'show', 'asking'],
  ['approvals', 'show', HOSTILE],
  ['approvals', 'allow', 'asking', '--rule', HOSTILE],
  ['approvals', 'deny', 'asking', HOSTILE],
  ['approvals', 'deny', 'asking', '--reason', HOSTILE],
  ['tokens', 'create', HOSTILE, '--scopes', 'read,send', '--owner', HOSTILE],
  ['tokens', 'create', 'fine', '--scopes', HOSTILE],
  ['tokens', 'create', 'fine', '--tag', HOSTILE, '--expires', HOSTILE],
  ['tokens', 'list'],
  ['tokens', 'revoke', HOSTILE],
  ['open'],
  ['mcp', 'list'],
  ['mcp', 'show', HOSTILE, HOSTILE],
  ['mcp', 'accept', HOSTILE, HOSTILE],
  ['audit'],
  ['audit', 'asking', '--tool', HOSTILE],
  ['audit', HOSTILE],
  ['audit', '--kind', HOSTILE],
  ['import', NAME],
  ['import', HOSTILE],
  ['cleanup', '--older-than', '0d', '--tag', 'gone', '--dry-run'],
  ['notifications', 'list'],
  ['notifications', 'dead', HOSTILE],
  ['notifications', 'retry', HOSTILE, '--id', HOSTILE],
  ['backup', NAME],
  ['restore', NAME],
  ['restore', NAME, '--backup', HOSTILE],
  ['backup', '--to', HOSTILE],
  ['backups', 'list', '--to', NAME],
  ['backups', 'status'],
  ['backups', 'verify', HOSTILE, '--to', NAME],
  ['backups', 'delete', HOSTILE],
  ['completion', 'bash'],
  ['completion', HOSTILE],
  ['completion', 'values', 'tag'],
  ['completion', 'values', 'query', '--', `tag:${HOSTILE}`],
  ['sessions', 'delete', 'made', HOSTILE],
  [HOSTILE],
  ['sessions', 'list', `--${HOSTILE}`],
];
/** Tried by other means: they go on until they are ended. */
const ENDLESS = ['start', 'watch'];

describe.skipIf(withoutNatsServer())('hostile text', () => {
  let running: Running;
  const cwd = newFolder();
  const world = (more: World = {}): World => ({
    connect: (address) => connectClient(address),
    env: {
      NATS_URL: running.natsUrl,
      GREENROOM_DATA_DIR: join(cwd, NAME),
      NO_COLOR: '1',
      XDG_CONFIG_HOME: cwd,
    },
    cwd,
    ...more,
  });

  beforeAll(async () => {
    running = await startWithBroker();
    const { greenroom: room } = running;
    const settings = {
      title: HOSTILE,
      description: HOSTILE,
      tags: ['gone'],
      workingDirectory: `/srv/${HOSTILE}`,
      metadata: { [HOSTILE]: HOSTILE },
      systemPrompt: HOSTILE,
      externalKey: HOSTILE,
    };
    await room.sessions.create('evil', settings);
    await room.sessions.create('evil-too', { title: HOSTILE, tags: ['gone'] });
    // A turn that waits for each of the three ways to look at it.
    await room.sessions.create('asking', { workingDirectory: cwd });
    const input = JSON.stringify({ command: `rm '${HOSTILE}'` });
    for (let turn = 0; turn < 3; turn += 1)
      void room
        .turn('asking', `[[rehearse: tool=Bash input=${input}]] [[rehearse: text=done]]`)
        [Symbol.asyncIterator]()
        .next();
    await until(async () => (await room.sessions.asked('asking')).length > 0);
    const id = '33333333-3333-4333-8333-333333333333';
    const folder = folderOf({
      [`${NAME}/a.jsonl`]: [
        userLine(id, 1, HOSTILE),
        assistantLine(id, 2, 'm'),
        `{"type":"${NAME}"}`,
      ],
    });
    await greenroom(['import', folder], world());
    await room.sessions.fork(id, { newSessionId: 'imported' });
    // Gone on with in both places.
    await room.sessions.append(id, [{ role: 'user', content: HOSTILE }]);
    appendFileSync(join(folder, NAME, 'a.jsonl'), `${userLine(id, 3, HOSTILE)}\n`);
    await greenroom(['import', folder], world());
    mkdirSync(join(cwd, NAME, 'store'), { recursive: true });
    const line = { level: HOSTILE, time: HOSTILE, msg: HOSTILE, [HOSTILE]: HOSTILE };
    writeInto(join(cwd, NAME), 'log/greenroom.log', [HOSTILE, JSON.stringify(line)]);
    const task = { description: HOSTILE, prompt: `${HOSTILE} {{x}}`, variables: { x: HOSTILE } };
    for (const file of ['template.json', 'task.json']) writeInto(cwd, file, [JSON.stringify(task)]);
    writeInto(join(cwd, NAME), `${NAME}.jsonl`, [HOSTILE, `{"type":"${NAME}"}`]);
  });
  afterAll(() => running[Symbol.asyncDispose]());

  const KINDS: readonly (readonly [string, readonly string[], World])[] = [
    ['in a pipe', [], {}],
    ['on a terminal', [], { isTerminal: true, readMessage: async () => ({ type: 'ended' }) }],
    ['as JSON', ['--json'], {}],
  ];

  describe.each(KINDS)('%s', (_, flags, more) => {
    test.each(
      CALLS.map((call) => [call.map((word) => JSON.stringify(word)).join(' '), call] as const),
    )('%s shows no hidden character', async (_name, call) => {
      const { out, err } = await greenroom([...call, ...flags], world(more));
      expect(hiddenIn(out + err)).toEqual([]);
      if (flags.length > 0 && call[0] !== 'completion') jsonLines(out); // each line parses
    });
  });

  test('an export in a pipe is the session itself, to the byte', async () => {
    let text = '';
    for await (const piece of running.greenroom.sessions.exportSession('evil-too')) text += piece;
    const piped = await greenroom(['sessions', 'export', 'evil-too'], world());
    expect(piped.out).toBe(text);
    const shown = await greenroom(['sessions', 'export', 'evil-too'], world({ isTerminal: true }));
    expect(hiddenIn(shown.out)).toEqual([]);
    expect(jsonLines(shown.out)).toEqual(jsonLines(piped.out));
  });

  test('every command is among them', async () => {
    const leaves = await leavesOf([]);
    const tried = new Set(CALLS.flatMap((call) => [call[0], call.slice(0, 2).join(' ')]));
    tried.add('sessions export');
    expect(leaves.filter((path) => !tried.has(path) && !ENDLESS.includes(path))).toEqual([]);
  });

  const leavesOf = async (path: readonly string[]): Promise<readonly string[]> => {
    const { out } = await greenroom([...path, '--help'], world());
    const names = [...(out.split('Commands:\n')[1] ?? '').matchAll(/^ {2}([\w-]+)/gm)]
      .map((match) => match[1] ?? '')
      .filter((name) => name !== 'help');
    if (names.length === 0) return [path.join(' ')];
    return (await Promise.all(names.map((name) => leavesOf([...path, name])))).flat();
  };

  test('what is watched is shown clean too', async () => {
    const told = { type: 'session.deleted', sessionId: 'x', by: HOSTILE, [HOSTILE]: HOSTILE };
    const client = await connectClient({ servers: running.natsUrl });
    const daemon = Object.assign(client, {
      async *watch() {
        yield told;
      },
    });
    for (const flags of [[], ['--json']]) {
      const { code, out } = await greenroom(
        ['watch', ...flags],
        world({ connect: async () => daemon }),
      );
      expect([code, hiddenIn(out)]).toEqual([0, []]);
    }
    const session = { sessionId: 'x', tags: [HOSTILE], title: HOSTILE, status: 'idle' };
    const changes = [{ type: 'present', sessionId: 'x', session }];
    for (const flags of [[], ['--json']]) {
      const following = new FakeDaemon({
        'sessions.watch-open': { watchId: 'w', present: 1 },
        'sessions.watch-next': ({ after }: { after: number }) => {
          if (after > 0) throw new GreenroomError('forbidden', HOSTILE);
          return { n: 1, changes, presentLeft: 0 };
        },
      });
      const { code, out, err } = await greenroom(
        ['sessions', 'search', '--follow', ...flags],
        world({ connect: async () => following }),
      );
      expect([code, hiddenIn(out), hiddenIn(err)]).toEqual([4, [], []]);
      expect(out).toContain('abc');
    }
    await client.close();
  });
});
