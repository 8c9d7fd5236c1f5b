/**
 * The end of `.ci/run`: prints the runner's closing lines once more, then `N passed, N failed`. A test
 * file that could not even be loaded counts as one failure, and so does a failed step beside the tests.
 *
 * Usage: test-summary.mjs REPORT.json OUTPUT.txt BROKEN (1 if any step failed)
 */
import { existsSync, readFileSync } from 'node:fs';

const [reportPath, outputPath, broken] = process.argv.slice(2);

// biome-ignore lint/suspicious/noControlCharactersInRegex: colours are control characters
const COLOURS = /\u001b\[[0-9;]*m/g;
const CLOSING = /^\s*(Test Files|Tests|Duration)\s/;

const output = existsSync(outputPath) ? readFileSync(outputPath, 'utf8').replace(COLOURS, '') : '';
for (const line of output.split('\n')) if (CLOSING.test(line)) console.log(line.trimEnd());

const count = (report) => ({
  passed: report.numPassedTests,
  failed:
    report.numFailedTests +
    report.testResults.filter(
      (file) => file.status === 'failed' && file.assertionResults.length === 0,
    ).length,
});

const { passed, failed } = existsSync(reportPath)
  ? count(JSON.parse(readFileSync(reportPath, 'utf8')))
  : { passed: 0, failed: 1 };
// Types and linter are no tests: they count only where they are what failed.
const total = failed === 0 && broken === '1' ? 1 : failed;
console.log(`${passed} passed, ${total} failed`);
process.exitCode = total === 0 ? 0 : 1;
