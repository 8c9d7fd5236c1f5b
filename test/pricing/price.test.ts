import { describe, expect, test } from 'vitest';
import { emptyUsage, type Usage } from '../../src/model/usage.ts';
import {
  costNanoUsd,
  costOfParts,
  newestOf,
  newestSonnet,
  priceOf,
} from '../../src/pricing/price.ts';
import { PRICE_TABLE } from '../../src/pricing/price-table.ts';

const MILLION = 1_000_000;
const usage = (fields: Partial<Usage>): Usage => ({ ...emptyUsage, ...fields });
const usd = (nanoUsd: number | null): number | null => (nanoUsd === null ? null : nanoUsd / 1e9);
const at = (day: string): number => Date.parse(day);
const input = (tokens: number): Usage => usage({ inputTokens: tokens });

describe('the price of a model', () => {
  test('a date and a context suffix do not matter', () => {
    const plain = priceOf('claude-sonnet-4-5', at('2026-01-01'));
    expect(priceOf('claude-sonnet-4-5-20250929', at('2026-01-01'))).toBe(plain);
    expect(priceOf('claude-sonnet-4-5-20250929[1m]', at('2026-01-01'))).toBe(plain);
  });

  test.each([
    'us.anthropic.claude-sonnet-4-5-20250929-v1:0',
    'anthropic.claude-sonnet-4-5-20250929-v1:0:200k',
    'us-gov.anthropic.claude-sonnet-4-5-20250929-v1:0',
    'global.anthropic.claude-sonnet-4-5-20250929-v1:0[1m]',
    'bedrock/us-west-2/anthropic.claude-sonnet-4-5-20250929-v1:0',
    'arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.anthropic.claude-sonnet-4-5-20250929-v1:0',
    'claude-sonnet-4-5@20250929',
    'vertex_ai/claude-sonnet-4-5@20250929',
    'claude-sonnet-4-5@default',
    'publishers/anthropic/models/claude-sonnet-4-5@20250929',
    'bedrock/us.anthropic.claude-sonnet-4-5-20250929-v1:0',
    'claude-sonnet-4-5-v2@20250929',
  ])('the clouds spell it %s', (spelt) => {
    const plain = priceOf('claude-sonnet-4-5', at('2026-01-01'));
    expect(plain).toBeDefined();
    expect(priceOf(spelt, at('2026-01-01'))).toBe(plain);
  });

  test('what only looks like one of ours has none', () => {
    for (const model of [
      'anthropic.claude-v2:1',
      'somebody.claude-opus-5',
      'x/claude-opus-5',
      'v1',
    ])
      expect(priceOf(model, 0)).toBeUndefined();
  });

  test('a response is priced by its own day', () => {
    const read = usage({ cacheReadInputTokens: MILLION });
    expect(usd(costNanoUsd(read, 'claude-sonnet-5-5', at('2026-10-06T23:59:59Z')))).toBe(0.2);
    expect(usd(costNanoUsd(read, 'claude-sonnet-5-5', at('2026-10-07T00:00:00Z')))).toBe(0.1);
  });

  test('before its first day a model has its first price', () => {
    expect(usd(costNanoUsd(input(MILLION), 'claude-opus-5-5', 0))).toBe(4);
  });

  test('a model of somebody else has no price, which is not a price of nothing', () => {
    expect(costNanoUsd(input(1), 'qwen3-coder:30b', 0)).toBeNull();
  });

  test('what Claude Code wrote itself costs nothing', () => {
    expect(costNanoUsd(input(1), '<synthetic>', 0)).toBe(0);
  });

  test('another table can stand in for ours', () => {
    const rates = { input: 7, output: 0, cacheWrite5m: 0, cacheWrite1h: 0, cacheRead: 0 };
    const table = [{ model: 'mine', validFrom: '2026-01-01', nanoUsdPerToken: rates }];
    expect(costNanoUsd(input(3), 'mine', 0, {}, table)).toBe(21);
    expect(costNanoUsd(input(3), 'claude-opus-5', 0, {}, table)).toBeNull();
  });
});

