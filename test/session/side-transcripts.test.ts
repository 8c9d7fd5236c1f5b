import { expect, it } from 'vitest';
import { MAX_SIDE_TRANSCRIPTS, newHead } from '../../src/model/head.ts';
import { apply } from '../../src/session/machine/apply.ts';
import type { Rules } from '../../src/session/machine/rules.ts';
import { prepareImport } from '../../src/session/prepare/import.ts';
import { memoryJournal } from '../../src/storage/memory/memory-journal.ts';
import { codeOf, keyOf, NOW } from '../storage/sessions.ts';

const RULES: Rules = {
  queuePerSession: 3,
  maxSteps: 4,
  provider: 'rehearsal',
  defaultModel: 'claude-sonnet-5',
  retry: { maxRetries: 3, delayMs: 1, timeoutMs: 1_000 },
  hasPrice: () => true,
};

/** What becomes of a first line for this transcript in a session that has so many side transcripts. */
const add = async (subpath: string, sideTranscripts: number) => {
  const head = { ...newHead(keyOf('s'), NOW), version: 1, sideTranscripts };
  const lines = [Buffer.from('{"type":"user","message":{"role":"user","content":"hello"}}')];
  const request = { type: 'importChunk', subpath, externalKey: 'e', fromLine: 0, lines } as const;
  const journal = memoryJournal();
  const session = await journal.open(head.key);
  const delta = await prepareImport(head, request, { session, journal }, NOW);
  return apply({ head, cancelling: undefined }, { type: 'import', delta }, RULES, NOW).state.head;
};

it('a session takes side transcripts up to its limit, and its main transcript always', async () => {
  const before = MAX_SIDE_TRANSCRIPTS - 1;
  expect(await add('agent-1', before)).toMatchObject({ sideTranscripts: MAX_SIDE_TRANSCRIPTS });
  expect(await codeOf(add('agent-1', MAX_SIDE_TRANSCRIPTS))).toBe('too_large');
  expect(await add('', MAX_SIDE_TRANSCRIPTS)).toMatchObject({ seq: 1 });
});
