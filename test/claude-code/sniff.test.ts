import { describe, expect, test } from 'vitest';
import { sniff } from '../../src/claude-code/sniff.ts';
import { loadCorpora } from './corpora.ts';
import { bytes, SESSION, user } from './records.ts';

describe.each(loadCorpora())('$name', ({ samples }) => {
  test.each(samples)('$file ($kind) is told by its first lines', ({ kind, lines }) => {
    expect(sniff(lines).kind).toBe(kind === 'foreign' ? 'foreign' : 'claude-code');
  });
});

describe('a log of another program', () => {
  const CASES = [
    ['a Codex rollout', { type: 'session_meta', timestamp: 'x', payload: { id: 'a' } }],
    ['a pi session', { type: 'session', id: 'a', cwd: '/home/dev' }],
    ['a Gemini session', { sessionId: 'a', projectHash: 'b', messages: [] }],
  ] as const;

  test.each(CASES)('is refused by name: %s', (name, record) => {
    const found = sniff([bytes(record)]);
    expect(found).toMatchObject({ kind: 'foreign', sentence: expect.stringContaining(name) });
  });

  test('printed over many lines is refused too', () => {
    const lines = JSON.stringify({ sessionId: 'a', projectHash: 'b' }, null, 2).split('\n');
    expect(sniff(lines)).toMatchObject({ kind: 'foreign', format: 'gemini' });
  });
});

describe('a file', () => {
  test('that is empty, or holds something else, is refused with a sentence', () => {
    expect(sniff([])).toMatchObject({ kind: 'foreign', format: 'empty' });
    expect(sniff(['a,b', '1,2'])).toMatchObject({ kind: 'foreign', format: 'unknown' });
  });

  test('may begin with broken lines and records of kinds that we do not know', () => {
    const lines = ['{"type":"us', bytes({ type: 'new-kind', sessionId: SESSION })];
    expect(sniff(lines)).toEqual({ kind: 'claude-code' });
  });

  test('is one of ours by a single prompt', () => {
    expect(sniff([bytes(user('a', null, 'hi'))])).toEqual({ kind: 'claude-code' });
  });
});
