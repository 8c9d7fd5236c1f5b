import { describe, expect, it } from 'vitest';
import { violationOf } from '../../src/rehearsal/rules.ts';
import { validateMessagesRequest } from '../support/api-rules.ts';

type Body = Record<string, unknown>;

const body = (messages: unknown, more: Body = {}): Body => ({
  model: 'claude-opus-5',
  max_tokens: 2000,
  messages,
  ...more,
});
const user = (content: unknown) => ({ role: 'user', content });
const said = (content: unknown) => ({ role: 'assistant', content });
const text = (value: string) => ({ type: 'text', text: value });
const use = (id: string) => ({ type: 'tool_use', id, name: 'Bash', input: {} });
const result = (id: string, content: unknown = 'ok', more: Body = {}) => ({
  type: 'tool_result',
  tool_use_id: id,
  content,
  ...more,
});
const thought = { type: 'thinking', thinking: 'hm', signature: 'sig' };
const image = (source: unknown) => ({ type: 'image', source });
const manual = { thinking: { type: 'enabled', budget_tokens: 1024 } };
const answered = (...blocks: unknown[]) => body([user('a'), said(blocks), user([result('t1')])]);

/** Broken bodies, and what each of the two checkers says of them. */
const BROKEN: readonly [string, unknown, RegExp, RegExp][] = [
  ['that is no object', [], /valid dictionary/, /not an object/],
  ['without a model', { ...body([user('a')]), model: '' }, /model: Field required/, /model/],
  ['without max_tokens', { ...body([user('a')]), max_tokens: null }, /max_tokens/, /max_tokens/],
  ['without messages', body([]), /at least one message/, /no messages/],
  ['that begins with the assistant', body([said('a')]), /first message must use/, /first message/],
  ['with a system message', body([user('a'), { role: 'system', content: 'b' }]), /role/, /role/],
  ['with empty content', body([user('')]), /non-empty content/, /blank text/],
  ['with no blocks', body([user([]), said('b')]), /non-empty content/, /no content/],
  ['with an empty text', body([user([text('')])]), /must be non-empty/, /blank text/],
  ['with a blank text', body([user('a'), said(' \n'), user('b')]), /non-whitespace/, /blank text/],
  ['with an unknown block', body([user([{ type: 'song' }])]), /Input tag 'song'/, /song block/],
  ['with a tool_use by the user', body([user([use('t1')])]), /only be in `assistant`/, /tool_use/],
  [
    'with a tool_result by the assistant',
    body([user('a'), said([result('t1')])]),
    /only be in `user`/,
    /tool_result/,
  ],
  ['with a tool id of odd letters', answered(use('t 1')), /should match pattern/, /proper id/],
  [
    'with an unanswered tool_use',
    body([user('a'), said([use('t1')]), user('b')]),
    /messages\.1: `tool_use` ids were found without.*: t1\./,
    /t1 is not answered next/,
  ],
  [
    'that ends with a tool_use',
    body([user('a'), said([use('t1')])]),
    /without `tool_result`/,
    /not answered/,
  ],
  [
    'with half of the results',
    answered(use('t1'), use('t2')),
    /immediately after: t2\./,
    /t2 is not answered next/,
  ],
  [
    'with a result after another message',
    body([user('a'), said([use('t1')]), user('b'), said('c'), user([result('t1')])]),
    /without `tool_result`/,
    /t1 has no use before/,
  ],
  [
    'with a result without a use',
    body([user([result('t9')])]),
    /unexpected `tool_use_id`.*t9/,
    /t9 has no use before/,
  ],
  [
    'with two results for one use',
    body([user('a'), said([use('t1')]), user([result('t1'), result('t1')])]),
    /single result/,
    /answered twice/,
  ],
  [
    'with text before the result',
    body([user('a'), said([use('t1')]), user([text('b'), result('t1')])]),
    /without `tool_result`/,
    /before a tool_result/,
  ],
  [
    'with a tool id used again',
    body([
      ...[user('a'), said([use('t1')]), user([result('t1')])],
      ...[said([use('t1')]), user([result('t1')])],
    ]),
    /ids must be unique/,
    /t1 is used twice/,
  ],
  [
    'with an error result without content',
    body([user('a'), said([use('t1')]), user([result('t1', '', { is_error: true })])]),
    /cannot be empty if `is_error`/,
    /error result without content/,
  ],
  [
    'with a blank text in a result',
    body([user('a'), said([use('t1')]), user([result('t1', [text('')])])]),
    /must be non-empty/,
    /blank text/,
  ],
  [
    'with unsigned thinking',
    body([user('a'), said([{ ...thought, signature: '' }, text('b')]), user('c')]),
    /signature: Field required/,
    /without a signature/,
  ],
  [
    'with thinking at the end of an answer',
    body([user('a'), said([text('b'), thought]), user('c')]),
    /final block in an assistant message/,
    /ends with thinking/,
  ],
  [
    'with thinking on and none before the tools',
    { ...answered(text('b'), use('t1')), ...manual },
    /Expected `thinking`/,
    /does not begin with it/,
  ],
  [
    'that ends with white space to continue',
    body([user('a'), said('b ')]),
    /trailing whitespace/,
    /ends with white space/,
  ],
  [
    'with an image without data',
    body([user([image({ type: 'base64', media_type: 'image/png' })])]),
    /data: Field required/,
    /without media_type or data/,
  ],
  [
    'with an image of no known type',
    body([user([image({ type: 'base64', media_type: 'image/bmp', data: 'AA' })])]),
    /media_type/,
    /without media_type or data/,
  ],
];

