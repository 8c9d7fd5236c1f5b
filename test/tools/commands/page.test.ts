/** The page on commands has the numbers of the code, and its fields. */
import { expect, test } from 'vitest';
import {
  BashInput,
  COMMAND_TOOLS,
  DEFAULT_BACKGROUND_MS,
  DEFAULT_TIMEOUT_MS,
  MAX_BACKGROUND_MS,
  MAX_COMMAND_BYTES,
  MAX_TIMEOUT_MS,
} from '../../../src/tools/commands/input.ts';
import { MAX_RUNNING, MAX_WAITING } from '../../../src/tools/commands/launching.ts';
import { FAILURE_CHARS, INLINE_CHARS, MAX_BYTES } from '../../../src/tools/commands/output.ts';
import { MAX_TASKS } from '../../../src/tools/commands/tasks.ts';
import { codeInColumn, documentNamed, tableBelow } from '../../docs/readme.ts';

const PAGE = documentNamed('docs/reference/bash.md');
const count = (value: number): string => value.toLocaleString('en-US');

test('each number is there', () => {
  const sentences = [
    `at most ${count(MAX_COMMAND_BYTES)} bytes`,
    `default ${count(DEFAULT_TIMEOUT_MS)}, at most ${count(MAX_TIMEOUT_MS)}.`,
    `In the background: ${count(DEFAULT_BACKGROUND_MS)}, at most ${count(MAX_BACKGROUND_MS)}`,
    `At most ${count(MAX_RUNNING)} commands run at a time;`,
    `Up to ${count(MAX_WAITING)} more wait`,
    `${count(INLINE_CHARS)} characters; of more, the first and the last ${count(FAILURE_CHARS / 2)}`,
    `${count(FAILURE_CHARS)} characters; of more`,
    `has printed ${MAX_BYTES / 1024 / 1024} MiB is ended`,
    `at most ${MAX_TASKS} commands in the background`,
  ];
  expect(sentences.filter((sentence) => !PAGE.includes(sentence))).toEqual([]);
});

test('each field of the input is there, and each tool', () => {
  expect(codeInColumn(tableBelow('Commands', PAGE), 0)).toEqual(Object.keys(BashInput.shape));
  for (const { name, isHidden } of COMMAND_TOOLS)
    if (isHidden !== true) expect(PAGE).toContain(`\`${name}\``);
});

test('the schemas are those of the tools, and end with what is known', () => {
  const [bash] = COMMAND_TOOLS;
  expect(bash?.inputSchema).toMatchObject({
    ...{ type: 'object', required: ['command'] },
    properties: { command: { type: 'string' }, timeout: { type: 'integer' } },
  });
});
