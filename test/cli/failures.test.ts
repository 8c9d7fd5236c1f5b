import { expect, test } from 'vitest';
import { type ErrorCode, GreenroomError } from '../../src/session/errors.ts';
import { FakeDaemon } from './fake-daemon.ts';
import { greenroom } from './run-cli.ts';

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
  const daemon = new FakeDaemon({ get: new GreenroomError(code, 'because') });
  expect((await greenroom('sessions show x', { daemon })).code).toBe(exitCode);
});

test('an error says what it means and what to do next, on stderr', async () => {
  const daemon = new FakeDaemon({ get: new GreenroomError('session_not_found', 'no session x') });
  const { out, err } = await greenroom('sessions show x', { daemon });
  expect(out).toBe('');
  expect(err).toBe(
    'error: no session x (session_not_found)\n' +
      '  next: greenroom sessions list shows the sessions that there are\n',
  );
});

test('with --json the error is one object', async () => {
  const daemon = new FakeDaemon({ get: new GreenroomError('queue_full', 'too many') });
  const { err } = await greenroom('sessions show x --json', { daemon });
  expect(JSON.parse(err)).toMatchObject({ error: { code: 'queue_full', retryable: true } });
});

test.each([
  'nonsense',
  'sessions show',
  'sessions list --limit none',
  'sessions list --nonsense',
  'cleanup --older-than 30',
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
