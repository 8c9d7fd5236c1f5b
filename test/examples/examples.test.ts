/**
 * The programs in `examples/`, each started in an empty folder as a user would, print what their page says. All of them
 * share one broker with a daemon, one model and one server of each kind.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { type Greenroom, startGreenroom } from '../../src/index.ts';
import { createLog } from '../../src/platform/log.ts';
import { type Rehearsal, startRehearsal } from '../../src/rehearsal/server.ts';
import { serviceToolsName } from '../../src/tools/services/service-tools.ts';
import { documentNamed, fencesIn, ROOT } from '../docs/readme.ts';
import { startBroker, type TestBroker, withoutNatsServer } from '../support/nats.ts';
import { startPostgres, withoutPostgres } from '../support/postgres.ts';
import { withoutPython } from '../support/python.ts';
import { startRedis, withoutRedis } from '../support/redis.ts';
import { until } from '../support/until.ts';

const run = promisify(execFile);

const names = readdirSync(join(ROOT, 'examples'), { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name);

/** The text below the example's heading. */
const printedBy = (name: string): string | undefined => {
  const page = documentNamed('examples/README.md');
  const section = page.split(/^## /m).find((one) => one.startsWith(`${name}\n`));
  return fencesIn(section ?? '').find(({ marker }) => marker === 'prints')?.text;
};

const temporary = (): string => mkdtempSync(join(tmpdir(), 'greenroom-example-'));
const OURS = /^(ANTHROPIC|GREENROOM|NATS|REDIS|POSTGRES|CLAUDE|OTEL)_/;
const outside = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !OURS.test(name)),
);

/** For a busy machine: one thread, and no process for texts. */
const SMALL = { GREENROOM_MIN_FREE_MB: '1', GREENROOM_WORKERS: '1', GREENROOM_TEXT_SEARCH: 'off' };

/** @param more of its environment: servers that it needs. */
const output = async (name: string, more: NodeJS.ProcessEnv = {}): Promise<string> => {
  const cwd = temporary();
  onTestFinished(() => rmSync(cwd, { recursive: true, force: true }));
  const env = { ...outside, ...SMALL, HOME: cwd, ...more };
  const folder = join(ROOT, 'examples', name);
  const [program, file] = existsSync(join(folder, 'main.py'))
    ? ['python3', 'main.py']
    : [process.execPath, 'main.mjs'];
  return (await run(program, [join(folder, file)], { cwd, env, timeout: 60_000 })).stdout;
};

/** These run a Greenroom of their own: without a key the rehearsal model answers. */
const EMBEDDED = ['tags-and-search', 'nightly-task', 'http-service', 'supervised', 'official-sdk'];
/** These ask the API themselves. */
const CLASSIC = ['simple-persist', 'multi-turn', 'stores'];
/** These use a daemon. */
const REMOTE = ['publish-from-nats', 'python', 'tool-service'];

test('each example is run, and has its line in the table', () => {
  expect(names).toEqual([...EMBEDDED, ...CLASSIC, ...REMOTE].toSorted());
  const page = documentNamed('examples/README.md');
  for (const name of names)
    expect(page).toMatch(new RegExp(`^\\| \\[${name}\\]\\(${name}/main\\.`, 'm'));
});

describe('an example that runs a Greenroom', () => {
  test.each(EMBEDDED.filter((name) => name !== 'official-sdk'))('%s', async (name) => {
    expect(await output(name)).toBe(printedBy(name));
  });

  test('official-sdk, with a stand-in for Claude Code', async () => {
    const CLAUDE_CODE = join(ROOT, 'test', 'agent-sdk', 'stand-in-claude.mjs');
    const CLAUDE_CONFIG_DIR = temporary();
    onTestFinished(() => rmSync(CLAUDE_CONFIG_DIR, { recursive: true }));
    const printed = await output('official-sdk', { CLAUDE_CODE, CLAUDE_CONFIG_DIR });
    expect(printed).toBe(printedBy('official-sdk'));
  });
});

describe('an example that asks the API', () => {
  let model: Rehearsal | undefined;
  beforeAll(async () => {
    model = await startRehearsal();
  });
  afterAll(() => model?.close());

  const outputOf = (name: string, more: NodeJS.ProcessEnv = {}) => {
    model?.clear();
    return output(name, { ANTHROPIC_BASE_URL: model?.url, ...more });
  };

  test('simple-persist', async () => {
    expect(await outputOf('simple-persist')).toBe(printedBy('simple-persist'));
  });

  test('multi-turn', async () => {
    expect(await outputOf('multi-turn')).toBe(printedBy('multi-turn'));
    const requests = model?.requests.toArray().map(({ body }) => body.messages) ?? [];
    // The third turn, in another process, carries the first two.
    expect(requests.map((messages) => messages.length)).toEqual([1, 3, 5, 7]);
    expect(requests[2]?.map(({ content }) => content)).toMatchObject([
      ...['My name is Ada.', [{ text: 'Rehearsal answer to: My name is Ada.' }]],
      ...['I like tea.', [{ text: 'Rehearsal answer to: I like tea.' }], 'What is my name?'],
    ]);
  });

  test.skipIf(withoutRedis() || withoutPostgres())('stores', async () => {
    await using redis = await startRedis();
    await using postgres = await startPostgres();
    const urls = { REDIS_URL: redis.url, POSTGRES_URL: postgres.url };
    expect(await outputOf('stores', urls)).toBe(printedBy('stores'));
  });
});

/** Its tool is there before the daemon looks for services. */
const startToolService = async (natsUrl: string): Promise<ChildProcess> => {
  const file = join(ROOT, 'examples', 'tool-service', 'service.mjs');
  const env = { ...outside, NATS_URL: natsUrl };
  const stdio = ['ignore', 'pipe', 'inherit'] as const;
  const service = spawn(process.execPath, [file], { env, stdio: [...stdio] });
  for await (const line of createInterface({ input: service.stdout as NodeJS.ReadableStream }))
    if (line === 'the service is there') return service;
  throw new Error('the service of the example has ended');
};

describe.skipIf(withoutNatsServer())('an example that uses a daemon', () => {
  let broker: TestBroker | undefined;
  let service: ChildProcess | undefined;
  let greenroom: Greenroom | undefined;
  const dataDir = temporary();

  beforeAll(async () => {
    broker = await startBroker();
    service = await startToolService(broker.url);
    greenroom = await startGreenroom({
      ...{ dataDir, provider: 'rehearsal', nats: { url: broker.url }, serviceTools: 'on' },
      ...{ minFreeMb: 1, workers: 1, textSearch: 'off', log: createLog({ level: 'error' }) },
    });
    const { system } = greenroom;
    await until(() => system.find(serviceToolsName)?.tools.length === 1);
  });
  afterAll(async () => {
    await greenroom?.stop();
    service?.kill();
    await broker?.stop();
    rmSync(dataDir, { recursive: true, force: true });
  });

  const outputOf = (name: string) => {
    const PYTHONPATH = join(ROOT, 'clients', 'python');
    return output(name, { NATS_URL: broker?.url, PYTHONPATH });
  };

  test.each(REMOTE.filter((name) => name !== 'python'))('%s', async (name) => {
    expect(await outputOf(name)).toBe(printedBy(name));
  });

  test.skipIf(withoutPython())('python', async () => {
    expect(await outputOf('python')).toBe(printedBy('python'));
  });
});
