/** The effective history of imported transcripts, rule by rule on small chains written by hand. */
import { describe, expect, test } from 'vitest';
import type { EffectiveOptions } from '../../src/session/effective.ts';
import {
  assistant,
  bytes,
  call,
  link,
  result,
  SESSION,
  said,
  thought,
  user,
} from './claude-code/records.ts';
import { type Message, seenOf, short } from './claude-code/views.ts';

const seen = (records: readonly unknown[], options: EffectiveOptions = {}): Message[] =>
  seenOf(records.map(bytes), options);

const shortOf = (...records: readonly unknown[]) => short(seen(records));

describe('the chain', () => {
  test('runs through progress, attachments and notices', () => {
    const messages = shortOf(
      link('p', null, 'progress'),
      user('a', 'p', 'hi'),
      link('x', 'a', 'attachment', { attachment: { type: 'file' } }),
      link('y', 'x', 'system', { subtype: 'turn_duration' }),
      assistant('b', 'y', 'm1', said('hello')),
    );
    expect(messages).toEqual(['user hi', 'assistant hello']);
  });

  test('is the one that ends at the leaf which the last prompt names', () => {
    const messages = shortOf(
      user('a', null, 'hi'),
      assistant('b', 'a', 'm1', said('hello')),
      user('c', 'b', 'this way'),
      user('d', 'b', 'that way'),
      { type: 'last-prompt', leafUuid: 'c', sessionId: SESSION },
    );
    expect(messages).toEqual(['user hi', 'assistant hello', 'user this way']);
  });

  test('ends at the last record where no prompt pointer resolves, or where more was written after it', () => {
    const records = [user('a', null, 'hi'), user('b', 'a', 'this way')];
    const pointer = (leafUuid: string) => ({ type: 'last-prompt', leafUuid, sessionId: SESSION });
    expect(shortOf(...records, pointer('gone'))).toEqual(['user hi this way']);
    expect(shortOf(...records, pointer('b'), user('c', 'a', 'that way'))).toEqual([
      'user hi that way',
    ]);
  });

  test('goes on at the record before when a parent is not there', () => {
    const messages = shortOf(
      user('a', null, 'hi'),
      '{"uuid":"lost","parentUu',
      assistant('b', 'lost', 'm1', said('hello')),
    );
    expect(messages).toEqual(['user hi', 'assistant hello']);
  });

  test('that bites its own tail ends', () => {
    expect(shortOf(user('a', 'b', 'one'), user('b', 'a', 'two'))).toEqual(['user one two']);
  });

  test('finds the second object of a line', () => {
    const two = JSON.stringify(user('a', null, 'one')) + JSON.stringify(user('b', 'a', 'two'));
    expect(shortOf(two)).toEqual(['user one two']);
  });
});

describe('a response', () => {
  test('is put together from its lines, also with others between them', () => {
    const messages = shortOf(
      user('a', null, 'hi'),
      assistant('b', 'a', 'm1', said('let me look')),
      assistant('c', 'b', 'm1', call('t1')),
      user('d', 'c', [result('t1')]),
      assistant('e', 'd', 'm2', said('done')),
    );
    expect(messages).toEqual([
      'user hi',
      'assistant let me look call:t1',
      'user result:t1',
      'assistant done',
    ]);
  });

  test('keeps parallel calls whose results hang beside the chain', () => {
    const messages = shortOf(
      user('a', null, 'hi'),
      assistant('b', 'a', 'm1', call('t1')),
      assistant('c', 'b', 'm1', call('t2')),
      user('d', 'b', [result('t1')]),
      user('e', 'c', [result('t2')]),
      assistant('f', 'd', 'm2', said('done')),
    );
    expect(messages).toEqual([
      'user hi',
      'assistant call:t1 call:t2',
      'user result:t1 result:t2',
      'assistant done',
    ]);
  });

  test('without a message id is one of its own', () => {
    const line = { type: 'assistant', uuid: 'b', parentUuid: 'a', message: [said('hello')] };
    expect(shortOf(user('a', null, 'hi'), line)).toEqual(['user hi', 'assistant hello']);
  });

  test('that opens the transcript gets a user message before it', () => {
    const [first, second] = seen([assistant('a', null, 'm1', said('hello'))]);
    expect([first?.role, second?.role]).toEqual(['user', 'assistant']);
  });
});

