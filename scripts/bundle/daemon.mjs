/**
 * Bundles what the command line takes from the daemon's side, the daemon first of all, into `dist/daemon`: its nine hundred
 * modules took half of its start. Runs after the compiler, and takes its files.
 *
 * 1. It is a bundle of its own, beside that of the command line: what both have is in both, so commands load no more for it.
 * 2. Packages that are native, find files by their own place, or are hardly ever needed stay outside. All others are taken in.
 * 3. It is CommonJS, for what holds of the command line (`main.mjs`).
 */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
export const DAEMON = join(ROOT, 'dist', 'daemon');

const COMPILED = join(ROOT, 'dist', 'src');
/** What the command line loads of it. */
export const ENTRY = join(COMPILED, 'cli', 'daemon-parts.js');

const OUTSIDE = ['lmdb', 'msgpackr', 'libsql', 'pino', 'piscina', '@modelcontextprotocol/client'];

/** In what is kept compiled nothing can be imported (`door.cjs`), so modules that import packages are a file of their own. */
const isImporting = (id) =>
  id !== ENTRY && id.startsWith(COMPILED) && /\bimport\(/.test(readFileSync(id, 'utf8'));

export const bundleDaemon = async () => {
  const build = await rolldown({
    input: ENTRY,
    cwd: ROOT,
    platform: 'node',
    preserveEntrySignatures: 'allow-extension',
    external: OUTSIDE,
  });
  await build.write({
    dir: DAEMON,
    cleanDir: true,
    format: 'cjs',
    keepNames: true,
    comments: { legal: true, annotation: false, jsdoc: false },
    entryFileNames: '[name].cjs',
    chunkFileNames: '[name].cjs',
    codeSplitting: {
      includeDependenciesRecursively: false,
      groups: [{ name: 'importing', test: isImporting }],
    },
  });
  await build.close();
};
