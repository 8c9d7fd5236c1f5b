/** Stryker's settings. Its packages lie beside this file, and vitest, which it runs the tests with, above. */
import { readFileSync } from 'node:fs';

const near = (file) => new URL(file, import.meta.url).href;
const { ranges } = JSON.parse(readFileSync(process.env.MUTANTS_PLAN, 'utf8'));
const runner = import.meta.resolve('@stryker-mutator/vitest-runner');

export default {
  ...{ packageManager: 'npm', allowEmpty: false, concurrency: 1 },
  plugins: [runner, near('./runner.mjs'), near('./sample.mjs')],
  ...{ checkers: ['sample'], reporters: ['score', 'progress-append-only'] },
  ...{ testRunner: 'strict-vitest', coverageAnalysis: 'perTest' },
  ...{ timeoutMS: 10_000, timeoutFactor: 2 }, // what loops for ever is ended, and nothing else
  vitest: { configFile: 'scripts/mutants/vitest.config.ts', related: false },
  mutate: ranges,
  tsconfigFile: 'none: the tests are run from their sources',
  ignorePatterns: ['dist', 'docs', 'bench', '.greenroom', 'scripts/mutants/node_modules'],
  tempDirName: '.greenroom/mutants',
};