describe('tools', () => {
  test('a use without a result is answered as interrupted, also at the end', () => {
    const messages = shortOf(user('a', null, 'hi'), assistant('b', 'a', 'm1', call('t1')));
    expect(messages).toEqual(['user hi', 'assistant call:t1', 'user result:t1!']);
  });

  test('a result without its use is left out', () => {
    expect(shortOf(user('a', null, [result('t9'), said('and this')]))).toEqual(['user and this']);
  });

  test('results come first in their message, whatever was said with them', () => {
    const messages = shortOf(
      user('a', null, 'hi'),
      assistant('b', 'a', 'm1', call('t1')),
      user('c', 'b', [said('stop it'), result('t1')]),
    );
    expect(messages.at(-1)).toBe('user result:t1 stop it');
  });

  test('what the user said while the model worked follows the results', () => {
    const queued = { type: 'queued_command', commandMode: 'prompt', prompt: 'be quick' };
    const messages = shortOf(
      user('a', null, 'hi'),
      assistant('b', 'a', 'm1', call('t1')),
      user('c', 'b', [result('t1')]),
      link('d', 'c', 'attachment', { attachment: queued }),
    );
    expect(messages.at(-1)).toBe('user result:t1 be quick');
  });

  test('an empty error result says something, since the API wants it to', () => {
    const failed = { ...result('t1', ''), is_error: true };
    const messages = seen([
      user('a', null, 'hi'),
      assistant('b', 'a', 'm1', call('t1')),
      user('c', 'b', [failed]),
    ]);
    expect(messages.at(-1)?.content).toEqual([
      { type: 'tool_result', tool_use_id: 't1', content: 'no output', is_error: true },
    ]);
  });

  test('a reference to a tool that no request offers is said in words', () => {
    const found = result('t1', [{ type: 'tool_reference', tool_name: 'WebFetch' }]);
    const messages = seen([
      user('a', null, 'hi'),
      assistant('b', 'a', 'm1', call('t1')),
      user('c', 'b', [found]),
    ]);
    expect(messages.at(-1)?.content[0]?.content).toEqual([said('Tool found: WebFetch')]);
  });

  test('of the server come in pairs, and an advisor stays out', () => {
    const search = { type: 'server_tool_use', id: 's1', name: 'web_search', input: {} };
    const answer = { type: 'web_search_tool_result', tool_use_id: 's1', content: [] };
    const advisor = { type: 'server_tool_use', id: 's2', name: 'advisor', input: {} };
    const advice = { type: 'advisor_tool_result', tool_use_id: 's2', content: {} };
    const blocks = [search, answer, advisor, advice, said('so')];
    const messages = shortOf(
      user('a', null, 'hi'),
      ...blocks.map((block, i) => assistant(`b${i}`, i === 0 ? 'a' : `b${i - 1}`, 'm1', block)),
    );
    expect(messages[1]).toBe('assistant server_tool_use web_search_tool_result so');
  });
});

