/** A model step, whoever asks for it: what the session says of its model call goes before what the daemon says. */
import { describe, expect, it } from 'vitest';
import { type Head, newHead } from '../../../src/model/head.ts';
import { sessionKey } from '../../../src/model/ids.ts';
import type { Context } from '../../../src/session/context/context.ts';
import {
  modelStep,
  mustHavePrice,
  type StepWish,
} from '../../../src/session/machine/model-step.ts';
import { NOW, RULES } from './support.ts';

/** Of a call that nothing was tried for before. */
const FIRST = { tried: 0, longestWaitMs: Number.POSITIVE_INFINITY };

const sliced = { slice: () => 'a slice' } as unknown as Context;
const stepOf = (fields: Partial<Head>, wish: Partial<StepWish> = {}) =>
  modelStep({ ...newHead(sessionKey('default', 's'), 0), ...fields }, RULES, {
    ...{ model: 'm', maxTokens: 9, context: sliced, wantsDeltas: true },
    ...wish,
  });

describe('a model step', () => {
  it('has what was wished for, and a slice of the context of its own', () => {
    expect(stepOf({})).toEqual({
      ...{ model: 'm', maxTokens: 9, wantsDeltas: true, context: 'a slice' },
      retry: { ...FIRST, maxRetries: 3, delayMs: 1, timeoutMs: 1_000 },
    });
  });

  it('has the system prompt of its session, and no field for one that is not there', () => {
    expect(stepOf({ systemPrompt: 'be kind' })).toMatchObject({ system: 'be kind' });
    expect(stepOf({})).not.toHaveProperty('system');
  });

  it('offers the tools that were wished for, as the text that they are', () => {
    expect(stepOf({}, { tools: '[{}]' })).toMatchObject({ tools: '[{}]' });
    expect(stepOf({}, { tools: undefined })).not.toHaveProperty('tools');
  });

  it('asks why the cache was missed only where that was wished for', () => {
    expect(stepOf({}, { previousMessageId: null })).toMatchObject({ previousMessageId: null });
    expect(stepOf({}, { previousMessageId: 'msg_1' })).toMatchObject({
      previousMessageId: 'msg_1',
    });
    expect(stepOf({})).not.toHaveProperty('previousMessageId');
  });

  it('is retried as its session says, and as the daemon says where that says nothing', () => {
    const retry = { maxRetries: 0, delayMs: undefined };
    expect(stepOf({ retry } as Partial<Head>).retry).toEqual({
      ...{ ...FIRST, maxRetries: 0, delayMs: 1, timeoutMs: 1_000 },
    });
  });

  it('goes on with the retries of the call before it', () => {
    const waits = { tried: 2, longestWaitMs: 30_000 };
    expect(stepOf({}, { waits }).retry).toMatchObject({ maxRetries: 3, ...waits });
  });
});

describe('a money limit', () => {
  it('needs a price', () => {
    expect(() => mustHavePrice('claude-x', RULES, NOW)).not.toThrow();
    expect(() => mustHavePrice('qwen', RULES, NOW)).toThrow(
      expect.objectContaining({ code: 'price_unknown' }),
    );
  });
});
