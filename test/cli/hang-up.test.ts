/** SIGHUP: what a running daemon takes of changed settings, what it refuses, and what it leaves for the next start. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { LIVE } from '../../src/app/live-settings.ts';
import { VARIABLES } from '../../src/config/config.ts';
import { codeIn, documentNamed } from '../docs/readme.ts';
import { withoutNatsServer } from '../support/nats.ts';
import { until } from '../support/until.ts';
import { Installation, MAIN } from './installation.ts';
import { jsonLines } from './run-cli.ts';

interface LogLine {
  readonly level: string;
  readonly msg: string;
  readonly changed?: readonly string[];
  readonly needRestart?: readonly string[];
  readonly err?: { readonly message: string };
}

describe.skipIf(withoutNatsServer())('a running daemon', () => {
  const here = new Installation();
  const logFile = join(here.dataDir, 'log', 'greenroom.log');
  const write = (name: string, value: unknown) =>
    writeFileSync(join(here.folder, name), JSON.stringify(value));
  const settings = (more: object = {}) =>
    write('greenroom.config.json', {
      ...{ textSearch: 'off', permissionsFile: 'rules.json', hooksFile: 'hooks.json' },
      ...{ mcpFile: 'mcp.json', workers: 1, ...more },
    });
  let pid = 0;

  beforeAll(async () => {
    settings();
    write('rules.json', { allow: ['Bash'] });
    write('hooks.json', {});
    write('mcp.json', { mcpServers: {} });
    const { out } = await here.call(['start', '--detach', '--json']);
    [{ pid }] = jsonLines(out) as [{ pid: number }];
    await here.call(['sessions', 'create', 'demo', '--cwd', here.folder]);
  });
  afterAll(() => here.call(['stop', '--force', '--timeout', '20']));

  const lines = (): readonly LogLine[] => jsonLines(readFileSync(logFile, 'utf8')) as LogLine[];

  /** What the log says of it. */
  const hungUp = async (wanted = 1): Promise<readonly LogLine[]> => {
    const before = existsSync(logFile) ? lines().length : 0;
    process.kill(pid, 'SIGHUP');
    await until(() => existsSync(logFile) && lines().length >= before + wanted);
    return lines().slice(before);
  };

  const toolResult = async (turn: string): Promise<string> => {
    const prompt = `[[rehearse: tool=Bash input={"command":"echo it-ran"}]] [[rehearse: text="${turn}"]]`;
    expect((await here.call(['send', 'demo', prompt])).code).toBe(0);
    const { out } = await here.call(['sessions', 'messages', 'demo', '--json']);
    const results = jsonLines(out).filter((entry) => JSON.stringify(entry).includes('tool_result'));
    return JSON.stringify(results.at(-1));
  };

  test('judges the next call of a live session by the new rules', async () => {
    expect(await toolResult('first')).toContain('it-ran');
    write('rules.json', { deny: ['Bash'] });
    expect(await hungUp()).toMatchObject([
      { msg: 'settings were read again', changed: ['GREENROOM_PERMISSIONS_FILE'] },
    ]);
    expect(await toolResult('second')).not.toContain('it-ran');
  });

  test('runs hooks that were not there when it started', async () => {
    const command = `cat > ${join(here.folder, 'hook-ran')}`;
    write('hooks.json', { hooks: { Stop: [{ hooks: [{ type: 'command', command }] }] } });
    expect(await hungUp()).toMatchObject([{ changed: ['GREENROOM_HOOKS_FILE'] }]);
    await here.call(['send', 'demo', 'hello']);
    await until(() => existsSync(join(here.folder, 'hook-ran')));
  });

  test('keeps what it has when anything is wrong, and says what', async () => {
    settings({ logLevel: 'error' });
    write('rules.json', { allow: 7 });
    const [line] = await hungUp();
    expect(line).toMatchObject({
      level: 'error',
      err: { message: expect.stringContaining('rules') },
    });
    expect(await toolResult('third')).not.toContain('it-ran');
    settings();
    write('rules.json', { deny: ['Bash'] });
    // The level stayed as well: this line is of `info`.
    expect(await hungUp()).toMatchObject([{ level: 'info', changed: [] }]);
  });

  test('names what takes effect at the next start, until then', async () => {
    settings({ workers: 2, model: 'claude-opus-5' });
    write('mcp.json', { mcpServers: { other: { command: 'true' } } });
    const needRestart = ['GREENROOM_WORKERS', 'GREENROOM_MCP_FILE'];
    const told = await hungUp(2);
    expect(told[0]).toMatchObject({ changed: ['GREENROOM_MODEL'] });
    expect(told.at(-1)).toMatchObject({ level: 'warn', needRestart });
    expect((await hungUp(2)).at(-1)).toMatchObject({ needRestart });
    const { out } = await here.call(['status', '--json']);
    expect(jsonLines(out)).toMatchObject([{ model: 'claude-opus-5' }]);
  });

  test('goes on in a new file where another program has renamed the log', async () => {
    renameSync(logFile, `${logFile}.yesterday`);
    expect((await hungUp()).map(({ msg }) => msg)).toContain('settings were read again');
  });

  test('takes another log level', async () => {
    settings({ logLevel: 'error' });
    process.kill(pid, 'SIGHUP');
    write('rules.json', { allow: 7 });
    // The next one is of `error`, and no other has come before it since the level changed.
    const told = await hungUp();
    expect(told.at(-1)).toMatchObject({ level: 'error' });
  });
});

test('the page names the settings that are taken', () => {
  const [, section = ''] = documentNamed('docs/guide/daemon.md').split('## Settings that change');
  const named = codeIn(section.split('\n## ')[0]).filter((word) => /^[A-Z_]+$/.test(word));
  expect(named.filter((name) => name !== 'SIGHUP').toSorted()).toEqual(
    LIVE.map((name): string => VARIABLES[name].env).toSorted(),
  );
});

/** `script` of util-linux gives its program a terminal. */
const withoutScript = (): boolean => {
  const { stdout } = spawnSync('script', ['--version'], { encoding: 'utf8' });
  if (stdout?.includes('util-linux')) return false;
  console.log('skipped: no script of util-linux was found, which gives a test its terminal');
  return true;
};

test.skipIf(withoutNatsServer() || withoutScript())(
  'a daemon whose terminal is closed ends in order',
  async () => {
    const here = new Installation();
    writeFileSync(join(here.folder, '.env'), 'GREENROOM_TEXT_SEARCH=off\n');
    const command = `exec ${process.execPath} ${MAIN} start`;
    const { env, folder: cwd } = here;
    const terminal = spawn('script', ['-qefc', command, '/dev/null'], { env, cwd });
    await until(() => existsSync(here.daemonFile));
    const gone = once(terminal, 'close');
    terminal.kill('SIGKILL');
    await gone;
    await until(() => !existsSync(here.daemonFile));
  },
);
