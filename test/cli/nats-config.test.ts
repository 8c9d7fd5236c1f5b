/** `greenroom nats config`: what it prints and writes, and that a real server takes it. */
import { spawnSync } from 'node:child_process';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { natsServer, withoutNatsServer } from '../support/nats.ts';
import { greenroom, newFolder } from './run-cli.ts';

/** Of the word `word`; as `htpasswd` writes it, and as others do. */
const HASH = 'abcdefghijklmnopqrstuuB/GrfUOm5dtrEiT8lcouu5XB5ftbWLi';

interface ListedUser {
  readonly user: string;
  readonly password?: string;
  readonly passwordFrom?: string;
  readonly inboxPrefix: string;
}

/** What the server says to it. */
const serverSays = (file: string, env: NodeJS.ProcessEnv = {}): string => {
  const { stderr, status } = spawnSync(natsServer ?? '', ['-t', '-c', file], { env });
  return status === 0 ? 'valid' : stderr.toString();
};

const written = (folder: string) => {
  const text = readFileSync(join(folder, 'out', 'nats-server.conf'), 'utf8');
  const users: ListedUser[] = JSON.parse(readFileSync(join(folder, 'out', 'users.json'), 'utf8'));
  return { text, users };
};

describe.skipIf(withoutNatsServer())('a server takes', () => {
  test.each(['--accounts', '--users'])('what is written into a folder with %s', async (wall) => {
    const cwd = newFolder();
    const { code, out } = await greenroom(`nats config acme beta ${wall} --out out`, { cwd });
    expect(code).toBe(0);
    expect(serverSays(join(cwd, 'out', 'nats-server.conf'))).toBe('valid');
    const { users, text } = written(cwd);
    expect(users).toHaveLength(2 + 2 * 4);
    const passwords = users.map(({ password = '' }) => password);
    expect(new Set(passwords).size).toBe(users.length);
    for (const password of passwords) {
      expect(text).toContain(`password: "${password}"`);
      expect(out).not.toContain(password);
    }
  });

  test.each(['--accounts', '--users'])(
    'what is printed with %s, passwords from its environment',
    async (wall) => {
      const cwd = newFolder();
      const { out } = await greenroom(`nats config acme --json ${wall}`, { cwd });
      const { config, users } = JSON.parse(out) as { config: string; users: ListedUser[] };
      const file = join(cwd, 'nats.conf');
      writeFileSync(file, config);
      const variables = users.map(({ passwordFrom = '' }) => [passwordFrom, '"a word"'] as const);
      expect(serverSays(file, Object.fromEntries(variables))).toBe('valid');
      expect(serverSays(file)).toContain('GREENROOM_PASSWORD_greenroom');
    },
  );

  test('a folder with a quote and a name that looks like a variable', async () => {
    const cwd = newFolder();
    const args = [
      'nats',
      'config',
      '7e3',
      '--accounts',
      '--store',
      '/srv/"$HOME\\x',
      '--out',
      'out',
    ];
    expect((await greenroom(args, { cwd })).code).toBe(0);
    expect(serverSays(join(cwd, 'out', 'nats-server.conf'))).toBe('valid');
  });
});

test('files are for their owner alone, and none is overwritten', async () => {
  const cwd = newFolder();
  await greenroom('nats config acme --users --out out', { cwd });
  const before = written(cwd);
  for (const name of ['nats-server.conf', 'users.json'])
    expect(statSync(join(cwd, 'out', name)).mode & 0o777).toBe(0o600);
  const again = await greenroom('nats config acme --users --out out', { cwd });
  expect(again).toMatchObject({ code: 4, out: '' });
  expect(again.err).toContain('is there already');
  expect(written(cwd)).toEqual(before);
});

test('hashes stand in place of passwords', async () => {
  const cwd = newFolder();
  writeFileSync(
    join(cwd, 'hashes'),
    `# ours\nacme-reader:$2y$04$${HASH}\n\nadmin:$2b$04$${HASH}\n`,
  );
  await greenroom('nats config acme --users --hashes hashes --out out', { cwd });
  const { text, users } = written(cwd);
  expect(text).toContain(`password: "$2y$04$${HASH}"`);
  expect(text).toContain(`password: "$2b$04$${HASH}"`);
  expect(users.filter(({ password }) => password === undefined).map(({ user }) => user)).toEqual([
    ...['admin', 'acme-reader'],
  ]);
});

test.each([
  ['neither wall', 'nats config acme', 2, 'either --accounts or --users'],
  ['both walls', 'nats config acme --accounts --users', 2, 'either --accounts or --users'],
  ['no tenant', 'nats config --users', 2, 'tenants'],
  ['a tenant that is no id', 'nats config a.b --users', 2, 'the name of a tenant matches'],
  ['a tenant twice', 'nats config acme acme --users', 2, 'twice|two users'],
  ['a user without a role', 'nats config acme --users --user ann:acme', 2, 'NAME:TENANT:ROLE'],
  [
    'a user of no tenant',
    'nats config acme --users --user ann:beta:sender',
    2,
    'no tenant that is named here',
  ],
  ['an unknown role', 'nats config acme --users --user ann:acme:sendr', 2, 'did you mean sender'],
  [
    'a role of all tenants',
    'nats config acme --users --user ann:acme:admin',
    2,
    'there is no role admin',
  ],
  [
    'a user twice',
    'nats config acme --users --user acme-reader:acme:sender',
    2,
    'two users acme-reader',
  ],
  ['an address without a port', 'nats config acme --users --listen host', 2, 'host:port'],
  ['hashes that are not there', 'nats config acme --users --hashes none', 3, 'cannot be read'],
  ['two users of one variable', 'nats config a-b a_b --users', 2, 'would come from'],
])('%s is refused', async (_, line, code, words) => {
  const result = await greenroom(line);
  expect(result).toMatchObject({ code, out: '' });
  expect(result.err).toMatch(new RegExp(words));
});

test.each([
  ['a password', 'admin:secret-word'],
  ['a hash cut short', `admin:$2b$04$${HASH.slice(1)}`],
  ['no name', 'secret-word'],
])('%s among hashes is refused, and not repeated', async (_, line) => {
  const cwd = newFolder();
  writeFileSync(join(cwd, 'hashes'), `${line}\n`);
  const { code, err } = await greenroom('nats config acme --users --hashes hashes', { cwd });
  expect(code).toBe(2);
  expect(err).toContain('line 1');
  expect(err).not.toMatch(/secret|abcdef|bcdefg/);
});
