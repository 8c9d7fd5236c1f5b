import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type ErrorCode, GreenroomError } from '../../src/model/errors.ts';
import { FakeDaemon } from './fake-daemon.ts';
import { greenroom, newFolder } from './run-cli.ts';

test.each<[ErrorCode, number]>([
  ['internal', 1],
  ['storage_failed', 1],
  ['invalid_request', 2],
  ['session_not_found', 3],
  ['session_deleted', 3],
  ['budget_exceeded', 4],
  ['forbidden', 4],
  ['unavailable', 5],
])('%s ends with exit code %i', async (code, exitCode) => {
  const none = { 'sessions.search': { sessions: [] } };
  const daemon = new FakeDaemon({ get: new GreenroomError(code, 'because'), ...none });
  expect((await greenroom('sessions show x', { daemon })).code).toBe(exitCode);
});

test('an error says what it means and what to do next, on stderr', async () => {
  const daemon = new FakeDaemon({
    get: new GreenroomError('session_not_found', 'no session x'),
    'sessions.search': { sessions: [] },
  });
  const { out, err } = await greenroom('sessions show x', { daemon });
  expect(out).toBe('');
  expect(err).toBe(
    'error: there is no session x, and none that begins so (session_not_found)\n' +
      '  next: greenroom sessions list shows the sessions that there are\n',
  );
});

test('a session that has ended is to be reopened, others are to be looked at', async () => {
  const nextAfter = async (details?: Record<string, unknown>) => {
    const error = new GreenroomError(
      'invalid_state',
      'no',
      details === undefined ? {} : { details },
    );
    const { err } = await greenroom('sessions compact x', {
      daemon: new FakeDaemon({ compact: error, get: { sessionId: 'x' } }),
    });
    return err.split('\n')[1];
  };
  expect(await nextAfter({ ended: 'completed' })).toContain('greenroom sessions reopen x');
  expect(await nextAfter()).toBe('  next: greenroom explain x says what it is at');
  const used = new GreenroomError('invalid_state', 'the schedule x runs it');
  const { err } = await greenroom('tasks delete x', {
    daemon: new FakeDaemon({ 'sessions.tasks.delete': used }),
  });
  expect(err).toBe('error: the schedule x runs it (invalid_state)\n');
});

test('a definition that is no JSON is refused, and says so', async () => {
  const file = join(newFolder(), 'task.json');
  writeFileSync(file, '{');
  const { code, err } = await greenroom(`tasks put x ${file}`, { daemon: new FakeDaemon({}) });
  expect([code, err]).toEqual([2, expect.stringContaining('holds no JSON object')]);
});

test.each([
  ['a bug', new TypeError('x is no function'), '  next: this is a fault of the command itself'],
  ['the system', Object.assign(new Error('EIO: i/o error'), { code: 'EIO', syscall: 'read' }), ''],
])('what %s does in the command is not told as the fault of the daemon', async (_, error, next) => {
  const connect = () => Promise.reject(error);
  const { code, err } = await greenroom('sessions show x', { connect });
  expect(code).toBe(1);
  expect(err).toMatch(new RegExp(`^error: ${error.message}\n${next}`));
  expect(err).not.toMatch(/internal|daemon/);
  const json = await greenroom('sessions show x --json', { connect });
  expect(JSON.parse(json.err)).toMatchObject({ error: { code: null, message: error.message } });
});

test('a session that is called like an option is none', async () => {
  const daemon = new FakeDaemon({ get: new GreenroomError('queue_full', 'too many') });
  const { err } = await greenroom(['sessions', 'show', '--', '--json'], { daemon });
  expect(err).toContain('error: too many');
});

test('with --json the error is one object', async () => {
  const daemon = new FakeDaemon({ get: new GreenroomError('queue_full', 'too many') });
  const { err } = await greenroom('sessions show x --json', { daemon });
  expect(JSON.parse(err)).toMatchObject({ error: { code: 'queue_full', retryable: true } });
});

test.each([
  ['nonsense', 'there is no command nonsense'],
  ['sessions serch x', "unknown command 'serch' (Did you mean search?)"],
  ['sessions show', "missing required argument 'session'"],
  ['sessions list --nonsense', "unknown option '--nonsense'"],
  ['sessions list --limit none', 'none'],
])('so is that of a wrong call: %s', async (line, message) => {
  const { code, out, err } = await greenroom(`${line} --json`);
  expect(code).toBe(2);
  expect(out).toBe('');
  expect(JSON.parse(err)).toMatchObject({
    error: { code: null, message: expect.stringContaining(message), retryable: false },
  });
});

