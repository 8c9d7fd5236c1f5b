import { once } from 'node:events';
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { checkNode, checkPrices } from '../../src/cli/doctor/machine.ts';
import type { StoreCare } from '../../src/cli/shell.ts';
import { GreenroomError } from '../../src/model/errors.ts';
import { daemonFileIn, writeDaemonFile } from '../../src/platform/daemon-file.ts';
import { startRehearsal } from '../../src/rehearsal/server.ts';
import { makeDataDir } from '../../src/storage/files/data-dir.ts';
import { freePort } from '../support/free-port.ts';
import { startPostgres, withoutPostgres } from '../support/postgres.ts';
import { startRedis, withoutRedis } from '../support/redis.ts';
import { FakeDaemon } from './fake-daemon.ts';
import { greenroom, jsonLines, newFolder } from './run-cli.ts';

interface Line {
  readonly name: string;
  readonly status: string;
  readonly finding: string;
  readonly nextStep?: string;
}

const JOURNAL = { kind: 'lmdb', path: '/data/journal', fileBytes: 1e6, commits: 40, syncs: 2 };

const examine = async (status: object | Error, env: Record<string, string> = {}) => {
  const daemon = new FakeDaemon({ 'daemon.status': status });
  const { code, out } = await greenroom('doctor --json', { daemon, env });
  const lines = jsonLines(out) as Line[];
  return { code, find: (name: string) => lines.find((line) => line.name === name) };
};

test('a healthy daemon and its store are fine', async () => {
  const { code, find } = await examine({ pid: 7, version: '0.1.0', journal: JOURNAL });
  expect(code).toBe(0);
  expect(find('daemon')?.finding).toContain('process 7, version 0.1.0');
  expect(find('store')?.finding).toBe('lmdb in /data/journal, 1.0 MB, 40 commits in 2 syncs');
});

test('a store that takes no new work fails, with what to do', async () => {
  const journal = { ...JOURNAL, readOnlyBecause: 'disk_low' };
  const { code, find } = await examine({ journal });
  expect(code).toBe(1);
  expect(find('store')).toMatchObject({ status: 'fail', finding: 'takes no new work: disk_low' });
  expect(find('store')?.nextStep).toContain('free some space');
});

test.each([
  ['made', { status: 'idle', lastAt: '2026-01-01T00:00:00Z' }, 'ok', 'the last one was made'],
  ['due later', { status: 'idle', nextAt: '2999-01-01T00:00:00Z' }, 'ok', 'none was made yet, the'],
  ['late', { status: 'idle', nextAt: '2020-01-01T00:00:00Z' }, 'warn', 'one has been due since'],
  ['being made', { status: 'in_progress', nextAt: '2020-01-01T00:00:00Z' }, 'ok', 'none was made'],
  ['tried again', { status: 'pending', error: 'no answer' }, 'warn', 'failed: no answer; none was'],
  ['given up', { status: 'failed', error: 'no keys' }, 'warn', 'the last attempt failed: no keys'],
])('a backup that is %s is told, with what to do', async (_, backup, status, finding) => {
  const { code, find } = await examine({ backup });
  expect(code).toBe(0);
  expect(find('backup')).toMatchObject({ status, finding: expect.stringContaining(finding) });
  expect(find('backup')?.nextStep?.includes('greenroom backup')).toBe(
    status === 'warn' ? true : undefined,
  );
});

test('a daemon that is not running is a warning, not a failure', async () => {
  const { out, code } = await greenroom('doctor', { env: { NATS_URL: '' } });
  expect(code).toBe(0);
  expect(out).toMatch(/warn {2}daemon +no daemon runs on/);
});

test('no key means rehearsal, and says so', async () => {
  const { find } = await examine({});
  expect(find('provider')).toMatchObject({ status: 'warn' });
});

