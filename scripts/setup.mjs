/**
 * Makes a bare clone ready, before `npm start` and `npm test`: checks Node, installs packages, builds,
 * finds nats-server. It needs nothing but Node itself, and does only what is missing: when all is
 * there it takes well under a second. With `--tests` it also gets what only tests need: the servers of
 * the Redis and PostgreSQL stores, and a browser.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { withLock } from './lock.mjs';
import { provideNatsServer } from './nats-server.mjs';
import { run } from './run.mjs';
import { provideTestServers } from './test-servers.mjs';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const LOCK = join(ROOT, '.greenroom', 'setup.lock');
const BUILD_STAMP = join(ROOT, 'dist', '.built-from');
const SOURCES = [
  'src',
  'supervisors',
  'bench',
  'scripts/reference',
  'test/support',
  'tsconfig.json',
  'tsconfig.build.json',
  'scripts/bundle',
  'package.json',
  'package-lock.json',
];
const OLDEST_NODE = [20, 19];

const at = (...parts) => join(ROOT, ...parts);
const say = (text) => process.stderr.write(`setup: ${text}\n`);

const checkNode = () => {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const [leastMajor, leastMinor] = OLDEST_NODE;
  if (major > leastMajor || (major === leastMajor && minor >= leastMinor)) return;
  throw new Error(
    `Greenroom needs Node ${OLDEST_NODE.join('.')} or newer, and this is ${process.versions.node}: install a newer one.`,
  );
};

/**
 * npm notes in `node_modules/.package-lock.json` what it installed. Compared by content: switching
 * branches changes times, and an installation under a running daemon is nothing to do for nothing.
 */
const needsPackages = () => {
  const note = at('node_modules', '.package-lock.json');
  if (!existsSync(note)) return true;
  const installed = readJson(note).packages;
  return Object.entries(readJson(at('package-lock.json')).packages).some(
    ([path, { version, optional = false }]) =>
      path !== '' && installed[path]?.version !== version && !(optional && !installed[path]),
  );
};

const readJson = (path) => JSON.parse(readFileSync(path, 'utf8'));

const installPackages = async () => {
  say('installing packages (npm ci)');
  // The development packages are needed to build, also where NODE_ENV says "production".
  const args = ['ci', '--include=dev', '--no-audit', '--no-fund'];
  const npm = process.env.npm_execpath;
  if (npm === undefined) await run('npm', args, { cwd: ROOT });
  else await run(process.execPath, [npm, ...args], { cwd: ROOT });
};

/** A digest over the names, sizes and times of everything that is compiled. */
const sourcesDigest = () => {
  const digest = createHash('sha256').update(process.versions.node);
  const add = (path) => {
    if (!existsSync(path)) return;
    const { size, mtimeMs } = statSync(path);
    if (!statSync(path).isDirectory()) digest.update(`${path} ${size} ${mtimeMs}\n`);
    else for (const name of readdirSync(path).sort()) add(join(path, name));
  };
  for (const source of SOURCES) add(at(source));
  return digest.digest('hex');
};

const build = async () => {
  const digest = sourcesDigest();
  if (existsSync(BUILD_STAMP) && readFileSync(BUILD_STAMP, 'utf8') === digest) return;
  say('building');
  const tsc = at('node_modules', 'typescript', 'bin', 'tsc');
  await run(process.execPath, [tsc, '-p', 'tsconfig.build.json'], { cwd: ROOT }).catch(() => {
    throw new Error('the build failed: the errors stand above');
  });
  const { bundle } = await import('./bundle/main.mjs'); // it needs packages, which were not there before
  await bundle();
  mkdirSync(dirname(BUILD_STAMP), { recursive: true });
  writeFileSync(BUILD_STAMP, digest);
};

const compiled = (path) => import(pathToFileURL(at('dist', 'src', path)).href);

/** Where a broker is named, no nats-server of our own is needed. A wrong setting is told by the daemon. */
const brokerSettings = async () => {
  const { loadConfig } = await compiled('config/config.js');
  try {
    return loadConfig({ cwd: ROOT, newestModel: '' }).config;
  } catch {
    return {};
  }
};

const findBroker = async () => {
  const { natsUrl, natsServerBin } = await brokerSettings();
  if (natsUrl !== undefined) return;
  const { findProgram } = await compiled('config/find-program.js');
  await provideNatsServer({ findProgram, configured: natsServerBin, isRoot: isRoot(), say });
};

const isRoot = () => process.getuid?.() === 0;

const findTestServers = async () => {
  const { findProgram } = await compiled('config/find-program.js');
  const { findRedisServer, findPostgres, findChromium } = await import(
    pathToFileURL(at('dist', 'test', 'support', 'server-programs.js')).href
  );
  const servers = {
    'redis-server': findRedisServer,
    postgresql: findPostgres,
    chromium: findChromium,
  };
  await provideTestServers({ servers, findProgram, isRoot: isRoot(), say });
};

try {
  checkNode();
  await withLock(
    LOCK,
    async () => {
      if (needsPackages()) await installPackages();
      await build();
      await findBroker();
      if (process.argv.includes('--tests')) await findTestServers();
    },
    () => say('waiting for another set-up in this folder'),
  );
} catch (error) {
  say(error.message);
  process.exitCode = 1;
}