test.each([
  'nonsense',
  'sessions show',
  'sessions list --limit none',
  'sessions list --nonsense',
  'cleanup --older-than 30',
  'sessions list --sort size',
  'sessions search --order up',
  'sessions search --mode foreground',
  'sessions search --status asleep',
  'send demo hello --on-busy wait',
  'send demo hello --provider nobody',
])('a wrong call is exit code 2: %s', async (line) => {
  const { code, err } = await greenroom(line, { daemon: new FakeDaemon() });
  expect(code).toBe(2);
  expect(err).toMatch(/error: .+\n.*next: /s);
});

test('help and version are no failures', async () => {
  const version = await greenroom('--version');
  expect([version.code, version.out]).toEqual([0, '1.2.3\n']);
  const help = await greenroom('sessions search --help');
  expect(help.code).toBe(0);
  expect(help.out).toContain('--min-cost');
  expect(help.out).toContain('--json');
});

test('a broker that does not answer is exit code 5', async () => {
  const { code, err } = await greenroom('status');
  expect(code).toBe(5);
  expect(err).toContain('connection refused (unavailable)');
});

test('a wrong setting is a usage error that names the variable', async () => {
  const { code, err } = await greenroom('status', { env: { GREENROOM_WORKERS: 'many' } });
  expect(code).toBe(2);
  expect(err).toContain('GREENROOM_WORKERS is "many": it must be a whole number from 1 to 256');
});

test('a word that an option does not know is answered with those that it knows', async () => {
  const { err } = await greenroom('sessions list --sort size', { daemon: new FakeDaemon() });
  expect(err).toContain('Write one of updated, created, cost, turns.');
});

test('a search that finds nothing says so', async () => {
  const daemon = new FakeDaemon({ 'sessions.search': { sessions: [] } });
  const { code, err } = await greenroom('sessions search --tag x', { daemon });
  expect([code, err]).toEqual([0, 'no session is found\n']);
});

test.each([
  ['tag:x (a OR -tag:b,c)', 'tag:b,c is one tag: for any of several write tag:(b OR c)'],
  ['--tag=b,c', 'b,c is one tag: for any of several give --tag several times'],
])('where nothing is found, %s is told to be one tag', async (words, hint) => {
  const daemon = new FakeDaemon({ 'sessions.search': { sessions: [] } });
  const { err } = await greenroom(['sessions', 'search', words], { daemon });
  expect(err).toBe(`no session is found; ${hint}\n`);
});

test('a count by tag or directory that finds none says so', async () => {
  const daemon = new FakeDaemon({ 'sessions.facets': { facets: [], values: 0 } });
  expect((await greenroom('sessions tags', { daemon })).err).toBe('no session has a tag\n');
  expect((await greenroom('sessions directories', { daemon })).err).toBe(
    'no session has a directory\n',
  );
});

test('only update says that tags replace those that the session has', async () => {
  const words = 'they replace those that it has';
  expect((await greenroom('sessions create --help')).out).not.toContain(words);
  expect((await greenroom('sessions update --help')).out).toContain(words);
});

describe('an export', () => {
  test('to where nothing can be written is a failure of this side', async () => {
    const daemon = new FakeDaemon({ get: {}, export: { text: 'a line\n' } });
    const { code, err } = await greenroom('sessions export x --out no/such/folder.jsonl', {
      daemon,
    });
    expect(code).toBe(1);
    expect(err).toMatch(/^error: the export cannot be written: ENOENT.*\n {2}next: .*--out\n$/);
  });

  test('that fails leaves no file behind', async () => {
    const cwd = newFolder();
    const daemon = new FakeDaemon({
      get: {},
      export: new GreenroomError('session_not_found', 'no x'),
    });
    const { code } = await greenroom('sessions export x --out x.jsonl', { daemon, cwd });
    expect([code, readdirSync(cwd)]).toEqual([3, []]);
  });
});

test.each([
  ['sessions create demo', 'create', 'session_exists', 'greenroom sessions update demo changes it'],
  ['turns show demo t9', 'turn-status', 'turn_not_found', 'greenroom turns list demo shows'],
  ['sessions compact demo', 'compact', 'invalid_state', 'greenroom explain demo says'],
] as const)('what to do next names the session: %s', async (line, verb, code, next) => {
  const turns = { turns: [], nextCursor: undefined };
  const daemon = new FakeDaemon({ turns, [verb]: new GreenroomError(code, 'no') });
  const { err } = await greenroom(line, { daemon });
  expect(err).toContain(`next: ${next}`);
});
