/** The program itself, from outside: a daemon in a process of its own, commands in theirs. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { assistantLine, folderOf, userLine } from './import/transcripts.ts';
import { ended, Installation, START_MS } from './installation.ts';
import { jsonLines } from './run-cli.ts';

describe('a running daemon', () => {
  const here = new Installation();
  let daemon: ChildProcess;

  beforeAll(async () => {
    daemon = here.start({ GREENROOM_TEXT_SEARCH: 'talk' });
    await vi.waitFor(() => expect(existsSync(here.daemonFile)).toBe(true), { timeout: START_MS });
  });
  afterAll(async () => {
    const gone = ended(daemon);
    daemon.kill('SIGTERM');
    await gone;
  });

  test('is found by its file, which only its owner can read', async () => {
    const { code, out } = await here.call(['status', '--json']);
    expect(code).toBe(0);
    expect(jsonLines(out)).toMatchObject([{ pid: daemon.pid, provider: 'rehearsal' }]);
    expect(statSync(here.daemonFile).mode & 0o777).toBe(0o600);
    expect(statSync(here.dataDir).mode & 0o777).toBe(0o700);
  });

  test('serves its health and its metrics at the address that its file and its status name', async () => {
    const { httpUrl } = JSON.parse(readFileSync(here.daemonFile, 'utf8'));
    const { out } = await here.call(['status', '--json']);
    expect(jsonLines(out)).toMatchObject([{ http: httpUrl }]);
    expect((await here.call(['status'])).out).toContain(`http      ${httpUrl}\n`);
    for (const path of ['livez', 'readyz', 'metrics'])
      expect((await fetch(`${httpUrl}/${path}`)).status).toBe(200);
  });

  test('answers a prompt from the standard input', async () => {
    const { code, out } = await here.call(['send', 'demo', '-', '--tag', 'first'], 'Hello!\n');
    expect(code).toBe(0);
    expect(out).toContain('Hello!');
    const found = await here.call(['sessions', 'search', '--tag', 'FIRST', '--json']);
    expect(jsonLines(found.out)).toMatchObject([{ sessionId: 'demo', tags: ['first'] }]);
  });

  test('imports a transcript and finds it again', async () => {
    const id = '22222222-2222-4222-8222-222222222222';
    const folder = folderOf({ [`${id}.jsonl`]: [userLine(id, 1), assistantLine(id, 2, 'm')] });
    expect(await here.call(['import', folder])).toMatchObject({ code: 0, err: '' });
    const shown = await here.call(['sessions', 'show', id, '--json']);
    expect(jsonLines(shown.out)).toMatchObject([{ totalCostUsd: 0.00075, numTurns: 1 }]);
  });

  test('finds what was said in it, and shows where', async () => {
    const id = '33333333-3333-4333-8333-333333333333';
    const lines = [userLine(id, 1, 'why is the connection reset?'), assistantLine(id, 2, 'n')];
    await here.call(['import', folderOf({ [`${id}.jsonl`]: lines })]);
    const found = await vi.waitFor(
      async () => {
        const ran = await here.call([
          'sessions',
          'search',
          'connection',
          'RES*',
          'NOT',
          'tag:first',
        ]);
        expect(ran.out).toContain(id);
        return ran.out;
      },
      { timeout: START_MS },
    );
    const [, seq = ''] = /^ {2}#(\d+) why is the connection reset\?$/m.exec(found) ?? [];
    const shown = await here.call(['sessions', 'messages', id, '--from', seq, '--limit', '1']);
    expect(shown.out).toContain('why is the connection reset?');
    expect(await here.call(['sessions', 'search', '"open'])).toMatchObject({ code: 2 });
  });

  test('draws its tree', async () => {
    const { out } = await here.call(['tree']);
    expect(out).toMatch(/^greenroom {2}rest_for_one\n├─ companions/);
  });

  test('describes one of its actors', async () => {
    const { out } = await here.call(['inspect', 'storage/journal', '--json']);
    expect(jsonLines(out)).toMatchObject([
      { path: 'greenroom/storage/journal', kind: 'worker', status: 'running', lastCrash: null },
    ]);
    expect(jsonLines(out)[0]).not.toHaveProperty('state');
    expect(await here.call(['inspect', 'nowhere'])).toMatchObject({ code: 2 });
  });

  test('says what it does not have', async () => {
    const { code, err } = await here.call(['sessions', 'show', 'nobody']);
    expect(code).toBe(3);
    expect(err).toContain('session_not_found');
  });

  test('keeps its data to itself: a second one is refused and disturbs nothing', async () => {
    const brokerFile = join(here.dataDir, 'nats', 'broker.json');
    const broker = readFileSync(brokerFile, 'utf8');
    const second = here.start();
    const said: string[] = [];
    second.stderr?.on('data', (chunk: Buffer) => said.push(chunk.toString()));
    expect(await ended(second)).not.toBe(0);
    expect(said.join('')).toContain(String(daemon.pid));
    expect(readFileSync(brokerFile, 'utf8')).toBe(broker);
    expect((await here.call(['status'])).code).toBe(0);
  });
});

test('a daemon without HTTP has no address of it, and one whose port is taken does not start', async () => {
  const here = new Installation();
  const daemon = here.start({ GREENROOM_HTTP_PORT: 'off' });
  await vi.waitFor(() => expect(existsSync(here.daemonFile)).toBe(true), { timeout: START_MS });
  expect(JSON.parse(readFileSync(here.daemonFile, 'utf8'))).toMatchObject({ httpUrl: null });
  const gone = ended(daemon);
  daemon.kill('SIGTERM');
  expect(await gone).toBe(0);
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const refused = here.start({ GREENROOM_HTTP_PORT: String(port) });
  const said: string[] = [];
  refused.stderr?.on('data', (chunk: Buffer) => said.push(chunk.toString()));
  expect(await ended(refused)).toBe(1);
  server.close();
  expect(said.join('')).toContain(
    `the daemon did not start: port ${port} is taken by another program: set GREENROOM_HTTP_PORT`,
  );
});

test('a daemon that is told to stop ends well and takes its file away', async () => {
  const here = new Installation();
  const daemon = here.start();
  await vi.waitFor(() => expect(existsSync(here.daemonFile)).toBe(true), { timeout: START_MS });
  const exitCode = ended(daemon);
  daemon.kill('SIGTERM');
  expect(await exitCode).toBe(0);
  expect(existsSync(here.daemonFile)).toBe(false);
  expect((await here.call(['status'])).code).toBe(5);
});
