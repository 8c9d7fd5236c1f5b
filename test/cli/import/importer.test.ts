import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { GreenroomError } from '../../../src/model/errors.ts';
import { externalKeyOf } from '../../../src/session/mirror/mirror-key.ts';
import { FakeStore } from './fake-store.ts';
import {
  agentLine,
  assistantLine,
  folderOf,
  importInto,
  userLine,
  writeInto,
} from './transcripts.ts';

const ID = '11111111-1111-4111-8111-111111111111';

const turnLines = (from: number, to: number): string[] =>
  Array.from({ length: to - from + 1 }, (_, at) => userLine(ID, from + at));

test('a transcript becomes a session of the same id, line by line', async () => {
  const store = new FakeStore();
  const lines = turnLines(1, 3);
  const { results } = await importInto(store, folderOf({ [`${ID}.jsonl`]: lines }));
  expect(store.lines(ID)).toEqual(lines);
  expect(results).toMatchObject([{ status: 'new', sessionId: ID, lines: 3, added: 3 }]);
});

test('importing again sends nothing', async () => {
  const store = new FakeStore();
  const folder = folderOf({ [`${ID}.jsonl`]: turnLines(1, 3) });
  await importInto(store, folder);
  const sent = store.chunks.length;
  const { results } = await importInto(store, folder);
  expect(store.chunks).toHaveLength(sent);
  expect(results).toMatchObject([{ status: 'unchanged', added: 0 }]);
});

test('a file that grew adds only its new lines', async () => {
  const store = new FakeStore();
  const folder = folderOf({ [`${ID}.jsonl`]: turnLines(1, 2) });
  await importInto(store, folder);
  appendFileSync(join(folder, `${ID}.jsonl`), `${userLine(ID, 3)}\n`);
  const { results } = await importInto(store, folder);
  expect(results).toMatchObject([{ status: 'grown', lines: 3, added: 1 }]);
  expect(store.chunks.at(-1)).toMatchObject({ fromLine: 2, lines: [userLine(ID, 3)] });
});

test('an older copy of what is stored is unchanged, in the same import and in a later one', async () => {
  const store = new FakeStore();
  const files = { 'old.jsonl': turnLines(1, 2), 'whole.jsonl': turnLines(1, 5) };
  const { results, summary } = await importInto(store, folderOf(files));
  expect(results.map((result) => result.status)).toEqual(['unchanged', 'new']);
  expect(summary.sessions).toEqual({ new: 1, grown: 0, unchanged: 0 });
  const later = await importInto(store, folderOf({ 'older.jsonl': turnLines(1, 1) }));
  expect(later.results[0]?.status).toBe('unchanged');
});

test('a session that the Agent SDK keeps here itself is not stored a second time', async () => {
  const store = new FakeStore();
  store.addNative(ID, externalKeyOf({ projectKey: '-srv-app', sessionId: ID }));
  const { results } = await importInto(store, folderOf({ [`${ID}.jsonl`]: turnLines(1, 3) }));
  expect(results).toMatchObject([{ status: 'refused', added: 0 }]);
  expect(results[0]?.reason).toContain('importSessionToStore');
  expect(store.chunks).toEqual([]);
});

test('a file that only shares its id goes to an id of its own, and stays there', async () => {
  const store = new FakeStore();
  await importInto(store, folderOf({ 'a.jsonl': turnLines(1, 2) }));
  const other = folderOf({ 'b.jsonl': [userLine(ID, 1, 'something else')] });
  const first = await importInto(store, other);
  const id = first.results[0]?.sessionId ?? '';
  expect(id).toMatch(/^x-[0-9a-f]{32}$/);
  writeInto(other, 'b.jsonl', [userLine(ID, 1, 'something else'), userLine(ID, 2)]);
  const again = await importInto(store, other);
  expect(again.results).toMatchObject([{ status: 'grown', sessionId: id }]);
});

test('a session that was not imported keeps its id', async () => {
  const store = new FakeStore();
  store.addNative(ID);
  const { results } = await importInto(store, folderOf({ 'a.jsonl': turnLines(1, 1) }));
  expect(results[0]?.sessionId).toMatch(/^x-/);
  expect(store.lines(ID)).toEqual([]);
});

test('a file that was changed behind its beginning is refused', async () => {
  const store = new FakeStore();
  await importInto(store, folderOf({ 'a.jsonl': turnLines(1, 3) }));
  const changed = [userLine(ID, 1), userLine(ID, 2, 'rewritten'), userLine(ID, 3), userLine(ID, 4)];
  const { results } = await importInto(store, folderOf({ 'a.jsonl': changed }));
  expect(results).toMatchObject([{ status: 'refused', added: 0 }]);
  expect(results[0]?.reason).toContain(`begins like session ${ID}`);
  expect(store.lines(ID)).toHaveLength(3);
});

