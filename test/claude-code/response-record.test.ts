import { describe, expect, test } from 'vitest';
import { describeLine } from '../../src/claude-code/describe-line.ts';
import { follow, type OpenResponse } from '../../src/claude-code/response-key.ts';
import {
  mergeResponse,
  type ResponseRecord,
  responseRecord,
} from '../../src/claude-code/response-record.ts';
import { emptyUsage } from '../../src/model/usage.ts';
import { answered } from './records.ts';

const record = (outputTokens: number, more: Partial<ResponseRecord> = {}): ResponseRecord => ({
  model: 'claude-opus-5',
  usage: { ...emptyUsage, outputTokens },
  atMs: 0,
  costNanoUsd: outputTokens * 25_000,
  isSidechain: false,
  ...more,
});

describe('merging copies of a response', () => {
  test('a new one counts in full', () => {
    const merged = mergeResponse(undefined, record(10));
    expect(merged.deltaUsage.outputTokens).toBe(10);
    expect(merged.deltaCostNanoUsd).toBe(250_000);
  });

  test('the one with more tokens stays, and only the difference counts', () => {
    const grown = mergeResponse(record(10), record(35));
    expect(grown.record.usage.outputTokens).toBe(35);
    expect(grown.deltaUsage.outputTokens).toBe(25);
    expect(mergeResponse(record(35), record(10)).deltaCostNanoUsd).toBe(0);
  });

  test('of equals the main chain wins, else the later', () => {
    const side = record(10, { isSidechain: true, atMs: 1 });
    const main = record(10, { atMs: 2 });
    expect(mergeResponse(main, side).record).toBe(main);
    expect(mergeResponse(side, main).record).toBe(main);
    const later = record(10, { atMs: 3 });
    expect(mergeResponse(main, later).record).toBe(later);
  });

  test('seen again it changes nothing', () => {
    const merged = mergeResponse(record(10), record(10));
    expect(merged.deltaUsage).toEqual(emptyUsage);
    expect([merged.deltaCostNanoUsd, merged.deltaUnpriced]).toEqual([0, 0]);
  });

  test('one without a price is counted as such and not as free', () => {
    const unknown = record(10, { costNanoUsd: null });
    expect(mergeResponse(undefined, unknown)).toMatchObject({
      deltaCostNanoUsd: 0,
      deltaUnpriced: 1,
    });
    expect(mergeResponse(unknown, record(11)).deltaUnpriced).toBe(-1);
  });
});

describe('a response without a request id', () => {
  const asked = (uuid: string, parentUuid: string, input: number, output: number) => ({
    ...answered(uuid, 'chat-1', output, { requestId: undefined, parentUuid }),
    message: {
      ...answered(uuid, 'chat-1', output).message,
      usage: { input_tokens: input, output_tokens: output },
    },
  });
  const keysOf = (lines: readonly object[]) => {
    let open: readonly OpenResponse[] = [];
    return lines.map((line) => {
      const followed = follow(open, describeLine(line));
      open = followed.open;
      return followed.key;
    });
  };

  test('is one, though its first lines were written before its prompt was counted', () => {
    const lines = [asked('a', 'q', 0, 1), asked('b', 'a', 0, 1), asked('c', 'b', 900, 40)];
    expect(new Set(keysOf(lines))).toEqual(new Set(['chat-1:a']));
    expect(new Set(keysOf([...lines, asked('d', 'c', 900, 41)])).size).toBe(1);
  });

  test('is another one, when its prompt was counted and is not the same', () => {
    expect(new Set(keysOf([asked('a', 'q', 900, 40), asked('b', 'a', 950, 3)])).size).toBe(2);
    expect(new Set(keysOf([asked('a', 'q', 900, 40), asked('b', 'a', 0, 1)])).size).toBe(2);
  });
});

describe('the response on a line', () => {
  test('is known by its message and its request, or its message alone', () => {
    const withRequest = describeLine(answered('a', 'msg_1', 1));
    expect(withRequest.response?.key).toBe('msg_1:req_msg_1');
    const without = describeLine(answered('a', 'msg_1', 1, { requestId: undefined }));
    expect(without.response?.key).toBe('msg_1');
  });

  test('is none when Claude Code wrote the line itself', () => {
    const line = answered('a', 'msg_1', 1);
    const synthetic = { ...line, message: { ...line.message, model: '<synthetic>' } };
    expect(responseRecord(describeLine(synthetic))).toBeUndefined();
    expect(describeLine(answered('a', 'm', 1, { isApiErrorMessage: true })).isSynthetic).toBe(true);
  });

  test('without a time is priced as of today', () => {
    const found = responseRecord(describeLine(answered('a', 'msg_1', 1, { timestamp: undefined })));
    expect(found).toMatchObject({ atMs: null, costNanoUsd: 25_000 });
  });
});