describe('left out', () => {
  const hidden = (line: unknown) => shortOf(user('a', null, 'hi'), line);

  test('are lines that the client put in for itself or for people', () => {
    expect(hidden(user('b', 'a', 'injected', { isMeta: true }))).toEqual(['user hi']);
    expect(hidden(user('b', 'a', 'shown', { isVisibleInTranscriptOnly: true }))).toEqual([
      'user hi',
    ]);
  });

  test('are messages that the client wrote in the place of the model', () => {
    const line = assistant('b', 'a', 'm1', said('API Error'), { isApiErrorMessage: true });
    expect(hidden(line)).toEqual(['user hi']);
    const synthetic = { ...line.message, model: '<synthetic>' };
    expect(hidden({ ...line, isApiErrorMessage: false, message: synthetic })).toEqual(['user hi']);
  });

  test('are lines of sub-agents inside the main transcript', () => {
    expect(hidden(user('s', null, 'go', { isSidechain: true }))).toEqual(['user hi']);
  });

  test("are not a sub-agent's lines in its own transcript", () => {
    const side = { isSidechain: true };
    const messages = shortOf(
      user('s', null, 'go', side),
      assistant('t', 's', 'm1', said('gone'), side),
    );
    expect(messages).toEqual(['user go', 'assistant gone']);
  });

  test('is blank text, and fields that are not the API’s', () => {
    const [message] = seen([
      user('a', null, [said(' \n'), { ...said('hi'), cache_control: { type: 'ephemeral' }, x: 1 }]),
    ]);
    expect(message?.content).toEqual([said('hi')]);
  });

  test('is thinking without a signature, or at the end of a message', () => {
    const messages = shortOf(
      user('a', null, 'hi'),
      assistant('b', 'a', 'm1', thought('')),
      assistant('c', 'b', 'm1', thought('sig')),
      assistant('d', 'c', 'm1', said('hello')),
      assistant('e', 'd', 'm1', thought('sig')),
    );
    expect(messages[1]).toBe('assistant thinking hello');
  });

  test('is the thinking of another model than the one that is asked', () => {
    const records = [
      user('a', null, 'hi'),
      assistant('b', 'a', 'm1', thought('sig')),
      assistant('c', 'b', 'm1', said('hello')),
    ];
    expect(short(seen(records, { model: 'claude-opus-5[1m]' }))[1]).toBe(
      'assistant thinking hello',
    );
    expect(short(seen(records, { model: 'claude-sonnet-5-5' }))[1]).toBe('assistant hello');
  });
});

describe('after a compaction', () => {
  const boundary = (metadata: unknown = {}) =>
    link('x', null, 'system', { subtype: 'compact_boundary', compactMetadata: metadata });
  const summary = user('s', 'x', 'what was', {
    isCompactSummary: true,
    isVisibleInTranscriptOnly: true,
  });
  const before = [user('a', null, 'old'), assistant('b', 'a', 'm1', said('older'))];

  test('the summary comes first and nothing before it', () => {
    expect(shortOf(...before, boundary(), summary, user('c', 's', 'next'))).toEqual([
      'user what was next',
    ]);
  });

  test('preserved messages stand between the summary and what came after', () => {
    const preserved = { preservedMessages: { anchorUuid: 's', uuids: ['b'] } };
    const messages = shortOf(...before, boundary(preserved), summary, user('c', 's', 'next'));
    expect(messages).toEqual(['user what was', 'assistant older', 'user next']);
  });

  test('a preserved segment is found from its two ends', () => {
    const segment = { preservedSegment: { headUuid: 'a', tailUuid: 'b', anchorUuid: 's' } };
    const messages = shortOf(...before, boundary(segment), summary, user('c', 's', 'next'));
    expect(messages).toEqual(['user what was old', 'assistant older', 'user next']);
  });

  test('preserved messages that were written again are there once', () => {
    const preserved = { preservedMessages: { anchorUuid: 's', uuids: ['b'] } };
    const messages = shortOf(
      boundary(preserved),
      summary,
      assistant('b', 's', 'm1', said('older')),
      user('c', 'b', 'next'),
    );
    expect(messages).toEqual(['user what was', 'assistant older', 'user next']);
  });
});

test('halves of surrogate pairs do not reach the API', () => {
  const [message] = seen([
    '{"type":"user","uuid":"a","parentUuid":null,"message":{"content":"x\\ud83d"}}',
  ]);
  expect(message?.content[0]?.text).toBe('x\ufffd');
});
