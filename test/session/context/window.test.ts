/** How many tokens so many bytes are, and what fits into a window: estimated, and corrected by what the API has said. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { resultsIn, withoutOldResults } from '../../../src/session/context/cleared.ts';
import { serverContext } from '../../../src/session/context/server-context.ts';
import { weightOf } from '../../../src/session/context/weight.ts';
import { bytesOf, tokensOf, USUAL_CONTEXT, windowOf } from '../../../src/session/context/window.ts';

const bytes = (value: unknown) => Buffer.from(JSON.stringify(value));
const user = (...content: readonly object[]) => bytes({ role: 'user', content });
const image = (length: number) => ({
  type: 'image',
  source: { type: 'base64', media_type: 'image/png', data: 'A'.repeat(length) },
});

describe('the weight of a message', () => {
  it('is its bytes', () => {
    const message = user({ type: 'text', text: 'grün' });
    expect(weightOf(message)).toBe(message.byteLength);
  });

  it('leaves out the data of images but for what an image costs, however large it is', () => {
    const [small, large] = [user(image(50_000)), user(image(5_000_000))];
    expect(weightOf(large)).toBe(weightOf(small));
    expect(weightOf(user(image(5_000_000), image(50_000)))).toBeLessThan(3 * weightOf(small));
  });

  it('is not fooled by a text that is called data', () => {
    const input = { data: 'x'.repeat(20_000), about: 'base64' };
    const message = bytes({ role: 'assistant', content: [{ type: 'tool_use', id: 't', input }] });
    expect(weightOf(message)).toBe(message.byteLength);
  });
});

describe('an estimate', () => {
  const use = fc.option(
    fc.record({
      tokens: fc.integer({ min: 1, max: 1e6 }),
      bytes: fc.integer({ min: 1, max: 4e6 }),
    }),
    { nil: undefined },
  );

  it('of what was counted is what was counted', () => {
    expect(tokensOf(40_000, { tokens: 12_345, bytes: 40_000 })).toBe(12_345);
  });

  it('grows with the bytes, and has a way back', () => {
    fc.assert(
      fc.property(use, fc.nat(1e7), fc.nat(1e7), (known, one, other) => {
        const [less, more] = one < other ? [one, other] : [other, one];
        expect(tokensOf(less, known)).toBeLessThanOrEqual(tokensOf(more, known));
        expect(tokensOf(bytesOf(less, known), known)).toBeLessThanOrEqual(less + 1);
      }),
    );
  });

  it('is not misled by a small request, most of which comes with every one', () => {
    expect(tokensOf(60_000, { tokens: 500, bytes: 100 })).toBeLessThan(25_000);
  });
});

describe('a window', () => {
  it('is the session’s, or the daemon’s, or what the API has said, if that is less', () => {
    expect(windowOf(undefined, undefined)).toMatchObject({ tokens: 200_000, limit: 150_000 });
    expect(windowOf({ windowTokens: 1_000_000 }, undefined).limit).toBe(750_000);
    const use = { tokens: 1, bytes: 1, windowTokens: 100_000 };
    expect(windowOf(undefined, use).tokens).toBe(100_000);
    expect(windowOf({ windowTokens: 50_000 }, use).tokens).toBe(50_000);
    expect(windowOf({ compactAtTokens: 900_000 }, undefined).limit).toBe(200_000);
  });

  it('holds a request for a summary with room for that', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1_000, max: 2e6 }), (windowTokens) => {
        const { chunk, summary, kept, limit, tokens } = windowOf({ windowTokens }, undefined);
        expect(chunk + summary).toBeLessThan(tokens);
        expect(kept + summary).toBeLessThan(limit);
        expect(summary).toBeGreaterThan(0);
      }),
    );
  });
});

describe('a result that is cleared', () => {
  const result = (content: unknown) => ({ type: 'tool_result', tool_use_id: 't1', content });

  it('becomes a note that says how long it was, and is that of the same call', () => {
    const message = user(result('x'.repeat(1_000)), { type: 'text', text: 'beside it' });
    const shown = JSON.parse(Buffer.from(withoutOldResults(message)).toString());
    expect(shown.content).toMatchObject([
      { tool_use_id: 't1', content: expect.stringContaining('1002 characters') },
      { text: 'beside it' },
    ]);
    expect(withoutOldResults(withoutOldResults(message))).toEqual(withoutOldResults(message));
    expect([resultsIn(message), resultsIn(user({ type: 'text', text: 'no' }))]).toEqual([1, 0]);
  });

  it('stays where it is no longer than the note', () => {
    const message = user(result('short'));
    expect(JSON.parse(Buffer.from(withoutOldResults(message)).toString())).toEqual(
      JSON.parse(message.toString()),
    );
  });
});

describe('what the API is asked to do by itself', () => {
  const window = (compactAtTokens: number) =>
    windowOf({ compact: 'server', compactAtTokens }, undefined, USUAL_CONTEXT);

  it('begins at the limit, and not below what the API takes', () => {
    const triggerAt = (limit: number) =>
      JSON.stringify(serverContext({}, window(limit))?.contextManagement);
    expect(triggerAt(120_000)).toContain('"value":120000');
    expect(triggerAt(500)).toContain('"value":50000');
  });

  it('is nothing where Greenroom sums up', () => {
    expect(serverContext({}, windowOf(undefined, undefined))).toBeUndefined();
  });
});
