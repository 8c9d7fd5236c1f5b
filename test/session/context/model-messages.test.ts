/** The effective history of native messages and views. */
import { describe, expect, test } from 'vitest';
import {
  type ModelMessagesOptions,
  modelMessages,
  type SeenEntry,
  type SeenView,
} from '../../../src/session/context/model-messages.ts';
import { bytes, call, result, said, thought, user } from '../../claude-code/records.ts';

type Fields = Partial<Extract<SeenEntry, { kind: 'message' }>>;

const message = (seq: number, role: 'user' | 'assistant', content: unknown, more: Fields = {}) => ({
  kind: 'message' as const,
  seq,
  role,
  body: bytes({ role, content }),
  ...more,
});
const asked = (seq: number, text: string, more: Fields = {}) => message(seq, 'user', text, more);
const answer = (seq: number, text: string, more: Fields = {}) =>
  message(seq, 'assistant', [said(text)], more);
const view = (seq: number, view: SeenView) => ({ kind: 'view' as const, seq, view });

const textOf = (body: Uint8Array): string => new TextDecoder().decode(body);
const seen = (entries: readonly SeenEntry[], options: ModelMessagesOptions = {}) =>
  modelMessages(entries, options).messages.map((body) => JSON.parse(textOf(body)));

/** The words of each message. */
const words = (entries: readonly SeenEntry[], options: ModelMessagesOptions = {}): string[] =>
  seen(entries, options).map(({ content }) =>
    typeof content === 'string'
      ? content
      : content.map((block: { text?: string; type: string }) => block.text ?? block.type).join(' '),
  );

describe('native messages', () => {
  test('pass as the very same bytes', () => {
    const first = asked(1, 'hi');
    const second = message(2, 'assistant', [thought('sig'), said('hello')]);
    expect(modelMessages([first, second]).messages).toEqual([first.body, second.body]);
    expect(modelMessages([first]).messages[0]).toBe(first.body);
  });

  test('lose halves of surrogate pairs, in the names of fields too, and keep whole ones as they are', () => {
    const blocks = (input: string) =>
      bytes(
        `{"role":"assistant","content":[{"type":"tool_use","id":"t","name":"Ask","input":${input}}]}`,
      );
    const given = (input: string) =>
      modelMessages([asked(1, 'hi'), { ...answer(2, ''), body: blocks(input) }]).messages[1] ??
      new Uint8Array();
    expect(textOf(given('{"k\\ud800":"\\uDC00 \\ud83d\\ude00"}'))).toBe(
      textOf(blocks('{"k\\ufffd":"\\ufffd \\ud83d\\ude00"}')),
    );
    const whole = '{"\\ud83d\\ude00":"\\\\ud800"}';
    expect(textOf(given(whole))).toBe(textOf(blocks(whole)));
  });

  test('a partial one is never seen', () => {
    expect(words([asked(1, 'hi'), answer(2, 'hel', { isPartial: true })])).toEqual(['hi']);
  });

  test('a turn that waited stands after the turn before it', () => {
    const entries = [
      asked(1, 'first', { turnId: 'a' }),
      asked(2, 'second', { turnId: 'b' }),
      answer(3, 'one', { turnId: 'a' }),
      answer(4, 'two', { turnId: 'b' }),
    ];
    expect(words(entries)).toEqual(['first', 'one', 'second', 'two']);
    expect(words(entries.slice(0, 3), { throughTurnId: 'a' })).toEqual(['first', 'one']);
  });

  test('blank text, an ending in thinking and an empty answer do not go back', () => {
    const entries = [
      asked(1, 'hi'),
      message(2, 'assistant', [said('\n\n'), said('hello')]),
      message(3, 'user', [said('and?')]),
      message(4, 'assistant', []),
      message(5, 'user', [said('well?')]),
      message(6, 'assistant', [said('so'), thought('sig')]),
      message(7, 'assistant', [thought('sig')]),
    ];
    expect(words(entries)).toEqual(['hi', 'hello', 'and?', 'well?', 'so']);
  });

  test('breakpoints of the prompt cache in a prompt do not go back, whatever holds them', () => {
    const mark = { cache_control: { type: 'ephemeral' } };
    const document = (inner: object) => ({
      type: 'document',
      source: { type: 'content', content: [{ ...said('page'), ...inner }] },
    });
    const found = (inner: object) => ({
      type: 'search_result',
      content: [{ ...said('hit'), ...inner }],
    });
    const prompt = (inner: object) => [{ ...said('hi'), ...inner }, document(inner), found(inner)];
    expect(seen([message(1, 'user', prompt(mark))])).toEqual([
      { role: 'user', content: prompt({}) },
    ]);
  });

  test('a field of that name in the input of a tool stays', () => {
    const answered = message(2, 'assistant', [
      { ...call('a'), input: { cache_control: 'no-store' } },
    ]);
    const { messages } = modelMessages([
      asked(1, 'hi'),
      answered,
      message(3, 'user', [result('a')]),
    ]);
    expect(messages[1]).toEqual(answered.body);
  });

  test('words that look like a blank text inside other words change nothing', () => {
    const tricky = message(1, 'user', [said('{"text":""} and "signature":"x')]);
    expect(modelMessages([tricky]).messages).toEqual([tricky.body]);
  });

  test('an answer at the very beginning gets a user message before it', () => {
    expect(seen([answer(1, 'hello')]).map(({ role }) => role)).toEqual(['user', 'assistant']);
  });

  test('thinking of another model stays out when the model is named', () => {
    const content = [thought('sig'), said('hello')];
    const entries = [asked(1, 'hi'), message(2, 'assistant', content, { model: 'claude-opus-5' })];
    expect(words(entries, { model: 'claude-opus-5' })[1]).toBe('thinking hello');
    expect(words(entries, { model: 'claude-sonnet-5-5' })[1]).toBe('hello');
    expect(words(entries)[1]).toBe('thinking hello');
  });
});

