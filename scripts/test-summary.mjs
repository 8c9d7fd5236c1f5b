/**
 * The end of `.ci/run`: prints what each folder of tests took, what failed, and the runner's closing lines once more,
 * then `N passed, N failed` over all runs. A test file that could not even be loaded counts as one failure, so does
 * a run without a report, and so does a failed step beside the tests.
 *
 * Usage: test-summary.mjs OUTPUT.txt BROKEN (1 if any step failed) REPORT.json…
 */
import { existsSync, readFileSync } from 'node:fs';
import { relative, sep } from 'node:path';
import { failureLines } from './test-failures.mjs';

const [outputPath, broken, ...reportPaths] = process.argv.slice(2);

// biome-ignore lint/suspicious/noControlCharactersInRegex: colours are control characters
const COLOURS = /\u001b\[[0-9;]*m/g;
const CLOSING = /^\s*(Test Files|Tests|Errors|Duration)\s/;

/** Seconds by folder under `test/`, the largest first. Files run side by side, so the sum is more than what the run took. */
const printFolders = (testResults) => {
  const folders = new Map();
  for (const { name, startTime, endTime, assertionResults } of testResults) {
    const [, folder = '.'] = relative(process.cwd(), name).split(sep);
    const known = folders.get(folder) ?? { folder, files: 0, tests: 0, seconds: 0 };
    known.files += 1;
    known.tests += assertionResults.length;
    known.seconds += (endTime - startTime) / 1000;
    folders.set(folder, known);
  }
  const bySeconds = [...folders.values()].sort((a, b) => b.seconds - a.seconds);
  console.log('Seconds by folder (files run side by side):');
  for (const { folder, files, tests, seconds } of bySeconds)
    console.log(
      `${seconds.toFixed(1).padStart(8)}  test/${folder} (${files} files, ${tests} tests)`,
    );
};

const output = existsSync(outputPath) ? readFileSync(outputPath, 'utf8').replace(COLOURS, '') : '';

const count = (report) => ({
  passed: report.numPassedTests,
  failed:
    report.numFailedTests +
    report.testResults.filter(
      (file) => file.status === 'failed' && file.assertionResults.length === 0,
    ).length,
});

const reports = reportPaths.map((path) =>
  existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : undefined,
);
printFolders(reports.flatMap((report) => report?.testResults ?? []));
const present = reports.filter((report) => report !== undefined);
for (const line of failureLines(output, present)) console.log(line);
for (const line of output.split('\n')) if (CLOSING.test(line)) console.log(line.trimEnd());
const counts = reports.map((report) =>
  report === undefined ? { passed: 0, failed: 1 } : count(report),
);
const passed = counts.reduce((sum, one) => sum + one.passed, 0);
const failed = counts.reduce((sum, one) => sum + one.failed, 0);
// Types, linter and coverage are no tests: they count only where they are what failed.
const total = failed === 0 && broken === '1' ? 1 : failed;
console.log(`${passed} passed, ${total} failed`);
process.exitCode = total === 0 ? 0 : 1;
