/** A wrong request as it was typed: the option or the key of the query, and not the field of the protocol. */
import { expect, test } from 'vitest';
import { inTypedWords } from '../../src/cli/flag-names.ts';
import { GreenroomError } from '../../src/model/errors.ts';
import { FakeDaemon } from './fake-daemon.ts';
import { greenroom } from './run-cli.ts';

const told = (
  message: string,
  line: string,
  code: 'invalid_criteria' | 'internal' = 'invalid_criteria',
) =>
  inTypedWords(
    { ...{ code, message, exitCode: 2 }, retryable: false, nextStep: undefined },
    line.split(' '),
  ).message;

test.each([
  [
    'minCostUsd: is beyond maxCostUsd',
    '--min-cost 5 --max-cost=1',
    '--min-cost: is beyond --max-cost',
  ],
  [
    'tags.0: is no tag; noTags.1: is no tag',
    '--tag a --without-tag b',
    '--tag: is no tag; --without-tag: is no tag',
  ],
  ['limits.maxCostUsd: must be at least 1', '--max-cost 0', '--max-cost: must be at least 1'],
  [
    'model: must have at most 100 characters',
    '--model x',
    '--model: must have at most 100 characters',
  ],
  ['model: must have at most 100 characters', 'demo', 'model: must have at most 100 characters'],
  ['underDirectory: must be text', '--cwd /a/*', '--cwd: must be text'],
  ['externalKey: must be text', '--external-key=x', '--external-key: must be text'],
  [
    'nothing can meet them all: minCostUsd is beyond maxCostUsd',
    'cost:>5 --max-cost 1',
    'nothing can meet them all: the lower end of cost: is beyond --max-cost',
  ],
  [
    'nothing can meet them all: status leaves none',
    '--status idle',
    'nothing can meet them all: --status leaves none',
  ],
  [
    'nothing can meet them all: tags asks for what is forbidden beside it',
    'tag:a -tag:a',
    'nothing can meet them all: tag: asks for what is forbidden beside it',
  ],
  [
    'column 3: a tag such as minCostUsd: is missing',
    'tag:',
    'column 3: a tag such as minCostUsd: is missing',
  ],
])('%s, typed as %s, is %s', (message, line, wanted) => {
  expect(told(message, line)).toBe(wanted);
});

test('what is no wrong request stays as it is', () => {
  expect(told('minCostUsd: crashed', '--min-cost 1', 'internal')).toBe('minCostUsd: crashed');
});

test('a refused search names the options that were typed', async () => {
  const daemon = new FakeDaemon({
    'sessions.search': () => {
      throw new GreenroomError('invalid_criteria', 'minCostUsd: is beyond maxCostUsd');
    },
  });
  const line = 'sessions search --min-cost 5 --max-cost 1';
  const { code, err } = await greenroom(line, { daemon });
  expect([code, err]).toEqual([2, 'error: --min-cost: is beyond --max-cost (invalid_criteria)\n']);
  const json = await greenroom(`${line} --json`, { daemon });
  expect(JSON.parse(json.err)).toMatchObject({
    error: { message: '--min-cost: is beyond --max-cost' },
  });
});