describe('a rollback', () => {
  test('takes out the entries of its turn and no others', () => {
    const entries = [
      asked(1, 'first', { turnId: 'a' }),
      asked(2, 'second', { turnId: 'b' }),
      answer(3, 'one', { turnId: 'a' }),
      view(4, { type: 'rollback', fromSeq: 1, throughSeq: 3, turnId: 'a' }),
    ];
    expect(words(entries)).toEqual(['second']);
  });
});

describe('a compaction', () => {
  const summary = (seq: number, throughSeq: number, text = 'what was') =>
    view(seq, { type: 'compaction', throughSeq, summary: text });

  test('stands as the first user message for everything through its entry', () => {
    const entries = [asked(1, 'old'), answer(2, 'older'), summary(3, 2), asked(4, 'next')];
    expect(seen(entries)[0]).toEqual({ role: 'user', content: [said('what was')] });
    expect(words(entries)).toEqual(['what was', 'next']);
  });

  test('the last one counts', () => {
    const entries = [asked(1, 'old'), summary(2, 1, 'one'), asked(3, 'x'), summary(4, 3, 'two')];
    expect(words(entries)).toEqual(['two']);
  });

  test('does not lose a prompt that waited while its turn ran', () => {
    const entries = [
      asked(1, 'first', { turnId: 'a' }),
      asked(2, 'second', { turnId: 'b' }),
      answer(3, 'one', { turnId: 'a' }),
      summary(4, 3),
    ];
    expect(words(entries)).toEqual(['what was', 'second']);
  });

  test('takes along results whose uses it took', () => {
    const entries = [
      message(1, 'assistant', [call('t1')]),
      message(2, 'user', [result('t1'), said('go on')]),
      summary(3, 1),
    ];
    expect(words(entries)).toEqual(['what was', 'go on']);
  });

  test('covers imported lines by their number', () => {
    const imported = (seq: number, uuid: string, parent: string | null) => ({
      kind: 'imported' as const,
      seq,
      body: bytes(user(uuid, parent, `line ${seq}`)),
    });
    const entries = [
      imported(1, 'a', null),
      imported(2, 'b', 'a'),
      asked(3, 'next'),
      summary(4, 1),
    ];
    expect(words(entries)).toEqual(['what was', 'line 2', 'next']);
  });
});

describe('a repair', () => {
  const repair = (afterSeq: number, ...toolUseIds: string[]) =>
    view(9, { type: 'repair', afterSeq, toolUseIds });
  const uses = message(2, 'assistant', [call('t1'), call('t2')]);

  test('answers the uses that nobody will answer', () => {
    const messages = seen([asked(1, 'hi'), uses, asked(3, 'go on'), repair(2, 't1', 't2')]);
    expect(messages[2].content).toMatchObject([
      { type: 'tool_result', tool_use_id: 't1', is_error: true },
      { type: 'tool_result', tool_use_id: 't2', is_error: true },
    ]);
    expect(messages[3].content).toBe('go on');
  });

  test('joins the answers that are there, in one message', () => {
    const messages = seen([
      asked(1, 'hi'),
      uses,
      message(3, 'user', [result('t2')]),
      repair(2, 't1', 't2'),
    ]);
    const answered = messages[2].content.map((block: { tool_use_id: string }) => block.tool_use_id);
    expect(answered).toEqual(['t1', 't2']);
    expect(messages).toHaveLength(3);
  });

  test('at the end leaves room for a user message', () => {
    expect(seen([asked(1, 'hi'), uses, repair(2, 't1', 't2')]).at(-1).role).toBe('user');
  });

  test('of a turn that was rolled back does nothing', () => {
    const turn = { turnId: 'a' };
    const rolledBack = view(8, { type: 'rollback', fromSeq: 1, throughSeq: 2, turnId: 'a' });
    const entries = [asked(1, 'hi', turn), { ...uses, ...turn }, rolledBack, repair(2, 't1')];
    expect(seen(entries)).toEqual([]);
  });
});

test('imported lines come first, native turns after', () => {
  const entries = [
    { kind: 'imported' as const, seq: 1, body: bytes(user('a', null, 'long ago')) },
    asked(2, 'today', { turnId: 'a' }),
    answer(3, 'hello', { turnId: 'a' }),
  ];
  expect(words(entries)).toEqual(['long ago', 'today', 'hello']);
});