describe('the cost of a response', () => {
  test('cache writes cost by how long they live', () => {
    const fiveMinutes = usage({
      cacheCreationInputTokens: MILLION,
      cacheCreation5mInputTokens: MILLION,
    });
    const oneHour = usage({
      cacheCreationInputTokens: MILLION,
      cacheCreation1hInputTokens: MILLION,
    });
    expect(usd(costNanoUsd(fiveMinutes, 'claude-opus-5', 0))).toBe(6.25);
    expect(usd(costNanoUsd(oneHour, 'claude-opus-5', 0))).toBe(10);
  });

  test('a one-hour write costs twice the input, also where a source is wrong about it', () => {
    const written = usage({
      cacheCreationInputTokens: MILLION,
      cacheCreation1hInputTokens: MILLION,
    });
    expect(usd(costNanoUsd(written, 'claude-3-haiku-20240307', 0))).toBe(0.5);
    expect(usd(costNanoUsd(written, 'claude-3-opus-20240229', 0))).toBe(30);
  });

  test('past the band every token of the request costs more, the output too', () => {
    const short = usage({ inputTokens: 100_000, outputTokens: 1_000 });
    const long = usage({ inputTokens: 1, cacheReadInputTokens: 100_000, outputTokens: 1_000 });
    expect(costNanoUsd(short, 'claude-haiku-5-5', at('2026-11-01'))).toBe(10_500_000);
    expect(costNanoUsd(long, 'claude-haiku-5-5', at('2026-11-01'))).toBe(
      500 + 5_000_000 + 2_500_000,
    );
  });

  test('Sonnet 4.6 and Opus 4.6 lost their dearer band on 13 March 2026', () => {
    for (const model of ['claude-sonnet-4-6', 'claude-opus-4-6']) {
      const before = costNanoUsd(input(MILLION), model, at('2026-03-12'));
      const after = costNanoUsd(input(MILLION), model, at('2026-03-13'));
      expect(before).toBe(2 * (after ?? 0));
    }
  });

  test('fast mode multiplies, and inference bound to the United States adds a tenth', () => {
    const plain = costNanoUsd(input(1_000), 'claude-opus-5', 0) ?? 0;
    expect(costNanoUsd(input(1_000), 'claude-opus-5', 0, { isFast: true })).toBe(2 * plain);
    expect(costNanoUsd(input(1_000), 'claude-opus-5', 0, { isUsOnly: true })).toBe(1.1 * plain);
  });

  test('bound to the United States, every model since Opus 4.6 costs a tenth more', () => {
    const since = PRICE_TABLE.filter(
      ({ model, validFrom }) => validFrom >= '2026-02-05' || /^claude-fable/.test(model),
    );
    expect(since.length).toBeGreaterThan(10);
    for (const { model, validFrom } of since) {
      const plain = costNanoUsd(input(1_000), model, at(validFrom)) ?? 0;
      expect(costNanoUsd(input(1_000), model, at(validFrom), { isUsOnly: true })).toBe(
        Math.round(1.1 * plain),
      );
    }
  });

  test('a surcharge that nobody has told makes the cost unknown, never the plain one', () => {
    expect(costNanoUsd(input(1_000), 'claude-opus-5-5', 0, { isFast: true })).toBeNull();
    expect(costNanoUsd(input(1_000), 'claude-haiku-4-5', 0, { isUsOnly: true })).toBeNull();
    expect(costNanoUsd(input(1_000), 'claude-opus-5', 0, { hasUnknownTerms: true })).toBeNull();
  });

  test('a batch costs half', () => {
    const plain = costNanoUsd(input(1_000), 'claude-opus-5', 0) ?? 0;
    expect(costNanoUsd(input(1_000), 'claude-opus-5', 0, { isBatch: true })).toBe(plain / 2);
  });

  test('a web search costs a cent', () => {
    expect(usd(costNanoUsd(usage({ webSearchRequests: 3 }), 'claude-opus-5', 0))).toBe(0.03);
  });

  test('of several models each part has its own price, and one without makes the whole unknown', () => {
    const part = (model: string) => ({
      model,
      usage: input(MILLION),
      isFast: false,
      isUsOnly: false,
    });
    expect(usd(costOfParts([part('claude-opus-5'), part('claude-fable-5')], 0))).toBe(15);
    expect(costOfParts([part('claude-opus-5'), part('nobody')], 0)).toBeNull();
  });
});

describe('the default model', () => {
  test('is the newest Sonnet that was out at that time', () => {
    expect(newestSonnet(at('2025-12-01'))).toBe('claude-sonnet-4-5');
    expect(newestSonnet(at('2026-08-01'))).toBe('claude-sonnet-5');
    expect(newestSonnet(at('2026-11-01'))).toBe('claude-sonnet-5-5');
    expect(newestOf('opus', at('2026-11-01'))).toBe('claude-opus-5-5');
    expect(newestOf('haiku', at('2020-01-01'))).toBe('claude-haiku-4-5');
  });
});

describe('the table', () => {
  test('has one row per model and day, each model together and oldest first', () => {
    const keys = PRICE_TABLE.map((row) => `${row.model} ${row.validFrom}`);
    expect(keys.filter((key, index) => index > 0 && key <= (keys[index - 1] ?? ''))).toEqual([]);
  });

  test('holds whole nano-dollars', () => {
    const rates = PRICE_TABLE.flatMap((row) => [
      row.nanoUsdPerToken,
      ...(row.longPrompt ? [row.longPrompt.nanoUsdPerToken] : []),
    ]);
    for (const rate of rates.flatMap((each) => Object.values(each)))
      expect(Number.isInteger(rate) && rate > 0).toBe(true);
  });
});
