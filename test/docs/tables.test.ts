/** Tables that a person writes say what the code says. */
import { describe, expect, test } from 'vitest';
import { EXIT_STORE_FAILED } from '../../src/app/greenroom.ts';
import { MIGRATIONS } from '../../src/classic/stores/postgres/schema.ts';
import type { ExitCode } from '../../src/cli/failure.ts';
import { EXIT_INTERRUPTED } from '../../src/cli/failure.ts';
import { HTTP_ERRORS } from '../../src/http/wire/problem.ts';
import { ERRORS } from '../../src/model/errors.ts';
import { DIRECTIVE_KEYS } from '../../src/rehearsal/directives.ts';
import { codeInColumn, documentNamed, PAGES, tableBelow } from './readme.ts';

/** These have codes and names of other programs, of the runtime, of stations, of telemetry and metrics, of tools and of hooks. */
const OTHER_WORDS = [
  ...['claude-code', 'otp', 'testing', 'bundlers', 'tracing', 'telemetry', 'monitoring'],
  ...['tools', 'tool-servers', 'bash', 'hooks', 'official-sdk'],
];
/** Of all that is said to users of the daemon. */
const TEXT = PAGES.filter((page) => !OTHER_WORDS.some((name) => page.endsWith(`/${name}.md`)))
  .map(documentNamed)
  .join('\n');

const sorted = (words: Iterable<string>): string[] => [...words].sort();

describe('error codes', () => {
  test('no other code is called one in the text', () => {
    const known = new Set<string>(Object.keys({ ...ERRORS, ...HTTP_ERRORS }));
    const named = [...TEXT.matchAll(/`([a-z]+_[a-z_]+)`/g)].map((match) => match[1] ?? '');
    // `mcp__…` are names of tools.
    const others = ['max_payload', 'connection_error', 'worker_lost', 'tool_use', 'tool_result'];
    others.push('in_progress', 'node_modules'); // of archives, and what they leave out
    others.push('at_most_once'); // what a tool call may be
    others.push('is_error', 'error_max_turns', 'no_one_to_ask'); // of classic results and denials
    others.push('sessions_by_update', 'sessions_directories', 'statement_timeout'); // of the servers
    const tables = MIGRATIONS.flatMap(
      ({ up }) => up.join('\n').match(/(?<=CREATE TABLE )\w+/g) ?? [],
    );
    others.push(...tables);
    const isOther = (word: string) => others.includes(word) || word.startsWith('mcp__');
    expect(named.filter((word) => !known.has(word) && !isOther(word))).toEqual([]);
  });
});

describe('exit codes', () => {
  const ofCommands = { 0: true, 1: true, 2: true, 3: true, 4: true, 5: true } satisfies Record<
    ExitCode,
    true
  >;

  test('every exit code of the command line and of the daemon is there', () => {
    const codes = tableBelow('Exit codes', documentNamed('docs/reference/errors.md')).map(
      ([code]) => code,
    );
    expect(codes).toEqual([
      ...Object.keys(ofCommands),
      String(EXIT_INTERRUPTED),
      String(EXIT_STORE_FAILED),
    ]);
  });
});

test('every key of the rehearsal directives is there', () => {
  const named = codeInColumn(
    tableBelow('The rehearsal model', documentNamed('docs/guide/rehearsal.md')),
    0,
  );
  expect(sorted(named)).toEqual(sorted(DIRECTIVE_KEYS));
});
