/** Files that are odd: what of them is stored, under which id, and what the import says of the rest. */
import { appendFileSync, statSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type LineBatch, readLines } from '../../../src/cli/import/lines.ts';
import { fitting, MAX_LINE_BYTES, travelBytes } from '../../../src/cli/import/long-line.ts';
import { sharedGreenroom, type TestGreenroom, testGreenroom } from '../../support/greenroom.ts';
import { greenroom } from '../run-cli.ts';
import { daemonOf, importWith, odd } from './room.ts';
import { agentLine, assistantLine, folderOf, userLine } from './transcripts.ts';

const ID = '11111111-1111-4111-8111-111111111111';
const FILE = `${ID}.jsonl`;

const shared = sharedGreenroom();

const texts = async (room: TestGreenroom, sessionId: string): Promise<string> =>
  JSON.stringify((await room.sessions.messages(sessionId)).entries);

describe('a line that no message can carry', () => {
  const big = (more: object) =>
    JSON.stringify({ ...(JSON.parse(userLine(ID, 3, 'read it')) as object), ...more });
  const MIB = 1024 * 1024;

  test('loses what is long in it, and its session is there', async () => {
    const room = shared();
    const toolUseResult = { stdout: 'x'.repeat(9 * MIB), stderr: 'none' };
    const folder = folderOf({
      [FILE]: [
        ...[userLine(ID, 1), assistantLine(ID, 2, 'm1')],
        ...[big({ toolUseResult }), assistantLine(ID, 4, 'm2')],
      ],
    });
    const { code, summary } = await importWith(room, folder);
    expect(code).toBe(0);
    expect(summary).toMatchObject({
      lines: 4,
      added: 4,
      leftOut: [{ path: join(folder, FILE), line: 3, bytes: expect.any(Number) }],
    });
    expect((await room.sessions.get(ID)).messageCount).toBe(4);
    const stored = await texts(room, ID);
    expect(stored).toContain('read it');
    expect(stored).toContain('"stderr":"none"');
    expect(stored).toContain(`[${9 * MIB} characters left out]`);
    expect(await importWith(room, folder)).toMatchObject({ summary: { added: 0, refused: [] } });
  });

  test.each([
    ['a long text', { message: { role: 'user', content: 'y'.repeat(9 * MIB) } }],
    ['many short ones', { message: { role: 'user', content: Array(900_000).fill('a text') } }],
    ['a long id', { uuid: 'z'.repeat(9 * MIB) }],
  ])('of %s becomes one that can be sent and keeps its place', (_, more) => {
    const line = Buffer.from(big(more));
    const fits = fitting(line);
    expect(travelBytes(fits)).toBeLessThanOrEqual(MAX_LINE_BYTES);
    const { type, parentUuid, sessionId, timestamp } = JSON.parse(big({})) as Record<
      string,
      string
    >;
    expect(JSON.parse(Buffer.from(fits).toString())).toMatchObject({
      ...{ type, parentUuid, sessionId, timestamp },
      leftOutBytes: line.byteLength,
    });
  });

  test('is known behind a byte order mark too', () => {
    const line = Buffer.from(`\ufeff${big({ toolUseResult: 'x'.repeat(9 * MIB) })}`);
    expect(JSON.parse(Buffer.from(fitting(line)).toString())).toMatchObject({
      message: { content: 'read it' },
      leftOutBytes: line.byteLength,
    });
  });

  test('is not taken before it is whole', async () => {
    const folder = folderOf({
      [FILE]: `${userLine(ID, 1)}\n${big({ toolUseResult: 'x'.repeat(9 * MIB) }).slice(0, -1)}`,
    });
    const path = join(folder, FILE);
    const last = async () => {
      let found: LineBatch | undefined;
      for await (const batch of readLines(path, statSync(path).size)) found = batch;
      return found;
    };
    expect(await last()).toMatchObject({ isCut: true, leftOut: [] });
    appendFileSync(path, '}\n');
    expect(await last()).toMatchObject({ isCut: false, leftOut: [{ position: 0 }] });
  });
});

test('links to folders are followed, each folder once, also where they lead in a circle', async () => {
  const room = shared();
  const elsewhere = folderOf({ [`real/${FILE}`]: [userLine(ID, 1)] });
  const folder = folderOf({});
  symlinkSync(join(elsewhere, 'real'), join(folder, 'linked'));
  symlinkSync(join(elsewhere, 'real'), join(folder, 'again'));
  symlinkSync(folder, join(folder, 'circle'));
  symlinkSync(join(folder, 'nowhere'), join(folder, 'dangling.jsonl'));
  const { code, summary } = await importWith(room, folder);
  expect(code).toBe(0);
  expect(summary).toMatchObject({ files: 1, sessions: { new: 1 } });
});

