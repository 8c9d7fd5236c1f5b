/**
 * The dated price table of Claude models. Written by scripts/make-prices.mjs; do not edit.
 *
 * Sources: LiteLLM's model_prices_and_context_window.json (MIT), as of 2026-07-24;
 * pydantic/genai-prices (MIT), 2026-08-21; Anthropic's pricing and model pages and release notes of
 * public price trackers (claudit v1.8.1 and v1.9.2, PromptFuel v1.0.23, rightsize v0.10.2) for
 * the models and changes since then, October 2026. The rise of Sonnet 5 to $3/$15 that was
 * announced for September 2026 was called off, so it is not here.
 */
import type { PriceTable } from './price-row.ts';

export const PRICE_TABLE: PriceTable = [
  {
    model: 'claude-3-5-haiku',
    validFrom: '2024-01-01',
    nanoUsdPerToken: {
      input: 800,
      output: 4_000,
      cacheWrite5m: 1_000,
      cacheWrite1h: 1_600,
      cacheRead: 80,
    },
  },
  {
    model: 'claude-3-5-sonnet',
    validFrom: '2024-01-01',
    nanoUsdPerToken: {
      input: 3_000,
      output: 15_000,
      cacheWrite5m: 3_750,
      cacheWrite1h: 6_000,
      cacheRead: 300,
    },
  },
  {
    model: 'claude-3-7-sonnet',
    validFrom: '2025-02-19',
    nanoUsdPerToken: {
      input: 3_000,
      output: 15_000,
      cacheWrite5m: 3_750,
      cacheWrite1h: 6_000,
      cacheRead: 300,
    },
  },
  {
    model: 'claude-3-haiku',
    validFrom: '2024-03-07',
    nanoUsdPerToken: {
      input: 250,
      output: 1_250,
      cacheWrite5m: 300,
      cacheWrite1h: 500,
      cacheRead: 30,
    },
  },
  {
    model: 'claude-3-opus',
    validFrom: '2024-02-29',
    nanoUsdPerToken: {
      input: 15_000,
      output: 75_000,
      cacheWrite5m: 18_750,
      cacheWrite1h: 30_000,
      cacheRead: 1_500,
    },
  },
  {
    model: 'claude-3-sonnet',
    validFrom: '2024-01-01',
    nanoUsdPerToken: {
      input: 3_000,
      output: 15_000,
      cacheWrite5m: 3_750,
      cacheWrite1h: 6_000,
      cacheRead: 300,
    },
  },
  {
    model: 'claude-4-opus',
    validFrom: '2025-05-14',
    nanoUsdPerToken: {
      input: 15_000,
      output: 75_000,
      cacheWrite5m: 18_750,
      cacheWrite1h: 30_000,
      cacheRead: 1_500,
    },
  },
  {
    model: 'claude-4-sonnet',
    validFrom: '2025-05-14',
    nanoUsdPerToken: {
      input: 3_000,
      output: 15_000,
      cacheWrite5m: 3_750,
      cacheWrite1h: 6_000,
      cacheRead: 300,
    },
    longPrompt: {
      aboveTokens: 200_000,
      nanoUsdPerToken: {
        input: 6_000,
        output: 22_500,
        cacheWrite5m: 7_500,
        cacheWrite1h: 12_000,
        cacheRead: 600,
      },
    },
  },
  {
    model: 'claude-fable-5',
    validFrom: '2024-01-01',
    nanoUsdPerToken: {
      input: 10_000,
      output: 50_000,
      cacheWrite5m: 12_500,
      cacheWrite1h: 20_000,
      cacheRead: 1_000,
    },
    usOnlyMultiplier: 1.1,
  },
  {
    model: 'claude-fable-5-1',
    validFrom: '2026-09-01',
    nanoUsdPerToken: {
      input: 10_000,
      output: 50_000,
      cacheWrite5m: 12_500,
      cacheWrite1h: 20_000,
      cacheRead: 250,
    },
    usOnlyMultiplier: 1.1,
  },
  {
    model: 'claude-fable-5-2',
    validFrom: '2024-01-01',
    nanoUsdPerToken: {
      input: 8_000,
      output: 40_000,
      cacheWrite5m: 10_000,
      cacheWrite1h: 16_000,
      cacheRead: 200,
    },
    usOnlyMultiplier: 1.1,
  },
  {
    model: 'claude-haiku-4-5',
    validFrom: '2025-10-01',
    nanoUsdPerToken: {
      input: 1_000,
      output: 5_000,
      cacheWrite5m: 1_250,
      cacheWrite1h: 2_000,
      cacheRead: 100,
    },
  },
  {
    model: 'claude-haiku-5-5',
    validFrom: '2026-10-07',
    nanoUsdPerToken: {
      input: 100,
      output: 500,
      cacheWrite5m: 125,
      cacheWrite1h: 200,
      cacheRead: 10,
    },
    longPrompt: {
      aboveTokens: 100_000,
      nanoUsdPerToken: {
        input: 500,
        output: 2_500,
        cacheWrite5m: 625,
        cacheWrite1h: 1_000,
        cacheRead: 50,
      },
    },
    usOnlyMultiplier: 1.1,
  },
  {
    model: 'claude-opus-4',
    validFrom: '2025-05-14',
    nanoUsdPerToken: {
      input: 15_000,
      output: 75_000,
      cacheWrite5m: 18_750,
      cacheWrite1h: 30_000,
      cacheRead: 1_500,
    },
  },
  {
    model: 'claude-opus-4-1',
    validFrom: '2025-08-05',
    nanoUsdPerToken: {
      input: 15_000,
      output: 75_000,
      cacheWrite5m: 18_750,
      cacheWrite1h: 30_000,
      cacheRead: 1_500,
    },
  },
  {
    model: 'claude-opus-4-5',
    validFrom: '2025-11-01',
    nanoUsdPerToken: {
      input: 5_000,
      output: 25_000,
      cacheWrite5m: 6_250,
      cacheWrite1h: 10_000,
      cacheRead: 500,
    },
  },
  {
    model: 'claude-opus-4-6',
    validFrom: '2026-02-05',
    nanoUsdPerToken: {
      input: 5_000,
      output: 25_000,
      cacheWrite5m: 6_250,
      cacheWrite1h: 10_000,
      cacheRead: 500,
    },
    longPrompt: {
      aboveTokens: 200_000,
      nanoUsdPerToken: {
        input: 10_000,
        output: 37_500,
        cacheWrite5m: 12_500,
        cacheWrite1h: 20_000,
        cacheRead: 1_000,
      },
    },
    fastMultiplier: 6,
    usOnlyMultiplier: 1.1,
  },
  {
    model: 'claude-opus-4-6',
    validFrom: '2026-03-13',
    nanoUsdPerToken: {
      input: 5_000,
      output: 25_000,
      cacheWrite5m: 6_250,
      cacheWrite1h: 10_000,
      cacheRead: 500,
    },
    fastMultiplier: 6,
    usOnlyMultiplier: 1.1,
  },
  {
    model: 'claude-opus-4-7',
    validFrom: '2026-04-16',
    nanoUsdPerToken: {
      input: 5_000,
      output: 25_000,
      cacheWrite5m: 6_250,
      cacheWrite1h: 10_000,
      cacheRead: 500,
    },
    fastMultiplier: 6,
    usOnlyMultiplier: 1.1,
  },
  {
    model: 'claude-opus-4-8',
    validFrom: '2024-01-01',
    nanoUsdPerToken: {
      input: 5_000,
      output: 25_000,
      cacheWrite5m: 6_250,
      cacheWrite1h: 10_000,
      cacheRead: 500,
    },
    fastMultiplier: 2,
    usOnlyMultiplier: 1.1,
  },
  {
    model: 'claude-opus-5',
    validFrom: '2026-07-24',
    nanoUsdPerToken: {
      input: 5_000,
      output: 25_000,
      cacheWrite5m: 6_250,
      cacheWrite1h: 10_000,
      cacheRead: 500,
    },
    fastMultiplier: 2,
    usOnlyMultiplier: 1.1,
  },
  {
    model: 'claude-opus-5-5',
    validFrom: '2026-09-22',
    nanoUsdPerToken: {
      input: 4_000,
      output: 20_000,
      cacheWrite5m: 5_000,
      cacheWrite1h: 8_000,
      cacheRead: 200,
    },
    usOnlyMultiplier: 1.1,
  },
  {
    model: 'claude-sonnet-4',
    validFrom: '2025-05-14',
    nanoUsdPerToken: {
      input: 3_000,
      output: 15_000,
      cacheWrite5m: 3_750,
      cacheWrite1h: 6_000,
      cacheRead: 300,
    },
    longPrompt: {
      aboveTokens: 200_000,
      nanoUsdPerToken: {
        input: 6_000,
        output: 22_500,
        cacheWrite5m: 7_500,
        cacheWrite1h: 12_000,
        cacheRead: 600,
      },
    },
  },
  {
    model: 'claude-sonnet-4-5',
    validFrom: '2025-09-29',
    nanoUsdPerToken: {
      input: 3_000,
      output: 15_000,
      cacheWrite5m: 3_750,
      cacheWrite1h: 6_000,
      cacheRead: 300,
    },
    longPrompt: {
      aboveTokens: 200_000,
      nanoUsdPerToken: {
        input: 6_000,
        output: 22_500,
        cacheWrite5m: 7_500,
        cacheWrite1h: 12_000,
        cacheRead: 600,
      },
    },
  },
  {
    model: 'claude-sonnet-4-6',
    validFrom: '2026-02-17',
    nanoUsdPerToken: {
      input: 3_000,
      output: 15_000,
      cacheWrite5m: 3_750,
      cacheWrite1h: 6_000,
      cacheRead: 300,
    },
    longPrompt: {
      aboveTokens: 200_000,
      nanoUsdPerToken: {
        input: 6_000,
        output: 22_500,
        cacheWrite5m: 7_500,
        cacheWrite1h: 12_000,
        cacheRead: 600,
      },
    },
    usOnlyMultiplier: 1.1,
  },
  {
    model: 'claude-sonnet-4-6',
    validFrom: '2026-03-13',
    nanoUsdPerToken: {
      input: 3_000,
      output: 15_000,
      cacheWrite5m: 3_750,
      cacheWrite1h: 6_000,
      cacheRead: 300,
    },
    usOnlyMultiplier: 1.1,
  },
  {
    model: 'claude-sonnet-5',
    validFrom: '2026-06-30',
    nanoUsdPerToken: {
      input: 2_000,
      output: 10_000,
      cacheWrite5m: 2_500,
      cacheWrite1h: 4_000,
      cacheRead: 200,
    },
    usOnlyMultiplier: 1.1,
  },
  {
    model: 'claude-sonnet-5-5',
    validFrom: '2026-09-28',
    nanoUsdPerToken: {
      input: 2_000,
      output: 10_000,
      cacheWrite5m: 2_500,
      cacheWrite1h: 4_000,
      cacheRead: 200,
    },
    usOnlyMultiplier: 1.1,
  },
  {
    model: 'claude-sonnet-5-5',
    validFrom: '2026-10-07',
    nanoUsdPerToken: {
      input: 2_000,
      output: 10_000,
      cacheWrite5m: 2_500,
      cacheWrite1h: 4_000,
      cacheRead: 100,
    },
    usOnlyMultiplier: 1.1,
  },
];
