/**
 * Bundles the command line, `dist/src/cli/main.js` and what it needs, into `dist/cli`: to find and load a hundred small
 * modules takes longer than most commands run. Runs after the compiler, and takes its files; the page
 * is bundled with it (`page.mjs`), the daemon (`daemon.mjs`), the programs of threads and child processes (`programs.mjs`), and
 * the library (`doors.mjs`).
 *
 * 1. What only the daemon needs is in its bundle, and is loaded from there.
 * 2. Of the packages, commander and the NATS client are taken in. All others stay outside.
 * 3. A command is still loaded when it is called (`src/cli/command-table.ts`): each is a file of its own.
 * 4. It is CommonJS, which Node loads sooner than as many modules. Names are kept, so stack traces say what they said.
 */
import { execFileSync } from 'node:child_process';
import { chmodSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { rolldown } from 'rolldown';
import { bundleDaemon, DAEMON, ENTRY as DAEMON_PARTS } from './daemon.mjs';
import { bundleDoors } from './doors.mjs';
import { bundlePage } from './page.mjs';
import { bundlePrograms } from './programs.mjs';

const HERE = dirname(fileURLToPath(import.meta.url));
const ROOT = dirname(dirname(HERE));
const COMPILED = join(ROOT, 'dist', 'src');
const ENTRY = join(COMPILED, 'cli', 'main.js');
const FOLDER = join(ROOT, 'dist', 'cli');

const TAKEN_IN = /^(?:commander|nats|nkeys\.js|tweetnacl)$/;

const outside = {
  name: 'what stays outside',
  resolveId: (specifier, importer) => {
    if (importer === undefined) return undefined;
    if (!specifier.startsWith('.'))
      return TAKEN_IN.test(specifier) ? undefined : outsideId(specifier);
    const path = resolve(dirname(importer), specifier);
    return path === DAEMON_PARTS
      ? outsideId(relative(FOLDER, join(DAEMON, 'daemon-parts.cjs')))
      : undefined;
  },
};

const outsideId = (id) => ({ id, external: true });

const REQUIRED = /^(?:var|const) (\w+_\d+|childProcess) = require\((["'][^"']+["'])\);$/gm;
const HANDED_ON = /^exports\.(\w+) = require\(("[^"]+")\);$/gm;
const AS_GETTER =
  'Object.defineProperty(exports, "$1", { enumerable: true, get: () => require($2) });';

/**
 * `const tls = require("tls")` loads when `tls` is first used. The NATS client requires all of itself, and of Node, at
 * once: JetStream, keys and TLS, which a command does not touch, take longer than the command.
 */
const lazily = (code, required, isWanted = () => true) => {
  const found = [...code.matchAll(required)].filter(([, name]) => isWanted(name));
  const loaders = found.map(
    ([, name, from]) => `let ${name}$; const ${name} = () => (${name}$ ??= require(${from}));`,
  );
  const names = found.map(([, name]) => name).join('|') || '(?!)';
  const used = new RegExp(`(?<![\\w$]|(?<!\\.\\.)\\.)(?:${names})(?![\\w$])`, 'g');
  const lines = found.map(([line]) => line);
  const body = lines.reduce((rest, line) => rest.replace(line, ''), code);
  const lazy = body.replace(used, (name) => `(${name}())`);
  const left = new RegExp(`(?<![\\w$(])(?:${names})(?![\\w$(])`).exec(lazy);
  if (left !== null) throw new Error(`${left[0]} is used in a way that is not known here`);
  return loaders.length === 0 ? code : withHead(lazy, loaders.join(' '));
};

/** Behind the line that names an interpreter, where there is one. */
const withHead = (code, head) => code.replace(/^(#!.*\n)?/, (line) => `${line}${head} `);

/** Files of the bundle, and Node's own: child processes, for one, are started by few commands. */
const CHUNK = /^(?:let|const) (node_\w+|require_\w+) = require\(("(?:node:|\.\/)[^"]+")\);$/gm;

const lazyChunks = {
  name: 'lazy chunks',
  renderChunk: (code) => {
    // What is assigned again, as a namespace is, stays as it is.
    const isPlain = (name) => !code.includes(`\n${name} = `);
    return lazily(code, CHUNK, isPlain);
  },
};

const lazyPackages = {
  name: 'lazy packages',
  transform: {
    filter: { id: /node_modules\/(?:nats|commander)\/.*\.js$/ },
    handler: (code) => lazily(code.replace(HANDED_ON, AS_GETTER), REQUIRED),
  },
};

/** What a command hardly needs of the NATS client: a file of its own, so that it is not even read. */
const NATS_RARELY =
  /node_modules\/(?:nkeys\.js|tweetnacl|nats\/lib\/(?:jetstream\/(?!\w*mod\.js)|nats-base-client\/(?:bench|service|serviceclient|js-sha256)\.js))/;

export const bundle = async () => {
  await bundlePage();
  await bundlePrograms();
  await bundleDaemon();
  await bundleDoors();
  const build = await rolldown({
    input: ENTRY,
    cwd: ROOT,
    platform: 'node',
    preserveEntrySignatures: false,
    plugins: [outside, lazyPackages, lazyChunks],
  });
  await build.write({
    dir: FOLDER,
    cleanDir: true,
    format: 'cjs',
    dynamicImportInCjs: false,
    banner: ({ isEntry }) => (isEntry ? readFileSync(join(HERE, 'door.cjs'), 'utf8') : ''),
    comments: { legal: true, annotation: false, jsdoc: false },
    entryFileNames: '[name].cjs',
    chunkFileNames: '[name].cjs',
    codeSplitting: {
      includeDependenciesRecursively: false,
      groups: [
        { name: 'nats-rarely', test: NATS_RARELY },
        { name: 'nats-client', test: /node_modules\/nats\// },
        { name: 'common', minShareCount: 3 },
      ],
    },
  });
  await build.close();
  chmodSync(join(FOLDER, 'main.cjs'), 0o755);
  warm();
};

/** The command whose files are kept compiled, with all that it loads. Nobody listens there: it fails, and that is enough. */
const WARMED = ['sessions', 'search', 'x', '--limit', '1', '--servers', 'nats://127.0.0.1:1'];

/** The daemon is only loaded: started it changes V8's flags, and what was compiled under others V8 does not take. */
const warm = () => {
  for (const args of [[FOLDER, ...WARMED], [DAEMON]])
    execFileSync(process.execPath, [join(HERE, 'warm.cjs'), ...args], { stdio: 'ignore' });
};

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await bundle();
