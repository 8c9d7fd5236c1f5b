import type { Message } from '@anthropic-ai/sdk/resources/messages';
import { describe, expect, it } from 'vitest';
import { Answer } from '../../../src/executor/models/answer.ts';
import type { StreamEvent } from '../../../src/executor/models/message-draft.ts';
import { withOwnIds } from '../../../src/executor/models/own-ids.ts';

const toolUse = { type: 'tool_use', id: 'toolu_1', name: 'Look', input: {} };
const start = {
  type: 'message_start',
  message: { id: 'msg_1', model: 'm', content: [], usage: {} },
};
const stoppedBy = (stop_reason: string) => [
  { type: 'message_delta', delta: { stop_reason }, usage: {} },
  { type: 'message_stop' },
];
const delta = (partial_json: string) => ({
  ...{ type: 'content_block_delta', index: 0 },
  delta: { type: 'input_json_delta', partial_json },
});

/** The content of the outcome's body, as text, after tool input came in these pieces. */
const contentAfter = (pieces: readonly string[], stopReason = 'tool_use'): string => {
  const stop = stoppedBy(stopReason);
  const answer = new Answer();
  const begun = { type: 'content_block_start', index: 0, content_block: toolUse };
  for (const event of [structuredClone(start), { ...begun }, ...pieces.map(delta), ...stop])
    answer.see(structuredClone(event) as unknown as StreamEvent);
  const outcome = answer.outcome('rehearsal', 0, Buffer.from('{}'));
  return outcome.type === 'message' ? Buffer.from(outcome.body).toString() : '';
};

describe('an answer', () => {
  it('keeps the input of a tool as it was streamed, to the digit', () => {
    const body = contentAfter(['{"id":123456789012', '34567890,"rate":1.50}']);
    expect(body).toContain('"name":"Look","input":{"id":12345678901234567890,"rate":1.50}}');
  });

  it('keeps what could be read of an input that was cut off', () => {
    expect(contentAfter(['{"path":"/a", "te'], 'max_tokens')).toContain('"input":{"path":"/a"}');
  });

  it('is none where such an input is said to be whole: half a file would be written', () => {
    expect(() => contentAfter(['{"path":"/a", "te'])).toThrow('the input of a tool was cut off');
  });

  it('keeps the empty input of a tool that takes none', () => {
    expect(contentAfter([''])).toContain('"input":{}');
  });
});

describe('calls that are given ids which others have', () => {
  const called = (id: unknown) => ({ ...toolUse, id }) as unknown as Message['content'][number];
  const idsOf = (ids: readonly unknown[], messages = ''): readonly string[] =>
    withOwnIds(ids.map(called), Buffer.from(messages)).map((block) =>
      'id' in block ? block.id : '',
    );

  it('get some of their own, in one answer and beside all that the request holds', () => {
    expect(idsOf(['toolu_1', 'toolu_2'])).toEqual(['toolu_1', 'toolu_2']);
    expect(idsOf(['call_0', 'call_0', 'call_0-2'])).toEqual(['call_0', 'call_0-2', 'call_0-2-2']);
    const before = JSON.stringify({ content: [called('call_0'), called('call_0-2')] });
    expect(idsOf(['call_0', 'call_1'], before)).toEqual(['call_0-3', 'call_1']);
    expect(idsOf(['call_0'], JSON.stringify({ text: 'of "call_0"' }))).toEqual(['call_0']);
  });

  it('have one that the API takes', () => {
    expect(idsOf(['', null, 'functions.read:0'])).toEqual(['call', 'call-2', 'functions_read_0']);
  });
});
