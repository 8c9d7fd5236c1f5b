import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  addUsage,
  countedUsage,
  emptyUsage,
  subtractUsage,
  totalTokens,
  type Usage,
  usageFromApi,
} from '../../src/model/usage.ts';

const iteration = (fields: object) => ({ type: 'message', input_tokens: 1, ...fields });

describe('usage from the API', () => {
  test('a rest of the cache writes that the split does not name lives for five minutes', () => {
    const usage = usageFromApi({
      cache_creation_input_tokens: 100,
      cache_creation: { ephemeral_5m_input_tokens: 10, ephemeral_1h_input_tokens: 60 },
    });
    expect(usage.cacheCreation5mInputTokens).toBe(40);
    expect(usage.cacheCreation1hInputTokens).toBe(60);
  });

  test('a split without a total is the total', () => {
    const usage = usageFromApi({
      cache_creation: { ephemeral_5m_input_tokens: 4_000, ephemeral_1h_input_tokens: 6_000 },
    });
    expect(usage.cacheCreationInputTokens).toBe(10_000);
  });

  test('whatever stands in the place of numbers counts as nothing', () => {
    const odd = {
      input_tokens: '12',
      output_tokens: -1,
      server_tool_use: [],
      cache_creation: null,
    };
    expect(usageFromApi(odd)).toEqual(emptyUsage);
    expect(usageFromApi(null)).toEqual(emptyUsage);
  });

  test('thinking is part of the output and told apart only where the API tells', () => {
    const usage = usageFromApi({
      output_tokens: 50,
      output_tokens_details: { thinking_tokens: 30 },
    });
    expect(totalTokens(usage)).toBe(50);
    expect(usage.thinkingTokens).toBe(30);
    expect(usageFromApi({ output_tokens: 50 }).thinkingTokens).toBeUndefined();
  });
});

describe('iterations', () => {
  test('count each with its own model', () => {
    const parts = countedUsage(
      {
        input_tokens: 1,
        iterations: [
          iteration({}),
          iteration({ type: 'advisor_message', model: 'claude-fable-5', input_tokens: 70_000 }),
        ],
      },
      'claude-opus-5',
    );
    expect(parts.map((part) => [part.model, part.usage.inputTokens])).toEqual([
      ['claude-opus-5', 1],
      ['claude-fable-5', 70_000],
    ]);
  });

  test('count where the top level is zero', () => {
    const [part] = countedUsage({ input_tokens: 0, iterations: [iteration({})] }, 'm');
    expect(part?.usage.inputTokens).toBe(1);
  });

  test('do not lose the web searches, which only the top level tells', () => {
    const parts = countedUsage(
      { server_tool_use: { web_search_requests: 2 }, iterations: [iteration({}), iteration({})] },
      'm',
    );
    expect(parts.map((part) => part.usage.webSearchRequests)).toEqual([2, 0]);
  });

  test('an empty list leaves the top level', () => {
    expect(countedUsage({ input_tokens: 5, iterations: [] }, 'm')[0]?.usage.inputTokens).toBe(5);
  });
});

test('taking back what was added leaves what was there', () => {
  const number = fc.nat(1e9);
  const usage: fc.Arbitrary<Usage> = fc.record({
    inputTokens: number,
    outputTokens: number,
    cacheCreationInputTokens: number,
    cacheCreation5mInputTokens: number,
    cacheCreation1hInputTokens: number,
    cacheReadInputTokens: number,
    webSearchRequests: number,
    webFetchRequests: number,
    thinkingTokens: number,
  });
  fc.assert(
    fc.property(usage, usage, (a, b) => {
      expect(subtractUsage(addUsage(a, b), b)).toEqual(a);
    }),
  );
});

describe('how a request ran', () => {
  const terms = (api: object) => countedUsage({ input_tokens: 1, ...api }, 'm')[0];

  test('is fast, bound to the United States, or a batch, where the API says so', () => {
    expect(terms({ speed: 'fast' })).toMatchObject({ isFast: true, isUsOnly: false });
    expect(terms({ inference_geo: 'us' })).toMatchObject({ isFast: false, isUsOnly: true });
    expect(terms({ service_tier: 'batch' })).toMatchObject({ isBatch: true });
  });

  test.each([
    {},
    { speed: null, inference_geo: null, service_tier: null },
    { speed: 'standard', inference_geo: 'not_available', service_tier: 'standard' },
    { inference_geo: 'global', service_tier: 'default' },
    { inference_geo: '' },
  ])('is plain: %j', (api) => {
    expect(terms(api)).toEqual({
      model: 'm',
      usage: usageFromApi({ input_tokens: 1 }),
      ...{ isFast: false, isUsOnly: false },
    });
  });

  test.each([{ speed: 'warp' }, { inference_geo: 'eu' }, { service_tier: 'priority' }])(
    'is not known: %j',
    (api) => {
      expect(terms(api)).toMatchObject({ hasUnknownTerms: true });
    },
  );
});
