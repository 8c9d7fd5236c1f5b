/** The daemon as a service of systemd: the unit's text, and what the command does with files and systemctl. */
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { lastingPath, MARK, type UnitFacts, unitText } from '../../src/cli/service/unit.ts';
import { greenroom, jsonLines, newFolder } from './run-cli.ts';

const withoutAnalyze = (): boolean => {
  if (spawnSync('systemd-analyze', ['--version']).status === 0) return false;
  console.log('skipped: no systemd-analyze was found, which knows what a unit may say');
  return true;
};

const FACTS: UnitFacts = {
  ...{ kind: 'user', runAs: undefined, node: process.execPath, script: '/opt/greenroom/main.js' },
  ...{ workingDirectory: '/srv/app', dataDir: '/srv/data', writable: [], path: '/usr/bin:/bin' },
  ...{ drainSeconds: 30, hasSandbox: false },
};
const SYSTEM: UnitFacts = { ...FACTS, kind: 'system', runAs: 'daemon', path: undefined };

describe('a unit', () => {
  test('has the daemon ready, watched, started again, and ended in order', () => {
    const lines = unitText({ ...FACTS, drainSeconds: 45.5 }).split('\n');
    for (const line of [
      ...['Type=notify', 'WatchdogSec=60', 'Restart=on-failure', 'RestartPreventExitStatus=2'],
      ...['KillMode=mixed', 'TimeoutStopSec=76', 'ExecReload=/bin/kill -HUP $MAINPID'],
      `ExecStart="${process.execPath}" "/opt/greenroom/main.js" "start" "--data" "/srv/data"`,
    ])
      expect(lines).toContain(line);
  });

  test('of the system may write to its data and what is named, and to nothing else', () => {
    const text = unitText({ ...SYSTEM, writable: ['/srv/work'] });
    expect(text).toContain('ProtectSystem=strict');
    expect(text.match(/^ReadWritePaths=.*/gm)).toEqual([
      'ReadWritePaths="/srv/data"',
      'ReadWritePaths="/srv/work"',
    ]);
    const state = unitText({ ...SYSTEM, dataDir: '/var/lib/greenroom' });
    expect(state).toContain('StateDirectory=greenroom\n');
    expect(state).not.toContain('ReadWritePaths');
  });

  test('leaves bubblewrap what it needs, where commands are run by it', () => {
    const text = unitText({ ...SYSTEM, hasSandbox: true });
    expect(text).not.toMatch(/RestrictNamespaces|ProtectKernelTunables|ProtectKernelLogs/);
    expect(unitText(SYSTEM)).toMatch(/RestrictNamespaces=yes/);
  });

  test('looks for commands where its person does, and not where npm does while it runs', () => {
    const npms = '/home/ann/.npm/_npx/75e0/node_modules/.bin:/srv/app/node_modules/.bin';
    const gyp = '/usr/lib/node_modules/npm/node_modules/@npmcli/run-script/lib/node-gyp-bin';
    const own = '/home/ann/bin:/usr/bin';
    expect(lastingPath(`${npms}:${gyp}:${own}:/usr/bin:/bin`)).toBe(`${own}:/bin`);
    expect(lastingPath(undefined)).toBeUndefined();
  });

  const ODD = '/srv/a folder, 100% "mine" \\ $HOME';
  test.skipIf(withoutAnalyze()).each([
    ['of a user', FACTS],
    ['of a user, with odd paths', { ...FACTS, dataDir: ODD, script: ODD, workingDirectory: ODD }],
    ['of the system', { ...SYSTEM, writable: ['/srv/work'] }],
    [
      'of the system, with a sandbox',
      { ...SYSTEM, dataDir: '/var/lib/greenroom', hasSandbox: true },
    ],
    ['of the system, with odd paths', { ...SYSTEM, dataDir: ODD, writable: [ODD] }],
  ] as const)('%s is one that systemd takes', (_, facts) => {
    const path = join(newFolder(), 'greenroom.service');
    writeFileSync(path, unitText(facts));
    const scope = facts.kind === 'user' ? ['--user'] : [];
    const { status, stderr } = spawnSync(
      'systemd-analyze',
      [...scope, 'verify', '--man=no', path],
      {
        encoding: 'utf8',
        env: { ...process.env, XDG_RUNTIME_DIR: newFolder() },
      },
    );
    const ours = stderr.split('\n').filter((line) => line.includes('greenroom.service'));
    expect([status, ours]).toEqual([0, []]);
  });
});