describe('the Claude API is asked about the key and the model', () => {
  const provider = async (env: Record<string, string>) => {
    const api = await startRehearsal();
    onTestFinished(() => api.close());
    const { code, find } = await examine({}, { ANTHROPIC_BASE_URL: api.url, ...env });
    return { code, provider: find('provider'), model: find('model') };
  };

  test('a key that it takes, and a model that it knows, are fine', async () => {
    const found = await provider({ ANTHROPIC_API_KEY: 'sk-ant-test-key-0123456789' });
    expect(found.code).toBe(0);
    expect(found.provider).toMatchObject({
      status: 'ok',
      finding: 'anthropic: the key is accepted, and claude-sonnet-5-5 is known',
    });
  });

  test('a key that it refuses fails, with what to do', async () => {
    const found = await provider({ ANTHROPIC_API_KEY: 'invalid-key' });
    expect(found.code).toBe(1);
    expect(found.provider).toMatchObject({
      status: 'fail',
      finding: 'anthropic: invalid x-api-key (authentication_error)',
      nextStep: expect.stringContaining('set a valid ANTHROPIC_API_KEY'),
    });
  });

  test('a model that it does not know fails, and is not in the price table', async () => {
    const found = await provider({ ANTHROPIC_API_KEY: 'sk-ant-1234567', GREENROOM_MODEL: 'sonet' });
    expect(found.code).toBe(1);
    expect(found.provider).toMatchObject({ status: 'fail' });
    expect(found.model?.finding).toContain('the model sonet is not in the price table');
  });

  test('an API that is not there is a warning: the key may be right', async () => {
    const url = `http://127.0.0.1:${await freePort()}`;
    const found = await provider({ ANTHROPIC_API_KEY: 'sk-ant-1234567', ANTHROPIC_BASE_URL: url });
    expect(found.provider).toMatchObject({ status: 'warn' });
    expect(found.provider?.finding).toContain(`${url} cannot be asked`);
  });

  test('without a key the provider anthropic fails', async () => {
    const found = await provider({ GREENROOM_PROVIDER: 'anthropic' });
    expect(found.provider).toMatchObject({ status: 'fail', finding: 'anthropic, and no key' });
  });
});

test('an outside broker that a start would be refused by fails in the same words', async () => {
  const words = 'JetStream is not enabled on the broker at nats://broker.example:4222';
  const refuse = () => Promise.reject(new GreenroomError('invalid_settings', words));
  const { code, out } = await greenroom('doctor --json', {
    daemon: new FakeDaemon({ 'daemon.status': {} }),
    examineBroker: refuse,
  });
  expect(code).toBe(1);
  const broker = (jsonLines(out) as Line[]).find(({ name }) => name === 'broker');
  expect(broker).toMatchObject({ status: 'fail', finding: words });
});

test.each([
  'nats://user:PASS/WORD@127.0.0.1:9',
  'user:PASSWORD@127.0.0.1:9',
  'nats://user:"PASSWORD@127.0.0.1:9',
  'PASSWORD@127.0.0.1:9',
  'nats://user:PASS@WORD@127.0.0.1:9',
])('of the broker %s no password is shown, whoever says it', async (url) => {
  const refuse = () => Promise.reject(new Error(`${url} is away`));
  const env = { NATS_URL: url };
  const daemon = new FakeDaemon({ 'daemon.status': {} });
  const { code, out, err } = await greenroom('doctor', { daemon, env, examineBroker: refuse });
  expect(code).toBe(1);
  expect(out + err).toContain('127.0.0.1:9 is away');
  expect(out + err).not.toMatch(/PASS|WORD/);
  const gone = { env, connect: () => Promise.reject(new Error(`${url} is away`)) };
  const listed = await greenroom('sessions list', gone);
  expect(listed.err).toContain('127.0.0.1:9 is away');
  expect(listed.err).not.toMatch(/PASS|WORD/);
});

test('of the address of the Claude API no password is shown', async () => {
  const { find } = await examine(
    {},
    { ANTHROPIC_API_KEY: 'any', ANTHROPIC_BASE_URL: 'http://user:PASSWORD@127.0.0.1:9' },
  );
  expect(find('provider')?.finding).toContain('http://(hidden)@127.0.0.1:9 cannot be asked');
  expect(JSON.stringify(find('provider'))).not.toContain('PASSWORD');
});

test('what the daemon warns of its settings is shown', async () => {
  const { find } = await examine({ warnings: ['the model sonet is not in the price table'] });
  expect(find('daemon')).toBeDefined();
  const { out } = await greenroom('status', {
    daemon: new FakeDaemon({ 'daemon.status': { warnings: ['the model sonet is unknown'] } }),
  });
  expect(out).toContain('the model sonet is unknown');
});

test('a data directory where nothing can be kept fails in the words of the start', async () => {
  const folder = newFolder();
  const link = join(folder, 'link');
  symlinkSync(join(folder, 'gone'), link);
  for (const dir of [link, join(link, 'below'), '/proc/x', '/sys/x/y']) {
    const { find } = await examine({}, { GREENROOM_DATA_DIR: dir });
    const line = find('data directory');
    expect([dir, line?.status]).toEqual([dir, 'fail']);
    expect(() => makeDataDir(dir)).toThrow(line?.finding);
  }
});

