/** `greenroom service`: the daemon as a service of systemd, of this user or of the system. */
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { LoadedConfig } from '../../config/config.ts';
import { homeFolder } from '../../config/home-folder.ts';
import { makeFolderSync } from '../../platform/make-folder.ts';
import { CliError, usageError } from '../failure.ts';
import { findDaemon } from '../find-daemon.ts';
import { facts } from '../format.ts';
import { act, type Invocation, type Registration } from '../invocation.ts';
import { type Systemctl, systemctlOf } from '../service/systemctl.ts';
import { lastingPath, MARK, type UnitFacts, unitText } from '../service/unit.ts';
import type { Shell } from '../shell.ts';
import { collect } from '../values.ts';

const NAME = 'greenroom.service';
const USER = /^[A-Za-z_][A-Za-z0-9_.-]{0,30}$/;
const SYSTEM_DATA = '/var/lib/greenroom';

interface Options {
  readonly system?: boolean;
  readonly runAs?: string;
  readonly write?: readonly string[];
  readonly print?: boolean;
  readonly now?: boolean;
}

export const registerService = (registration: Registration): void => {
  const service = registration.program
    .command('service')
    .description('the daemon as a service of systemd');
  service
    .command('install')
    .description('write its unit; the settings stand in .env or a file of the working directory')
    .option('--system', 'of the system, not of this user')
    .option('--run-as <user>', 'with --system: whose process it is')
    .option('--write <dir>', 'with --system: a folder that tools may write to (repeat)', collect)
    .option('--print', 'print the unit and change nothing')
    .option('--now', 'have systemd enable and start it')
    .action(act<[], Options>(registration, install));
  service
    .command('status')
    .description('whether it is installed, enabled and running')
    .option('--system', 'of the system, not of this user')
    .action(act<[], Options>(registration, status));
  service
    .command('uninstall')
    .description('stop and disable it, and remove its unit; the data stay')
    .option('--system', 'of the system, not of this user')
    .action(act<[], Options>(registration, uninstall));
};

const kindOf = ({ system }: Options): 'user' | 'system' => (system ? 'system' : 'user');

const pathOf = ({ shell }: Invocation, options: Options): string => {
  if (options.system) return join('/etc/systemd/system', NAME);
  const configHome = shell.env['XDG_CONFIG_HOME'] || join(homeFolder('XDG_CONFIG_HOME'), '.config');
  return join(configHome, 'systemd/user', NAME);
};

const install = async (run: Invocation, _: readonly [], options: Options): Promise<void> => {
  const { shell, out } = run;
  const loaded = run.config();
  const text = unitText(unitFacts(loaded, options, shell));
  if (options.print) return out.one({ unit: text }, () => text);
  if (process.platform !== 'linux')
    throw new CliError(1, 'services are written for systemd, which is on Linux only');
  const path = pathOf(run, options);
  mustBeOurs(path);
  makeFolderSync(dirname(path), 0o755);
  writeFileSync(path, text, { mode: 0o644 });
  noteUnseen(run, loaded);
  if (options.now) start(systemctlOf(shell, kindOf(options)));
  const enable = `systemctl ${options.system ? '' : '--user '}enable --now ${NAME}`;
  out.one({ path, isStarted: options.now === true }, () =>
    options.now
      ? `${path} is written, and the service runs\n`
      : `${path} is written\nnext: ${enable}\n`,
  );
  if (!options.system) out.note('loginctl enable-linger lets it run while you are not logged in');
};

