/** Stryker's settings. Its packages lie beside this file, and vitest, which it runs the tests with, above. */
const near = (file) => new URL(file, import.meta.url).href;

export default {
  ...{ packageManager: 'npm', allowEmpty: false, concurrency: 2 },
  plugins: [import.meta.resolve('@stryker-mutator/vitest-runner'), near('./sample.mjs')],
  ...{ checkers: ['sample'], reporters: ['score', 'progress-append-only'] },
  ...{ testRunner: 'vitest', coverageAnalysis: 'perTest' },
  vitest: { configFile: 'scripts/mutants/vitest.config.ts', related: false },
  mutate: ['src/session/machine/**/*.ts', 'src/search/**/*.ts', 'src/otp/**/*.ts'],
  tsconfigFile: 'none: the tests are run from their sources',
  ignorePatterns: ['dist', 'docs', 'bench', '.greenroom', 'scripts/mutants/node_modules'],
  tempDirName: '.greenroom/mutants',
};
