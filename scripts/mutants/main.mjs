/**
 * `npm run mutants`: makes small mistakes in the state machine, the search and the runtime, one at a time, and counts
 * how many the tests notice. A whole run takes hours, so it tries a sample, the same for the same seed.
 *
 *   MUTANTS_COUNT=300 MUTANTS_SEED=1 npm run mutants [-- FILE…]
 *
 * Stryker is installed when it is missing, into this folder and never with the product.
 */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from '../run.mjs';

const FOLDER = dirname(fileURLToPath(import.meta.url));
const ROOT = dirname(dirname(FOLDER));
const STRYKER = join(FOLDER, 'node_modules', '@stryker-mutator', 'core', 'bin', 'stryker.js');

const install = () =>
  // Stryker asks for vitest, which lies above.
  run('npm', ['ci', '--legacy-peer-deps', '--no-audit', '--no-fund'], { cwd: FOLDER });

const files = process.argv.slice(2);
const only = files.length === 0 ? [] : ['--mutate', files.join(',')];
try {
  if (!existsSync(STRYKER)) await install();
  await run(process.execPath, [STRYKER, 'run', join(FOLDER, 'stryker.config.mjs'), ...only], {
    cwd: ROOT,
  });
} catch (error) {
  process.stderr.write(`mutants: ${error.message}\n`);
  process.exitCode = 1;
}
