/** Tool calls that wait for a person: listed, shown, answered, and why a session stands still. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { GreenroomError } from '../../src/model/errors.ts';
import { FakeDaemon } from './fake-daemon.ts';
import { greenroom, jsonLines, newFolder } from './run-cli.ts';

const APPROVAL = {
  ...{
    sessionId: 'work',
    turnId: 't1',
    approvalId: 't1#3',
    toolUseId: 'toolu_1',
    toolName: 'Bash',
  },
  ...{ reason: 'no rule allows git push', commands: ['git push'], files: [] as string[] },
  ...{ suggestions: ['Bash(git push)'], askedAt: '2026-11-21T11:59:00Z' },
};
const SECOND: typeof APPROVAL = {
  ...APPROVAL,
  approvalId: 't1#4',
  toolName: 'Edit',
  commands: [],
  files: ['/p/a'],
};
const INPUT = { command: 'git push' };

const daemonWith = (...waiting: readonly (typeof APPROVAL)[]) =>
  new FakeDaemon({
    'sessions.approvals': { approvals: waiting },
    asked: { approvals: waiting.map((each) => ({ ...each, input: INPUT })) },
    approve: ({ approvalId, decision, scope }: Record<string, string>) => ({
      ...{ approvalId, decision, by: 'request' },
      rules: scope === undefined ? [] : ['Bash(git push)'],
    }),
  });

const answers = (daemon: FakeDaemon) =>
  daemon.asked.filter(([asked]) => asked === 'work.approve').map(([, request]) => request);

test('a list fits 60 columns, and has what each would do', async () => {
  const world = { daemon: daemonWith(APPROVAL, SECOND), isTerminal: true, columns: 60 };
  const { out } = await greenroom('approvals list', world);
  const lines = out.split('\n');
  expect(lines.filter((line) => line.length > 60)).toEqual([]);
  expect(out).toMatch(/work +t1#3 +Bash +1 min ago +git push/);
  expect(out).toMatch(/work +t1#4 +Edit +1 min ago +\/p\/a/);
});

test('a list is read to its end, as far as it is wanted', async () => {
  const daemon = new FakeDaemon({
    'sessions.approvals': ({ cursor }: { cursor?: string }) =>
      cursor === undefined
        ? { approvals: [APPROVAL], nextCursor: 'more' }
        : { approvals: [SECOND, SECOND] },
  });
  const { out } = await greenroom('approvals list --limit 2 --json', { daemon });
  expect(jsonLines(out)).toEqual([APPROVAL, SECOND]);
});

test('nothing that waits is said so', async () => {
  const { code, err } = await greenroom('approvals list', { daemon: daemonWith() });
  expect([code, err]).toEqual([0, 'nothing waits for a person\n']);
  const show = await greenroom('approvals show work', {
    daemon: daemonWith(),
    program: 'npx greenroom',
  });
  expect(show.code).toBe(3);
  expect(show.err).toBe(
    'error: nothing waits for a person in work\n  next: npx greenroom approvals list\n',
  );
});

test('show has the input, and the rules that would allow it', async () => {
  const { out } = await greenroom('approvals show work', { daemon: daemonWith(APPROVAL) });
  expect(out).toMatch(/reason +no rule allows git push/);
  expect(out).toMatch(/suggestions +Bash\(git push\)/);
  expect(out).toMatch(/input.command +git push/);
});

test.each([
  ['approvals allow work', { approvalId: 't1#3', decision: 'allow' }],
  ['approvals allow work t1', { approvalId: 't1#3', decision: 'allow' }],
  [
    'approvals allow work --for-session',
    { approvalId: 't1#3', decision: 'allow', scope: 'session' },
  ],
  ['approvals allow work --rule', { approvalId: 't1#3', decision: 'allow', scope: 'rule' }],
  [
    'approvals allow work --rule Bash(git:*)',
    { approvalId: 't1#3', decision: 'allow', scope: 'rule', rule: 'Bash(git:*)' },
  ],
  [
    'approvals allow work --input {"command":"ls"}',
    { approvalId: 't1#3', decision: 'allow', input: { command: 'ls' } },
  ],
  [
    'approvals deny work --reason later --interrupt',
    { approvalId: 't1#3', decision: 'deny', reason: 'later', interrupt: true },
  ],
  // What says which daemon is asked is no part of the question.
  ['approvals deny work --json --tenant acme', { approvalId: 't1#3', decision: 'deny' }],
])('%s', async (line, request) => {
  const daemon = daemonWith(APPROVAL);
  expect((await greenroom(line, { daemon })).code).toBe(0);
  expect(answers(daemon)).toEqual([request]);
});

test('the rules that the session got are said', async () => {
  const { err } = await greenroom('approvals allow work --for-session', {
    daemon: daemonWith(APPROVAL),
  });
  expect(err).toBe('the session allows from now on: Bash(git push)\n');
});

test('a rule that does not cover the call is said to be none', async () => {
  const daemon = new FakeDaemon({
    asked: { approvals: [{ ...APPROVAL, input: INPUT }] },
    approve: {
      approvalId: 't1#3',
      decision: 'allow',
      by: 'request',
      rules: ['Bash(ls)'],
      asksAgain: true,
    },
  });
  const { err } = await greenroom('approvals allow work --rule Bash(ls)', { daemon });
  expect(err).toBe(
    'the session allows from now on: Bash(ls)\nthis call is not among it: it was allowed once, and the same is asked again\n',
  );
});

test('of several one is named', async () => {
  const daemon = daemonWith(APPROVAL, SECOND);
  const { code, err } = await greenroom('approvals allow work', { daemon });
  expect(code).toBe(2);
  expect(err).toContain('several wait: t1#3, t1#4');
  expect((await greenroom('approvals deny work t1#4', { daemon })).code).toBe(0);
  expect(answers(daemon)).toEqual([{ approvalId: 't1#4', decision: 'deny' }]);
});

test.each([
  ['--for-session --rule Bash', 'give --for-session or --rule, not both'],
  ['--input no', 'Write a JSON object'],
])('approvals allow work %s is a wrong call', async (options, why) => {
  const daemon = daemonWith(APPROVAL);
  const { code, err } = await greenroom(`approvals allow work ${options}`, { daemon });
  expect([code, answers(daemon)]).toEqual([2, []]);
  expect(err).toContain(why);
});

test('one that was answered already is refused', async () => {
  const daemon = new FakeDaemon({
    asked: { approvals: [{ ...APPROVAL, input: INPUT }] },
    approve: new GreenroomError('already_decided', 'it was allowed'),
  });
  const { code, err } = await greenroom('approvals allow work', { daemon });
  expect(code).toBe(4);
  expect(err).toContain('it was allowed (already_decided)');
  expect(err).toContain('next: greenroom audit work --kind permission');
});

test.each(['t1#3', 't1#1'])(
  'an answer to %s, by which nothing waits any more, is the daemon’s to refuse, and goes to no other',
  async (id) => {
    const daemon = new FakeDaemon({
      asked: { approvals: [{ ...APPROVAL, approvalId: 't1#12', input: INPUT }] },
      approve: new GreenroomError('already_decided', 'it was allowed'),
    });
    const { code, err } = await greenroom(['approvals', 'deny', 'work', id], { daemon });
    expect(code).toBe(4);
    expect(err).toContain('already_decided');
    expect(answers(daemon)).toEqual([{ approvalId: id, decision: 'deny' }]);
    expect((await greenroom(['approvals', 'show', 'work', id], { daemon })).code).toBe(3);
  },
);

const EXPLAINED = {
  ...{
    sessionId: 'work',
    status: 'waiting',
    waitsFor: 'approval',
    why: 'tools wait',
    turnId: 't1',
  },
  ...{ queued: 2, tools: ['Bash', 'Read'] },
  calls: [{ toolUseId: 'toolu_1', name: 'Bash', state: 'asked', since: '2026-11-21T11:59:00Z' }],
  permissions: { mode: 'default', policies: [], allowed: ['Read'], denied: [], daemonRules: 2 },
};

test('explain says what a session waits for, and what to do', async () => {
  const daemon = new FakeDaemon({ explain: EXPLAINED });
  const { out, err } = await greenroom('explain work', { daemon, program: 'npx greenroom' });
  expect(out).toMatch(/status +waiting: tools wait/);
  expect(out).toMatch(/behind it +2/);
  expect(out).toMatch(/calls +Bash asked 1 min ago/);
  expect(out).toMatch(/tools +Bash, Read/);
  expect(out).toMatch(/allowed +Read/);
  expect(out).toMatch(/policies +none: they were turned off/);
  expect(out).toMatch(/daemon's rules +2/);
  expect(err).toBe('next: npx greenroom approvals show work\n');
});

test('explain says of each call that waits what it would do, why it is asked about, and how to look at it', async () => {
  const reason = 'no rule allows git push';
  const calls = [
    { ...EXPLAINED.calls[0], approvalId: 't1#3', reason, commands: ['git push'], files: [] },
    { toolUseId: 'toolu_2', name: 'Read', state: 'ended' },
    { toolUseId: 'toolu_3', name: 'Edit', state: 'asked', approvalId: 't1#4', reason: 'why' },
  ];
  const daemon = new FakeDaemon({ explain: { ...EXPLAINED, calls } });
  const { out, err } = await greenroom('explain work', { daemon });
  expect(out).toMatch(
    /waits for a person +t1#3 Bash: git push\n +no rule allows git push\n +t1#4 Edit\n +why\n/,
  );
  expect(err).toBe(
    "next: greenroom approvals show work 't1#3'\nnext: greenroom approvals show work 't1#4'\n",
  );
});

test('explain says why a tool is not there, also of one that was not named', async () => {
  const absent = {
    toolsMissing: ['shout', 'tide'],
    toolsAbsent: [
      { tool: 'shout', why: 'GREENROOM_SERVICE_TOOLS is off' },
      { tool: 'mcp__sea__tide', why: 'it is withheld' },
    ],
  };
  const daemon = new FakeDaemon({ explain: { ...EXPLAINED, ...absent } });
  const { out } = await greenroom('explain work', { daemon });
  expect(out.replaceAll(/\s+/g, ' ')).toContain(
    'not there shout: GREENROOM_SERVICE_TOOLS is off; tide; mcp__sea__tide: it is withheld',
  );
});

test('explain gives programs all of it', async () => {
  const daemon = new FakeDaemon({ explain: EXPLAINED });
  const { out, err } = await greenroom('explain work --json', { daemon });
  expect([jsonLines(out), err]).toEqual([[EXPLAINED], '']);
});

test('a working directory is meant where it is typed', async () => {
  const daemon = new FakeDaemon({
    create: { session: { usage: {} } },
    update: { session: { usage: {} } },
  });
  const world = { daemon, cwd: '/home/me' };
  await greenroom('sessions create a --cwd project', world);
  await greenroom('sessions create b --cwd .', world);
  await greenroom('sessions create c --cwd /srv/app --tools Read,Edit --tools Bash', world);
  const search = '{"type":"web_search_20250305","max_uses":3}';
  const both = ['--server-tool', search, '--server-tool', 'code_execution_20260521'];
  await greenroom(['sessions', 'update', 'c', ...both], world);
  expect(daemon.asked).toEqual([
    ['a.create', { workingDirectory: '/home/me/project' }],
    ['b.create', { workingDirectory: '/home/me' }],
    ['c.create', { workingDirectory: '/srv/app', tools: ['Read', 'Edit', 'Bash'] }],
    ['c.update', { serverTools: [JSON.parse(search), { type: 'code_execution_20260521' }] }],
  ]);
});

test('a working directory that is not there is noted, and taken', async () => {
  const daemon = new FakeDaemon({
    create: { session: { usage: {} } },
    update: { session: { usage: {} } },
  });
  const cwd = newFolder();
  const noted = async (line: string) => (await greenroom(line, { daemon, cwd })).err;
  writeFileSync(join(cwd, 'file'), '');
  for (const name of ['missing', 'file', 'file/below'])
    expect(await noted(`sessions create a --cwd ${name}`)).toBe(
      `${join(cwd, name)} is no folder here: its tools fail unless it is one where the daemon runs\n`,
    );
  expect(await noted('sessions update a --cwd missing')).toContain('is no folder here');
  expect(daemon.asked.at(-1)).toEqual(['a.update', { workingDirectory: join(cwd, 'missing') }]);
  for (const line of ['sessions create a --cwd .', 'sessions create a --title x'])
    expect(await noted(line)).toBe('');
});

test('a tool of the API that cannot be read is an error of usage', async () => {
  const { code, err } = await greenroom(['sessions', 'create', 'a', '--server-tool', '{type'], {});
  expect(code).toBe(2);
  expect(err).toContain('Write a type such as web_search_20260318, or JSON');
});

test.each([
  ['search x', 'sessions search'],
  ['messages demo', 'sessions messages'],
  ['deny work', 'approvals deny'],
])('%s is told of the group that it belongs to', async (line, meant) => {
  const { code, err } = await greenroom(line, { program: 'npx greenroom' });
  expect(code).toBe(2);
  expect(err).toContain(`next: npx greenroom ${meant}`);
});

test('a misspelt command is answered with the one that was meant', async () => {
  const { err } = await greenroom('aprovals list');
  expect(err).toContain('there is no command aprovals (did you mean approvals?)');
});
