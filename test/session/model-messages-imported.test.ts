/** The effective history of imported transcripts, rule by rule on small chains written by hand. */
import { describe, expect, test } from 'vitest';
import type { ModelMessagesOptions } from '../../src/session/context/model-messages.ts';
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
} from '../claude-code/records.ts';
import { type Message, seenOf, short } from '../claude-code/views.ts';

const seen = (records: readonly unknown[], options: ModelMessagesOptions = {}): Message[] =>
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
    const itself = shortOf(user('a', null, 'one'), user('b', 'b', 'two'), user('c', 'b', 'three'));
    expect(itself).toEqual(['user one two three']);
  });

  test('goes through a record that was written after the one that follows it', () => {
    const messages = shortOf(
      user('a', null, 'hi'),
      user('c', 'b', [result('t1')]),
      assistant('b', 'a', 'm1', call('t1')),
      assistant('d', 'c', 'm2', said('done')),
    );
    expect(messages).toEqual(['user hi', 'assistant call:t1', 'user result:t1', 'assistant done']);
  });

  const late = [
    ['progress', link('x', 'b', 'progress')],
    ['notice', link('x', 'b', 'system', { subtype: 'turn_duration' })],
    [
      'answer of a hook',
      link('x', 'b', 'attachment', { attachment: { type: 'async_hook_response' } }),
    ],
  ] as const;
  test.each(late)('is not changed by a late %s', (_, record) => {
    const talk = [
      user('a', null, 'hi'),
      assistant('b', 'a', 'm1', said('hello')),
      user('c', 'b', 'more'),
    ];
    const pointer = { type: 'last-prompt', leafUuid: 'c', sessionId: SESSION };
    const expected = ['user hi', 'assistant hello', 'user more'];
    expect(shortOf(...talk, record)).toEqual(expected);
    expect(shortOf(...talk, pointer, record)).toEqual(expected);
    expect(shortOf(...talk, record, user('d', 'gone', 'and more'))).toEqual([
      ...expected.slice(0, 2),
      'user more and more',
    ]);
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

describe('beside the chain', () => {
  const parallel = [
    user('a', null, 'hi'),
    assistant('b', 'a', 'm1', call('t1')),
    assistant('c', 'b', 'm1', call('t2')),
    user('d', 'b', [result('t1')]),
    user('m', 'd', 'the body of a skill', { isMeta: true }),
    user('e', 'c', [result('t2')]),
  ];

  test('what the client put in behind a parallel result comes before the next answer', () => {
    const messages = shortOf(
      ...parallel,
      assistant('f', 'e', 'm2', said('done')),
      user('g', 'f', 'thanks'),
    );
    expect(messages).toEqual([
      'user hi',
      'assistant call:t1 call:t2',
      'user result:t1 result:t2 the body of a skill',
      'assistant done',
      'user thanks',
    ]);
  });

  test('what belongs to another way that the conversation took stays out', () => {
    const messages = shortOf(
      ...parallel.slice(0, 2),
      user('d', 'b', [result('t1')]),
      user('m', 'd', 'put in', { isMeta: true }),
      assistant('f', 'm', 'm2', said('the first way')),
      user('g', 'd', 'the second way'),
    );
    expect(messages.at(-1)).toBe('user result:t1 the second way');
  });

  test('a result that the chain has already is not there twice', () => {
    const messages = shortOf(
      ...parallel.slice(0, 4),
      user('e', 'c', [result('t2')]),
      user('x', 'c', [result('t2', 'another time'), said('not here')]),
      assistant('f', 'e', 'm2', said('done')),
    );
    expect(messages).toEqual([
      'user hi',
      'assistant call:t1 call:t2',
      'user result:t1 result:t2',
      'assistant done',
    ]);
  });
});

describe('what the client put in', () => {
  const behind = (line: unknown) => shortOf(user('a', null, 'hi'), line);
  const attachment = (fields: object) =>
    behind(link('b', 'a', 'attachment', { attachment: fields }));

  test('is there when it is meta: prompts of commands, bodies of skills, feedback of hooks', () => {
    expect(behind(user('b', 'a', 'injected', { isMeta: true }))).toEqual(['user hi injected']);
  });

  test.each([undefined, 'prompt', 'task-notification', 'bash'])(
    'is there from the queue, in mode %s, as a string and as blocks',
    (commandMode) => {
      const queued = { type: 'queued_command', commandMode };
      const picture = {
        type: 'image',
        source: { type: 'base64', media_type: 'image/png', data: '' },
      };
      expect(attachment({ ...queued, prompt: 'be quick' })).toEqual(['user hi be quick']);
      expect(attachment({ ...queued, prompt: 'for the model', isMeta: true })).toEqual([
        'user hi for the model',
      ]);
      expect(attachment({ ...queued, prompt: [said('look'), picture] })).toEqual([
        'user hi look image',
      ]);
    },
  );

  test('is there when it is the output of a command that ran without the model', () => {
    const output = '<local-command-stdout>Bye</local-command-stdout>';
    const line = link('b', 'a', 'system', { subtype: 'local_command', content: output });
    expect(behind(line)).toEqual([`user hi ${output}`]);
    const notice = link('b', 'a', 'system', { subtype: 'informational', content: 'for people' });
    expect(behind(notice)).toEqual(['user hi']);
  });
});

describe('words from the queue', () => {
  const operation = (fields: object) => ({
    type: 'queue-operation',
    sessionId: SESSION,
    ...fields,
  });
  const enqueue = (content: unknown) => operation({ operation: 'enqueue', content });
  const remove = (fields: object = {}) => operation({ operation: 'remove', ...fields });
  const during = (...lines: readonly unknown[]) =>
    shortOf(
      user('a', null, 'hi'),
      assistant('b', 'a', 'm1', call('t1')),
      user('c', 'b', [result('t1')]),
      ...lines,
      assistant('d', 'c', 'm2', said('done')),
    )[2];

  test('are there when a turn took them in and no record has them', () => {
    expect(during(enqueue('wait'), remove())).toBe('user result:t1 wait');
    const absorbed = { content: 'wait', reason: 'absorbed_mid_turn' };
    expect(during(enqueue('wait'), remove(absorbed))).toBe('user result:t1 wait');
    expect(during(remove(absorbed))).toBe('user result:t1 wait');
    expect(during(enqueue('one'), enqueue('two'), remove(), remove())).toBe(
      'user result:t1 one two',
    );
    expect(during(enqueue([said('blocks')]), remove())).toBe('user result:t1 blocks');
  });

  test('are there once when a record has them too', () => {
    const attachment = { type: 'queued_command', prompt: 'wait' };
    const record = link('q', 'c', 'attachment', { attachment });
    const next = assistant('d', 'q', 'm2', said('done'));
    for (const lines of [
      [enqueue('wait'), remove(), record],
      [enqueue('wait'), record, remove()],
    ])
      expect(
        shortOf(
          user('a', null, 'wait'),
          assistant('b', 'a', 'm1', call('t1')),
          user('c', 'b', [result('t1')]),
          ...lines,
          next,
        ),
      ).toEqual(['user wait', 'assistant call:t1', 'user result:t1 wait', 'assistant done']);
  });

  test('are not there while they wait, nor when they were taken back or became a prompt', () => {
    expect(during(enqueue('wait'))).toBe('user result:t1');
    expect(during(enqueue('wait'), remove({ reason: 'cancelled' }))).toBe('user result:t1');
    expect(during(enqueue('wait'), operation({ operation: 'popAll' }))).toBe('user result:t1');
    expect(during(enqueue('wait'), operation({ operation: 'dequeue' }))).toBe('user result:t1');
  });

  test('of another way that the conversation took are not there', () => {
    const messages = shortOf(
      user('a', null, 'hi'),
      assistant('b', 'a', 'm1', said('hello')),
      user('c', 'b', 'the first way'),
      enqueue('wait'),
      remove(),
      assistant('d', 'c', 'm2', said('gone')),
      user('e', 'b', 'the second way'),
    );
    expect(messages).toEqual(['user hi', 'assistant hello', 'user the second way']);
  });
});

describe('left out', () => {
  const hidden = (line: unknown) => shortOf(user('a', null, 'hi'), line);

  test('are lines that the client shows to people only', () => {
    expect(hidden(user('b', 'a', 'shown', { isVisibleInTranscriptOnly: true }))).toEqual([
      'user hi',
    ]);
  });

  test('are errors and fillers that the client wrote in the place of the model', () => {
    const error = assistant('b', 'a', 'm1', said('API Error: 529'), { isApiErrorMessage: true });
    expect(hidden(error)).toEqual(['user hi']);
    const synthetic = (text: string, more = {}) => ({
      ...assistant('b', 'a', 'm1', said(text), more),
      message: { id: 'm1', role: 'assistant', model: '<synthetic>', content: [said(text)] },
    });
    expect(hidden(synthetic('API Error: from a version without the flag'))).toEqual(['user hi']);
    for (const more of [{}, { isApiErrorMessage: false }])
      expect(hidden(synthetic('No response requested.', more))).toEqual(['user hi']);
    expect(hidden(synthetic('As I was say', { isApiErrorMessage: false }))).toEqual([
      'user hi',
      'assistant As I was say',
    ]);
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

  test('what is kept follows the summary, whatever of it is lost and wherever the next record hangs', () => {
    const kept = (metadata: object, parent: string) =>
      shortOf(...before, boundary(metadata), summary, user('c', parent, 'next'));
    const expected = ['user what was', 'assistant older', 'user next'];
    const messages = (uuids: string[], anchorUuid = 's') => ({
      preservedMessages: { anchorUuid, uuids },
    });
    for (const parent of ['s', 'b']) {
      expect(kept(messages(['b']), parent)).toEqual(expected);
      expect(kept(messages(['lost', 'b']), parent)).toEqual(expected);
      expect(kept(messages(['b'], 'lost'), parent)).toEqual(expected);
    }
  });

  test('a segment whose ends do not connect is left out', () => {
    const segment = { preservedSegment: { headUuid: 'lost', tailUuid: 'b', anchorUuid: 's' } };
    expect(shortOf(...before, boundary(segment), summary, user('c', 's', 'next'))).toEqual([
      'user what was next',
    ]);
  });

  test('what two compactions in a row keep follows the second summary', () => {
    const kept = (id: string, uuids: readonly string[]) => ({
      subtype: 'compact_boundary',
      compactMetadata: {
        preservedSegment: { headUuid: uuids[0], tailUuid: uuids.at(-1), anchorUuid: id },
      },
    });
    const flags = { isCompactSummary: true, isVisibleInTranscriptOnly: true };
    expect(
      shortOf(
        ...before,
        link('x', null, 'system', kept('s', ['b'])),
        user('s', 'x', 'one', flags),
        user('c', 's', 'next'),
        link('y', null, 'system', kept('z', ['b', 'c'])),
        user('z', 'y', 'two', flags),
        user('d', 'c', 'last'),
      ),
    ).toEqual(['user two', 'assistant older', 'user next last']);
  });

  test('a person who went back to a message before it gets the view of that time', () => {
    expect(shortOf(...before, boundary(), summary, user('c', 'b', 'another way'))).toEqual([
      'user old',
      'assistant older',
      'user another way',
    ]);
  });

  test('a record that hangs on a notice, or on copies, from before it goes on after the summary', () => {
    const notice = link('n', 'b', 'system', { subtype: 'turn_duration' });
    expect(shortOf(...before, notice, boundary(), summary, user('c', 'n', 'next'))).toEqual([
      'user what was next',
    ]);
    expect(shortOf(...before, ...before, boundary(), summary, user('c', 'b', 'next'))).toEqual([
      'user what was next',
    ]);
  });

  test('a boundary without its summary ends nothing yet', () => {
    expect(shortOf(...before, boundary())).toEqual(['user old', 'assistant older']);
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

test('halves of surrogate pairs in the names of fields do not reach the API, whole pairs do', () => {
  const input = '{"k\\ud800":{"\\udc00":"\\\\ud800"},"😀":"\\ud83d\\ude00","\\uDBFF":[1]}';
  const [, message] = seen([
    '{"type":"user","uuid":"a","parentUuid":null,"message":{"content":"x"}}',
    `{"type":"assistant","uuid":"b","parentUuid":"a","message":{"id":"m","content":[{"type":"tool_use","id":"t","name":"Ask","input":${input}}]}}`,
  ]);
  expect(message?.content[0]).toMatchObject({
    input: { 'k\ufffd': { '\ufffd': '\\ud800' }, '😀': '😀', '\ufffd': [1] },
  });
});