const FINE: readonly [string, Body][] = [
  ['of one prompt', body([user('a')])],
  ['with several prompts in a row', body([user('a'), user([text('b')]), said('c'), user('d')])],
  [
    'with parallel tools and text after the results',
    body([
      ...[user('a'), said([text('b'), use('t1'), use('t2')])],
      user([
        result('t2', ''),
        result('t1', [text('x'), image({ type: 'url', url: 'u' })]),
        text('c'),
      ]),
    ]),
  ],
  ['with thinking before its tools', { ...answered(thought, use('t1')), ...manual }],
  ['with text after a tool_use', answered(use('t1'), text('b'))],
  ['with an answer to continue', body([user('a'), said('The answer is')])],
  ['with an image', body([user([image({ type: 'base64', media_type: 'image/png', data: 'AA' })])])],
];

describe('a request', () => {
  it.each(BROKEN)(
    '%s is refused by the rehearsal and by the checker',
    (_name, broken, inApi, inTest) => {
      expect(violationOf(broken, 'create')).toMatch(inApi);
      expect(validateMessagesRequest(broken).join('\n')).toMatch(inTest);
    },
  );

  it.each(FINE)('%s passes both', (_name, fine) => {
    expect(violationOf(fine, 'create')).toBeUndefined();
    expect(validateMessagesRequest(fine)).toEqual([]);
  });

  it('may not hold fields that the API does not know', () => {
    expect(violationOf(body([user('a')], { sesion: 1 }), 'create')).toMatch(/sesion: Extra inputs/);
    expect(violationOf(body([user('a')]), 'count')).toMatch(/max_tokens: Extra inputs/);
  });

  it('may not think beyond its limit', () => {
    const over = body([user('a')], { thinking: { type: 'enabled', budget_tokens: 2000 } });
    expect(violationOf(over, 'create')).toMatch(/must be greater than `thinking.budget_tokens`/);
  });
});

describe('the checker of requests', () => {
  it('takes thinking only as the API gave it', () => {
    const request = body([user('a'), said([thought, text('b')]), user('c')]);
    expect(validateMessagesRequest(request, [thought])).toEqual([]);
    expect(validateMessagesRequest(request, [{ ...thought, thinking: 'ha' }])).toEqual([
      'messages.1: a thinking block is not as the API gave it',
    ]);
  });

  it('wants the tools that results refer to', () => {
    const reference = result('t1', [{ type: 'tool_reference', tool_name: 'Grep' }]);
    const messages = [user('a'), said([use('t1')]), user([reference])];
    expect(validateMessagesRequest(body(messages))).toEqual([
      'tool_reference to Grep, which is not among the tools',
    ]);
    expect(validateMessagesRequest(body(messages, { tools: [{ name: 'Grep' }] }))).toEqual([]);
  });

  it('wants server tools answered in their own message, but for a paused turn', () => {
    const search = { type: 'server_tool_use', id: 's1', name: 'web_search', input: {} };
    const found = { type: 'web_search_tool_result', tool_use_id: 's1', content: [] };
    const check = (...messages: unknown[]) => validateMessagesRequest(body(messages));
    expect(check(user('a'), said([search, found, text('b')]), user('c'))).toEqual([]);
    expect(check(user('a'), said([text('b'), search]))).toEqual([]);
    expect(check(user('a'), said([search]), user('c'))).toEqual([
      'messages.1: s1 has no server result',
    ]);
    expect(check(user('a'), said([found]), user('c'))).toEqual([
      'messages.1: s1 has no server use',
    ]);
  });

  it('reports every violation, not the first', () => {
    expect(validateMessagesRequest(body([said(''), user([result('t1')])]))).toHaveLength(3);
  });
});