test('sub-agents become side transcripts of their parent, after it', async () => {
  const store = new FakeStore();
  const folder = folderOf({
    [`${ID}/subagents/agent-a1.jsonl`]: [agentLine(ID, 'a1', 1), agentLine(ID, 'a1', 2)],
    [`${ID}.jsonl`]: turnLines(1, 2),
  });
  const { summary } = await importInto(store, folder);
  expect(store.sessionIds).toEqual([ID]);
  expect(store.lines(ID, 'agent-a1')).toHaveLength(2);
  expect(store.chunks.map((chunk) => chunk.subpath)).toEqual(['', 'agent-a1']);
  expect(summary).toMatchObject({ files: 2, sessions: { new: 1 } });
});

test('a half-written last line waits until it is whole', async () => {
  const store = new FakeStore();
  const line = userLine(ID, 2);
  const folder = folderOf({ 'a.jsonl': `${userLine(ID, 1)}\n${line.slice(0, 20)}` });
  const { results } = await importInto(store, folder);
  expect(results).toMatchObject([{ lines: 1, hasUnfinishedLine: true }]);
  appendFileSync(join(folder, 'a.jsonl'), `${line.slice(20)}\n`);
  await importInto(store, folder);
  expect(store.lines(ID)).toEqual([userLine(ID, 1), line]);
});

test('a whole last line counts, with or without its newline', async () => {
  const store = new FakeStore();
  const folder = folderOf({ 'a.jsonl': turnLines(1, 2).join('\n') });
  const { results } = await importInto(store, folder);
  expect(results[0]?.lines).toBe(2);
  appendFileSync(join(folder, 'a.jsonl'), `\n${userLine(ID, 3)}\n`);
  const grown = await importInto(store, folder);
  expect(grown.results).toMatchObject([{ status: 'grown', added: 1 }]);
});

test('malformed lines and bytes that are no text are kept as they are', async () => {
  const store = new FakeStore();
  const broken = Buffer.from([0xff, 0x00, 0x7b]);
  const content = Buffer.concat([
    Buffer.from(`${userLine(ID, 1)}\n`),
    broken,
    Buffer.from(`\n${userLine(ID, 2)}\n`),
  ]);
  const { summary } = await importInto(store, folderOf({ 'a.jsonl': content }));
  expect(Buffer.from(store.bytes(ID)[1] ?? [])).toEqual(broken);
  expect(summary).toMatchObject({ malformed: 1, lines: 3, added: 3 });
});

test('foreign logs and empty files are refused with a sentence', async () => {
  const store = new FakeStore();
  const codex = JSON.stringify({ type: 'session_meta', payload: { id: 'x' } });
  const folder = folderOf({ 'codex.jsonl': [codex], 'empty.jsonl': '' });
  const { summary } = await importInto(store, folder);
  expect(summary.refused.map(({ reason }) => reason)).toEqual([
    'This is a Codex rollout, not a Claude Code transcript; Greenroom does not import it.',
    'This file is empty.',
  ]);
  expect(store.chunks).toEqual([]);
});

test('a response of one session counts once, and what another session made is told apart', async () => {
  const store = new FakeStore();
  const other = ID.replaceAll('1', '2');
  store.inherited.set(other, ['m1:req-m1']);
  const { results, summary } = await importInto(
    store,
    folderOf({
      'a.jsonl': [userLine(ID, 1), assistantLine(ID, 2, 'm1'), assistantLine(ID, 3, 'm1')],
      'fork.jsonl': [userLine(other, 1), assistantLine(other, 2, 'm1')],
    }),
  );
  expect(results.map((result) => result.usage?.inputTokens)).toEqual([100, 0]);
  expect(summary.usage.inputTokens).toBe(100);
  expect(summary.inheritedCostUsd).toBeCloseTo(0.00075, 9);
  // 100 tokens at $5 and 10 at $25 per million.
  expect(summary.costUsd).toBeCloseTo(0.00075, 9);
});

test('a chunk that may succeed later is sent again', async () => {
  const store = new FakeStore();
  store.failures = [
    new GreenroomError('mailbox_full', 'busy', { retryAfterMs: 40 }),
    new GreenroomError('unavailable', 'restarting'),
  ];
  const { results, slept } = await importInto(store, folderOf({ 'a.jsonl': turnLines(1, 2) }));
  expect(slept).toEqual([40, 500]);
  expect(results).toMatchObject([{ status: 'new', added: 2 }]);
});

test('a file that fails says why and holds up nobody', async () => {
  const store = new FakeStore();
  store.failures = [new GreenroomError('too_large', 'the disk is gone')];
  store.failing = ID; // sessions are stored side by side: either may come first
  const other = ID.replaceAll('1', '2');
  const folder = folderOf({ 'a.jsonl': turnLines(1, 1), 'b.jsonl': [userLine(other, 1)] });
  const { results } = await importInto(store, folder);
  expect(results).toHaveLength(2);
  expect(results).toContainEqual(
    expect.objectContaining({ status: 'failed', reason: 'the disk is gone' }),
  );
  expect(results).toContainEqual(expect.objectContaining({ status: 'new', sessionId: other }));
});