test('a session without any time has the time of its file, until a line has one', async () => {
  const room = shared();
  const folder = folderOf({
    [FILE]: [JSON.stringify({ type: 'mode', mode: 'plan', sessionId: ID })],
  });
  utimesSync(join(folder, FILE), new Date('2026-03-01'), new Date('2026-03-02T01:02:03Z'));
  await importWith(room, folder);
  const at = '2026-03-02T01:02:03.000Z';
  expect(await room.sessions.get(ID)).toMatchObject({ createdAt: at, updatedAt: at });
});

test.each([
  ['to come', '2128-06-11T00:00:00Z'],
  ['before there were any', '1960-01-01T00:00:00Z'],
])('a file of a time %s counts as of now, until a line has a time', async (_, time) => {
  const [room, there] = [shared(), await testGreenroom()];
  const line = JSON.stringify({ type: 'mode', mode: 'plan', sessionId: ID });
  const folder = folderOf({ [FILE]: [line] });
  const touch = () => utimesSync(join(folder, FILE), new Date(time), new Date(time));
  touch();
  const before = Date.now();
  expect(await importWith(room, folder)).toMatchObject({ code: 0, summary: { added: 1 } });
  const { createdAt, updatedAt } = await room.sessions.get(ID);
  for (const at of [createdAt, updatedAt]) {
    expect(Date.parse(at)).toBeGreaterThanOrEqual(before);
    expect(Date.parse(at)).toBeLessThanOrEqual(Date.now());
  }
  await there.sessions.importSession(room.sessions.exportSession(ID));
  appendFileSync(join(folder, FILE), `${line}\n${userLine(ID, 1)}\n`);
  touch();
  await importWith(room, folder);
  const at = (JSON.parse(userLine(ID, 1)) as { timestamp: string }).timestamp;
  expect(await room.sessions.get(ID)).toMatchObject({ createdAt: at, updatedAt: at });
});

test('times and numbers that cannot be stay in the line, and are left out of everything else', async () => {
  const room = shared();
  const far = (line: string) =>
    line.replace(/"timestamp":"[^"]*"/, '"timestamp":"+275760-09-12T00:00:00.000Z"');
  const many = assistantLine(ID, 3, 'm2').replace(
    '"input_tokens":100',
    '"input_tokens":9000000000000000',
  );
  const folder = folderOf({ [FILE]: [userLine(ID, 1), far(assistantLine(ID, 2, 'm1')), many] });
  const { summary, out } = await importWith(room, folder);
  expect(summary).toMatchObject({ implausible: 2, usage: { inputTokens: 100, outputTokens: 20 } });
  expect(out).not.toContain('275760');
  const session = await room.sessions.get(ID);
  expect(session.updatedAt).toBe('2026-11-01T00:00:03.000Z');
  expect(session.usage.inputTokens).toBe(100);
  expect(await texts(room, ID)).toContain('275760');
});

describe('a file that was changed', () => {
  const before = [
    userLine(ID, 1),
    assistantLine(ID, 2, 'm1'),
    userLine(ID, 3),
    assistantLine(ID, 4, 'm2'),
  ];
  const pruned = [userLine(ID, 1), userLine(ID, 3), assistantLine(ID, 4, 'm2')];

  test('is refused, with the way out and an exit code, and is taken with --replace', async () => {
    const room = shared();
    const other = ID.replaceAll('1', '2');
    const folder = folderOf({ [FILE]: before, [`${other}.jsonl`]: [userLine(other, 1)] });
    await importWith(room, folder);
    writeFileSync(join(folder, FILE), pruned.map((line) => `${line}\n`).join(''));
    const refused = await importWith(room, folder);
    expect(refused.code).toBe(1);
    expect(refused.err).toContain('import --replace');
    expect((await room.sessions.get(ID)).messageCount).toBe(4);
    const replaced = await importWith(room, '--replace', folder);
    expect(replaced).toMatchObject({
      code: 0,
      summary: { sessions: { new: 1, replaced: 1 }, refused: [] },
    });
    expect(await room.sessions.get(ID)).toMatchObject({
      messageCount: 3,
      usage: { inputTokens: 100 },
    });
    expect(await importWith(room, folder)).toMatchObject({ code: 0, summary: { added: 0 } });
  });

  test('of a session that was deleted comes back with --replace, whatever is in the way', async () => {
    const room = await testGreenroom();
    const folder = folderOf({ [FILE]: before });
    await importWith(room, folder);
    await room.sessions.delete(ID);
    const refused = await importWith(room, folder);
    expect(refused).toMatchObject({ code: 4, summary: { usage: { inputTokens: 0 }, costUsd: 0 } });
    expect(refused.err).toContain('import --replace');
    expect(await importWith(room, '--replace', folder)).toMatchObject({
      code: 0,
      summary: { added: 4 },
    });
    expect((await room.sessions.get(ID)).usage.inputTokens).toBe(200);
  });

  test('cannot be replaced while a fork shares its lines', async () => {
    const room = await testGreenroom();
    const folder = folderOf({ [FILE]: before });
    await importWith(room, folder);
    const fork = await room.sessions.fork(ID);
    await room.sessions.delete(ID);
    expect(await importWith(room, '--replace', folder)).toMatchObject({ code: 4 });
    expect((await room.sessions.messages(fork.sessionId)).entries).toHaveLength(4);
    await room.sessions.delete(fork.sessionId);
    expect(await importWith(room, '--replace', folder)).toMatchObject({ code: 0 });
  });
});

