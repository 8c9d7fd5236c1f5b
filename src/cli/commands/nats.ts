/** `greenroom nats config`: the configuration of a broker with tenants, to the terminal or into a folder. */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import {
  type BrokerConfig,
  brokerConfigText,
  type Secret,
  type Wall,
} from '../../nats/broker-config.ts';
import { type BrokerUser, brokerUsers } from '../../nats/broker-users.ts';
import { Subjects } from '../../nats/subjects.ts';
import { makeFolder } from '../../platform/make-folder.ts';
import { CliError, usageError } from '../failure.ts';
import { several } from '../format.ts';
import { act, type Invocation, type Registration } from '../invocation.ts';

interface Options {
  readonly accounts?: boolean;
  readonly users?: boolean;
  readonly user?: readonly string[];
  readonly listen: string;
  readonly store: string;
  readonly calls?: readonly string[];
  readonly hashes?: string;
  readonly out?: string;
}

const repeated = (value: string, before: readonly string[] = []): readonly string[] => [
  ...before,
  value,
];

export const registerNats = (registration: Registration): void => {
  const group = registration.program.command('nats').description('configure a broker of your own');
  group
    .command('config <tenants...>')
    .description('write the configuration of a nats-server that keeps tenants and roles apart')
    .option('--accounts', 'an account for each tenant')
    .option('--users', 'one account, kept apart by the permissions of its users')
    .option('--user <name:tenant:role>', 'a user more than one per role; may be repeated', repeated)
    .option('--listen <host:port>', 'where the server listens', '127.0.0.1:4222')
    .option('--store <dir>', 'where it keeps its streams', './jetstream')
    .option('--calls <subject>', 'a service that tools or hooks ask; may be repeated', repeated)
    .option('--hashes <file>', 'bcrypt hashes of passwords, a line each: name:hash')
    .option('--out <dir>', 'write files, passwords generated; default: to the terminal, without')
    .action(
      act<[string[]], Options>(registration, async (run, [tenants], options) => {
        const users = brokerUsers(tenants, options.user ?? []);
        const config = {
          ...{ wall: wallOf(options), tenants, users, called: options.calls ?? [] },
          ...{
            subjects: new Subjects(run.config().config.prefix),
            storeDir: mustBePath(options.store),
          },
          listen: mustListen(options.listen),
        };
        const hashes = hashesIn(run, options.hashes, users);
        if (options.out === undefined) return print(run, config, hashes);
        await writeInto(run, resolve(run.shell.cwd, options.out), config, hashes);
      }),
    );
};

type Unsecured = Omit<BrokerConfig, 'secretOf'>;
type Hashes = ReadonlyMap<string, string>;

const wallOf = ({ accounts = false, users = false }: Options): Wall => {
  if (accounts === users)
    throw usageError('name what keeps tenants apart', 'either --accounts or --users');
  return accounts ? 'accounts' : 'users';
};

/** What the server's format has no way to write. */
const mustBePath = (path: string): string => {
  if (!/\p{Cc}/u.test(path)) return path;
  throw usageError('--store holds a control character');
};

const mustListen = (listen: string): string => {
  if (/^[^\s"]+:\d{1,5}$/.test(listen)) return listen;
  throw usageError(`--listen is host:port, not ${listen}`);
};

/** A hash that the server would not take for one would be the password itself. */
const BCRYPT = /^\$2[abxy]\$\d\d\$[./A-Za-z0-9]{53}$/;

const hashesIn = (
  run: Invocation,
  file: string | undefined,
  users: readonly BrokerUser[],
): Hashes => {
  if (file === undefined) return new Map();
  const path = resolve(run.shell.cwd, file);
  const lines = read(path)
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(lines.map((line, at) => hashIn(line, `${path}, line ${at + 1}`, users)));
};

const hashIn = (line: string, where: string, users: readonly BrokerUser[]): [string, string] => {
  const colon = line.indexOf(':');
  const name = line.slice(0, Math.max(0, colon));
  const hash = line.slice(colon + 1);
  // what stands there may be a password: it is not repeated
  if (!BCRYPT.test(hash)) throw new CliError(2, `${where}: not a name and a bcrypt hash`);
  if (!users.some((user) => user.name === name))
    throw new CliError(2, `${where}: there is no user ${name}`);
  return [name, hash];
};

const read = (path: string): string => {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new CliError(3, `${path} cannot be read: ${(error as Error).message}`);
  }
};

/** A password that is shown would stand in somebody's scrollback or log: the server takes it from its environment. */
const print = (run: Invocation, config: Unsecured, hashes: Hashes): void => {
  mustDiffer(config.users.filter(({ name }) => !hashes.has(name)));
  const secretOf = ({ name }: BrokerUser): Secret => {
    const hash = hashes.get(name);
    return hash === undefined ? { variable: variableOf(name) } : { text: hash };
  };
  const text = brokerConfigText({ ...config, secretOf });
  const users = config.users.map((user) => ({
    ...shown(user),
    ...(hashes.has(user.name) ? {} : { passwordFrom: variableOf(user.name) }),
  }));
  run.out.one({ config: text, users }, () => text);
};

const variableOf = (name: string): string => `GREENROOM_PASSWORD_${name.replaceAll('-', '_')}`;

const mustDiffer = (users: readonly BrokerUser[]): void => {
  const variables = users.map(({ name }) => variableOf(name));
  const twice = variables.find((one, at) => variables.indexOf(one) < at);
  if (twice !== undefined)
    throw new CliError(
      2,
      `the passwords of two users would come from ${twice}`,
      'name them otherwise, or write files with --out',
    );
};

const shown = ({ name, standing, inboxPrefix }: BrokerUser) => ({
  user: name,
  ...standing,
  inboxPrefix,
});

const CONFIG_FILE = 'nats-server.conf';
const USERS_FILE = 'users.json';
/** For their owner only. */
const FILE_MODE = 0o600;

/** New files only: those that are there may be what a server runs with, with passwords that people have. */
const writeInto = async (
  run: Invocation,
  folder: string,
  config: Unsecured,
  hashes: Hashes,
): Promise<void> => {
  const passwords = new Map(
    config.users.filter(({ name }) => !hashes.has(name)).map(({ name }) => [name, newPassword()]),
  );
  const secretOf = ({ name }: BrokerUser): Secret => ({
    text: hashes.get(name) ?? passwords.get(name) ?? '',
  });
  const users = config.users.map((user) => {
    const password = passwords.get(user.name);
    return { ...shown(user), ...(password === undefined ? {} : { password }) };
  });
  await makeFolder(folder);
  const files = { config: join(folder, CONFIG_FILE), users: join(folder, USERS_FILE) };
  await writeNew(files.users, `${JSON.stringify(users, null, 2)}\n`);
  await writeNew(files.config, brokerConfigText({ ...config, secretOf }));
  run.out.one(
    files,
    () =>
      `${files.config}: ${several(config.tenants.length, 'tenant')}, ${several(users.length, 'user')}\n${files.users}: their passwords and inbox prefixes\n`,
  );
};

/** Letters and digits alone: they stand in an address as they are. */
// biome-ignore lint/plugin: what a seed could foresee is no password
const newPassword = (): string => randomBytes(24).toString('hex');

const writeNew = (path: string, text: string): Promise<void> =>
  writeFile(path, text, { mode: FILE_MODE, flag: 'wx' }).catch((error: NodeJS.ErrnoException) => {
    throw error.code === 'EEXIST'
      ? new CliError(4, `${path} is there already`, 'name another --out, or move it away')
      : new CliError(1, `${path} cannot be written: ${error.message}`);
  });
