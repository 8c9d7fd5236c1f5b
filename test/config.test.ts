import { writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import {
  CONFIG_NAMES,
  ConfigError,
  describeConfig,
  type LoadOptions,
  loadConfig,
  VARIABLES,
} from '../src/config/config.ts';
import { parseDotenv } from '../src/config/dotenv.ts';
import { secretsOf } from '../src/config/secrets.ts';
import { folderOf } from './support/new-folder.ts';

const folderWith = (files: Readonly<Record<string, string>>): string => {
  const folder = folderOf('config');
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return folder;
};

const load = (options: Partial<LoadOptions> = {}) =>
  loadConfig({ env: {}, cwd: folderWith({}), newestModel: 'claude-sonnet-5-5', ...options });

test('without any setting the defaults are in force', () => {
  const { config } = load({ env: { XDG_DATA_HOME: '/xdg' } });
  expect(config).toMatchObject({
    dataDir: '/xdg/greenroom',
    tenant: 'default',
    prefix: 'greenroom',
    natsUrl: undefined,
    natsPort: undefined,
    store: 'lmdb:',
    provider: 'rehearsal',
    model: 'claude-sonnet-5-5',
    httpPort: undefined,
    cleanupIntervalHours: 24,
    cleanupMaxAgeDays: 30,
    queuePerSession: 100,
    drainSeconds: 30,
    logLevel: 'info',
  });
});

test('without XDG_DATA_HOME the data lie in the home folder', () => {
  expect(load().config.dataDir).toBe(join(homedir(), '.local/share/greenroom'));
});

test('a wrong option of a program is named as the program wrote it', () => {
  expect(() => load({ options: { provider: 'foo' } })).toThrow(/^the option provider is "foo": /);
});

test('flags win over the environment, that over .env, that over the file', () => {
  const cwd = folderWith({
    'greenroom.config.json': '{ "httpPort": 1, "drainSeconds": 1, "minFreeMb": 1, "cacheMb": 1 }',
    '.env': 'GREENROOM_HTTP_PORT=2\nGREENROOM_DRAIN_SECONDS=2\nGREENROOM_MIN_FREE_MB=2\n',
  });
  const env = { GREENROOM_HTTP_PORT: '3', GREENROOM_DRAIN_SECONDS: '3' };
  const { config, sources } = load({ cwd, env, flags: { httpPort: '4' } });
  const { httpPort, drainSeconds, minFreeMb, cacheMb } = config;
  expect([httpPort, drainSeconds, minFreeMb, cacheMb]).toEqual([4, 3, 2, 1]);
  expect(sources.get('httpPort')).toEqual({ kind: 'flag', name: 'httpPort' });
  expect(sources.get('drainSeconds')).toEqual({ kind: 'env', name: 'GREENROOM_DRAIN_SECONDS' });
  expect(sources.get('minFreeMb')).toEqual({ kind: 'dotenv', name: 'GREENROOM_MIN_FREE_MB' });
  expect(sources.get('cacheMb')?.kind).toBe('file');
  expect(sources.get('mailbox')).toEqual({ kind: 'default', name: '1000' });
});

test('a port, or the word that there is to be none', () => {
  const ports = ['0', '4280', 'off', ' OFF '].map(
    (text) => load({ env: { GREENROOM_HTTP_PORT: text } }).config.httpPort,
  );
  expect(ports).toEqual([0, 4280, 'off', 'off']);
});

test('a key makes the provider anthropic', () => {
  expect(load({ env: { ANTHROPIC_API_KEY: 'sk' } }).config.provider).toBe('anthropic');
});

test('a classic name counts where ours is not set', () => {
  const classic = { CLAUDE_SDK_DEFAULT_MODEL: 'old' };
  expect(load({ env: classic }).config.model).toBe('old');
  expect(load({ env: { ...classic, GREENROOM_MODEL: 'new' } }).config.model).toBe('new');
});

test.each([
  ['true', 'on'],
  ['False', 'off'],
  ['1', 'on'],
  ['no', 'off'],
  ['on', 'on'],
])('what is built in of hooks is switched as classic programs write it: %s', (text, means) => {
  expect(load({ env: { ENABLE_CUSTOM_HOOKS: text } }).config.customHooks).toBe(means);
});

test('a switch that is neither on nor off is refused', () => {
  for (const text of ['maybe', 'constructor'])
    expect(() => load({ env: { ENABLE_AUDIT_HOOK: text } })).toThrow(
      `ENABLE_AUDIT_HOOK is "${text}": it must be on or off`,
    );
});

test('a configuration file may say it as a value of JSON', () => {
  const cwd = folderWith({ 'greenroom.config.json': '{"metricsHook":false,"auditHook":1}' });
  expect(load({ cwd }).config).toMatchObject({ metricsHook: 'off', auditHook: 'on' });
});

test('an empty variable counts as not set', () => {
  expect(load({ env: { GREENROOM_TENANT: '', NATS_URL: '' } }).config).toMatchObject({
    tenant: 'default',
    natsUrl: undefined,
  });
});

test('relative paths start where they were written', () => {
  const cwd = folderWith({ 'other.json': '{ "dataDir": "here" }' });
  expect(load({ cwd, configFile: 'other.json' }).config.dataDir).toBe(join(cwd, 'here'));
  expect(load({ cwd, flags: { dataDir: '~/there' } }).config.dataDir).toBe(
    join(homedir(), 'there'),
  );
});

test.each([
  [
    'GREENROOM_WORKERS',
    'many',
    'GREENROOM_WORKERS is "many": it must be a whole number from 1 to 256',
  ],
  ['GREENROOM_HTTP_PORT', '70000', 'it must be a whole number from 0 to 65535, or off'],
  ['GREENROOM_HTTP_PORT', 'on', 'it must be a whole number from 0 to 65535, or off'],
  ['GREENROOM_TENANT', 'a.b', 'it must be letters, digits, _ and -, at most 128'],
  ['GREENROOM_PROVIDER', 'magic', 'it must be one of anthropic, rehearsal'],
  ['GREENROOM_STORE', 'redis:', 'it must be lmdb: or memory:'],
  ['ANTHROPIC_BASE_URL', 'nowhere', 'it must be an http or https URL'],
  ['GREENROOM_DRAIN_SECONDS', '-1', 'it must be a number from 0 to 3600'],
])('%s=%s is refused with what it must be', (name, value, words) => {
  expect(() => load({ env: { [name]: value } })).toThrow(words);
});

test('a refusal has the code of wrong settings and names the default', () => {
  const error = thrown(() => load({ env: { GREENROOM_MAILBOX: '0' } }));
  expect(error).toBeInstanceOf(ConfigError);
  expect(error).toMatchObject({ code: 'invalid_settings' });
  expect(error.message).toContain('leave it out for the default (1000)');
});

const thrown = (work: () => unknown): Error => {
  try {
    work();
  } catch (error) {
    return error as Error;
  }
  throw new Error('nothing was thrown');
};

test('a file with an unknown setting is refused, and so is one that is not there', () => {
  const cwd = folderWith({ 'greenroom.config.json': '{ "workerz": 2 }' });
  expect(() => load({ cwd })).toThrow(/"workerz" is no setting \(did you mean workers\?\)/);
  expect(() => load({ configFile: 'missing.json' })).toThrow(/missing\.json cannot be read/);
});

test('secrets are hidden when printed', () => {
  const env = { ANTHROPIC_API_KEY: 'sk-ant-1', NATS_URL: 'nats://me:word@host:4222' };
  const lines = describeConfig(load({ env }));
  expect(JSON.stringify(lines)).not.toMatch(/sk-ant-1|word/);
  expect(lines.find((line) => line.name === 'natsUrl')?.value).toBe('nats://(hidden)@host:4222');
  expect(lines.map((line) => line.name)).toEqual(CONFIG_NAMES);
});

test.each([
  ['NATS_URL', 'user:PASSWORD@127.0.0.1:9'],
  ['NATS_URL', 'nats://user:PASS/WORD@127.0.0.1:9'],
  ['NATS_URL', 'nats://user:PASS@WORD@127.0.0.1:9'],
  ['ANTHROPIC_BASE_URL', 'http://user:PASS@WORD@127.0.0.1:9'],
])('%s=%s is printed without its password', (name, value) => {
  const loaded = load({ env: { [name]: value } });
  const line = describeConfig(loaded).find(({ variable }) => variable === name);
  expect(line?.value).toMatch(/^(http:\/\/|nats:\/\/)?\(hidden\)@127\.0\.0\.1:9$/);
  expect(secretsOf(loaded.config).join()).toContain('WORD');
});

test.each([
  ['NATS_URL', 'nats://user:PASS WORD@host'],
  ['NATS_URL', 'user:PASS WORD@host'],
  ['ANTHROPIC_BASE_URL', 'user:PASSWORD@host'],
  ['GREENROOM_STORE', 'redis://user:PASS/WORD@host'],
  ['ANTHROPIC_API_KEY', 'PASS\nWORD'],
  ['ANTHROPIC_API_KEY', 'sk-PASS\u00fcWORD'],
])('%s=%j is refused without its secret', (name, value) => {
  const error = thrown(() => load({ env: { [name]: value } }));
  expect(error).toMatchObject({ code: 'invalid_settings' });
  expect(error.message).toContain(name);
  expect(error.message).not.toMatch(/PASS|WORD/);
});

test('a file that is no JSON is refused without the text around its fault', () => {
  const cwd = folderWith({ 'greenroom.config.json': '{ "anthropicApiKey": "sk-PASSWORD" x }' });
  const error = thrown(() => load({ cwd }));
  expect(error.message).toMatch(/greenroom\.config\.json cannot be read: /);
  expect(error.message).not.toContain('PASSWORD');
});

test('misspelt variables are reported, not refused', () => {
  expect(load({ env: { GREENROOM_WORKER: '2', OTHER: 'x' } }).unknown).toEqual([
    'GREENROOM_WORKER',
  ]);
});

test('no two settings share a name', () => {
  const names = Object.values(VARIABLES).flatMap((variable) => [
    variable.env,
    ...('aliases' in variable ? (variable.aliases ?? []) : []),
  ]);
  expect(new Set(names).size).toBe(names.length);
});

test('.env files may quote, export and comment', () => {
  const text = [
    '# a comment',
    'A=plain # rest',
    "export B='keeps # and \\n'",
    'C="two\\nlines \\"quoted\\""',
    'not a line',
    'D=',
    'A=last wins',
  ].join('\r\n');
  expect({ ...parseDotenv(text) }).toEqual({
    A: 'last wins',
    B: 'keeps # and \\n',
    C: 'two\nlines "quoted"',
    D: '',
  });
});