describe('one id in two folders', () => {
  const id = 'aaaa0190-0000-4000-8000-000000000000';
  const [empty, talk] = ['1', '2'].map((name) => join(odd('one-id-two-folders'), name));

  test.each([
    ['the one without a message first', [[empty], [talk]]],
    ['the one with messages first', [[talk], [empty]]],
    ['both at once', [[empty, talk]]],
  ])('resumes the conversation under the id, %s', async (_, imports) => {
    const room = shared();
    for (const paths of imports)
      expect(await importWith(room, ...(paths as string[]))).toMatchObject({ code: 0 });
    const session = await room.sessions.get(id);
    expect(session.messageCount).toBeGreaterThanOrEqual(2);
    expect(session.workingDirectory).toBe('/srv/app/.claude/worktrees/w1');
    await room.run(id, 'go on');
    expect(room.lastCall).toContain('in worktree');
    for (const path of [empty, talk])
      expect(await importWith(room, path ?? '')).toMatchObject({ code: 0, summary: { added: 0 } });
  });

  test('the second file grows behind the first', async () => {
    const room = shared();
    const first = folderOf({
      [FILE]: [JSON.stringify({ type: 'mode', mode: 'plan', sessionId: ID })],
    });
    const second = folderOf({ [FILE]: [userLine(ID, 1), userLine(ID, 2)] });
    await importWith(room, first);
    await importWith(room, second);
    appendFileSync(join(second, FILE), `${assistantLine(ID, 3, 'm1')}\n`);
    expect(await importWith(room, second)).toMatchObject({
      summary: { added: 1, sessions: { grown: 1 } },
    });
    expect((await room.sessions.get(ID)).seq).toBe(4);
    const older = folderOf({ [FILE]: [userLine(ID, 1)] });
    expect(await importWith(room, older)).toMatchObject({ code: 0, summary: { added: 0 } });
  });
});

describe('side transcripts', () => {
  test('are listed by name, and a name that is not there is refused', async () => {
    const room = shared();
    const folder = folderOf({
      [FILE]: [userLine(ID, 1)],
      [`${ID}/subagents/agent-a1.jsonl`]: [agentLine(ID, 'a1', 1), agentLine(ID, 'a1', 2)],
      [`${ID}/subagents/agent-b2.jsonl`]: [agentLine(ID, 'b2', 1)],
    });
    await importWith(room, folder);
    const daemon = daemonOf(room);
    const listed = await greenroom(['sessions', 'messages', ID, '--sides'], { daemon });
    expect(listed).toMatchObject({ code: 0, out: 'agent-a1  2 lines\nagent-b2  1 line\n' });
    const shown = await greenroom(['sessions', 'messages', ID, '--subpath', 'agent-b2'], {
      daemon,
    });
    expect(shown.code).toBe(0);
    const wrong = await greenroom(['sessions', 'messages', ID, '--subpath', 'agent-c3'], {
      daemon,
    });
    expect(wrong).toMatchObject({ code: 2, out: '' });
    expect(wrong.err).toContain('it has agent-a1, agent-b2');
    const page = await room.sessions.sideTranscripts(ID, { limit: 1 });
    expect(page).toEqual({
      sideTranscripts: [{ subpath: 'agent-a1', seq: 2 }],
      nextCursor: expect.stringMatching(/\.agent-a1$/),
    });
  });
});

test('a session without entries, and one without side transcripts, says so', async () => {
  const room = await testGreenroom();
  await room.sessions.create('plain', {});
  const daemon = daemonOf(room);
  const said = async (...flags: string[]) => {
    const { code, out, err } = await greenroom(['sessions', 'messages', 'plain', ...flags], {
      daemon,
    });
    expect([code, out]).toEqual([0, '']);
    return err;
  };
  expect(await said()).toBe('there are no entries\n');
  expect(await said('--text', '--last', '3')).toBe('nothing was said there\n');
  expect(await said('--sides')).toBe('the session has no side transcript\n');
});

test('a directory is found with a slash behind it, and without', async () => {
  const room = shared();
  await room.sessions.create('plain', { workingDirectory: '/srv/app' });
  await room.sessions.create('slashed', { workingDirectory: '/srv/app/' });
  await room.sessions.create('root', { workingDirectory: '/' });
  const found = async (workingDirectory: string) =>
    (await room.sessions.count({ workingDirectory })).count;
  expect(await Promise.all(['/srv/app', '/srv/app/', '/srv', '/'].map(found))).toEqual([
    2, 2, 0, 1,
  ]);
});