test('a data directory below a file fails, with what to do', async () => {
  const file = join(newFolder(), 'file');
  writeFileSync(file, '');
  for (const dir of [file, join(file, 'a', 'b')]) {
    const { code, find } = await examine({}, { GREENROOM_DATA_DIR: dir });
    expect(code).toBe(1);
    expect(find('data directory')).toMatchObject({ finding: `${file} is no directory` });
  }
});

test('a data directory that others can read is a warning', async () => {
  const folder = newFolder();
  chmodSync(folder, 0o755);
  const { find } = await examine({}, { GREENROOM_DATA_DIR: folder });
  expect(find('data directory')).toMatchObject({ status: 'warn', nextStep: `chmod 700 ${folder}` });
});

test('a disk with less room than the watermark fails', async () => {
  const { code, find } = await examine({}, { GREENROOM_MIN_FREE_MB: '1048576' });
  expect(code).toBe(1);
  expect(find('free space')?.status).toBe('fail');
});

test('a nats-server that is not there fails', async () => {
  const env = { NATS_URL: '', NATS_SERVER_BIN: '/nowhere/nats-server' };
  expect((await examine({}, env)).find('broker')?.status).toBe('fail');
});

describe('a port that is configured, where no daemon runs', () => {
  const portLine = async (env: Record<string, string>, daemon?: FakeDaemon) => {
    const folder = newFolder();
    const world = { env: { NATS_URL: '', GREENROOM_DATA_DIR: folder, ...env } };
    const file = { pid: process.pid, natsUrl: 'nats://127.0.0.1:1', version: '0.1.0' };
    if (daemon !== undefined)
      writeDaemonFile(daemonFileIn(folder), { ...file, startedAt: new Date().toISOString() });
    const { code, out } = await greenroom('doctor --json', {
      ...world,
      ...(daemon === undefined ? {} : { daemon }),
    });
    return { code, port: (jsonLines(out) as Line[]).find(({ name }) => name === 'port') };
  };
  const taken = async (): Promise<string> => {
    const server = createServer().listen(0, '127.0.0.1');
    onTestFinished(() => void server.close());
    await once(server, 'listening');
    return String((server.address() as { port: number }).port);
  };

  test.each(['GREENROOM_NATS_PORT', 'GREENROOM_HTTP_PORT'])(
    '%s fails when another program has it, in the words of the start',
    async (variable) => {
      const port = await taken();
      const found = await portLine({ [variable]: port });
      expect(found).toMatchObject({
        code: 1,
        port: { status: 'fail', finding: `port ${port} is taken by another program` },
      });
      expect(found.port?.nextStep).toContain(`set ${variable}`);
    },
  );

  test('is no line when it is free, any one will do, or a daemon runs on it', async () => {
    const running = new FakeDaemon({ 'daemon.status': {} });
    const found = [
      await portLine({ GREENROOM_NATS_PORT: String(await freePort()) }),
      await portLine({ GREENROOM_NATS_PORT: '0' }),
      await portLine({ GREENROOM_NATS_PORT: await taken() }, running),
      await portLine({ GREENROOM_HTTP_PORT: String(await freePort()) }),
      await portLine({ GREENROOM_HTTP_PORT: '0' }),
      await portLine({ GREENROOM_HTTP_PORT: 'off' }),
    ];
    expect(found.filter(({ port }) => port !== undefined)).toEqual([]);
  });
});

test('a misspelt variable is pointed out', async () => {
  const { find } = await examine({}, { GREENROOM_WORKER: '2' });
  expect(find('settings')?.finding).toContain('GREENROOM_WORKER');
});

test('old Nodes fail', () => {
  expect([
    checkNode('20.19.0').status,
    checkNode('20.18.1').status,
    checkNode('18.20.0').status,
  ]).toEqual(['ok', 'fail', 'fail']);
});

test('prices from long ago are a warning', () => {
  expect(checkPrices(Date.parse('2026-11-21')).status).toBe('ok');
  expect(checkPrices(Date.parse('2028-01-01')).status).toBe('warn');
});

