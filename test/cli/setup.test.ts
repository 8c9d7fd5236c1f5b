/** The set-up before `npm start` and `npm test`: its lock, and how it gets a nats-server. */
import { execFile, spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test, vi } from 'vitest';
import { newFolder } from './run-cli.ts';

const script = (name: string): string =>
  fileURLToPath(new URL(`../../scripts/${name}`, import.meta.url));

/** Runs some lines of a module; gives what it printed. */
const run = async (lines: string): Promise<string> => {
  const { stdout } = await promisify(execFile)(process.execPath, [
    '--input-type=module',
    '--eval',
    lines,
  ]);
  return stdout;
};

const locking = (path: string, work: string): string => `
  import { withLock } from ${JSON.stringify(script('lock.mjs'))};
  await withLock(${JSON.stringify(path)}, async () => { ${work} }, () => console.log('waiting'));
`;

test('one set-up waits for the other', async () => {
  const folder = newFolder();
  const [lock, mayGo] = [join(folder, 'setup.lock'), join(folder, 'may-go')];
  const holding = run(
    locking(
      lock,
      `const { existsSync } = await import('node:fs');
       while (!existsSync(${JSON.stringify(mayGo)})) await new Promise(setImmediate);`,
    ),
  );
  await vi.waitFor(() => expect(existsSync(lock)).toBe(true), { timeout: 10_000 });
  const second = spawn(process.execPath, [
    ...['--input-type=module', '--eval'],
    locking(lock, "console.log('mine')"),
  ]);
  const said: string[] = [];
  second.stdout.on('data', (chunk: Buffer) => said.push(...chunk.toString().trim().split('\n')));
  await vi.waitFor(() => expect(said).toEqual(['waiting']), { timeout: 10_000 });
  writeFileSync(mayGo, '');
  await Promise.all([holding, new Promise((resolve) => second.once('close', resolve))]);
  expect(said).toEqual(['waiting', 'mine']);
});

test('the lock of a process that is gone is taken over', async () => {
  const lock = join(newFolder(), 'setup.lock');
  const gone = spawn(process.execPath, ['--version']);
  await new Promise((resolve) => gone.once('exit', resolve));
  writeFileSync(lock, String(gone.pid));
  expect(await run(locking(lock, "console.log('done')"))).toBe('done\n');
});

test('a lock that nobody touches any more is taken over, whoever has its number now', async () => {
  const lock = join(newFolder(), 'setup.lock');
  writeFileSync(lock, String(process.pid));
  utimesSync(lock, new Date(0), new Date(0));
  expect(await run(locking(lock, "console.log('done')"))).toBe('done\n');
});

const provide = (
  programs: Readonly<Record<string, string>>,
  configured?: string,
  isRoot = true,
): string => `
  import { existsSync } from 'node:fs';
  import { provideNatsServer } from ${JSON.stringify(script('nats-server.mjs'))};
  const programs = ${JSON.stringify(programs)};
  const findProgram = (name) => (existsSync(programs[name] ?? '/nowhere') ? programs[name] : undefined);
  const configured = ${JSON.stringify(configured) ?? 'undefined'};
  const isRoot = ${isRoot};
  try {
    console.log(await provideNatsServer({ findProgram, configured, isRoot, say: () => {} }));
  } catch (error) {
    console.log('error:', error.message);
  }
`;

/** A package manager that notes its calls and installs by writing the program. */
const fakeApt = (folder: string, isWorking: boolean, server = 'nats-server'): string => {
  const path = join(folder, 'apt-get');
  const install = isWorking ? `touch "${folder}/${server}"` : 'echo "no such package"; exit 100';
  writeFileSync(path, `#!/bin/sh\ncase " $* " in *" install "*) ${install};; esac\n`);
  chmodSync(path, 0o755);
  return path;
};

test('on Debian as root the package is installed', async () => {
  const folder = newFolder();
  const server = join(folder, 'nats-server');
  const programs = { 'nats-server': server, 'apt-get': fakeApt(folder, true) };
  expect(await run(provide(programs))).toBe(`${server}\n`);
});

test('where the installation fails, one sentence says what to do', async () => {
  const folder = newFolder();
  const programs = { 'nats-server': join(folder, 'none'), 'apt-get': fakeApt(folder, false) };
  expect(await run(provide(programs))).toMatch(
    /^error: Greenroom needs nats-server.*NATS_URL.*\n$/,
  );
});

test('without the right to install, the command to type is named', async () => {
  const folder = newFolder();
  const programs = { 'apt-get': fakeApt(folder, true) };
  const said = await run(provide(programs, undefined, false));
  expect(said).toContain(
    process.platform === 'darwin' ? 'brew install nats-server' : 'sudo apt-get install nats-server',
  );
  expect(existsSync(join(folder, 'nats-server'))).toBe(false);
});

test('a server that is there is taken, and the configured one before all', async () => {
  const folder = newFolder();
  mkdirSync(join(folder, 'own'));
  const [found, own] = [join(folder, 'nats-server'), join(folder, 'own', 'nats-server')];
  for (const path of [found, own]) writeFileSync(path, '');
  expect(await run(provide({ 'nats-server': found }))).toBe(`${found}\n`);
  expect(await run(provide({ 'nats-server': found }, own))).toBe(`${own}\n`);
  expect(await run(provide({ 'nats-server': found }, join(folder, 'gone')))).toContain(
    'NATS_SERVER_BIN names',
  );
});

interface Locked {
  readonly resolved?: string;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

const lockedPackages = (): Readonly<Record<string, Locked>> => {
  const text = readFileSync(new URL('../../package-lock.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { packages: Record<string, Locked> }).packages;
};

test('the lock file names the packages of every platform, without which npm ci refuses it', () => {
  const packages = lockedPackages();
  const wanted = Object.values(packages).flatMap((each) =>
    Object.keys(each.optionalDependencies ?? {}),
  );
  expect(wanted.filter((name) => !(`node_modules/${name}` in packages))).toEqual([]);
});

test('the lock file names no registry: whoever installs uses their own', () => {
  expect(Object.values(lockedPackages()).filter((each) => each.resolved !== undefined)).toEqual([]);
});

const provideServers = (folder: string, isRoot: boolean, isWorking: boolean): string => `
  import { existsSync } from 'node:fs';
  import { provideTestServers } from ${JSON.stringify(script('test-servers.mjs'))};
  const server = ${JSON.stringify(join(folder, 'redis-server'))};
  const find = () => (existsSync(server) ? { path: server } : { missing: 'no server was found' });
  const findProgram = () => ${JSON.stringify(fakeApt(folder, isWorking, 'redis-server'))};
  const say = (text) => console.log(text);
  await provideTestServers({ servers: { 'redis-server': find }, findProgram, isRoot: ${isRoot}, say });
`;

test('a server that only tests need is installed like the broker', async () => {
  const folder = newFolder();
  expect(await run(provideServers(folder, true, true))).not.toContain('no server was found');
  expect(existsSync(join(folder, 'redis-server'))).toBe(true);
});

test.each([
  ['the installation fails', true],
  ['nobody may install', false],
])('where %s, a sentence says what to do, and the set-up goes on', async (_, isRoot) => {
  const said = await run(provideServers(newFolder(), isRoot, false));
  expect(said).toMatch(
    /no server was found: .*(install|REDIS_SERVER_BIN).* skipped without it\.\n$/,
  );
});