/** A systemctl that writes down what it is asked: no test may start a service on its machine. */
const machine = () => {
  const folder = newFolder();
  const asked = join(folder, 'asked');
  const program = join(folder, 'systemctl');
  writeFileSync(program, `#!/bin/sh\necho "$@" >> ${asked}\necho answer\n`);
  chmodSync(program, 0o755);
  const env = { PATH: `${folder}:/usr/bin:/bin`, XDG_CONFIG_HOME: folder, HOME: folder };
  const unit = join(folder, 'systemd/user/greenroom.service');
  const call = (line: string) => greenroom(`service ${line}`, { env, cwd: folder });
  const said = () => (existsSync(asked) ? readFileSync(asked, 'utf8').trim().split('\n') : []);
  return { unit, call, said };
};

describe('`service`', () => {
  test('install writes the unit, says how to start it, and starts nothing', async () => {
    const { unit, call, said } = machine();
    const { code, out, err } = await call('install');
    expect(code).toBe(0);
    expect(out).toBe(`${unit} is written\nnext: systemctl --user enable --now greenroom.service\n`);
    expect(readFileSync(unit, 'utf8')).toMatch(/^# Made by/);
    expect(said()).toEqual([]);
    expect(err).toContain('does not see NATS_URL');
  });

  test('install --print writes nothing', async () => {
    const { unit, call } = machine();
    const { out } = await call('install --print');
    expect(out.startsWith(MARK)).toBe(true);
    expect(existsSync(unit)).toBe(false);
  });

  test('install --now has systemd read, enable and start it', async () => {
    const { call, said } = machine();
    expect((await call('install --now')).code).toBe(0);
    expect(said()).toEqual(['--user daemon-reload', '--user enable --now greenroom.service']);
  });

  test('a unit of another hand is neither written over nor removed', async () => {
    const { unit, call } = machine();
    mkdirSync(join(unit, '..'), { recursive: true });
    writeFileSync(unit, '[Service]\n');
    expect([(await call('install')).code, (await call('uninstall')).code]).toEqual([4, 4]);
    expect(readFileSync(unit, 'utf8')).toBe('[Service]\n');
  });

  test('status says what is there and what systemd says', async () => {
    const { unit, call } = machine();
    expect((await call('status')).out).toContain('none');
    await call('install');
    expect(jsonLines((await call('status --json')).out)).toEqual([
      { unit, enabled: 'answer', active: 'answer', daemon: null },
    ]);
  });

  test('uninstall stops and disables it, then removes its unit', async () => {
    const { unit, call, said } = machine();
    await call('install');
    expect((await call('uninstall')).code).toBe(0);
    expect(existsSync(unit)).toBe(false);
    expect(said()).toEqual(['--user disable --now greenroom.service', '--user daemon-reload']);
    expect((await call('uninstall')).out).toMatch(/^there is no /);
  });

  test('a path that would write lines of its own into the unit is refused', async () => {
    const { call } = machine();
    const { code, err } = await call('install --print --data /srv/a\nExecStartPre=/bin/true');
    expect(code).toBe(2);
    expect(err).toContain('control character');
  });

  test.each([
    ['install --system --print', 'needs --run-as'],
    ['install --system --print --run-as a%n', 'name of a user'],
    ['install --run-as me --print', 'go with --system'],
    ['install --write /srv --print', 'go with --system'],
  ])('%s is a wrong use', async (line, words) => {
    const { code, err } = await machine().call(line);
    expect(code).toBe(2);
    expect(err).toContain(words);
  });
});
