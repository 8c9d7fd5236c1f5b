/**
 * What failed in runs of the tests, in few lines each, for the end of a log that may be all that is kept of it. Most
 * comes from what the runner printed, since only that has unhandled errors, failed hooks and differences; a failed
 * test that it did not print comes from the report.
 */
import { relative } from 'node:path';

const MOST_LINES = 16;
const MOST_COLUMNS = 300;

const HEADING = /^\s*FAIL\s+\S|^⎯+ (Unhandled (?!Errors )|Uncaught ).*⎯+$/;
const RULE = /^⎯{3,}/;
const SOURCE = /^\s*\d*\|/;
/** The lines of an unhandled error that say which test was running. They come last. */
const ORIGIN = /^(This error originated in|The latest test that)/;

/** The lines of each failure that the runner printed, without the excerpts of source. */
const printed = (output) => {
  const blocks = [];
  let block;
  for (const line of output.split('\n')) {
    const isHeading = HEADING.test(line);
    // One error of several tests stands once, below all of their names.
    if (isHeading && !block?.every((known) => HEADING.test(known))) {
      block = [];
      blocks.push(block);
    } else if (!isHeading && RULE.test(line)) block = undefined;
    if (line.trim() !== '' && !SOURCE.test(line)) block?.push(line.trimEnd());
  }
  return blocks;
};

const shortened = (lines) => [
  ...lines.slice(0, MOST_LINES),
  ...lines.slice(MOST_LINES).filter((line) => ORIGIN.test(line)),
];

const failedTests = (report) =>
  report.testResults.flatMap(({ name, message, assertionResults }) => {
    const path = relative(process.cwd(), name);
    const tests = assertionResults
      .filter(({ status }) => status === 'failed')
      .map(({ title, fullName, failureMessages }) => ({
        title,
        lines: [` FAIL  ${path} > ${fullName}`, ...failureMessages.join('\n').split('\n')],
      }));
    return message === ''
      ? tests
      : [...tests, { title: message.split('\n')[0], lines: [` FAIL  ${path}`, message] }];
  });

/** One line for each line to print; empty when nothing failed. */
export const failureLines = (output, reports) => {
  const blocks = printed(output);
  const isPrinted = (text) => blocks.some((lines) => lines.some((line) => line.includes(text)));
  const others = reports
    .flatMap(failedTests)
    .filter(({ title }) => !isPrinted(title))
    .map(({ lines }) => lines);
  return [...blocks, ...others].flatMap((lines) =>
    shortened(lines).map((line) => line.slice(0, MOST_COLUMNS)),
  );
};
