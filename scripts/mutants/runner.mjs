/**
 * A plugin of Stryker: its runner of vitest, which overlooks a test file that cannot even be loaded. Here such a file
 * has noticed the mutant.
 */
import { strykerPlugins as plugins } from '@stryker-mutator/vitest-runner';

const FAILED = 1; // of Stryker's TestStatus
const vitest = plugins.find(({ name }) => name === 'vitest');

const brokenFiles = ({ ctx }) =>
  ctx.state
    .getFiles()
    .filter(({ result, tasks }) => result?.state === 'fail' && tasks.length === 0)
    .map(({ filepath, result }) => ({
      ...{ id: filepath, name: filepath, timeSpentMs: 0, status: FAILED },
      failureMessage: result.errors?.[0]?.message ?? 'it cannot be loaded',
    }));

const factory = (injector) => {
  const runner = injector.injectFunction(vitest.factory);
  const run = runner.run.bind(runner);
  runner.run = async (options) => {
    const result = await run(options);
    if (result.tests === undefined) return result;
    return { ...result, tests: [...result.tests, ...brokenFiles(runner)] };
  };
  return runner;
};
factory.inject = ['$injector'];

export const strykerPlugins = [{ kind: 'TestRunner', name: 'strict-vitest', factory }];
