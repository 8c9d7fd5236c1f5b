/** `CASES.md` maps what OTP's and Elixir's suites say to tests of this folder: it must not name one that is not there. */
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';

const HERE = new URL('.', import.meta.url);
const textOf = (name: string): string => readFileSync(new URL(name, HERE), 'utf8');

const TITLE =
  /^(?:test|describe)\b[\s\S]*?\(\s*(?:'((?:[^'\\]|\\.)*)'|"([^"]*)")\s*,\s*(?:async )?\(/gm;

/** The sentences that this folder proves. */
const TITLES = new Set(
  readdirSync(HERE)
    .filter((name) => name.endsWith('.test.ts'))
    .flatMap((name) => [...textOf(name).matchAll(TITLE)].map(([, a, b]) => a ?? b ?? '')),
);

interface Suite {
  readonly name: string;
  /** Case and what stands beside it. */
  readonly rows: readonly (readonly [string, string])[];
}

const suites: readonly Suite[] = textOf('CASES.md')
  .split(/^## /m)
  .slice(1)
  .map((section) => ({
    name: section.slice(0, section.indexOf('\n')),
    rows: [...section.matchAll(/^\| (.+?) \| (.*?) \|$/gm)]
      .map(([, name = '', ours = '']): readonly [string, string] => [name, ours])
      .filter(([name]) => name !== 'case' && !name.startsWith('---')),
  }));

/** Sentences have spaces; single words in code are names of ours or of theirs. */
const sentencesIn = (cell: string): string[] =>
  [...cell.matchAll(/`([^`]+)`/g)].map(([, code = '']) => code).filter(isSentence);
const isSentence = (code: string): boolean => code.includes(' ') && !code.startsWith('{');

test('this folder proves at least seventy behaviours', () => {
  expect(TITLES.size).toBeGreaterThan(70);
});

test('every suite is there, with as many cases as it has', () => {
  expect(suites.map(({ name, rows }) => [name, rows.length])).toEqual([
    ['supervisor_SUITE', 93],
    ['gen_server_SUITE', 73],
    ['Supervisor (Elixir)', 15],
    ['DynamicSupervisor (Elixir)', 41],
    ['Registry (Elixir)', 61],
    ['Task (Elixir)', 71],
    ['Task.Supervisor (Elixir)', 37],
  ]);
});

describe.each(suites.map((suite) => [suite.name, suite] as const))('%s', (_, { rows }) => {
  test('no case stands there twice', () => {
    expect(rows.length).toBe(new Set(rows.map(([name]) => name)).size);
  });

  test('each case has a test of ours that exists, or a reason', () => {
    const wrong = rows.flatMap(([name, ours]) => {
      const missing = sentencesIn(ours).filter((sentence) => !TITLES.has(sentence));
      return ours === '' || missing.length > 0 ? [`${name}: ${missing.join(', ')}`] : [];
    });
    expect(wrong).toEqual([]);
  });
});
