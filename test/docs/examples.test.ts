/**
 * The examples of the README and the guides, run as a user would: copied into a folder of their own where the packages are
 * installed, compiled against the package's types, all at once, and each started with Node. They print what the
 * page says.
 */
import { execFile } from 'node:child_process';
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Rehearsal, startRehearsal } from '../../src/rehearsal/server.ts';
import { serviceToolsName } from '../../src/tools/services/service-tools.ts';
import { withoutNatsServer } from '../support/nats.ts';
import { startPostgres, withoutPostgres } from '../support/postgres.ts';
import { withoutPython } from '../support/python.ts';
import { startRedis, withoutRedis } from '../support/redis.ts';
import { until } from '../support/until.ts';
import { documentNamed, type Example, examples, fencesIn, ROOT } from './readme.ts';
import { newFolder, type Running, startWithBroker } from './running.ts';

const run = promisify(execFile);
const folder = newFolder();
const { ANTHROPIC_API_KEY: _, ANTHROPIC_BASE_URL: __, NATS_URL: ___, ...outside } = process.env;
const env = { ...outside, GREENROOM_PROVIDER: 'rehearsal', GREENROOM_MIN_FREE_MB: '1' };

const TRACES_SDK = '@opentelemetry/sdk-trace-base';

const TYPES = ['--strict', '--module', 'nodenext', '--target', 'es2023', '--types', 'node'];

/** What `npm install` would do. */
const install = (name: string, path: string): void => {
  const target = join(folder, 'node_modules', name);
  mkdirSync(dirname(target), { recursive: true });
  symlinkSync(path, target);
};

const all = examples();

let model: Rehearsal | undefined;

beforeAll(async () => {
  model = await startRehearsal();
  install('greenroom', ROOT);
  const agentSdk = join('@anthropic-ai', 'claude-agent-sdk');
  install(agentSdk, join(ROOT, 'node_modules', agentSdk));
  for (const name of ['nats', 'zod', 'redis', 'pg', '@opentelemetry/api', TRACES_SDK])
    install(name, join(ROOT, 'node_modules', name));
  install('@types', join(ROOT, 'node_modules', '@types'));
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
  for (const { name, code } of all) writeFileSync(join(folder, name), code);
  const sources = all.flatMap(({ name }) => (name.endsWith('.ts') ? [name] : []));
  const tsc = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
  await run(process.execPath, [tsc, ...TYPES, ...sources], { cwd: folder });
});

afterAll(async () => {
  await model?.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Each example begins with an empty folder `data`; one that asks a model itself has this folder as its home. */
const output = async (example: Example, more: NodeJS.ProcessEnv = {}): Promise<string> =>
  (await started(example, more)).stdout;

const started = ({ name, needsModel }: Example, more: NodeJS.ProcessEnv) => {
  rmSync(join(folder, 'data'), { recursive: true, force: true });
  const own = needsModel ? { ANTHROPIC_BASE_URL: model?.url, HOME: folder } : {};
  const script = name.replace(/\.ts$/, '.js');
  const program = name.endsWith('.py') ? 'python3' : process.execPath;
  return run(program, [script], {
    cwd: folder,
    env: { ...env, ...own, ...more, PYTHONPATH: join(ROOT, 'clients', 'python') },
  });
};

test('there are examples of both kinds', () => {
  expect(new Set(all.map(({ needsDaemon }) => needsDaemon))).toEqual(new Set([true, false]));
});

describe('the library', () => {
  test.each(all.filter((each) => !each.needsDaemon && !each.needsServers))(
    '$name',
    async (example) => {
      expect(await output(example)).toBe(example.prints);
    },
  );
});

describe.skipIf(withoutNatsServer())('from another program', () => {
  let running: Running;
  beforeAll(async () => {
    running = await startWithBroker();
  });
  afterAll(() => running[Symbol.asyncDispose]());

  for (const example of all.filter(({ needsDaemon, stays }) => needsDaemon && !stays))
    test.skipIf(example.name.endsWith('.py') && withoutPython())(example.name, async () => {
      expect(await output(example, { NATS_URL: running.natsUrl })).toBe(example.prints);
    });
});

const shout = all.find(({ name }) => name === 'shout.ts');

test.skipIf(withoutNatsServer())('a session calls the tool that shout.ts offers', async () => {
  if (shout === undefined) throw new Error('no page has shout.ts');
  await using running = await startWithBroker(undefined, { serviceTools: 'on' });
  const { sessions, system } = running.greenroom;
  const program = started(shout, { NATS_URL: running.natsUrl });
  let printed = '';
  program.child.stdout?.on('data', (text) => {
    printed += text;
  });
  try {
    await until(() => printed === shout.prints);
    system.fetch(serviceToolsName).look();
    await sessions.create('loud', { tools: ['shout'], allowedTools: ['shout'] });
    await until(async () => (await sessions.explain('loud')).tools.includes('shout'));
    const fences = fencesIn(documentNamed('docs/guide/tool-servers.md'));
    const markedAs = (words: string) => fences.find(({ marker }) => marker === words)?.text ?? '';
    const [, prompt = ''] = / send \S+ '(.+)'/.exec(markedAs('a session')) ?? [];
    for await (const _ of running.greenroom.turn('loud', prompt));
    const { entries } = await sessions.messages('loud');
    const [, result] = /result: (.+)\)/.exec(markedAs('it shows')) ?? [];
    expect(JSON.stringify(entries)).toContain(`"content":"${result}"`);
    expect(program.child.exitCode).toBeNull();
  } finally {
    program.child.kill();
    await program.catch(() => undefined);
  }
});

describe.skipIf(withoutRedis() || withoutPostgres())('on servers of stores', () => {
  const servers: AsyncDisposable[] = [];
  let urls: Record<string, string> = {};
  beforeAll(async () => {
    const redis = await startRedis();
    servers.push(redis);
    const postgres = await startPostgres();
    servers.push(postgres);
    urls = { REDIS_URL: redis.url, POSTGRES_URL: postgres.url };
  });
  afterAll(async () => {
    for (const server of servers) await server[Symbol.asyncDispose]();
  });

  test.each(all.filter(({ needsServers }) => needsServers))('$name', async (example) => {
    expect(await output(example, urls)).toBe(example.prints);
  });
});
