/** `greenroom config check`: all that a start would be refused for, at once. */
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { writeInto } from './import/transcripts.ts';
import { greenroom, jsonLines, newFolder } from './run-cli.ts';

interface Checked {
  readonly isUsable: boolean;
  readonly faults: readonly string[];
  readonly warnings: readonly string[];
  readonly settings: readonly { name: string; value: unknown; source: { kind: string } }[];
}

const checked = async (files: Record<string, string>, env: Record<string, string> = {}) => {
  const cwd = newFolder();
  for (const [name, text] of Object.entries(files)) writeInto(cwd, name, text);
  const { code, out } = await greenroom('config check --json', { cwd, env });
  const [result] = jsonLines(out) as Checked[];
  if (result === undefined) throw new Error('no result');
  return { code, cwd, ...result };
};

test('settings that can be used are printed with their sources, and are no failure', async () => {
  const { code, isUsable, faults, settings } = await checked(
    { '.env': 'GREENROOM_MODEL=a-model\n' },
    { GREENROOM_WORKERS: '3' },
  );
  expect([code, isUsable, faults]).toEqual([0, true, []]);
  const found = Object.fromEntries(settings.map(({ name, ...rest }) => [name, rest]));
  expect(found).toMatchObject({
    model: { value: 'a-model', source: { kind: 'dotenv' } },
    workers: { value: 3, source: { kind: 'env' } },
    mailbox: { value: 1_000, source: { kind: 'default' } },
  });
});

test('a variable that means nothing is answered with the one that was probably meant', async () => {
  const { code, warnings } = await checked({}, { GREENROOM_MODL: 'x', GREENROOM_COLOUR: 'blue' });
  expect(code).toBe(0);
  expect(warnings).toEqual([
    'GREENROOM_MODL means nothing here (did you mean GREENROOM_MODEL?)',
    'GREENROOM_COLOUR means nothing here: misspelt?',
  ]);
});

test('every fault of every place is told in one run, and the exit code is 1', async () => {
  const { code, faults } = await checked(
    {
      '.env': 'GREENROOM_WORKERS=many\n',
      'greenroom.config.json': '{ "cacheMb": -1, "wrong": 1, "mailbox": 5, "worse": 2 }',
      'rules.json': '{ "allow": 7 }',
      'hooks.json': 'no JSON',
      'mcp.json': '{}',
    },
    {
      GREENROOM_HTTP_PORT: '99999',
      GREENROOM_PERMISSIONS_FILE: 'rules.json',
      GREENROOM_HOOKS_FILE: 'hooks.json',
      GREENROOM_MCP_FILE: 'mcp.json',
      GREENROOM_AGENTS_FILE: 'nowhere.json',
      GREENROOM_RETENTION_FILE: 'nowhere.json',
      GREENROOM_TOOL_MODULES: 'nowhere.mjs',
      NATS_CREDS: 'nowhere.creds',
    },
  );
  expect(code).toBe(1);
  for (const words of [
    ...['GREENROOM_WORKERS in .env is "many"', 'cacheMb in ', '"wrong" is no setting'],
    ...['"worse" is no setting', 'GREENROOM_HTTP_PORT is "99999"', 'rules.json', 'hooks.json'],
    ...[
      'mcp.json',
      'GREENROOM_AGENTS_FILE',
      'GREENROOM_RETENTION_FILE',
      'nowhere.mjs',
      'natsCreds',
    ],
  ])
    expect(faults.filter((fault) => fault.includes(words))).not.toEqual([]);
  expect(faults).toHaveLength(12);
});

test('what is no JSON is one fault, and the rest is looked at all the same', async () => {
  const { faults } = await checked(
    { 'greenroom.config.json': '{ "anthropicApiKey": "sk-hidden-words" ' },
    { GREENROOM_WORKERS: '0' },
  );
  expect(faults).toHaveLength(2);
  expect(faults.join()).not.toContain('sk-hidden-words');
});

test('neither values nor faults show a secret', async () => {
  const secret = 'sk-ant-not-to-be-shown';
  const cwd = newFolder();
  const env = { ANTHROPIC_API_KEY: `${secret}\u00e9`, NATS_URL: 'nats://me:word-of-mine@host:1' };
  const { code, out, err } = await greenroom('config check', { cwd, env });
  expect(code).toBe(1);
  expect(out).toContain('ANTHROPIC_API_KEY is not usable');
  expect(out + err).not.toMatch(/not-to-be-shown|word-of-mine/);
});

test('a word that means nothing is a warning', async () => {
  const { code, warnings } = await checked({}, { GREENROOM_MODLE: 'x' });
  expect(code).toBe(0);
  expect(warnings).toEqual([expect.stringContaining('GREENROOM_MODLE')]);
});

test('where something is wrong, people read that alone, and how much it is', async () => {
  const { out } = await greenroom('config check', {
    cwd: newFolder(),
    env: {
      GREENROOM_WORKERS: 'many',
      GREENROOM_HOOKS_FILE: join('/nowhere', 'hooks.json'),
      GREENROOM_MODLE: 'x',
    },
  });
  expect(out).toMatch(
    /^warning: GREENROOM_MODLE[^\n]*\nerror: GREENROOM_WORKERS is "many"[^\n]*\nerror: GREENROOM_HOOKS_FILE[^\n]*\n2 errors\n$/,
  );
});

test('where nothing is wrong, people read all settings, and that a daemon can start', async () => {
  const { out } = await greenroom('config check', { cwd: newFolder() });
  expect(out).toMatch(
    /^variable .*\n[\s\S]*\nGREENROOM_WORKERS .*\n[\s\S]*\na daemon can start with this\n$/,
  );
});
