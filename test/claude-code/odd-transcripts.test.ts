/** Small transcripts that go wrong easily: what the model sees of each, and what it is called and counts. */
import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { emptyFacts, foldChunk, nameOf } from '../../src/claude-code/transcript-facts.ts';
import { linesOf } from './corpora.ts';
import { seenOf, short } from './views.ts';

const FOLDER = new URL('../fixtures/odd-transcripts/', import.meta.url);

/** The files of a folder, in order of their names. */
const filesOf = (folder: string): readonly (readonly Uint8Array[])[] =>
  readdirSync(new URL(folder, FOLDER), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.jsonl'))
    .toSorted()
    .map((path) => linesOf(readFileSync(new URL(`${folder}/${path}`, FOLDER))));

const seen = (folder: string): string[][] => filesOf(folder).map((lines) => short(seenOf(lines)));

const afterCompaction = [
  'user SUMMARY kept ask',
  'assistant kept answer',
  'user new ask',
  'assistant new answer',
];

test('what follows the kept end of a conversation comes after the summary and what was kept', () => {
  expect(seen('compaction-kept-tail-segment')).toEqual([afterCompaction]);
  expect(seen('compaction-kept-tail-messages')).toEqual([afterCompaction]);
});

test('a second compaction in the same process begins the view, though the next record hangs before the first', () => {
  expect(seen('second-compaction-same-process')).toEqual([
    ['user SUMMARY TWO after ask', 'assistant after answer'],
  ]);
});

test('a notice from the queue is there, whatever its mode', () => {
  const [notified] = filesOf('queued-task-notification').map((lines) => seenOf(lines));
  expect(notified?.at(-2)?.content.map(({ type, text }) => [type, text])).toEqual([
    ['tool_result', undefined],
    ['text', expect.stringContaining('157 tests passed, 2 failed')],
  ]);
  expect(short(notified ?? []).at(-1)).toBe('assistant 2 tests fail, fixing them');
});

test('words that only the queue tells of are there, at the place where they were taken in', () => {
  expect(seen('queued-without-mode')).toEqual([
    [
      'user count the files',
      'assistant call:toolu_q2',
      'user result:toolu_q2 only the .ts ones please',
      'assistant 12 ts files, as you asked',
    ],
  ]);
});

test("a command's prompt and a skill's body are there", () => {
  const [command, skill] = seen('meta-command-prompt');
  expect(command).toEqual([
    expect.stringMatching(
      /^user <command-message>[\s\S]*REVIEW RULES: only report bugs, never style\.$/,
    ),
    'assistant no bugs',
  ]);
  expect(skill?.at(-2)).toMatch(/^user result:toolu_41 [\s\S]*SKILL BODY$/);
});

test("a skill's body that hangs beside the chain, at one of parallel tools, is there", () => {
  expect(seen('meta-skill-body')).toEqual([
    [
      'user use the skill',
      'assistant call:toolu_sk call:toolu_rd',
      'user result:toolu_sk result:toolu_rd SKILL BODY',
      'assistant applied',
    ],
  ]);
});

test('an answer that was interrupted is there as far as it had come', () => {
  expect(seen('interrupted-partial-answer')).toEqual([
    [
      'user write me an essay about cats',
      'assistant # Cats\n\nFew animals have walked beside humans as long',
      'user [Request interrupted by user]',
    ],
  ]);
});

test('one uuid on several lines cuts nothing off', () => {
  expect(seen('one-uuid-many-lines')).toEqual([
    ['user q1', 'assistant a1', 'user q2', 'assistant a2', 'user q3', 'assistant a3'],
  ]);
});

test('progress that is told late decides nothing', () => {
  expect(seen('late-progress-line')).toEqual([
    [
      'user read it',
      'assistant call:toolu_a',
      'user result:toolu_a',
      'assistant it says x',
      'user and now',
      'assistant now y',
    ],
  ]);
});

test('rows that were written three times are there once, and count once', () => {
  expect(seen('replayed-rows')).toEqual([
    ['user q1', 'assistant a1', 'user q2', 'assistant a2', 'user q3', 'assistant a3'],
  ]);
  const [facts] = filesOf('replayed-rows').map((lines) => foldChunk(emptyFacts, lines).facts);
  expect(facts).toMatchObject({ numTurns: 3, messageCount: 6 });
});

test('answers of an endpoint that gives all of them one id stay apart', () => {
  for (const messages of seen('gateway-constant-ids'))
    expect(messages.map((message) => message.split(' ', 1)[0])).toEqual(
      messages.map((_, at) => (at % 2 === 0 ? 'user' : 'assistant')),
    );
  expect(seen('gateway-constant-ids').flat().length).toBeGreaterThan(6);
});

test('titles are what somebody typed or gave, without markup', () => {
  const names = (folder: string) =>
    filesOf(folder).map((lines) => nameOf(foldChunk(emptyFacts, lines).facts));
  expect(names('titles-with-markup')).toEqual([
    'Fix the login redirect',
    '/morning-briefing',
    'My name',
  ]);
  expect(names('meta-command-prompt')).toEqual(['/review src/a.ts', 'make slides']);
});