const unitFacts = (
  { config, sources }: LoadedConfig,
  options: Options,
  { cwd, env, script }: Shell,
): UnitFacts => {
  const { runAs, write = [] } = options;
  const kind = kindOf(options);
  if (kind === 'system' && runAs === undefined)
    throw usageError('--system needs --run-as USER: the daemon must not run as root');
  if (kind === 'user' && (runAs !== undefined || write.length > 0))
    throw usageError('--run-as and --write go with --system: a service of yours runs as you');
  if (runAs !== undefined && !USER.test(runAs))
    throw usageError(`${JSON.stringify(runAs)} is no name of a user`);
  const isDefault = sources.get('dataDir')?.kind === 'default';
  const unit = {
    ...{ kind, runAs, workingDirectory: cwd, drainSeconds: config.drainSeconds },
    node: process.execPath,
    script,
    dataDir: kind === 'system' && isDefault ? SYSTEM_DATA : config.dataDir,
    writable: write.map((folder) => resolve(cwd, folder)),
    path: kind === 'user' ? lastingPath(env['PATH']) : undefined,
    hasSandbox: config.sandbox !== 'off',
  } as const;
  for (const value of Object.values(unit).flat()) mustBeOneLine(value);
  return unit;
};

/** A line end in a path would begin a line of the unit. */
const mustBeOneLine = (value: unknown): void => {
  if (typeof value === 'string' && /\p{Cc}/u.test(value))
    throw usageError(`${JSON.stringify(value)} has a control character, which no unit can have`);
};

/** Nothing that a person wrote is written over, or removed. */
const mustBeOurs = (path: string): void => {
  if (existsSync(path) && !readFileSync(path, 'utf8').startsWith(MARK))
    throw new CliError(4, `${path} was not made by this command: it is left as it is`);
};

/** A service has an environment of its own. */
const noteUnseen = (run: Invocation, { sources }: LoadedConfig): void => {
  const unseen = [...sources].flatMap(([name, { kind, name: variable }]) =>
    (kind === 'env' || kind === 'flag') && name !== 'dataDir' ? [variable] : [],
  );
  if (unseen.length > 0)
    run.out.note(
      `the service does not see ${unseen.join(', ')}, of this call alone: write them into ${join(run.shell.cwd, '.env')}`,
    );
};

const start = (systemctl: Systemctl | undefined): void => {
  if (systemctl === undefined)
    throw new CliError(1, 'the unit is written, but there is no systemctl to start it');
  for (const words of [['daemon-reload'], ['enable', '--now', NAME]]) {
    const { isDone, said } = systemctl(...words);
    if (!isDone)
      throw new CliError(1, `the unit is written, but systemd did not start it: ${said}`);
  }
};

const status = async (run: Invocation, _: readonly [], options: Options): Promise<void> => {
  const path = pathOf(run, options);
  const systemctl = systemctlOf(run.shell, kindOf(options));
  const ask = (word: string) => systemctl?.(word, NAME).said || 'unknown: there is no systemctl';
  const found = findDaemon(run.config().config.dataDir);
  const service = {
    unit: existsSync(path) ? path : null,
    enabled: ask('is-enabled'),
    active: ask('is-active'),
    daemon: found.kind === 'running' ? found.daemon.pid : null,
  };
  run.out.one(service, () =>
    facts({
      unit: service.unit ?? `none: ${path} is not there`,
      enabled: service.enabled,
      active: service.active,
      daemon: service.daemon === null ? 'does not run' : `process ${service.daemon}`,
    }),
  );
};

const uninstall = async (run: Invocation, _: readonly [], options: Options): Promise<void> => {
  const path = pathOf(run, options);
  if (!existsSync(path))
    return run.out.one({ path, isRemoved: false }, () => `there is no ${path}\n`);
  mustBeOurs(path);
  const systemctl = systemctlOf(run.shell, kindOf(options));
  const stopped = systemctl?.('disable', '--now', NAME);
  rmSync(path);
  systemctl?.('daemon-reload');
  const isRemoved = true;
  run.out.one({ path, isRemoved, stopped: stopped?.isDone ?? false }, () => `${path} is removed\n`);
  if (stopped?.isDone !== true)
    run.out.note(`systemd did not stop it: ${stopped?.said ?? 'there is no systemctl'}`);
};
