/**
 * Imported histories in a whole Greenroom: what the model is sent when one goes on, and what the session
 * counts, however the rows came: in one piece, in several, over a restart, by an export, in a fork.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { sharedGreenroom, type TestGreenroom } from '../support/greenroom.ts';

const FOLDER = new URL('../fixtures/odd-transcripts/', import.meta.url);

const linesOf = (folder: string): string[] => {
  const [path = ''] = readdirSync(new URL(folder, FOLDER), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.jsonl'))
    .toSorted();
  return readFileSync(new URL(`${folder}/${path}`, FOLDER), 'utf8')
    .trimEnd()
    .split('\n');
};

const importing = (test: TestGreenroom, id: string, fromLine: number, lines: readonly string[]) =>
  test.greenroom.api.session(id, 'import', {
    externalKey: 'elsewhere',
    fromLine,
    lines: [...lines],
  });

/** What the model was sent by the last call, as text. */
const sentTo = (test: TestGreenroom): string => JSON.stringify(JSON.parse(test.lastCall).messages);

const shared = sharedGreenroom();

const COUNTS = { numTurns: 3, messageCount: 6 };

it('counts rows that were written again once, also in pieces and over a restart', async () => {
  const test = shared();
  const rows = linesOf('replayed-rows');
  await importing(test, 'whole', 0, rows);
  expect(await test.sessions.get('whole')).toMatchObject(COUNTS);
  for (const [at, row] of rows.entries()) {
    if (at === 7) await test.restart();
    await importing(test, 'pieces', at, [row]);
  }
  expect(await test.sessions.get('pieces')).toMatchObject(COUNTS);
  await importing(test, 'pieces', rows.length, rows);
  expect(await test.sessions.get('pieces')).toMatchObject(COUNTS);
});

it('counts them once in a fork, and after an export, which may grow again', async () => {
  const test = shared();
  const rows = linesOf('replayed-rows');
  await importing(test, 's', 0, rows);
  const { session } = await test.greenroom.api.session('s', 'fork', { atSeq: rows.length - 1 });
  expect(session.messageCount).toBe(COUNTS.messageCount - 1);
  const { sessionId } = await test.sessions.importSession(test.sessions.exportSession('s'), {
    as: 'copy',
  });
  await importing(test, sessionId, rows.length, rows);
  expect(await test.sessions.get(sessionId)).toMatchObject(COUNTS);
});

it('sends the model what a command, a skill and the queue had put in', async () => {
  const test = shared();
  const words = {
    'meta-command-prompt': 'REVIEW RULES: only report bugs, never style.',
    'meta-skill-body': 'SKILL BODY',
    'queued-task-notification': '157 tests passed, 2 failed',
    'queued-without-mode': 'only the .ts ones please',
    'interrupted-partial-answer': 'Few animals have walked beside humans',
  };
  for (const [folder, said] of Object.entries(words)) {
    await importing(test, folder, 0, linesOf(folder));
    expect((await test.run(folder, 'go on')).at(-1)).toMatchObject({ status: 'completed' });
    expect(sentTo(test)).toContain(said);
  }
});

it('sends the same after a restart, and in a fork', async () => {
  const test = shared();
  const lines = linesOf('second-compaction-same-process');
  await importing(test, 's', 0, lines);
  await test.run('s', 'go on');
  const sent = sentTo(test);
  expect(sent).toContain('SUMMARY TWO');
  expect(sent).not.toContain('old ask');
  await test.restart();
  await test.greenroom.api.session('s', 'fork', { newSessionId: 'f', atSeq: lines.length });
  await test.run('f', 'go on');
  expect(sentTo(test)).toBe(sent);
});

it('calls a session by the command that began it', async () => {
  const test = shared();
  await importing(test, 's', 0, linesOf('meta-command-prompt'));
  expect((await test.sessions.get('s')).title).toBe('/review src/a.ts');
});