describe.skipIf(withoutRedis())('the Redis server of a store', () => {
  const lineOf = async (url: string) => {
    const { code, out } = await greenroom(['doctor', '--json', '--store', url]);
    const line = (jsonLines(out) as Line[]).find(({ name }) => name === 'store server');
    return { code, ...line };
  };

  test('is fine when it syncs before it answers', async () => {
    await using server = await startRedis();
    const { status, finding } = await lineOf(server.url);
    expect(status).toBe('ok');
    expect(finding).toMatch(/^Redis \d+\.\d+\.\d+, appendonly yes, appendfsync always$/);
  });

  test('is a warning with any other appendfsync', async () => {
    await using server = await startRedis({ appendfsync: 'everysec' });
    const { status, finding, nextStep } = await lineOf(server.url);
    expect(status).toBe('warn');
    expect(finding).toContain('appendfsync everysec: a power cut can lose');
    expect(nextStep).toContain('appendfsync always');
  });

  test('that is not there fails, and its password is not shown', async () => {
    const { status, finding, code } = await lineOf('redis://me:secret@127.0.0.1:1');
    expect([status, code]).toEqual(['fail', 1]);
    expect(finding).not.toContain('secret');
  });
});

test.skipIf(withoutPostgres())('the PostgreSQL server of a store is looked at', async () => {
  await using server = await startPostgres();
  const { out } = await greenroom(['doctor', '--json', '--store', server.url]);
  expect((jsonLines(out) as Line[]).find(({ name }) => name === 'store server')).toMatchObject({
    status: 'ok',
    finding: expect.stringMatching(/^PostgreSQL \d+.*, no tables yet$/),
  });
});

describe('doctor --verify', () => {
  const care = {
    backup: () => Promise.reject(new Error('not asked for')),
    restore: () => Promise.reject(new Error('not asked for')),
    examineServer: () => Promise.reject(new Error('not asked for')),
  };
  const look = async (verdict: Awaited<ReturnType<StoreCare['verify']>>) => {
    const data = newFolder();
    mkdirSync(join(data, 'store'));
    const storeCare = { ...care, verify: async () => verdict };
    const env = { GREENROOM_DATA_DIR: data, NATS_URL: '' };
    const { code, out } = await greenroom('doctor --json --verify', { env, storeCare });
    return { code, lines: jsonLines(out) as Line[] };
  };
  const report = { records: 10, sessions: 2, entries: 5, broken: 0, problems: [] };

  test('says that all records are sound', async () => {
    const { code, lines } = await look({ isSound: true, report });
    expect(code).toBe(0);
    expect(lines.find(({ name }) => name === 'records')?.finding).toContain('all sound');
  });

  test('says what of the text index is not as the store has it, and what to do', async () => {
    const data = newFolder();
    mkdirSync(join(data, 'store'));
    const fault = { tenant: 'default', sessionId: 's', why: 'the words of entry 2 are missing' };
    const { code, out } = await greenroom('doctor --json --verify', {
      env: { GREENROOM_DATA_DIR: data, NATS_URL: '' },
      storeCare: { ...care, verify: async () => ({ isSound: true, report }) },
      verifyDerived: async () => ({
        snapshot: { is: 'useless', why: 'it fails its checksum' },
        index: { is: 'read', sessions: 3, wrong: 1, named: [fault], behind: 2 },
      }),
    });
    expect(code).toBe(1);
    const lines = jsonLines(out) as Line[];
    expect(lines.find(({ name }) => name === 'snapshot')?.status).toBe('warn');
    expect(lines.filter(({ name }) => name === 'text index')).toMatchObject([
      { status: 'fail', finding: '1 fault in 3 sessions; 2 are yet to be taken in' },
      { status: 'fail', finding: 'default/s: the words of entry 2 are missing' },
    ]);
  });

  test('lists what is broken, and fails', async () => {
    const problems = [{ key: '"default\\u0000s"', why: 'fails its checksum' }];
    const { code, lines } = await look({
      ...{ isSound: false, why: '1 record is broken' },
      report: { ...report, broken: 1, problems },
    });
    expect(code).toBe(1);
    expect(lines.find(({ name }) => name === 'record')?.finding).toContain('fails its checksum');
  });

  test('fails when the store cannot be read to its end', async () => {
    const { code, lines } = await look({ isSound: false, why: 'reading it ended with SIGBUS' });
    expect(code).toBe(1);
    expect(lines.find(({ name }) => name === 'records')?.finding).toContain('SIGBUS');
  });
});

test('a commit that met a broken record is warned of, with the command that lists what is broken', async () => {
  const { find } = await examine({ journal: { ...JOURNAL, failedCommits: 1 } });
  expect(find('store')).toMatchObject({ status: 'warn' });
  expect(find('store')?.finding).toMatch(/, 1 commit met a broken record$/);
  expect(find('store')?.nextStep).toBe('greenroom doctor --verify lists what is broken');
});
