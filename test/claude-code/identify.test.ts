import { describe, expect, test } from 'vitest';
import { identify } from '../../src/claude-code/identify.ts';
import { emptyFacts, foldChunk } from '../../src/claude-code/transcript-facts.ts';
import { bytes, link, SESSION, user } from './records.ts';

const OTHER = '22222222-2222-4222-8222-222222222222';
const of = (fileStem: string, ...records: readonly unknown[]) =>
  identify(foldChunk(emptyFacts, records.map(bytes)).facts, fileStem);

describe('which session a file holds', () => {
  test('its messages say, not the hooks that ran around them', () => {
    const hook = link('h', null, 'progress', { sessionId: OTHER });
    expect(of('full', hook, hook, user('a', null, 'hi')).sessionId).toBe(SESSION);
  });

  test('where messages disagree the name of the file decides, else most of them', () => {
    const records = [
      user('a', null, 'hi', { sessionId: OTHER }),
      user('b', 'a', 'hi'),
      user('c', 'b', 'hi'),
    ];
    expect(of(OTHER, ...records).sessionId).toBe(OTHER);
    expect(of('full', ...records).sessionId).toBe(SESSION);
  });

  test('without messages any record says, and without any the name of the file', () => {
    expect(of('full', { type: 'mode', sessionId: OTHER }).sessionId).toBe(OTHER);
    expect(of(OTHER, { type: 'summary', summary: 'x', leafUuid: 'y' }).sessionId).toBe(OTHER);
    expect(of('notes').sessionId).toBeUndefined();
  });

  test('a sub-agent is a side transcript of the session that its records name', () => {
    const line = user('a', null, 'go', { isSidechain: true, agentId: 'aae161c' });
    expect(of('agent-aae161c', line)).toMatchObject({
      sessionId: SESSION,
      subpath: 'agent-aae161c',
    });
  });

  test('sub-agents inside a main transcript do not make it a side transcript', () => {
    const inline = user('s', null, 'go', { isSidechain: true });
    expect(of(SESSION, user('a', null, 'hi'), inline).subpath).toBe('');
  });

  test('an odd agent id cannot leave the pattern of keys', () => {
    const line = user('a', null, 'go', { isSidechain: true, agentId: '../../etc' });
    expect(of('x', line).subpath).toBe('agent-______etc');
  });
});
